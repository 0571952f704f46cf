// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// What leaves it open whether someone is covered is said of the type that it is about.
func TestCoverageOf_doubts(t *testing.T) {
	t.Parallel()
	everyone, some := true, false
	both := map[audit.PrincipalType]bool{audit.TypeUser: true, audit.TypeGroup: true}
	c := &Connector{Members: map[string]GroupMembers{"g": {Users: []string{"m"}}}}
	for name, tt := range map[string]struct {
		verdict              Verdict
		user, group, outside string // the certainty of u or m, of g, and of one that is not in scope
		why                  string // of the one that is not certain
	}{
		"all known":            {Verdict{Syncs: both, Scope: Scope{SyncAll: &some}}, "yes yes", "yes", "no no", ""},
		"everyone":             {Verdict{Syncs: both, Scope: Scope{SyncAll: &everyone}}, "yes yes", "yes", "yes yes", ""},
		"sync all not read":    {Verdict{Syncs: both}, "yes yes", "yes", "maybe maybe", "whether everyone is in scope could not be read"},
		"users are filtered":   {Verdict{Syncs: both, Scope: Scope{SyncAll: &some}, Filters: []Filter{{Object: audit.TypeUser}}}, "maybe maybe", "yes", "no no", "a scoping filter may leave a user out"},
		"groups are filtered":  {Verdict{Syncs: both, Scope: Scope{SyncAll: &some}, Filters: []Filter{{Object: audit.TypeGroup}}}, "yes yes", "maybe", "no no", "a scoping filter may leave a group out"},
		"it writes no groups":  {Verdict{Syncs: map[audit.PrincipalType]bool{audit.TypeUser: true, audit.TypeGroup: false}, Scope: Scope{SyncAll: &some}}, "yes yes", "no", "no no", ""},
		"schema not read":      {Verdict{Scope: Scope{SyncAll: &some}}, "maybe maybe", "maybe", "no no", "its schema could not be read"},
		"assignments not read": {Verdict{Syncs: both, Scope: Scope{SyncAll: &some, Unknown: "forbidden"}}, "yes yes", "yes", "maybe maybe", "forbidden"},
		"a group not read":     {Verdict{Syncs: both, Scope: Scope{SyncAll: &some, Groups: []ScopedGroup{{Unknown: "forbidden"}}}}, "yes yes", "yes", "maybe no", "the members of the group g could not be read"},
	} {
		v := tt.verdict
		if len(v.Scope.Groups) == 0 {
			v.Scope.Groups = []ScopedGroup{{}}
		}
		v.Scope.Groups[0].Assignment = Assignment{Type: audit.TypeGroup, ID: "g"}
		v.Scope.Users = []Assignment{{Type: audit.TypeUser, ID: "u"}}
		v.users = coverageOf(c, &v, audit.TypeUser)
		groups := coverageOf(c, &v, audit.TypeGroup)
		words := map[certainty]string{yes: "yes", no: "no", maybe: "maybe"}
		why := ""
		of := func(k *coverage, id string) string {
			sure, doubt := k.covers(id)
			if (sure == maybe) != (doubt != "") {
				t.Errorf("%s: %s is %s because %q", name, id, words[sure], doubt)
			}
			if doubt != "" {
				why = doubt
			}
			return words[sure]
		}
		got := []string{of(&v.users, "u") + " " + of(&v.users, "m"), of(&groups, "g"), of(&v.users, "x") + " " + of(&groups, "x")}
		if diff := cmp.Diff([]string{tt.user, tt.group, tt.outside}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if name == "schema not read" {
			why = tt.why
		}
		if why != tt.why {
			t.Errorf("%s: %q, want %q", name, why, tt.why)
		}
		if covered, doubt := v.CoversUser("u"); covered != (tt.user == "yes yes") || (doubt != "") != (tt.user == "maybe maybe") {
			t.Errorf("%s: u is covered: %t, %q", name, covered, doubt)
		}
	}
}

// Where a connector writes to is certain, or the host is one of Databricks.
func TestTarget_levels(t *testing.T) {
	t.Parallel()
	ours, others := true, false
	for name, tt := range map[string]struct {
		target             Target
		account, workspace certainty
	}{
		"this account":       {Target{Level: LevelAccount, IsThisAccount: &ours}, yes, no},
		"another account":    {Target{Level: LevelAccount, IsThisAccount: &others}, no, no},
		"some account":       {Target{Level: LevelAccount}, maybe, no},
		"a workspace of it":  {Target{Level: LevelWorkspace, IsThisAccount: &ours}, no, yes},
		"another workspace":  {Target{Level: LevelWorkspace, IsThisAccount: &others}, no, no},
		"some workspace":     {Target{Level: LevelWorkspace}, no, maybe},
		"hidden":             {Target{Level: LevelUnknown}, maybe, maybe},
		"only Databricks":    {Target{Level: LevelOther, Host: "adb-7007.5.azuredatabricks.net"}, maybe, maybe},
		"another product":    {Target{Level: LevelOther, Host: "scim.example.com"}, no, no},
		"account, with host": {Target{Level: LevelAccount, IsThisAccount: &ours, Host: "adb-7007.5.azuredatabricks.net"}, yes, no},
	} {
		if account, workspace := tt.target.levels(); account != tt.account || workspace != tt.workspace {
			t.Errorf("%s: %d %d", name, account, workspace)
		}
	}
}

// Who is in scope by a nested group alone names the first of the groups that lead there;
// a group whose members are not known makes the list doubtful.
func TestCompare_nestedVia(t *testing.T) {
	t.Parallel()
	some, ours := false, true
	both := map[audit.PrincipalType]bool{audit.TypeUser: true, audit.TypeGroup: true}
	verdict := Verdict{Syncs: both, Scope: Scope{SyncAll: &some}, Target: Target{Level: LevelAccount, IsThisAccount: &ours}, Health: Health{Status: Healthy}}
	for _, id := range []string{"b", "a", "c"} {
		verdict.Scope.Groups = append(verdict.Scope.Groups, ScopedGroup{Assignment: Assignment{Type: audit.TypeGroup, ID: id}})
	}
	c := Connector{ID: "x", DisplayName: "SCIM", Members: map[string]GroupMembers{
		"a": {Groups: []string{"n"}}, "b": {Groups: []string{"n"}}, "c": {Groups: []string{"n", "m"}}, "n": {Users: []string{"u"}}, "m": {Users: []string{"u", "v"}, Unknown: "forbidden"},
	}}
	verdict.users = coverageOf(&c, &verdict, audit.TypeUser)
	got := Compare([]Connector{c}, []Verdict{verdict}, &Account{Coverage: audit.Coverage{Users: true, Groups: true}}, "").NestedOnly
	via := map[string]string{}
	for _, r := range got.Rows {
		via[string(r.Type)+"/"+r.ExternalID] = r.Via
	}
	if diff := cmp.Diff(map[string]string{"group/n": "a", "group/m": "c", "user/u": "m", "user/v": "m"}, via); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Unknown) != 1 || !strings.Contains(got.Unknown[0], "the members of the group m could not be read") {
		t.Errorf("doubts: %q", got.Unknown)
	}
}

// Who is certainly in scope of a workspace's connector, and of no account's, is a row. A
// filter makes that doubtful for its type.
func TestCompare_workspaceOnly(t *testing.T) {
	t.Parallel()
	some, ours := false, true
	verdict := Verdict{
		Syncs: map[audit.PrincipalType]bool{audit.TypeUser: true, audit.TypeGroup: true}, Target: Target{Level: LevelWorkspace, IsThisAccount: &ours, WorkspaceID: "7"},
		Health: Health{Status: Healthy}, Filters: []Filter{{Object: audit.TypeGroup}},
	}
	verdict.Scope = Scope{SyncAll: &some, Users: []Assignment{{Type: audit.TypeUser, ID: "u"}}, Groups: []ScopedGroup{{Assignment: Assignment{Type: audit.TypeGroup, ID: "g"}}}}
	c := Connector{ID: "x", DisplayName: "SCIM", Members: map[string]GroupMembers{"g": {}}}
	got := Compare([]Connector{c}, []Verdict{verdict}, &Account{Coverage: audit.Coverage{Users: true, Groups: true}}, "").WorkspaceOnly
	want := Compared{
		Rows:    []ComparedRow{{Type: audit.TypeUser, ExternalID: "u", Connector: "x", Workspace: "7"}},
		Unknown: []string{`the connector "SCIM" (x): a scoping filter may leave a group out`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
