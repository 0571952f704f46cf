// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Contract test group 5, and 2.2: what could not be read is unknown, with its
// reason, and never a dead end. incomplete tells a read that failed from a place
// that was not checked.
func TestAccessFacts_unknown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change     func(*simulator.State)
		assumed    simulator.UnityCatalogAssumptions
		faults     []simulator.Fault
		want       string
		incomplete bool
	}{
		"403 on the grants of one catalog": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/permissions/catalog/c")},
			want:   "catalog c of metastore m-1: GET /api/2.1/unity-catalog/permissions/catalog/c: status 403", incomplete: true,
		},
		"501 on the list of catalogs": {
			faults: []simulator.Fault{accounttest.StatusFault(501, "**/unity-catalog/catalogs")}, want: "metastore m-1: GET /api/2.1/unity-catalog/catalogs: status 501", incomplete: true,
		},
		"403 on the list of shares": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/unity-catalog/shares")}, want: "metastore m-1: GET /api/2.1/unity-catalog/shares: status 403", incomplete: true,
		},
		"403 on the schemas of a catalog": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/unity-catalog/schemas")}, want: "catalog c of metastore m-1: its schemas could not be listed", incomplete: true,
		},
		"403 on the volumes of a schema": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/unity-catalog/volumes")}, want: "schema c.s of metastore m-1: its volumes could not be listed", incomplete: true,
		},
		"a second page of models is missing": {
			change: func(st *simulator.State) {
				m := &st.UnityCatalog.Metastores[0]
				m.Securables = append(m.Securables, simulator.Securable{Type: "model", FullName: "c.s.second"})
			},
			assumed: simulator.UnityCatalogAssumptions{PageSize: 1},
			faults:  []simulator.Fault{{Kind: "status", Path: "**/unity-catalog/models", Status: 403, Skip: 1}},
			want:    "metastore m-1: GET /api/2.1/unity-catalog/models: status 403", incomplete: true,
		},
		"permission assignments": {
			faults: []simulator.Fault{accounttest.StatusFault(501, "**/permissionassignments")}, want: "permission assignments of workspace 101: ", incomplete: true,
		},
		"list of metastores": {faults: []simulator.Fault{accounttest.StatusFault(403, "**/metastores")}, want: "metastores: GET ", incomplete: true},
		"workspaces of the metastore": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/metastores/*/workspaces")}, want: "metastore m-1: its workspaces could not be listed", incomplete: true,
		},
		"list of workspaces": {faults: []simulator.Fault{accounttest.StatusFault(501, "**/workspaces")}, want: "workspaces: listing the workspaces: GET ", incomplete: true},
		"rule set":           {faults: []simulator.Fault{accounttest.StatusFault(403, "**/rule-sets")}, want: "roles and entitlements of group 11: reading the rule set of the account", incomplete: true},
		"one group": {
			faults: []simulator.Fault{accounttest.StatusFault(403, "**/scim/v2/Groups/"+accounttest.GrandparentID)}, want: "roles and entitlements of group 13: reading group/13: GET ", incomplete: true,
		},
		"no workspace lets the caller in": {
			change: func(st *simulator.State) {
				st.Workspaces[0].PermissionAssignments, st.Workspaces[1].PermissionAssignments = nil, nil
			},
			want: "metastore m-1: none of its workspaces could be used. workspace 101: GET ", incomplete: true,
		},
		"a bound catalog whose workspace does not let the caller in": {
			change: func(st *simulator.State) {
				st.UnityCatalog.Metastores[0].Securables[0].WorkspaceIDs = []int64{102}
				st.Workspaces[1].PermissionAssignments = nil
			},
			want: "catalog c of metastore m-1: GET /api/2.1/unity-catalog/permissions/catalog/c: status 403", incomplete: true,
		},
		"a catalog that is bound to a workspace of nobody": {
			change: func(st *simulator.State) { st.UnityCatalog.Metastores[0].Securables[0].WorkspaceIDs = []int64{999} },
			want:   "it is bound to the workspaces 999, none of which can be used", incomplete: true,
		},
		"no workspace is visible": {
			change: func(st *simulator.State) { st.Workspaces = nil }, want: "no workspace is visible",
		},
		"a metastore without workspace": {
			change: func(st *simulator.State) {
				st.UnityCatalog.Metastores = append(st.UnityCatalog.Metastores, simulator.Metastore{MetastoreID: accounttest.EmptyMetastoreID, Name: "empty", Owner: accounttest.Owners})
			},
			want: "metastore m-2 was not scanned: 0 workspaces are attached to it, and none of those that are visible is running",
		},
		"no running workspace": {
			change: func(st *simulator.State) { st.Workspaces[0].Status, st.Workspaces[1].Status = "FAILED", "BANNED" },
			want:   "metastore m-1 was not scanned: 2 workspaces are attached to it, and none of those that are visible is running",
		},
		"an assignment in a workspace that does not run": {
			change: func(st *simulator.State) {
				st.Workspaces[0].Status = "FAILED"
				st.Workspaces[0].PermissionAssignments = append(st.Workspaces[0].PermissionAssignments,
					simulator.PermissionAssignment{PrincipalID: accounttest.ParentID, Permissions: []string{"USER"}})
			},
			want: `it has USER in workspace "one", id 101, which is not running (FAILED)`,
		},
		"the caller does not own the metastore": {
			change: func(st *simulator.State) { st.UnityCatalog.Metastores[0].Owner = "other" },
			want:   "the caller is not proven to be admin of metastore m-1",
			// Of the objects it sees nothing, of the metastore it gets a 403.
			incomplete: true,
		},
		"the owner is not admin after all": {
			assumed: simulator.UnityCatalogAssumptions{MetastoreAdmin: "nobody"},
			want:    "the caller is not proven to be admin of metastore m-1", incomplete: true,
		},
		"the owner's name is that of two groups": {
			change: func(st *simulator.State) {
				st.Groups = append(st.Groups, simulator.Group{ID: "32", DisplayName: "Owners"})
			},
			want: "the caller is not proven to be admin of metastore m-1",
		},
		"a grant to a name that two groups share": {
			change: func(st *simulator.State) {
				st.Groups[4].DisplayName = accounttest.Parent
				accounttest.GrantOn(st, "c.s", accounttest.GrantTo(accounttest.Parent, "SELECT"))
			},
			want: `schema c.s of metastore m-1: the name "parent" is that of several principals`,
		},
		"an owner of a name that a group and an application share": {
			change: func(st *simulator.State) {
				st.Groups[1].DisplayName = accounttest.GUID(3, 9)
				st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{ID: "409", ApplicationID: accounttest.GUID(3, 9), Active: true})
				st.UnityCatalog.Metastores[0].Securables[0].Owner = accounttest.GUID(3, 9)
			},
			want: `is that of several principals`,
		},
		"a grant in another case": {
			change: func(st *simulator.State) { accounttest.GrantOn(st, "c", accounttest.GrantTo("Parent", "SELECT")) },
			want:   `"Parent" differs from the group's name in case`,
		},
		"a role in another case": {
			change: func(st *simulator.State) {
				st.AccountRoles = []simulator.RuleSet{{
					Name:       "accounts/" + st.Account.AccountID + "/ruleSets/default",
					GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/Parent"}}},
				}}
			},
			want: "differs from the group's name in case", incomplete: true,
		},
		"a role for a name that two groups share": {
			change: func(st *simulator.State) {
				st.Groups[4].DisplayName = accounttest.Parent
				st.AccountRoles = []simulator.RuleSet{{
					Name:       "accounts/" + st.Account.AccountID + "/ruleSets/default",
					GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/" + accounttest.Parent}}},
				}}
			},
			want: `the account's rule set gives roles to "parent", and whether that is this principal alone is not known`, incomplete: true,
		},
		"a permission that says nothing": {
			faults: []simulator.Fault{{Kind: "status", Path: "**/permissionassignments", Status: 200, Body: `{"permission_assignments":[{"principal":{"principal_id":11},"permissions":["UNKNOWN"]}]}`}},
			want:   `permission assignments of workspace 101: the account names the permission "UNKNOWN" for principal 11`, incomplete: true,
		},
		"a name while not everybody could be listed": {
			change: func(st *simulator.State) {
				accounttest.GrantOn(st, "c", accounttest.GrantTo(accounttest.Parent, "SELECT"))
			},
			faults: []simulator.Fault{accounttest.StatusFault(501, "/api/2.0/identity/accounts/*/users"), accounttest.StatusFault(501, "**/scim/v2/Users")},
			want:   `whether the name "parent" is that of several principals is not known`, incomplete: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			st.Account.AccountID = "5a3e0f0a-0000-4000-8000-000000000009"
			if tt.change != nil {
				tt.change(&st)
			}
			sim := accounttest.Start(t, st, simulator.Options{Assumed: simulator.Assumed{UnityCatalog: tt.assumed}})
			accounttest.SetFaults(t, sim, tt.faults...)
			facts, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
			list, row := verdict(t, plan)
			if list != "unverified" || !strings.Contains(row.Reason, tt.want) {
				t.Errorf("the group is %s: %s\nwant unverified: %s", list, row.Reason, tt.want)
			}
			if got := len(facts.Failures) > 0; got != tt.incomplete || plan.Complete == tt.incomplete {
				t.Errorf("complete = %v, failures: %+v", plan.Complete, facts.Failures)
			}
			if tt.incomplete && plan.Memberships != nil {
				t.Errorf("memberships in spite of a hole: %v", plan.Memberships)
			}
		})
	}
}

// What is no access to anything does not stand in the way of a dead end.
func TestAccessFacts_nothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*simulator.State){
		"a deleted principal on a grant": func(st *simulator.State) {
			accounttest.GrantOn(st, "c", simulator.Grant{PrincipalID: "999", Privileges: []string{"SELECT"}})
		},
		"a workspace without federation": func(st *simulator.State) {
			st.Workspaces = append(st.Workspaces, simulator.Workspace{WorkspaceID: 103, WorkspaceName: "old", Status: "RUNNING"})
		},
		"a workspace that does not run, beside one that does": func(st *simulator.State) { st.Workspaces[0].Status = "FAILED" },
		"a first workspace that does not let the caller in":   func(st *simulator.State) { st.Workspaces[0].PermissionAssignments = nil },
		"a grant on information_schema": func(st *simulator.State) {
			m := &st.UnityCatalog.Metastores[0]
			m.Securables = append(m.Securables, simulator.Securable{Type: "schema", FullName: "c.information_schema", Grants: []simulator.Grant{accounttest.GrantTo(accounttest.Direct, "SELECT")}})
		},
		"a grant to others": func(st *simulator.State) {
			accounttest.GrantOn(st, "c.s.t", accounttest.GrantTo("other", "SELECT"), accounttest.GrantTo("direct2", "SELECT"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			change(&st)
			sim := accounttest.Start(t, st, simulator.Options{})
			_, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
			if list, row := verdict(t, plan); list != "skipped" || !plan.Complete {
				t.Errorf("%s: %s; failures %+v", list, row.Reason, plan.Failures)
			}
		})
	}
}

// What the source holds itself is listed, and named by its place (R21).
func TestAccessFacts_notCloned(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	st.Account.AccountID = "5a3e0f0a-0000-4000-8000-000000000009"
	st.Users[0].Roles = []simulator.Role{{Value: "account_admin"}}
	st.Workspaces[0].PermissionAssignments = append([]simulator.PermissionAssignment{
		{PrincipalID: accounttest.SourceID, Permissions: []string{"USER"}, Entitlements: []string{"DATABRICKS_SQL_ACCESS"}},
	}, st.Workspaces[0].PermissionAssignments...)
	st.AccountRoles = []simulator.RuleSet{{
		Name:       "accounts/" + st.Account.AccountID + "/ruleSets/default",
		GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"users/Source@example.com"}}},
	}}
	accounttest.GrantOn(&st, "c.s.t", accounttest.GrantTo("SOURCE@example.com", "SELECT", "MODIFY"))
	st.UnityCatalog.Metastores[0].Securables[1].Owner = "source@example.com"
	for _, iamv2 := range []bool{true, false} {
		sim := accounttest.Start(t, st, simulator.Options{NoIAMv2: !iamv2})
		_, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
		want := []string{
			"account_role @ roles/billing.admin", "account_role @ account_admin",
			"grant @table c.s.t MODIFY, SELECT", "ownership @schema c.s OWNER", "workspace_assignment @101 USER",
		}
		if iamv2 {
			want = append(want, "entitlement @101 DATABRICKS_SQL_ACCESS")
		} else {
			want = append(want, "entitlement @101 ") // Not known.
		}
		got := []string{}
		for _, n := range plan.NotCloned {
			got = append(got, fmt.Sprintf("%s @%s %s", n.Kind, n.Place, n.Value))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("IAM v2 %v (-want +got):\n%s", iamv2, diff)
		}
		if !plan.Complete {
			t.Errorf("failures: %+v", plan.Failures)
		}
	}
}

// Under a storm of 429 nothing is lost; under 403s here and there nothing is lost
// silently: who has a grant is effective or unknown.
func TestAccessFacts_storms(t *testing.T) {
	t.Parallel()
	zero := 0
	st := sqlEstate()
	for seed := range uint64(6) {
		for _, code := range []int{429, 403} {
			t.Run(fmt.Sprint(code, " ", seed), func(t *testing.T) {
				t.Parallel()
				sim := accounttest.Start(t, st, simulator.Options{})
				want, _ := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
				storm := simulator.Fault{Kind: "status", Path: "/api/2.1/**", Status: code, Probability: 0.2, Seed: seed + 1}
				if code == 429 {
					storm.RetryAfterSeconds = &zero
				}
				accounttest.SetFaults(t, sim, storm)
				cfg := accounttest.AsCaller(accounttest.Config(sim))
				cfg.ReadsPerSecond = 5000 // These refusals have nothing to do with the rate, so it need not be found out.
				facts, plan := readFacts(t, accounttest.Connect(t, cfg), requestFor(&st, access.DepthAll))
				if list, _ := verdict(t, plan); list == "skipped" {
					t.Error("skipped, in spite of its grants")
				}
				if plan.Complete != (len(facts.Failures) == 0) || code == 429 && !plan.Complete {
					t.Errorf("complete = %v with %d failures", plan.Complete, len(facts.Failures))
				}
				if diff := cmp.Diff(want, facts); plan.Complete && diff != "" {
					t.Errorf("complete, and yet (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A list of workspaces that fails once is a hole of the one who asked. Who asks
// next, in the same run, has a scan of his own; and no one reads that a
// warehouse does not exist that could not be looked for.
func TestAccessFacts_listOfWorkspacesFailsOnce(t *testing.T) {
	t.Parallel()
	for _, warehouse := range []string{"", warehouseID} {
		t.Run("warehouse "+warehouse, func(t *testing.T) {
			t.Parallel()
			st := sqlEstate()
			sim := accounttest.Start(t, st, simulator.Options{})
			fault := accounttest.StatusFault(403, "/api/2.0/accounts/*/workspaces")
			fault.Times = 1
			accounttest.SetFaults(t, sim, fault)
			c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
			req := requestFor(&st, access.DepthAll)
			req.WarehouseID = warehouse
			first, err := c.AccessFacts(t.Context(), req)
			if err != nil || !strings.Contains(first.WorkspacesUnknown, "403") {
				t.Fatalf("unknown because of %q, error %v", first.WorkspacesUnknown, err)
			}
			second, err := c.AccessFacts(t.Context(), req)
			if err != nil || !second.Metastores[0].Scanned || len(second.Metastores[0].Securables) == 0 {
				t.Errorf("not scanned because %q, error %v", second.Metastores[0].NotScanned, err)
			}
		})
	}
}

// A list of metastores that is empty, as those who may not see any get it, proves
// no dead end.
func TestAccessFacts_noMetastore(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	st.UnityCatalog.Metastores = nil
	_, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(accounttest.Start(t, st, simulator.Options{})))), requestFor(&st, access.DepthAll))
	if list, row := verdict(t, plan); list != "unverified" || !strings.Contains(row.Reason, "no metastore is visible") {
		t.Errorf("%s: %s", list, row.Reason)
	}
}

// Reads are made at once and come back in any order; what is said of those that
// failed is the same each time (R15).
func TestAccessFacts_reasonsInOrder(t *testing.T) {
	t.Parallel()
	st := accounttest.Estate()
	var want string
	for i := range 6 {
		sim := accounttest.Start(t, st, simulator.Options{})
		late := []string{"shares", "volumes", "connections", "tables"}[2*(i%2):][:2]
		delay := func(list string) simulator.Fault {
			return simulator.Fault{Kind: simulator.FaultDelay, Path: "**/unity-catalog/" + list, DelayMS: 30}
		}
		accounttest.SetFaults(t, sim, delay(late[0]), delay(late[1]), accounttest.StatusFault(403, "**/unity-catalog/shares"), accounttest.StatusFault(403, "**/unity-catalog/connections"),
			accounttest.StatusFault(403, "**/unity-catalog/volumes"), accounttest.StatusFault(403, "**/unity-catalog/functions"), accounttest.StatusFault(403, "**/unity-catalog/tables"))
		facts, _ := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
		got := facts.Metastores[0].Unknown
		for _, s := range facts.Metastores[0].Securables {
			got += "\n" + s.Unknown
		}
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, "; ") {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// The body of an error under status 200 is no empty list.
func TestAccessFacts_errorUnderSuccess(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"**/permissionassignments", "**/permissions/catalog/c", "**/unity-catalog/shares", "/api/2.0/accounts/*/metastores"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			st := accounttest.Estate()
			sim := accounttest.Start(t, st, simulator.Options{})
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Path: path, Status: 200, ErrorCode: "INTERNAL_ERROR", Message: "not now"})
			_, plan := readFacts(t, accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim))), requestFor(&st, access.DepthAll))
			if list, row := verdict(t, plan); list != "unverified" || plan.Complete || !strings.Contains(row.Reason, "INTERNAL_ERROR: not now") {
				t.Errorf("%s, complete %v: %s", list, plan.Complete, row.Reason)
			}
		})
	}
}
