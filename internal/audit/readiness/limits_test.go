// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// What was not read is not counted, and users and service principals are counted together.
func TestLimits_counts(t *testing.T) {
	t.Parallel()
	metrics := func(f *readiness.Facts) map[string]int {
		out := map[string]int{}
		for _, l := range readiness.Limits(f) {
			out[l.Metric] = l.Value
		}
		return out
	}
	f := settle(spared())
	got := metrics(f)
	if got["users_and_service_principals"] != 3 || got["groups"] != 1 || got["denylist_rules"] != 1 {
		t.Errorf("%v", got)
	}
	f.Unknown[readiness.NeedDenylist] = []string{"forbidden"}
	f.Inventory.Coverage = audit.Coverage{Groups: true, Users: true}
	got = metrics(f)
	if _, counted := got["denylist_rules"]; counted {
		t.Error("rules that were not read are counted")
	}
	if _, counted := got["users_and_service_principals"]; counted {
		t.Error("service principals that were not read are counted")
	}
}

// Groups in groups are counted in layers, once in a cycle, and the deepest is named.
func TestLimits_layers(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	in := func(id string) audit.Member { return audit.Member{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}} }
	f.Members = map[string][]audit.Member{"1": {in("2")}, "2": {in("3"), {Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}}}, "3": nil, "4": {in("2")}}
	deepest := func() (int, string) {
		for _, l := range readiness.Limits(f) {
			if l.Metric == "layers_of_nested_groups" {
				return l.Value, l.Subject.ID
			}
		}
		return 0, ""
	}
	if n, of := deepest(); n != 3 || of != "1" {
		t.Errorf("%d layers in group %s", n, of)
	}
	f.Members["8"], f.Members["9"] = []audit.Member{in("1")}, []audit.Member{in("8")}
	if n, of := deepest(); n != 5 || of != "9" {
		t.Errorf("%d layers in group %s", n, of)
	}
	delete(f.Members, "8")
	delete(f.Members, "9")
	f.Members["3"] = []audit.Member{in("1")}
	if n, _ := deepest(); n != 3 {
		t.Errorf("%d layers in a cycle of three groups", n)
	}
}

// A limit is named as reached or near by exact numbers, and with whom it is about.
func TestLimits_reached(t *testing.T) {
	t.Parallel()
	rules := func(n int) *readiness.Facts {
		f := settle(spared())
		for i := len(f.Denylist); i < n; i++ {
			f.Denylist = append(f.Denylist, audit.DenyRule{ExternalID: fmt.Sprint("x-", i)})
		}
		return f
	}
	for n, want := range map[int][2]bool{79: {false, false}, 80: {false, true}, 99: {false, true}, 100: {true, false}} {
		for i, check := range []string{"account_limits", "account_limits_near"} {
			got := affectedBy(rules(n), check)
			if _, reached := got["account"]; reached != want[i] {
				t.Errorf("%s of %d rules: %v", check, n, got)
			}
		}
	}
	// In a workspace each principal counts once, however it got there, and groups apart.
	f := settle(spared())
	in := func(kind audit.PrincipalType, id string, direct bool) readiness.Access {
		return readiness.Access{WorkspaceID: "100", Ref: audit.Ref{Type: kind, ID: id}, Direct: direct}
	}
	f.Access = []readiness.Access{
		in(audit.TypeUser, "1", true), in(audit.TypeUser, "1", false), in(audit.TypeServicePrincipal, "20", true), in(audit.TypeUser, "2", true),
		in(audit.TypeGroup, "10", true), in(audit.TypeGroup, "11", true),
	}
	said := strings.Join(evidenceOf(f, "account_limits"), "\n")
	for _, want := range []string{"workspace_users_and_service_principals in workspace 100: 3 of ", "workspace_groups in workspace 100: 2 of ", "\ngroups: 1 of "} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
	for i := range 5000 {
		f.Access = append(f.Access, in(audit.TypeGroup, fmt.Sprint(1000+i), true))
	}
	if got := affectedBy(f, "account_limits")["workspace/100"]; !strings.HasPrefix(got, "workspace_groups in workspace 100: 5002 of 5000") {
		t.Errorf("%q", got)
	}
	// The principal in the most groups, the first of several by its id.
	f = settle(spared())
	member := func(id string) audit.Member { return audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: id}} }
	f.Members = map[string][]audit.Member{"1": {member("7"), member("5")}, "2": {member("5"), member("7")}, "3": {member("9")}}
	for _, l := range readiness.Limits(f) {
		if l.Metric == "direct_memberships_of_one_principal" && (l.Value != 2 || l.Subject.ID != "5") {
			t.Errorf("%d groups of %s", l.Value, l.Subject)
		}
	}
}
