// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// What a large scan of 1,144 findings leaves to people, without and with the switches.
func TestDivergences_fieldScanPeople(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	for name, tt := range map[string]struct {
		inputs                                  map[string]any
		fixable, deactivations, renames, manual int
		said                                    string
	}{
		"no switch": {fixable: 72, manual: 951, said: "apply the changes in external_id_fixes through"},
		"deactivations": {
			inputs:  map[string]any{"suggest_deactivations": true},
			fixable: 971, deactivations: 899, manual: 52, said: "apply the changes in external_id_fixes and deactivations through",
		},
		"all switches": {
			inputs:  map[string]any{"suggest_deactivations": true, "suggest_group_renames": true, "link_groups": true},
			fixable: 978, deactivations: 899, renames: 1, manual: 45, said: "apply the changes in external_id_fixes, deactivations and group_renames through",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}, "automatic_identity_management": "off"})
			config := map[string]any{"primary_domains": []string{"example.com"}}
			maps.Copy(config, tt.inputs)
			got, said := s.read("dbxidentity_divergences", config)
			for attribute, want := range map[string]int{"deactivations": tt.deactivations, "group_renames": tt.renames} {
				if offered := objectsIn(got[attribute]); len(offered) != want {
					t.Errorf("%s: %d, want %d", attribute, len(offered), want)
				}
			}
			needNothing, fixable := 0, 0
			for _, row := range rowsIn(got["summary"]) {
				n, _ := row["count"].(float64)
				ready, _ := row["fixable"].(float64)
				fixable += int(ready)
				if row["action"] == "none" {
					needNothing += int(n)
				}
			}
			if got["fixable"] != float64(tt.fixable) || fixable != tt.fixable || !strings.Contains(said, tt.said) {
				t.Errorf("fixable %v, in summary %d, want %d; said %s", got["fixable"], fixable, tt.fixable, said)
			}
			// What is left says what a person decides or asks for, and a ticket has its text.
			tickets := 0
			for _, row := range rowsIn(got["manual_actions"]) {
				if row["remedy"] == "" || row["reason"] == "" {
					t.Errorf("nothing is said of %v", row)
				}
				if row["ticket"] != nil {
					tickets++
				}
			}
			if tickets != 25 {
				t.Errorf("%d tickets, want 25", tickets)
			}
			// Each finding ends in a plan, in a manual action, or needs nothing.
			if manual := len(rowsIn(got["manual_actions"])); manual != tt.manual || tt.fixable+manual+needNothing != 1144 {
				t.Errorf("%d manual actions, want %d; %d need nothing", manual, tt.manual, needNothing)
			}
		})
	}
}

// rowsIn are the objects of a list.
func rowsIn(list any) []map[string]any {
	elements, _ := list.([]any)
	out := make([]map[string]any, 0, len(elements))
	for _, e := range elements {
		row, _ := e.(map[string]any)
		out = append(out, row)
	}
	return out
}

// objectsIn are the objects of a map.
func objectsIn(of any) map[string]map[string]any {
	elements, _ := of.(map[string]any)
	out := make(map[string]map[string]any, len(elements))
	for key, e := range elements {
		out[key], _ = e.(map[string]any)
	}
	return out
}

// leavers has users of the own domain who are gone (110), in the recycle bin (111) and
// disabled (112), an admin who is gone (113), one of a foreign domain (114), one who is
// inactive (115), and a group in the way of two groups of the identity provider (210).
func leavers() simulator.State {
	st := smallWorld()
	user := func(id int, name string) simulator.User {
		return simulator.User{ID: fmt.Sprint(id), UserName: name, ExternalID: entraID(id), Active: id != 115}
	}
	st.Users = append(st.Users[:2], user(110, "gone@example.com"), user(111, "binned@example.com"), user(112, "disabled@example.com"),
		user(113, "admin@example.com"), user(114, "guest@example.net"), user(115, "inactive@example.com"))
	st.Users[5].Roles = []simulator.Role{{Value: "account_admin"}}
	st.Groups = append(st.Groups, simulator.Group{ID: "210", DisplayName: "twice"})
	st.IDP.Users = append(st.IDP.Users,
		simulator.IDPUser{ID: entraID(111), UserPrincipalName: "binned@example.com", UserType: "Member", AccountEnabled: true, Deleted: true},
		simulator.IDPUser{ID: entraID(112), UserPrincipalName: "disabled@example.com", UserType: "Member"})
	st.IDP.Groups = append(st.IDP.Groups,
		simulator.IDPGroup{ID: entraID(210), DisplayName: "twice", SecurityEnabled: true},
		simulator.IDPGroup{ID: entraID(211), DisplayName: "twice", SecurityEnabled: true})
	return st
}

// Who is offered to be deactivated, and for which cause; linking wins over renaming.
func TestDivergences_people(t *testing.T) {
	t.Parallel()
	a := startAccount(t, leavers(), simulator.Options{})
	const gone, binned, disabled = "deactivate/user/110 stale_own_domain", "deactivate/user/111 deleted_in_idp", "deactivate/user/112 disabled_in_idp"
	renames := []string{"rename/group/202 local-group -> local-group (local 202)", "rename/group/210 twice -> twice (local 210)"}
	for name, tt := range map[string]struct {
		inputs  map[string]any
		want    []string
		refused string
	}{
		"no switch": {},
		"defaults":  {inputs: map[string]any{"suggest_deactivations": true}, want: []string{gone, binned}},
		"all causes": {
			inputs: map[string]any{"suggest_deactivations": true, "deactivation_causes": []string{"stale_own_domain", "deleted_in_idp", "disabled_in_idp"}},
			want:   []string{gone, binned, disabled},
		},
		"one cause":       {inputs: map[string]any{"suggest_deactivations": true, "deactivation_causes": []string{"disabled_in_idp"}}, want: []string{disabled}},
		"renames":         {inputs: map[string]any{"suggest_group_renames": true}, want: renames},
		"renames, links":  {inputs: map[string]any{"suggest_group_renames": true, "link_groups": true}, want: renames[1:]},
		"no domains":      {inputs: map[string]any{"suggest_deactivations": true, "primary_domains": nil}, refused: "Deactivations Without Primary Domains"},
		"no domain":       {inputs: map[string]any{"suggest_deactivations": true, "primary_domains": []string{}}, refused: "Deactivations Without Primary Domains"},
		"an odd cause":    {inputs: map[string]any{"suggest_deactivations": true, "deactivation_causes": []string{"stale"}}, refused: "stale_own_domain"},
		"cause, no offer": {inputs: map[string]any{"deactivation_causes": []string{"deleted_in_idp"}}, refused: "suggest_deactivations"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := a.serve(map[string]any{"idp": map[string]any{"file": map[string]any{"path": a.exported()}}})
			config := map[string]any{"primary_domains": []string{"Example.com"}, "plan_warning": false}
			maps.Copy(config, tt.inputs)
			got, said := s.read("dbxidentity_divergences", config)
			if tt.refused != "" {
				if !strings.Contains(said, "ERROR") || !strings.Contains(said, tt.refused) {
					t.Errorf("said %q, want %q", said, tt.refused)
				}
				return
			}
			var offered []string
			for key, row := range objectsIn(got["deactivations"]) {
				offered = append(offered, fmt.Sprint(key, " ", row["cause"]))
			}
			for key, row := range objectsIn(got["group_renames"]) {
				offered = append(offered, fmt.Sprint(key, " ", row["current_name"], " -> ", row["name"]))
			}
			if slices.Sort(offered); !slices.Equal(offered, tt.want) || said != "" {
				t.Errorf("offered %q, want %q; said %q", offered, tt.want, said)
			}
		})
	}
}

// No one is offered while it is not known whether that is the one who asks.
func TestDivergences_callerNotRead(t *testing.T) {
	t.Parallel()
	a := startAccount(t, leavers(), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Path: "/api/2.1/accounts/*/scim/v2/ServicePrincipals"})
	s := a.serve(map[string]any{"identity_api": "scim", "idp": map[string]any{"file": map[string]any{"path": a.exported()}}})
	got, _ := s.read("dbxidentity_divergences", map[string]any{"primary_domains": []string{"example.com"}, "suggest_deactivations": true})
	if offered := objectsIn(got["deactivations"]); len(offered) > 0 || !strings.Contains(fmt.Sprint(got["manual_actions"]), "whether Terraform runs as this user is not known") {
		t.Errorf("%v; %v", offered, got["manual_actions"])
	}
}
