// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// withinWorld: outer holds inner and dora; inner holds ann, bob and an app, and outer
// again.
func withinWorld(id func(n int) string) simulator.IDP {
	user := func(n int, name string) simulator.IDPUser {
		return simulator.IDPUser{ID: id(n), UserPrincipalName: name + "@example.com", UserType: "Member", AccountEnabled: true}
	}
	return simulator.IDP{
		Users: []simulator.IDPUser{user(1, "ann"), user(2, "bob"), user(3, "carl"), user(4, "dora")},
		Groups: []simulator.IDPGroup{
			{ID: id(11), DisplayName: "inner", SecurityEnabled: true, Members: []string{id(1), id(2), id(12), id(21)}},
			{ID: id(12), DisplayName: "outer", SecurityEnabled: true, Members: []string{id(11), id(4)}},
		},
		ServicePrincipals: []simulator.IDPServicePrincipal{{ID: id(21), AppID: lookupGUID(321), DisplayName: "etl", AccountEnabled: true}},
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.State{IDP: withinWorld(lookupGUID)}, simulator.Options{})
	oktaID := func(n int) string { return fmt.Sprintf("00u%017d", n) }
	flat := withinWorld(oktaID) // Okta nests no groups and has no service principals.
	flat.ServicePrincipals = nil
	flat.Groups[0].Members = []string{oktaID(1), oktaID(2)}
	flat.Groups[1].Members = []string{oktaID(1), oktaID(2), oktaID(4)}
	ow := newWorld(t, simulator.State{IDP: flat}, simulator.Options{})
	asOkta, err := okta.New(okta.Config{OrgURL: ow.idp.OktaOrgURL, APIToken: ow.idp.OktaAPIToken, Transport: ow.transport()})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "directory.json")
	g := lookupGUID
	text := fmt.Sprintf(`{"version": 1, "users": [{"id": %q, "user_name": "ann@example.com"}, {"id": %q, "user_name": "bob@example.com"}, {"id": %q, "user_name": "carl@example.com"},
		{"id": %q, "user_name": "dora@example.com"}], "groups": [{"id": %q, "display_name": "inner", "members": [%q, %q, %q, %q]}, {"id": %q, "display_name": "outer", "members": [%q, %q]},
		{"id": %q, "display_name": "unread"}, {"id": %q, "display_name": "over", "members": [%q]}],
		"service_principals": [{"id": %q, "application_id": %q}]}`,
		g(1), g(2), g(3), g(4), g(11), g(1), g(2), g(12), g(21), g(12), g(11), g(4), g(13), g(14), g(13), g(21), g(321))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]struct {
		source idp.Source
		id     func(int) string
	}{"entra": {w.entra(t), g}, "okta": {asOkta, oktaID}, "file": {file.New(path), g}}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person := func(n int, name, externalID string) audit.Principal {
				return audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(n)}, Name: name + "@example.com", ExternalID: externalID}
			}
			some := []audit.Principal{
				person(1, "ann", kind.id(1)), person(2, "bob", ""), person(3, "carl", kind.id(3)), person(5, "dora", kind.id(3)), person(6, "nobody", ""),
				{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "9"}, Name: lookupGUID(321)},
			}
			ask := func(of audit.PrincipalType, n int) (out []string, unknown string) {
				refs, unknown := idp.Within(t.Context(), kind.source, audit.Identity{Type: of, ExternalID: kind.id(n), DisplayName: "x"}, some)
				for _, ref := range refs {
					out = append(out, ref.ID)
				}
				slices.Sort(out)
				return out, unknown
			}
			app := []string{"9"}
			if name == "okta" {
				app = nil
			}
			for _, tt := range []struct {
				t    audit.PrincipalType
				n    int
				want []string
			}{
				{audit.TypeGroup, 11, append([]string{"1", "2"}, append(map[bool][]string{true: {}, false: {"5"}}[name == "okta"], app...)...)}, // inner holds outer, but in Okta
				{audit.TypeGroup, 12, append([]string{"1", "2", "5"}, app...)},
				{audit.TypeUser, 2, []string{"2"}}, {audit.TypeUser, 3, []string{"3", "5"}}, {audit.TypeUser, 4, []string{"5"}},
			} {
				got, unknown := ask(tt.t, tt.n)
				if diff := cmp.Diff(tt.want, got); diff != "" || unknown != "" {
					t.Errorf("%s %d: %s (-want +got):\n%s", tt.t, tt.n, unknown, diff)
				}
			}
			if name != "file" {
				return
			}
			for _, n := range []int{13, 14} { // Not exported, itself or within.
				if got, unknown := ask(audit.TypeGroup, n); unknown == "" {
					t.Errorf("group %d: %v, and it is said to be known", n, got)
				}
			}
		})
	}
}
