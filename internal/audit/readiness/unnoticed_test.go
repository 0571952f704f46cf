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

// These are about changes of the code that no other test noticed (docs/design/mutations.md).

// Twenty reasons are all said; of more the rest is counted.
func TestSentences_bound(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{20: "", 21: "and 1 more", 22: "and 2 more"} {
		f := settle(spared())
		delete(f.Unknown, readiness.NeedSQL)
		for i := range n {
			f.Definitions = append(f.Definitions, readiness.Definition{Kind: readiness.KindView, Name: fmt.Sprintf("c.s.v%02d", i), Text: "is_member('DATA')"})
		}
		unknown := inSQL(f, "is_member('data')").Unknown
		if last := unknown[len(unknown)-1]; len(unknown) != min(n, 20)+len(want)/len("and 1 more") || strings.HasPrefix(last, "and ") != (want != "") || !strings.HasPrefix(last, want) {
			t.Errorf("%d reasons: %d are said, the last is %q", n, len(unknown), last)
		}
	}
}

// The evidence of SQL counts definitions and names, and says nothing where nothing was read.
func TestDefinitions_evidence(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	delete(f.Unknown, readiness.NeedSQL)
	const of = "group_names_in_sql"
	if got := strings.Join(evidenceOf(f, of), " "); strings.Contains(got, "views and functions") {
		t.Errorf("without definitions it says %q", got)
	}
	inSQL(f, "is_member('data') OR is_member('b')")
	if got := strings.Join(evidenceOf(f, of), " "); !strings.Contains(got, "1 views and functions ask for groups, by 2 names") {
		t.Errorf("it says %q", got)
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

// Only linked principals stay as they are when automatic identity management is switched off.
func TestSyncedStay_counts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Inventory.Principals[0].ExternalID = "u-1"
	if got := fmt.Sprint(affectedBy(f, "synced_identities_stay")); !strings.Contains(got, "3 principals are linked") {
		t.Errorf("of 3 linked principals and another one it says %s", got)
	}
}

// A service principal that two identities match has no new name.
func TestRenames_oneMatch(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Matches[1].ByExternalID = nil
	f.Matches[1].ByName = []audit.Identity{
		{Type: audit.TypeServicePrincipal, ExternalID: "s-1", DisplayName: "one"}, {Type: audit.TypeServicePrincipal, ExternalID: "s-2", DisplayName: "two"},
	}
	if got := affectedBy(f, "service_principal_names"); len(got) > 0 {
		t.Errorf("of two identities of its name it gets %v", got)
	}
	f.Matches[1].ByName = f.Matches[1].ByName[:1]
	if got := affectedBy(f, "service_principal_names"); len(got) != 1 {
		t.Errorf("of one identity of its name it gets %v", got)
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

// A service principal that gets a name of its own collides with no one; how many names
// change is said where there is no code to search, and the line where there is.
func TestNames_ofOneRename(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	f.Matches[1].ByExternalID.DisplayName = "etl-new"
	if got := affectedBy(f, "service_principal_names_unique"); len(got) > 0 {
		t.Errorf("it collides with %v", got)
	}
	const check = "names_in_code"
	for _, r := range readiness.Assess(f, nil).Results {
		if want := "1 service principals and 0 groups will have another name"; r.ID == check && !strings.HasPrefix(strings.Join(r.Unknown, " "), want) {
			t.Errorf("unknown: %q, want %q", r.Unknown, want)
		}
	}
	f.Texts = map[string]string{"main.tf": "a\nb\nname = \"etl\"\n"}
	if got, want := fmt.Sprint(affectedBy(f, check)), fmt.Sprint(map[string]string{"text/main.tf:3": `will be called "etl-new"`}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whether a user is a guest is taken from the identity that is linked or, alone, has the
// name; those of whom it is not reported are counted.
func TestGuests_counts(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id, name string, byName ...audit.Identity) {
		u := user(id, name, "")
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		f.Matches = append(f.Matches, audit.Match{Principal: u, ByName: byName})
	}
	guest := audit.Identity{Type: audit.TypeUser, ExternalID: "u-5", Names: []string{"gil@example.org"}, Guest: ptr(true)}
	silent := audit.Identity{Type: audit.TypeUser, ExternalID: "u-6", Names: []string{"kim@example.com"}}
	at("5", "gil@example.org", guest)
	at("6", "two@example.org", guest, guest)
	at("7", "kim@example.com", silent)
	at("8", "kai@example.com", silent)
	if got, want := fmt.Sprint(affectedBy(f, "guests")), "map[user/5:is a guest: gil@example.org]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, r := range readiness.Assess(f, nil).Results {
		if want := "idp entra does not report of 2 users"; r.ID == "guests" && !strings.Contains(strings.Join(r.Unknown, " "), want) {
			t.Errorf("unknown: %q, want %q", r.Unknown, want)
		}
	}
}

// A linked user is stale who was deleted, is absent or disabled there, as long as no other
// identity has the name; who is inactive here, or not linked, is not.
func TestStale_byState(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id string, external string, edit func(*audit.Match)) {
		u := user(id, "p"+id+"@example.com", external)
		m := audit.Match{Principal: u}
		edit(&m)
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		f.Matches = append(f.Matches, m)
	}
	named := []audit.Identity{{Type: audit.TypeUser, ExternalID: "u-9", Names: []string{"p@example.com"}}}
	known := func(enabled *bool) *audit.Identity {
		return &audit.Identity{Type: audit.TypeUser, ExternalID: "u-7", Enabled: enabled}
	}
	at("30", "u-1", func(m *audit.Match) { m.DeletedByExternalID = known(nil) })
	at("31", "u-2", func(m *audit.Match) { m.DeletedByExternalID, m.ByName = known(nil), named })
	at("32", "u-3", func(*audit.Match) {})
	at("33", "u-4", func(m *audit.Match) { m.ByName = named })
	at("34", "u-5", func(m *audit.Match) { m.ByExternalID = known(ptr(false)) })
	at("35", "u-6", func(m *audit.Match) { m.ByExternalID = known(ptr(true)) })
	at("36", "u-7", func(m *audit.Match) { m.ByExternalID = known(nil) })
	at("37", "", func(*audit.Match) {})
	at("38", "u-8", func(m *audit.Match) { m.Unknown = "no answer" })
	at("39", "u-9", func(m *audit.Match) { m.Principal.Active = ptr(false) })
	at("40", "u-10", func(m *audit.Match) { m.Principal.Active = nil })
	want := "map[user/30:was deleted in the identity provider user/32:is not in the identity provider " +
		"user/34:is disabled in the identity provider user/40:is not in the identity provider]"
	if got := fmt.Sprint(affectedBy(f, "stale_users")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

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

// The tier is what workspaces report: how many, and none is not the same as unknown.
func TestTier_counts(t *testing.T) {
	t.Parallel()
	const check = "account_tier"
	in := func(tiers ...string) *readiness.Facts {
		f := settle(spared())
		f.Workspaces = nil
		for i, tier := range tiers {
			f.Workspaces = append(f.Workspaces, audit.Workspace{ID: fmt.Sprint(100 + i), Name: "w", Federation: ptr(true), Tier: tier})
		}
		return f
	}
	if got := fmt.Sprint(affectedBy(in("STANDARD", "STANDARD", "UNKNOWN"), check)); !strings.Contains(got, "none of the 2 workspaces") {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(evidenceOf(in("PREMIUM", "ENTERPRISE", "STANDARD", ""), check)); got != "[2 of 4 workspaces are Premium or Enterprise]" {
		t.Errorf("%s", got)
	}
	for _, r := range readiness.Assess(in("", "UNKNOWN"), nil).Results {
		if r.ID == check && (r.Status != readiness.Unknown || len(r.Affected) > 0) {
			t.Errorf("without a tier: %s, %v", r.Status, r.Affected)
		}
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
