// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func requestFor(st *simulator.State, depth access.Depth) catalog.AccessRequest {
	source, target := accounttest.SourceAndTarget()
	return catalog.AccessRequest{Graph: accounttest.WholeGraph(st), Source: source, Target: target, Depth: depth}
}

// readFacts reads the facts of a state, and plans with them.
func readFacts(t *testing.T, c *account.Client, req catalog.AccessRequest) (access.Facts, access.ClonePlan) {
	t.Helper()
	facts, err := c.AccessFacts(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return facts, access.Plan(access.PlanInput{Graph: req.Graph, Facts: facts, Source: req.Source, Target: req.Target})
}

// verdict is the list in which a plan has the direct group of estate, and what it
// says of it.
func verdict(t *testing.T, p access.ClonePlan) (list string, row access.PlanRow) {
	t.Helper()
	for name, rows := range map[string][]access.PlanRow{"databricks": p.DatabricksActions, "skipped": p.Skipped, "unverified": p.Unverified} {
		for _, r := range rows {
			if r.GroupID == accounttest.DirectID {
				list, row = name, r
			}
		}
	}
	if list == "" {
		t.Fatalf("the plan does not have group %s: %+v", accounttest.DirectID, p)
	}
	return list, row
}

// effects are the effects of a row in words.
func effects(row access.PlanRow) []string {
	out := []string{}
	for _, e := range row.Workspaces {
		out = append(out, fmt.Sprintf("%s in %s through %s", e.Level, e.WorkspaceName, e.GroupName))
	}
	for _, e := range row.Catalog {
		out = append(out, fmt.Sprintf("%s on %s %s through %s", strings.Join(e.Privileges, "+"), e.SecurableType, e.FullName, e.GroupName))
	}
	for _, e := range row.Holdings {
		out = append(out, fmt.Sprintf("%s %s through %s", e.Kind, e.Value, e.GroupName))
	}
	slices.Sort(out)
	return out
}

// Contract test group 5: what gives an effect, and through which group.
func TestAccessFacts_effects(t *testing.T) {
	t.Parallel()
	assign := func(id, level string) func(*simulator.State) {
		return func(st *simulator.State) {
			ws := &st.Workspaces[1]
			ws.PermissionAssignments = append(ws.PermissionAssignments, simulator.PermissionAssignment{PrincipalID: id, Permissions: []string{level}})
		}
	}
	role := func(at int) func(*simulator.State) {
		return func(st *simulator.State) { st.Groups[at].Roles = []simulator.Role{{Value: "account_admin"}} }
	}
	grant := func(name string) func(*simulator.State) {
		return func(st *simulator.State) {
			accounttest.GrantOn(st, name, accounttest.GrantTo(accounttest.Direct, "SELECT", "APPLY_TAG"))
		}
	}
	own := func(name string) func(*simulator.State) {
		return func(st *simulator.State) {
			for i := range st.UnityCatalog.Metastores[0].Securables {
				if s := &st.UnityCatalog.Metastores[0].Securables[i]; s.FullName == name {
					s.Owner = accounttest.Parent
				}
			}
		}
	}
	for name, tt := range map[string]struct {
		change     func(*simulator.State)
		want       string
		privileged bool
	}{
		"own assignment":      {assign(accounttest.DirectID, "USER"), "USER in two through direct", false},
		"own ADMIN":           {assign(accounttest.DirectID, "ADMIN"), "ADMIN in two through direct", true},
		"parent's assignment": {assign(accounttest.ParentID, "USER"), "USER in two through parent", false},
		"grandparent's ADMIN": {assign(accounttest.GrandparentID, "ADMIN"), "ADMIN in two through grandparent", true},
		"role on the group":   {role(0), "account_role account_admin through direct", true},
		"role on an ancestor": {role(2), "account_role account_admin through grandparent", true},
		"metastore":           {grant("main"), "APPLY_TAG+SELECT on metastore m-1 through direct", false},
		"catalog":             {grant("c"), "APPLY_TAG+SELECT on catalog c through direct", false},
		"schema":              {grant("c.s"), "APPLY_TAG+SELECT on schema c.s through direct", false},
		"table":               {grant("c.s.t"), "APPLY_TAG+SELECT on table c.s.t through direct", false},
		"view":                {grant("c.s.v"), "APPLY_TAG+SELECT on table c.s.v through direct", false},
		"volume":              {grant("c.s.files"), "APPLY_TAG+SELECT on volume c.s.files through direct", false},
		"function":            {grant("c.s.mask"), "APPLY_TAG+SELECT on function c.s.mask through direct", false},
		"model":               {grant("c.s.churn"), "APPLY_TAG+SELECT on model c.s.churn through direct", false},
		"external location":   {grant("landing"), "APPLY_TAG+SELECT on external_location landing through direct", false},
		"storage credential":  {grant("lake"), "APPLY_TAG+SELECT on storage_credential lake through direct", false},
		"service credential":  {grant("vault"), "APPLY_TAG+SELECT on credential vault through direct", false},
		"connection":          {grant("erp"), "APPLY_TAG+SELECT on connection erp through direct", false},
		"share":               {grant("partners"), "APPLY_TAG+SELECT on share partners through direct", false},
		"owner of a catalog":  {own("c"), "OWNER on catalog c through parent", false},
		"owner of a table":    {own("c.s.t"), "OWNER on table c.s.t through parent", false},
		"owner of a location": {own("landing"), "OWNER on external_location landing through parent", false},
		"owner of a share":    {own("partners"), "OWNER on share partners through parent", false},
		"rule set of the account": {func(st *simulator.State) {
			st.AccountRoles = []simulator.RuleSet{{
				Name:       "accounts/" + st.Account.AccountID + "/ruleSets/default",
				GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/" + accounttest.Parent}}},
			}}
		}, "account_role roles/billing.admin through parent", true},
		"a name with back-ticks, in a catalog with all that paths take amiss": {func(st *simulator.State) {
			st.Groups[0].DisplayName = "`direct`"
			m := &st.UnityCatalog.Metastores[0]
			m.Securables = append(m.Securables, simulator.Securable{
				Type: "catalog", FullName: "a`b /100%?#&", Owner: accounttest.Owners, Grants: []simulator.Grant{accounttest.GrantTo("`direct`", "SELECT")},
			})
		}, "SELECT on catalog a`b /100%?#& through `direct`", false},
		"a grant by id, under a name that is gone": {func(st *simulator.State) {
			accounttest.GrantOn(st, "c", simulator.Grant{PrincipalID: accounttest.DirectID, Privileges: []string{"SELECT"}})
		}, "SELECT on catalog c through direct", false},
		"an object of another workspace": {func(st *simulator.State) {
			st.UnityCatalog.Metastores[0].Securables[0].WorkspaceIDs = []int64{102}
			accounttest.GrantOn(st, "c", accounttest.GrantTo(accounttest.Direct, "SELECT"))
		}, "SELECT on catalog c through direct", false},
		"a schema in a catalog of another workspace": {func(st *simulator.State) {
			st.UnityCatalog.Metastores[0].Securables[0].WorkspaceIDs = []int64{102}
			accounttest.GrantOn(st, "c.s", accounttest.GrantTo(accounttest.Direct, "SELECT"))
		}, "SELECT on schema c.s through direct", false},
		"a model in a catalog of another workspace": {func(st *simulator.State) {
			st.UnityCatalog.Metastores[0].Securables[0].WorkspaceIDs = []int64{102}
			accounttest.GrantOn(st, "c.s.churn", accounttest.GrantTo(accounttest.Direct, "SELECT"))
		}, "SELECT on model c.s.churn through direct", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			st.Account.AccountID = "5a3e0f0a-0000-4000-8000-000000000009"
			tt.change(&st)
			sim := accounttest.Start(t, st, simulator.Options{Assumed: simulator.Assumed{UnityCatalog: simulator.UnityCatalogAssumptions{EmptyPages: true, PageSize: 1}}})
			facts, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
			list, row := verdict(t, plan)
			if diff := cmp.Diff([]string{tt.want}, effects(row)); diff != "" || list != "databricks" {
				t.Errorf("list %s, effects (-want +got):\n%s", list, diff)
			}
			if row.Privileged == nil || *row.Privileged != tt.privileged {
				t.Errorf("privileged = %v, powers %q", row.Privileged, row.Powers)
			}
			if len(facts.Failures) > 0 {
				t.Errorf("failures: %+v", facts.Failures)
			}
		})
	}
}

// The positive control of every "unknown": an account without anything for the
// group is a verified dead end, and with less depth it is not.
func TestAccessFacts_deadEnd(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
	for depth, want := range map[access.Depth]string{
		access.DepthNone: "unverified", access.DepthCatalog: "unverified", access.DepthSchema: "unverified", access.DepthAll: "skipped",
	} {
		_, plan := readFacts(t, c, requestFor(&st, depth))
		if list, row := verdict(t, plan); list != want || !plan.Complete {
			t.Errorf("depth %s: %s (%s), complete %v, failures %+v", depth, list, row.Reason, plan.Complete, plan.Failures)
		}
	}
}

func TestAccessFacts_cancelled(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	sim := accounttest.Start(t, st, simulator.Options{})
	c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.AccessFacts(ctx, requestFor(&st, access.DepthAll)); err == nil {
		t.Error("no error")
	}
	if _, plan := readFacts(t, c, requestFor(&st, access.DepthAll)); !plan.Complete {
		t.Errorf("the end of one reading is a hole of the next: %+v", plan.Failures)
	}
}
