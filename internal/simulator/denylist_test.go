// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

const (
	denylistRoute  = "/api/2.0/accounts/{account_id}/account-access-identity-rules"
	emptyAccountID = "5f0c1a52-6d0e-4c0b-9a57-0d6b1f4e2a31" // of every preset
)

// adminGet asks the account as its admin.
func adminGet(t *testing.T, sim *Running, path string) (status int, body map[string]any) {
	t.Helper()
	got := call(t, sim, "GET", path, "")
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return got.status, body
}

func TestDenylist(t *testing.T) {
	t.Parallel()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	st.Account.AccessRules = []AccessRule{{ExternalPrincipalID: "a-1", DisplayName: "contractors", PrincipalType: "GROUP"}, {ExternalPrincipalID: "a-2"}}
	st.Account.Settings = []string{"automatic_identity_management"}
	path := strings.Replace(denylistRoute, "{account_id}", emptyAccountID, 1)

	sim := startTest(t, st, Options{Assumed: Assumed{Paging: wire.PagingAssumptions{MaxEntries: 1}}})
	status, page := adminGet(t, sim, path)
	want := map[string]any{
		"name": "accounts/" + emptyAccountID + "/account-access-identity-rules/a-1", "external_principal_id": "a-1", "action": "DENY",
		"display_name": "contractors", "principal_type": "GROUP",
	}
	if diff := cmp.Diff([]any{want}, page["account_access_identity_rules"]); diff != "" || status != 200 || page["next_page_token"] == nil {
		t.Errorf("%d %v (-want +got):\n%s", status, page["next_page_token"], diff)
	}
	if status, _ := adminGet(t, sim, path+"/a-3"); status != 404 {
		t.Errorf("a rule that is not there: %d", status)
	}
	_, settings := adminGet(t, sim, "/api/2.1/accounts/"+emptyAccountID+"/settings-metadata")
	if list, _ := settings["settings_metadata"].([]any); len(list) != 1 {
		t.Errorf("settings: %v", settings)
	}
	_, access := adminGet(t, sim, "/api/2.0/identity/accounts/"+emptyAccountID+"/workspaces/7000000000000001/workspace-access-details")
	if list, _ := access["workspace_access_details"].([]any); len(list) != 1 || access["next_page_token"] == nil {
		t.Errorf("access details: %v", access)
	}
	missing := startTest(t, st, Options{Assumed: Assumed{Denylist: host.DenylistAssumptions{Missing: true}}})
	if status, _ := adminGet(t, missing, path); status != 404 {
		t.Errorf("an account without denylist: %d", status)
	}
}

// Rules are added for what the identity provider has, once, and at most 100 of them.
func TestDenylist_writes(t *testing.T) {
	t.Parallel()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	group := st.IDP.Groups[0]
	path := strings.Replace(denylistRoute, "{account_id}", emptyAccountID, 1)
	sim := startTest(t, st, Options{})
	add := func(id, body string) int { return call(t, sim, "POST", path+"?external_principal_id="+id, body).status }
	const deny = `{"action":"DENY"}`
	for _, tt := range []struct {
		id, body string
		want     int
	}{{"", deny, 400}, {group.ID, `{"action":"ALLOW"}`, 400}, {group.ID, `{`, 400}, {"nobody", deny, 400}, {group.ID, deny, 200}, {strings.ToUpper(group.ID), deny, 409}, {st.IDP.Users[0].ID, deny, 200}} {
		if got := add(tt.id, tt.body); got != tt.want {
			t.Errorf("adding %q with %s: %d, want %d", tt.id, tt.body, got, tt.want)
		}
	}
	if _, rule := adminGet(t, sim, path+"/"+group.ID); rule["display_name"] != group.DisplayName || rule["principal_type"] != "GROUP" {
		t.Errorf("the rule: %v", rule)
	}
	for _, want := range []int{200, 404} {
		if got := call(t, sim, "DELETE", path+"/"+group.ID, "").status; got != want {
			t.Errorf("removing: %d, want %d", got, want)
		}
	}
	for i := range 100 { // The limit of an account.
		st.Account.AccessRules = append(st.Account.AccessRules, AccessRule{ExternalPrincipalID: strings.Repeat("x", i+1)})
	}
	full := startTest(t, st, Options{})
	if got := call(t, full, "POST", path+"?external_principal_id="+group.ID, deny).status; got != 400 {
		t.Errorf("the rule after 100: %d", got)
	}
	missing := startTest(t, st, Options{Assumed: Assumed{Denylist: host.DenylistAssumptions{Missing: true}}})
	if got := call(t, missing, "POST", path+"?external_principal_id="+group.ID, deny).status; got != 404 {
		t.Errorf("an account without denylist: %d", got)
	}
}
