// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

// evidenceOf is the evidence of a check.
func evidenceOf(f *readiness.Facts, check string) []string {
	for _, r := range readiness.Assess(f, nil).Results {
		if r.ID == check {
			return r.Evidence
		}
	}
	return nil
}

// Who gains access is named, five at most, with what the group gives.
func TestGained_details(t *testing.T) {
	t.Parallel()
	missing := func(n int) []audit.Identity {
		var out []audit.Identity
		for i := range n {
			out = append(out, audit.Identity{Type: audit.TypeUser, ExternalID: fmt.Sprint("u-", i), Names: []string{fmt.Sprintf("p%d@example.com", i)}})
		}
		return out
	}
	const five = "p0@example.com, p1@example.com, p2@example.com, p3@example.com, p4@example.com"
	for name, tc := range map[string]struct {
		change func(*readiness.Facts)
		want   string
	}{
		"five": {func(f *readiness.Facts) { f.Matches[0].Members.InIDP.Missing = missing(5) }, "5 more members: " + five},
		"six":  {func(f *readiness.Facts) { f.Matches[0].Members.InIDP.Missing = missing(6) }, "6 more members: " + five + ", .."},
		"roles": {func(f *readiness.Facts) {
			f.Matches[0].Members.InIDP.Missing, f.GroupRoles = missing(1), map[string][]string{"10": {"account_admin"}}
		}, "1 more member: p0@example.com; account roles: account_admin"},
		"admin and owner, by a group above": {func(f *readiness.Facts) {
			f.Matches[0].Members.InIDP.Missing = missing(1)
			f.Inventory.Principals = append(f.Inventory.Principals, group("11", "owners", ""))
			f.Members["11"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}
			f.GroupRoles = map[string][]string{"11": {"b"}, "10": {"b", "a"}}
			f.WorkspaceAdmins = map[string]readiness.WorkspaceAdmins{"1000": {IDs: []string{"10"}}, "200": {IDs: []string{"3", "11"}}, "300": {IDs: []string{"3"}}}
			f.Metastores = []readiness.Metastore{{ID: "m-2", Name: "west", Owner: "Owners"}, {ID: "m-1", Name: "east", Owner: "data"}, {ID: "m-3", Name: "else", Owner: "bob"}, {ID: "m-4"}}
		}, "1 more member: p0@example.com; account roles: a, b; admin of workspaces: 200, 1000; owner of metastores: east, west"},
		"grants, the strong ones first": {func(f *readiness.Facts) {
			f.Matches[0].Members.InIDP.Missing = missing(1)
			f.Inventory.Principals = append(f.Inventory.Principals, group("11", "above", ""))
			f.Members["11"] = []audit.Member{{Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}}}
			f.Grants = []readiness.Grant{
				{Group: "data", Kind: "table", Privilege: "SELECT", Objects: 3, First: "c.s.t"}, {Group: "data", Kind: "schema", Privilege: "USE_SCHEMA", Objects: 1, First: "c.s"},
				{Group: "Above", Kind: "catalog", Privilege: readiness.Owner, Objects: 2, First: "c"}, {Group: "above", Kind: "table", Privilege: readiness.Owner, Objects: 1, First: "c.s.o"},
				{Group: "above", Kind: "external_location", Privilege: "MANAGE", Objects: 1, First: "l"}, {Group: "bob", Kind: "table", Privilege: "MODIFY", Objects: 1, First: "no"},
				{Group: "data", Kind: "volume", Privilege: "READ_VOLUME", Objects: 1, First: "c.s.v"}, {Group: "data", Kind: "volume", Privilege: "WRITE_VOLUME", Objects: 1, First: "c.s.v"},
			}
		}, "1 more member: p0@example.com; owner of catalogs: c and 1 more; Unity Catalog: OWNER on table c.s.o, MANAGE on external location l, USE_SCHEMA on schema c.s, " +
			"SELECT on table c.s.t and 2 more, READ_VOLUME on volume c.s.v, and 1 more"},
		"workspaces": {func(f *readiness.Facts) {
			f.Matches[0].Members.InIDP.Missing = missing(1)
			f.Access = []readiness.Access{{WorkspaceID: "100", Ref: audit.Ref{Type: audit.TypeGroup, ID: "10"}, Direct: true}}
		}, "1 more member: p0@example.com; workspaces: 100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := settle(spared())
			tc.change(f)
			if got := affectedBy(f, "access_gained")["group/10"]; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	f := settle(spared())
	f.Matches[0].Members.InIDP.Unknown = "403"
	if got := statuses(f)["access_gained"]; got != readiness.Unknown {
		t.Errorf("members that could not be read: %s", got)
	}
}

// A rule that denies a group denies who is in it at any depth, and the caller is looked
// at although it is no admin.
func TestDeniedAdmins_depth(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Inventory.Principals = append(f.Inventory.Principals, group("11", "inner", ""), group("12", "innermost", ""))
	within := func(t audit.PrincipalType, id string) []audit.Member {
		return []audit.Member{{Ref: audit.Ref{Type: t, ID: id}}}
	}
	f.Members = map[string][]audit.Member{"10": within(audit.TypeGroup, "11"), "11": within(audit.TypeGroup, "12"), "12": within(audit.TypeUser, "1")}
	if got := affectedBy(f, "denylist_spares_admins"); len(got) != 1 {
		t.Errorf("an admin three groups below: %v", got)
	}
	f = settle(spared())
	f.Caller, f.Members = audit.Ref{Type: audit.TypeUser, ID: "2"}, map[string][]audit.Member{"10": within(audit.TypeUser, "2")}
	if got := affectedBy(f, "denylist_spares_admins"); len(got) != 1 {
		t.Errorf("the caller, who is no admin: %v", got)
	}
}

func TestEvidence_counts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	if got := evidenceOf(f, "denylist"); !slices.Contains(got, "1 of 100 rules are used") {
		t.Errorf("denylist: %v", got)
	}
	synced := audit.Member{Ref: audit.Ref{Type: audit.TypeUser, ID: "2"}, Source: audit.SourceIdentityProvider}
	f.Members["10"] = []audit.Member{synced, {Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Source: audit.SourceInternal}}
	if got := readiness.Evidence(f); !slices.Contains(got, "1 membership came from the identity provider: automatic identity management was on at some time") {
		t.Errorf("memberships: %v", got)
	}
	f.LocalGroups = []readiness.LocalGroup{{WorkspaceID: "100", ID: "7", Name: "a"}, {WorkspaceID: "100", ID: "8", Name: "b", AccountGroupID: "10"}}
	want := []string{"0 members", "0 members, the account has a group of that name: 10"}
	var got []string
	for _, r := range readiness.Assess(f, nil).Results {
		if r.ID == "workspace_local_groups" {
			for _, a := range r.Affected {
				got = append(got, a.Detail)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("local groups (-want +got): %s", diff)
	}
}

// Nothing is evidence where there is none, and each kind speaks for itself.
func TestEvidence_each(t *testing.T) {
	t.Parallel()
	f := &readiness.Facts{AIM: audit.AIMOff}
	if got := readiness.Evidence(f); len(got) > 0 {
		t.Errorf("an empty account: %v", got)
	}
	if got := evidenceOf(f, "denylist"); len(got) > 0 {
		t.Errorf("an empty denylist: %v", got)
	}
	if got := affectedBy(f, "aim_evidence"); len(got) > 0 {
		t.Errorf("declared off, and nothing against it: %v", got)
	}
	member := func(s audit.MembershipSource) map[string][]audit.Member {
		return map[string][]audit.Member{"10": {{Ref: audit.Ref{Type: audit.TypeUser, ID: "1"}, Source: s}}}
	}
	for want, f := range map[string]*readiness.Facts{
		"":              {Members: member(audit.SourceInternal), Settings: []string{"user_profile", "aim"}},
		"1 membership ": {Members: member(audit.SourceIdentityProvider)},
		"the account has a setting shield_Automatic_Identity_Management": {Settings: []string{"other", "shield_Automatic_Identity_Management"}},
		"the account has a setting AIM_x":                                {Settings: []string{"AIM_x"}},
		"the account has a setting user_provisioning":                    {Settings: []string{"user_provisioning"}},
		"the denylist has 1 rule":                                        {Denylist: []audit.DenyRule{{ExternalID: "x"}}},
	} {
		f.AIM = audit.AIMOff
		switch got := readiness.Evidence(f); {
		case want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)):
			t.Errorf("%q: %v", want, got)
		case len(affectedBy(f, "aim_evidence")) != len(got):
			t.Errorf("%q: %v", want, affectedBy(f, "aim_evidence"))
		}
	}
}

// What gained groups may do in Unity Catalog: five grants are shown, the rest is counted,
// and that it is not known whole is said where someone gains something.
func TestGained_grants(t *testing.T) {
	t.Parallel()
	const check = "access_gained"
	gained := func(grants int, someone bool) *readiness.Facts {
		f := settle(spared())
		if someone {
			f.Matches[0].Members.InIDP.Missing = []audit.Identity{{Type: audit.TypeUser, ExternalID: "u-9", Names: []string{"eve@example.com"}}}
		}
		for i := range grants {
			f.Grants = append(f.Grants, readiness.Grant{Group: "data", Kind: "schema", Privilege: fmt.Sprintf("P%d", i), First: "c.s", Objects: 1})
		}
		return f
	}
	for n, more := range map[int]string{5: "", 6: "and 1 more"} {
		detail := affectedBy(gained(n, true), check)["group/10"]
		if !strings.Contains(detail, "Unity Catalog: ") || strings.Contains(detail, "and 0 more") || !strings.Contains(detail, more) {
			t.Errorf("%d grants: %q", n, detail)
		}
	}
	for _, someone := range []bool{true, false} {
		f := gained(0, someone)
		if said := strings.Contains(strings.Join(evidenceOf(f, check), " "), "not known whole"); said {
			t.Errorf("someone gains = %t: what was read is called not known", someone)
		}
		f.Unknown[readiness.NeedGrants] = []string{"no metastore was read"}
		if said := strings.Contains(strings.Join(evidenceOf(f, check), " "), "not known whole: no metastore was read"); said != someone {
			t.Errorf("someone gains = %t: that the grants are not known is said: %t", someone, said)
		}
		if groups := readiness.GainedGroups(f); (len(groups) == 1 && groups[0] == "data") != someone || !someone && len(groups) > 0 {
			t.Errorf("someone gains = %t: the groups are %q", someone, groups)
		}
	}
	// What the identity provider has is not known: no one is said to gain.
	f := gained(0, true)
	f.Matches[0].Members.InIDP = nil
	if groups := readiness.GainedGroups(f); len(groups) > 0 {
		t.Errorf("of a group whose members there are not known: %q", groups)
	}
}
