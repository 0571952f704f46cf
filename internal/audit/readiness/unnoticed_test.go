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

// A row of the divergences says what is here and what is there, as far as it is known.
func TestRowDetail(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(id, name, external string, byName ...audit.Identity) {
		u := user(id, name, external)
		f.Inventory.Principals = append(f.Inventory.Principals, u)
		m := audit.Match{Principal: u, ByName: byName}
		f.Matches = append(f.Matches, m)
	}
	at("50", "gus@example.com", "wrong", audit.Identity{Type: audit.TypeUser, ExternalID: "u-50", Names: []string{"gus@example.com"}})
	at("51", "ina@example.com", "", audit.Identity{Type: audit.TypeUser, ExternalID: "u-51", Names: []string{"ina@example.com"}})
	drifted := user("52", "was@example.com", "u-52")
	f.Inventory.Principals = append(f.Inventory.Principals, drifted)
	f.Matches = append(f.Matches, audit.Match{Principal: drifted, ByExternalID: &audit.Identity{Type: audit.TypeUser, ExternalID: "u-52", Names: []string{"is@example.com"}}})
	f.Matches[1].ByExternalID.Names = []string{"app-1"}
	f.Report = audit.Divergences(audit.Input{Inventory: f.Inventory, Matches: f.Matches}, audit.Options{})
	for check, want := range map[string]string{
		"external_ids_agree":  "user/50: linkable_by_name, external id wrong, the identity provider has u-50",
		"users_renamed":       "user/52: name_drift, external id u-52, called there is@example.com",
		"unlinked_name_match": "user/51: linkable_by_name, the identity provider has u-51",
	} {
		for subject, detail := range affectedBy(f, check) {
			if got := subject + ": " + detail; got != want {
				t.Errorf("%s: %q, want %q", check, got, want)
			}
		}
		if len(affectedBy(f, check)) != 1 {
			t.Errorf("%s: %v", check, affectedBy(f, check))
		}
	}
}

// Of service principals and users that the tenant does not know, only what is active and
// linked, or of a domain of its own, tells something.
func TestTenant_signs(t *testing.T) {
	t.Parallel()
	f := settle(spared())
	at := func(p audit.Principal, byExternal *audit.Identity, byName ...audit.Identity) {
		f.Inventory.Principals = append(f.Inventory.Principals, p)
		f.Matches = append(f.Matches, audit.Match{Principal: p, ByExternalID: byExternal, ByName: byName})
	}
	of := func(tenant string) *audit.Identity {
		return &audit.Identity{Type: audit.TypeUser, ExternalID: "x", HomeTenant: tenant}
	}
	gone := user("62", "old@elsewhere.net", "y")
	gone.Active = ptr(false)
	at(user("60", "home@example.com", "x"), of("T-1"))
	at(user("61", "away@example.com", "x"), of("t-2"))
	at(gone, nil)
	at(user("63", "out@elsewhere.net", "y"), nil)
	at(user("64", "known@elsewhere.net", "y"), nil, audit.Identity{Type: audit.TypeUser, ExternalID: "z"})
	at(user("65", "none@example.com", "y"), nil)
	want := "map[user/61:is of the tenant t-2 user/63:is of a domain that is not in primary_domains, and the tenant does not know it]"
	if got := fmt.Sprint(affectedBy(f, "one_tenant")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Who has federation is counted, and no answer about any is not none.
func TestFederated_counts(t *testing.T) {
	t.Parallel()
	in := func(federation ...*bool) *readiness.Facts {
		f := settle(spared())
		f.Workspaces = nil
		for i, x := range federation {
			f.Workspaces = append(f.Workspaces, audit.Workspace{ID: fmt.Sprint(100 + i), Name: "w", Federation: x, Tier: "PREMIUM"})
		}
		return f
	}
	const check = "federated_workspace"
	if got := fmt.Sprint(evidenceOf(in(ptr(true), ptr(true), ptr(false), nil), check)); got != "[2 of 4 workspaces have identity federation]" {
		t.Errorf("%s", got)
	}
	for name, want := range map[string]struct {
		facts  *readiness.Facts
		status readiness.Status
	}{
		"none of two": {in(ptr(false), ptr(false)), readiness.NotMet}, "silent": {in(nil, nil), readiness.Unknown}, "no workspace": {in(), readiness.NotMet},
	} {
		if got := statuses(want.facts)[check]; got != want.status {
			t.Errorf("%s: %s, want %s", name, got, want.status)
		}
	}
	f := in()
	f.Unknown[readiness.NeedWorkspaces] = []string{"forbidden"}
	if got := statuses(f)[check]; got != readiness.Unknown {
		t.Errorf("workspaces that were not read: %s", got)
	}
}
