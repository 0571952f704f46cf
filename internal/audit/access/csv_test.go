// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
)

const (
	compareHeader = "group_id,group_name,source,in_a,in_b,is_direct_in_a,is_direct_in_b,path_in_a,path_in_b\r\n"
	cloneHeader   = "action_type,group_name,group_id,source,path,workspace_accesses,uc_grants_summary,applied,error\r\n"
)

func csvOf(t *testing.T, kind string, rows []csv.Row, o csv.Options) string {
	t.Helper()
	text, err := csv.Render(kind, rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The comparison file, byte for byte (1.7, R22; part 4, group 9). Expectations
// are written by hand.
func TestCompareRows(t *testing.T) {
	t.Parallel()
	arrow := "a \u2192 b"
	cases := map[string]struct {
		graph Graph
		want  string
	}{
		"nothing": {listed(), ""},
		"three buckets, a transitive group, an external one": {listed(
			external(group("1", "Zeta", "u1")), group("2", "beta", "1"), group("3", "alpha", "u2"), group("4", "both", "u1", "u2"),
		), "2,beta,internal,True,False,False,False,u1@example.com → Zeta → beta,\r\n" +
			"1,Zeta,external,True,False,True,False,u1@example.com → Zeta,\r\n" +
			"3,alpha,internal,False,True,False,True,,u2@example.com → alpha\r\n" +
			"4,both,internal,True,True,True,True,u1@example.com → both,u2@example.com → both\r\n"},
		"quotes, commas, line breaks, the arrow, a formula": {
			listed(group("1", "=cmd|calc", "u1"), group("2", "say \"a,b\"", "u1"), group("3", "two\nlines", "u1"), group("4", arrow, "u1")),
			"1,=cmd|calc,internal,True,False,True,False,u1@example.com → =cmd|calc,\r\n" +
				"4,a → b,internal,True,False,True,False,u1@example.com → a → b,\r\n" +
				"2,\"say \"\"a,b\"\"\",internal,True,False,True,False,\"u1@example.com → say \"\"a,b\"\"\",\r\n" +
				"3,\"two\nlines\",internal,True,False,True,False,\"u1@example.com → two\nlines\",\r\n",
		},
		"what a hole hides is neither True nor False": {
			listed(group("1", "one", "u1", "2"), unread(group("2", "two"))),
			"1,one,internal,True,,True,False,u1@example.com → one,\r\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := csvOf(t, csv.Compare, CompareRows(Compare(c.graph, user("u1", "u1@example.com"), user("u2", "u2@example.com"))), csv.Options{})
			if diff := cmp.Diff(compareHeader+c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The clone file, byte for byte (1.7, R22; part 4, group 9).
func TestCloneRows(t *testing.T) {
	t.Parallel()
	g := listed(
		external(group("1", "engineers", "u1")), group("2", "users", "u1"), group("3", "=sum", "u1"), group("4", "admins-of-b", "u1"),
		group("5", "held", "u1", "u2"), group("6", "above", "4"),
	)
	p := planOf(g, func(in *PlanInput) {
		in.Facts.Workspaces = []WorkspaceAccess{
			workspace("9", "prod", map[string][]string{"1": {LevelUser}, "3": {LevelUser}, "6": {LevelUser}}),
			workspace("8", "dev", map[string][]string{"1": {LevelUser, LevelAdmin}, "5": {LevelUser}}),
			workspace("7", "", map[string][]string{"4": {LevelUser}}),
		}
		in.Facts.Metastores[0].Securables = []Securable{
			{Type: "schema", FullName: "a.b", Grants: []Grant{{Principal: "engineers", Privileges: []string{"USE_SCHEMA", "SELECT"}}}},
			{Type: "catalog", FullName: "a", Owner: "engineers"},
		}
	})
	want := cloneHeader +
		"IdP required,engineers,1,external,u1@example.com → engineers,\"dev, prod\",\"OWNER on a; SELECT, USE_SCHEMA on a.b\",False,\r\n" +
		"Databricks,=sum,3,internal,u1@example.com → =sum,prod,,False,\r\n" +
		"Databricks,admins-of-b,4,internal,u1@example.com → admins-of-b,\"7, prod\",,False,\r\n"
	if diff := cmp.Diff(want, csvOf(t, csv.Clone, CloneRows(p), csv.Options{})); diff != "" {
		t.Error(diff)
	}
	defused := csvOf(t, csv.Clone, CloneRows(p), csv.Options{DefuseFormulas: true})
	if !strings.Contains(defused, "\r\nDatabricks,'=sum,3,") {
		t.Errorf("not defused: %s", defused)
	}
	if got := csvOf(t, csv.Clone, CloneRows(ClonePlan{}), csv.Options{}); got != cloneHeader {
		t.Errorf("an empty plan is %q", got)
	}
	// What is held back is named, with the reason; after an apply each action has its
	// outcome, also where a new plan has it among what the target holds already.
	held := ClonePlan{
		IDPActions:        []PlanRow{{GroupID: "1", GroupName: "engineers", ExternalID: "x"}},
		DatabricksActions: []PlanRow{{GroupID: "2", GroupName: "users"}, {GroupID: "3", GroupName: "admins", Reason: "held back"}, {GroupID: "8", GroupName: "lost"}},
		AlreadyMember:     []PlanRow{{GroupID: "4", GroupName: "given"}, {GroupID: "5", GroupName: "old", Reason: "held back"}},
	}
	held.Found("entra", map[string]bool{"x": false})
	wants := map[string]string{
		csv.Clone: "IdP required,engineers,1,,,,,False,\"not in the identity provider: entra has no group with the object id x, so no one can be added to it there. " +
			"dbxidentity_divergences says what to do about it\"\r\nDatabricks,users,2,,,,,False,\r\nDatabricks,admins,3,,,,,False,held back\r\nDatabricks,lost,8,,,,,False,\r\n",
		csv.CloneResult: "IdP required,engineers,1,,,,,False,\"not in the identity provider: entra has no group with the object id x, so no one can be added to it there. " +
			"dbxidentity_divergences says what to do about it\"\r\nDatabricks,admins,3,,,,,False,held back\r\nDatabricks,given,4,,,,,True,\r\nDatabricks,lost,8,,,,,,no outcome\r\n" +
			"Databricks,users,2,,,,,False,status 403\r\n",
	}
	outcomes := map[string]Outcome{"2": {Applied: boolean(false), Error: "status 403"}, "4": {Applied: boolean(true)}, "8": {Error: "no outcome"}, "77": {Error: "another plan's"}}
	for kind, rows := range map[string][]map[string][]string{csv.Clone: CloneRows(held), csv.CloneResult: CloneResultRows(held, outcomes)} {
		if diff := cmp.Diff(cloneHeader+wants[kind], csvOf(t, kind, rows, csv.Options{})); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if len(held.DatabricksActions) != 3 || held.DatabricksActions[0].GroupID != "2" {
		t.Errorf("the plan was changed: %v", held.DatabricksActions)
	}
	unverified := planOf(listed(group("1", "one", "u1"), group("2", "two", "u1")), func(in *PlanInput) { in.Facts.Depth = DepthNone })
	unverified.Skipped = append(unverified.Skipped, PlanRow{GroupID: "3", GroupName: "three", Source: SourceInternal, CatalogMore: 7})
	want = cloneHeader + "Unverified,one,1,internal,u1@example.com → one,,,False,\r\nUnverified,two,2,internal,u1@example.com → two,,,False,\r\n" +
		"Skipped,three,3,internal,,,and 7 more,False,\r\n"
	if diff := cmp.Diff(want, csvOf(t, csv.Clone, CloneRows(unverified), csv.Options{})); diff != "" {
		t.Error(diff)
	}
}
