// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// affectedBy are the details of a check by what is affected.
func affectedBy(f *readiness.Facts, check string) map[string]string {
	out := map[string]string{}
	for _, r := range readiness.Assess(f, nil).Results {
		if r.ID == check {
			for _, a := range r.Affected {
				out[a.Subject()] = a.Detail
			}
		}
	}
	return out
}

// The preview of switching AIM off names who loses what, and what they keep is not in it.
func TestGoingBack_namesPeople(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	member := func(t audit.PrincipalType, id string, source audit.MembershipSource) audit.Member {
		return audit.Member{Ref: audit.Ref{Type: t, ID: id}, Source: source}
	}
	f.Inventory.Principals = append(f.Inventory.Principals, group("11", "above", ""), user("3", "cleo@example.com", ""), user("4", "dan@example.com", ""))
	f.Members["10"] = []audit.Member{
		member(audit.TypeUser, "2", audit.SourceIdentityProvider), member(audit.TypeUser, "3", audit.SourceIdentityProvider), member(audit.TypeUser, "4", audit.SourceIdentityProvider),
	}
	f.Members["11"] = []audit.Member{member(audit.TypeGroup, "10", audit.SourceInternal), member(audit.TypeUser, "4", audit.SourceInternal)}
	f.GroupRoles = map[string][]string{"11": {"account_admin"}}
	grp := func(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
	f.Access = []readiness.Access{
		{WorkspaceID: "100", Ref: grp("11"), Direct: true}, {WorkspaceID: "100", Ref: grp("10")}, {WorkspaceID: "101", Ref: grp("10"), Direct: true},
		{WorkspaceID: "101", Ref: audit.Ref{Type: audit.TypeUser, ID: "3"}, Direct: true},
	}
	f.Matches[0].Members.InIDP.Missing = []audit.Identity{{Type: audit.TypeUser, ExternalID: "u-9", Names: []string{"eve@example.com"}}}
	both := "group/10 (data), group/11 (above)"
	want := map[string]string{
		"user/2":       "loses " + both + "; workspaces: 100, 101; account roles: account_admin",
		"user/3":       "loses " + both + "; workspaces: 100; account roles: account_admin",
		"user/4":       "loses group/10 (data); workspaces: 101",
		"identity/u-9": "loses " + both + "; workspaces: 100, 101; account roles: account_admin",
	}
	if diff := cmp.Diff(want, affectedBy(f, "synced_memberships_end")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = map[string]string{"identity/u-9": "has no user here, and cannot get in by group/10 (data); workspaces: 100, 101"}
	if diff := cmp.Diff(want, affectedBy(f, "members_never_signed_in")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.Unknown[readiness.NeedAccess] = []string{"403"}
	if got := affectedBy(f, "synced_memberships_end")["user/2"]; got != "loses "+both {
		t.Errorf("without the workspaces: %s", got)
	}
}

// Any memberships, cycles included: those who lose a group are those who reach it, and do
// not without the synced memberships, by a fixed point that knows nothing of the engine.
func TestGoingBack_agreesWithOracle(t *testing.T) {
	t.Parallel()
	groups, people := []string{"10", "11", "12", "13"}, []string{"1", "2", "3"}
	rapid.Check(t, func(rt *rapid.T) {
		f := settle(spared())
		f.Inventory.Principals = nil
		for _, id := range groups {
			f.Inventory.Principals = append(f.Inventory.Principals, group(id, "g"+id, ""))
			f.Members[id] = nil
		}
		for _, id := range people {
			f.Inventory.Principals = append(f.Inventory.Principals, user(id, "u"+id, ""))
		}
		type edge struct {
			from, to string
			synced   bool
		}
		var edges []edge
		for n := range rapid.IntRange(0, 12).Draw(rt, "edges") {
			e := edge{
				rapid.SampledFrom(slices.Concat(groups, people)).Draw(rt, fmt.Sprint("member", n)), rapid.SampledFrom(groups).Draw(rt, fmt.Sprint("group", n)),
				rapid.Bool().Draw(rt, fmt.Sprint("synced", n)),
			}
			m := audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: e.from}, Source: audit.SourceInternal}
			if slices.Contains(groups, e.from) {
				m.Type = audit.TypeGroup
			}
			if e.synced {
				m.Source = audit.SourceIdentityProvider
			}
			edges, f.Members[e.to] = append(edges, e), append(f.Members[e.to], m)
		}
		reach := func(person string, all bool) map[string]bool {
			in := map[string]bool{person: true}
			for range edges {
				for _, e := range edges {
					if in[e.from] && (all || !e.synced) {
						in[e.to] = true
					}
				}
			}
			return in
		}
		want := map[string]string{}
		for _, person := range people {
			lost := ""
			still := reach(person, false)
			for _, id := range slices.Sorted(maps.Keys(reach(person, true))) {
				if !still[id] {
					if lost != "" {
						lost += ", "
					}
					lost += fmt.Sprintf("group/%s (g%s)", id, id)
				}
			}
			if lost != "" {
				want["user/"+person] = "loses " + lost
			}
		}
		if diff := cmp.Diff(want, affectedBy(f, "synced_memberships_end")); diff != "" {
			rt.Fatalf("(-oracle +got):\n%s", diff)
		}
	})
}

// Only linked principals stay as they are when automatic identity management is switched off.
func TestSyncedStay_counts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Inventory.Principals[0].ExternalID = "u-1"
	if got := fmt.Sprint(affectedBy(f, "synced_identities_stay")); !strings.Contains(got, "3 principals are linked") {
		t.Errorf("of 3 linked principals and another one it says %s", got)
	}
}

// A role that another group gives as well is not lost, and groups that do not say their
// members matter only where no one is known to lose something.
func TestGoingBack_keepsRoles(t *testing.T) {
	t.Parallel()
	const check = "synced_memberships_end"
	f := settle(spared())
	bob := audit.Ref{Type: audit.TypeUser, ID: "2"}
	f.Inventory.Principals = append(f.Inventory.Principals, group("12", "local", ""))
	f.Members["10"] = []audit.Member{{Ref: bob, Source: audit.SourceIdentityProvider}}
	f.Members["12"] = []audit.Member{{Ref: bob, Source: audit.SourceInternal}}
	f.GroupRoles = map[string][]string{"10": {"account_admin", "marketplace_admin"}, "12": {"account_admin"}}
	if got, want := affectedBy(f, check)["user/2"], "loses group/10 (data); account roles: marketplace_admin"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// Another group does not say its members.
	f.Matches[1] = audit.Match{Principal: group("13", "other", "g-3"), ByExternalID: &audit.Identity{Type: audit.TypeGroup, ExternalID: "g-3"}, Members: &audit.MemberMatch{InIDP: &audit.IDPMembers{Unknown: "no answer"}}}
	f.Inventory.Principals = append(f.Inventory.Principals, f.Matches[1].Principal)
	unknown := func() string {
		for _, r := range readiness.Assess(f, nil).Results {
			if r.ID == check {
				return strings.Join(r.Unknown, " ")
			}
		}
		return ""
	}
	if got := unknown(); strings.Contains(got, "no answer") {
		t.Errorf("someone loses something, and it is not known for %q", got)
	}
	f.Members["10"] = nil
	if got := unknown(); !strings.Contains(got, "no answer") {
		t.Errorf("no one is known to lose something, and unknown is %q", got)
	}
}
