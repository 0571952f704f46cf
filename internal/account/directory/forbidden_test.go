// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"net/http"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// One group whose members are forbidden is that group's hole, whichever is asked
// first; where they are forbidden for all, account SCIM is asked.
func TestForbiddenGroup(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path string
		hole bool
		told audit.MembershipSource
	}{
		"one":  {"/api/2.0/identity/accounts/*/groups/" + accounttest.ParentID + "/direct-members", true, audit.SourceInternal},
		"each": {"/api/2.0/identity/accounts/*/groups/*/direct-members", false, audit.SourceUnknown},
	} {
		for _, order := range [][]string{{accounttest.ParentID, accounttest.DirectID}, {accounttest.DirectID, accounttest.ParentID}} {
			t.Run(name+", first "+order[0], func(t *testing.T) {
				t.Parallel()
				sim := accounttest.Start(t, accounttest.Estate(), simulator.Options{})
				accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: tc.path, Status: http.StatusForbidden})
				c := accounttest.Connect(t, accounttest.AsCaller(accounttest.Config(sim)))
				for _, id := range order {
					got, err := c.Members(t.Context(), id)
					switch {
					case id == accounttest.ParentID && (err != nil) != tc.hole:
						t.Errorf("%s: %v, %v", id, got, err)
					case id == accounttest.DirectID && (err != nil || len(got) != 1 || got[0].Source != tc.told):
						t.Errorf("%s: %v, %v", id, got, err)
					}
				}
			})
		}
	}
}

// TestEmptyTypes: a type of which no one is listed is empty where nothing refers to
// one, and a hole where something does.
func TestEmptyTypes(t *testing.T) {
	t.Parallel()
	const none = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0}`
	for name, tc := range map[string]struct {
		empty string
		t     audit.PrincipalType
		state func(*simulator.State)
		whole bool
	}{
		"users, one in a group": {"Users", audit.TypeUser, nil, false},
		"users, one with a role": {"Users", audit.TypeUser, func(st *simulator.State) {
			st.Groups[0].Members = nil
			st.AccountRoles = []simulator.RuleSet{{
				Name:       "accounts/" + accounttest.SomeAccount + "/ruleSets/default",
				GrantRules: []simulator.GrantRule{{Role: "roles/billing.admin", Principals: []string{"users/source@example.com"}}},
			}}
		}, false},
		"users, nobody":                   {"Users", audit.TypeUser, func(st *simulator.State) { st.Groups[0].Members = nil }, true},
		"groups, assigned to a workspace": {"Groups", audit.TypeGroup, nil, false},
		"groups, none": {"Groups", audit.TypeGroup, func(st *simulator.State) {
			st.Groups, st.Workspaces, st.UnityCatalog = nil, nil, simulator.UnityCatalog{}
		}, true},
		"service principals, the caller": {"ServicePrincipals", audit.TypeServicePrincipal, nil, false},
	} {
		for _, api := range []string{"scim", "auto"} {
			t.Run(name+", "+api, func(t *testing.T) {
				t.Parallel()
				st := accounttest.Estate()
				st.Account.AccountID = accounttest.SomeAccount
				if tc.state != nil {
					tc.state(&st)
				}
				sim := accounttest.Start(t, st, simulator.Options{})
				// IAM v2 says {} of that type, or is not asked.
				iam := map[string]string{"Users": "users", "Groups": "groups", "ServicePrincipals": "service-principals"}[tc.empty]
				accounttest.SetFaults(t, sim,
					simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: scimPath(tc.empty), Status: 200, Body: none},
					simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: "/api/2.0/identity/accounts/*/" + iam, Status: 200, Body: "{}"},
				)
				cfg := accounttest.AsCaller(accounttest.Config(sim))
				cfg.IdentityAPI = api
				reader := accounttest.Connect(t, cfg).Audit(nil)
				inv, err := reader.Inventory(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				inv = reader.Recheck(t.Context(), inv)
				if inv.Coverage.Of(tc.t) != tc.whole || (len(inv.Failures) == 0) != tc.whole {
					t.Errorf("coverage %+v, failures %v", inv.Coverage, inv.Failures)
				}
			})
		}
	}
}

func scimPath(kind string) string { return "/api/2.1/accounts/*/scim/v2/" + kind }
