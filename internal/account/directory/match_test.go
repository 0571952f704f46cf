// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// matchAnswer lets the simulator answer every match with one body.
func matchAnswer(t *testing.T, body string) *account.Client {
	t.Helper()
	sim := accounttest.Start(t, simulator.State{}, simulator.Options{})
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 200, Path: "**/matchWithIdp", Body: body})
	return accounttest.Connect(t, accounttest.Config(sim))
}

func TestMatchWithIDP_shapes(t *testing.T) {
	t.Parallel()
	u := audit.Principal{Ref: accounttest.User("1"), Name: "listed@example.com", ExternalID: "listed"}
	g := audit.Principal{Ref: accounttest.Group("2"), Name: "team"}
	s := audit.Principal{Ref: accounttest.SP("3"), Name: accounttest.GUID(3, 3)}
	changed := func(p audit.Principal, name, externalID string) audit.Principal {
		p.Name, p.ExternalID = name, externalID
		return p
	}
	tests := map[string]struct {
		p    audit.Principal
		body string
		want *audit.Match // nil: an error
	}{
		"user, both": {u, `{"databricks_user":{"internal_id":1,"external_id":"e","username":"a@example.com"},
			"idp_match_by_external_id":{"username":"b@example.com"},"idp_match_by_username":{"external_id":"f"}}`,
			&audit.Match{
				Principal:    changed(u, "a@example.com", "e"),
				ByExternalID: &audit.Identity{Type: audit.TypeUser, ExternalID: "e", Names: []string{"b@example.com"}},
				ByName:       []audit.Identity{{Type: audit.TypeUser, ExternalID: "f"}},
			}},
		"user, keys absent": {u, `{"databricks_user":{"internal_id":"1","username":"a@example.com"}}`,
			&audit.Match{Principal: changed(u, "a@example.com", "")}},
		"user, null and empty": {u, `{"databricks_user":{"internal_id":"1","external_id":null,"username":"a@example.com"},
			"idp_match_by_external_id":null,"idp_match_by_username":{}}`,
			&audit.Match{Principal: changed(u, "a@example.com", "")}},
		"group": {g, `{"databricks_group":{"internal_id":"2","external_id":"e","group_name":"team"},
			"idp_match_by_external_id":{"group_name":"other"},
			"idp_matches_by_group_name":[{"external_id":"z"},{"external_id":"a"}],
			"local_members_not_in_idp":[{"principal_id":20},{"principal_id":"10"}],"external_members_not_in_idp":[{"principal_id":7}]}`,
			&audit.Match{
				Principal:    changed(g, "team", "e"),
				ByExternalID: &audit.Identity{Type: audit.TypeGroup, ExternalID: "e", Names: []string{"other"}},
				ByName:       []audit.Identity{{Type: audit.TypeGroup, ExternalID: "z"}, {Type: audit.TypeGroup, ExternalID: "a"}},
				Members: &audit.MemberMatch{
					Local:    []audit.MemberRef{{Ref: audit.Ref{ID: "20"}, Source: audit.SourceUnknown}, {Ref: audit.Ref{ID: "10"}, Source: audit.SourceUnknown}},
					External: []audit.MemberRef{{Ref: audit.Ref{ID: "7"}, Source: audit.SourceUnknown}},
				},
			}},
		"group, lists null": {g, `{"databricks_group":{"internal_id":"2","group_name":"team"},"idp_matches_by_group_name":null,"local_members_not_in_idp":null}`,
			&audit.Match{Principal: g, Members: &audit.MemberMatch{}}},
		"service principal": {s, `{"databricks_service_principal":{"internal_id":"3","external_id":"","application_id":"` + accounttest.GUID(3, 3) + `"},
			"idp_match_by_app_id":{"external_id":"f"}}`,
			&audit.Match{Principal: s, ByName: []audit.Identity{{Type: audit.TypeServicePrincipal, ExternalID: "f"}}}},
		"somebody else":     {u, `{"databricks_user":{"internal_id":"9","username":"a@example.com"}}`, nil},
		"no principal":      {u, `{}`, nil},
		"empty":             {u, ``, nil},
		"another kind":      {u, `{"databricks_group":{"internal_id":"1"}}`, nil},
		"not JSON":          {u, `<html>login</html>`, nil},
		"of another schema": {u, `{"databricks_user":["x"]}`, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := matchAnswer(t, tc.body).MatchWithIDP(t.Context(), tc.p)
			if tc.want == nil {
				if err == nil {
					t.Errorf("got %+v, want an error", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(*tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMatchWithIDP_simulated(t *testing.T) {
	t.Parallel()
	st := accounttest.Population(2, 1, 1)
	st.IDP.Users = []simulator.IDPUser{{ID: accounttest.GUID(1, 0), UserPrincipalName: "user00000@example.com", AccountEnabled: true}}
	sim := accounttest.Start(t, st, simulator.Options{})
	accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: 503, Path: "**/matchWithIdp", Times: 1},
		simulator.Fault{Kind: simulator.FaultReset, Path: "**/matchWithIdp", Times: 1})
	c := accounttest.Connect(t, accounttest.Config(sim))
	all := accounttest.Principals(st)
	m, err := c.MatchWithIDP(t.Context(), all[0])
	if err != nil {
		t.Fatal(err)
	}
	if m.ByExternalID == nil || len(m.ByName) != 1 || m.ByName[0].ExternalID != accounttest.GUID(1, 0) {
		t.Errorf("got %+v", m)
	}
	if n := accounttest.Count(sim, http.MethodPost, "/matchWithIdp"); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	for _, p := range all[1:] {
		m, err := c.MatchWithIDP(t.Context(), p)
		if err != nil || m.ByExternalID != nil || len(m.ByName) != 0 || m.Principal.ExternalID != p.ExternalID {
			t.Errorf("%s: got %+v, %v", p.Ref, m, err)
		}
	}
	var e *api.Error
	if _, err := c.MatchWithIDP(t.Context(), audit.Principal{Ref: accounttest.User("5"), Name: "x"}); !errors.As(err, &e) || e.Status != 404 {
		t.Errorf("unknown principal: got %v", err)
	}
}
