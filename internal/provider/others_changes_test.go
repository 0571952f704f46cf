// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Someone else deletes or takes away what an instance is about, so that it cannot be made
// again. Every plan warns and nothing is written; neither the plan of everything else nor
// a destroy is stopped, in the first run or in a later one.
func TestProcess_changedByOthers(t *testing.T) {
	t.Parallel()
	membership := func(resource string) string {
		return `
resource "` + resource + `" "this" {
  group_id  = "202"
  member_id = "102"
}`
	}
	add, remove, id := membership(memberResource), membership(removalResource), externalIDOf("user", "101", entraID(101), `on_destroy = "restore"`)
	noUser := func(id string) func(*simulator.State) {
		return func(st *simulator.State) {
			st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == id })
			st.Groups[0].Members, st.Groups[1].Members = nil, nil
		}
	}
	for name, tt := range map[string]struct {
		config string
		change func(st *simulator.State)
		why    string
	}{
		"principal deleted": {id, noUser("101"), "does not exist in the account any more"},
		"blank, and the id is another's": {id, func(st *simulator.State) {
			setExternalID(st, "user", "101", "")
			setExternalID(st, "user", "103", entraID(101))
		}, "belongs to user/103"},
		"member deleted": {add, noUser("102"), "102"},
		"group deleted":  {add, func(st *simulator.State) { st.Groups = st.Groups[:1] }, "202"},
		"taken out and deactivated": {add, func(st *simulator.State) {
			st.Groups[1].Members, st.Users[1].Active = nil, false
		}, "the member is inactive"},
		"taken out of a linked group": {add, func(st *simulator.State) {
			st.Groups[1].Members, st.Groups[1].ExternalID = nil, entraID(202)
		}, "the group belongs to the identity provider"},
		"put in by the IdP": {remove, func(st *simulator.State) {
			st.Groups[1].ExternalID, st.Groups[1].Members = entraID(202), []simulator.Member{{Value: "102", Source: "IDENTITY_PROVIDER"}}
		}, "comes from the identity provider"},
		"resolved, without AIM": {
			resolvedOf("user", entraID(102), ""), noUser("102"), "would be refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{AIM: true})
			settings := ""
			w := newWorkspace(t, a.config(settings, tt.config))
			w.must(0, "apply", "-auto-approve")
			a.change(tt.change)
			if name == "resolved, without AIM" {
				settings = `automatic_identity_management = "off"`
			}
			w.write("main.tf", requiredProviders+a.config(settings, tt.config))
			saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "Changed by Someone Else", tt.why)
			before := a.state()
			w.must(0, "apply", "-auto-approve")
			saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "Changed by Someone Else", tt.why)
			w.must(0, "destroy", "-auto-approve")
			if after := a.state(); externalIDIn(after, "user", "101") != externalIDIn(before, "user", "101") || len(after.Users) != len(before.Users) {
				t.Errorf("the account was changed: %v", after.Users)
			}
		})
	}
}

// Taking over what someone else wrote is an update that writes nothing to the account.
// From then on the value is the instance's own, and gives way to a new one.
func TestProcess_takenOverValue(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	config := func(value int) string {
		return requiredProviders + a.config("", externalIDOf("user", "101", entraID(value), ""))
	}
	w := newWorkspace(t, "")
	w.write("main.tf", config(1))
	w.must(0, "apply", "-auto-approve")
	a.setUserExternalID("101", entraID(71))()
	w.must(0, "apply", "-auto-approve")
	w.write("main.tf", config(71))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "External ID Taken Over", "0 added, 1 changed")
	w.must(0, "plan", "-detailed-exitcode")
	w.write("main.tf", config(2))
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("101"); got != entraID(2) {
		t.Errorf("user 101 holds %q", got)
	}
}

// The account changes once more between the plan and its apply: the apply refuses, in the
// words of the guard, and does not plan something else than was reviewed.
func TestProcess_changedAgainByOthers(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	w := newWorkspace(t, a.config("", externalIDOf("user", "101", entraID(101), "")))
	w.must(0, "apply", "-auto-approve")
	a.setUserExternalID("101", "")()
	saysAll(t, w.must(0, "plan", "-out", "saved"), "1 to change")
	a.setUserExternalID("103", entraID(101))()
	out := w.must(1, "apply", "saved")
	saysAll(t, out, "user/103")
	if strings.Contains(out, "Provider produced") {
		t.Errorf("the apply plans something else:\n%s", out)
	}
	saysAll(t, w.must(0, "plan", "-detailed-exitcode"), "Changed by Someone Else", "belongs to user/103")
	if got := a.userExternalID("101"); got != "" {
		t.Errorf("user 101 holds %q", got)
	}
}
