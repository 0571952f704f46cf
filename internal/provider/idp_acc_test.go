// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// trusting lets a provider in this process trust the account's Entra authority.
func (a account) trusting() []provider.Option {
	a.t.Helper()
	pem, err := os.ReadFile(a.IDP.CAFile)
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		a.t.Fatalf("no certificate in the CA file")
	}
	base := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	a.t.Cleanup(base.CloseIdleConnections)
	return []provider.Option{provider.WithIDPTransport(base)}
}

// entra and okta are idp settings for the account's own IdP.
func (a account) entra() string {
	return fmt.Sprintf(`idp = { entra = {
    tenant_id      = %q
    client_id      = %q
    client_secret  = %q
    authority_host = %q
    graph_endpoint = %q
  } }`, a.IDP.EntraTenantID, a.IDP.EntraClientID, a.IDP.EntraClientSecret, a.IDP.EntraAuthorityHost, a.IDP.GraphEndpoint)
}

func (a account) okta() string {
	return fmt.Sprintf(`idp = { okta = { org_url = %q, api_token = %q } }`, a.IDP.OktaOrgURL, a.IDP.OktaAPIToken)
}

// file exports the account's IdP as a directory file and returns the setting.
func (a account) file() string {
	a.t.Helper()
	return fmt.Sprintf(`idp = { file = { path = %q } }`, a.exported())
}

// exported is the path of a directory file with the account's IdP.
func (a account) exported() string {
	a.t.Helper()
	type object map[string]any
	doc := struct {
		Version           int      `json:"version"`
		Users             []object `json:"users"`
		Groups            []object `json:"groups"`
		ServicePrincipals []object `json:"service_principals"`
	}{Version: 1, Users: []object{}, Groups: []object{}, ServicePrincipals: []object{}}
	directory := a.state().IDP
	for _, u := range directory.Users {
		doc.Users = append(doc.Users, object{
			"id": u.ID, "user_name": u.UserPrincipalName, "mail": u.Mail, "enabled": u.AccountEnabled,
			"guest": u.UserType == "Guest", "deleted": u.Deleted,
		})
	}
	for _, g := range directory.Groups {
		members := append([]string{}, g.Members...)
		doc.Groups = append(doc.Groups, object{"id": g.ID, "display_name": g.DisplayName, "members": members, "deleted": g.Deleted})
	}
	for _, sp := range directory.ServicePrincipals {
		doc.ServicePrincipals = append(doc.ServicePrincipals, object{
			"id": sp.ID, "application_id": sp.AppID, "display_name": sp.DisplayName, "enabled": sp.AccountEnabled, "deleted": sp.Deleted,
		})
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		a.t.Fatal(err)
	}
	name := filepath.Join(a.t.TempDir(), "directory.json")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return name
}

// capture keeps the root outputs of a step.
type capture map[string]any

func (c capture) CheckState(_ context.Context, req statecheck.CheckStateRequest, _ *statecheck.CheckStateResponse) {
	for name, output := range req.State.Values.Outputs {
		c[name] = output.Value
	}
}

// The account's own matchWithIdp, Entra and a file find the same divergences
// and the same fixes in the published scan.
func TestAccDivergences_sameForEveryIDP(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "field-scan", simulator.Options{})
	config := `
data "dbxidentity_divergences" "all" {
  primary_domains = ["example.com"]
}
output "users" { value = [for u in data.dbxidentity_divergences.all.users : [u.id, u.username, u.external_id, u.external_id_with_username_match, u.error_categories]] }
output "groups" { value = [for g in data.dbxidentity_divergences.all.groups : [g.id, g.group_name, g.external_id, sort(g.external_ids_with_groupname_match),
  g.local_members_not_in_idp_internal_ids, g.external_members_not_in_idp_internal_ids, g.error_categories]] }
output "service_principals" { value = [for s in data.dbxidentity_divergences.all.service_principals : [s.id, s.application_id, s.external_id, s.external_id_with_app_id_match, s.error_categories]] }
output "fixes" { value = data.dbxidentity_divergences.all.external_id_fixes }
output "complete" { value = data.dbxidentity_divergences.all.complete }
`
	seen := map[string]capture{"databricks": {}, "entra": {}, "file": {}}
	var steps []resource.TestStep
	for kind, settings := range map[string]string{"databricks": `idp = { databricks = {} }`, "entra": a.entra(), "file": a.file()} {
		steps = append(steps, resource.TestStep{
			Config:            a.config(settings, config),
			ConfigStateChecks: []statecheck.StateCheck{seen[kind], output("complete", knownvalue.Bool(true))},
		})
	}
	acceptanceWith(t, a.trusting(), steps...)
	for _, kind := range []string{"entra", "file"} {
		if diff := cmp.Diff(seen["databricks"], seen[kind]); diff != "" {
			t.Errorf("%s differs from databricks (-databricks +%s):\n%.4000s", kind, kind, diff)
		}
	}
	if fixes, _ := seen["file"]["fixes"].(map[string]any); len(fixes) != 72 {
		t.Errorf("%d fixes, want 72", len(fixes))
	}
}

// A directory audit asks Databricks nothing per user: no matchWithIdp, which
// would sync identities on accounts with AIM.
func TestAccDivergences_entraFixes(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{AIM: true})
	acceptanceWith(t, a.trusting(),
		applies(a.config(a.entra(), remediation), planned{
			ledgerAddress: "create", fixAddress("user/101"): "create", fixAddress("service_principal/301"): "create",
		}, a.holds("101", entraID(101)), accountCheck(func() error {
			if n := a.requestsTo("matchWithIdp"); n != 0 {
				return fmt.Errorf("%d calls of matchWithIdp", n)
			}
			return nil
		})),
		resource.TestStep{Config: a.config(a.entra(), "")},
	)
}

// A missing Graph permission: the audit is incomplete and says which permission
// it needs, once; everything else is judged.
func TestAccDivergences_missingPermission(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		granted []string
		needs   string
		fixes   []string
	}{
		"users":              {[]string{"GroupMember.Read.All", "Application.Read.All"}, "User.Read.All", []string{"service_principal/301"}},
		"service principals": {[]string{"User.Read.All", "GroupMember.Read.All"}, "Application.Read.All", []string{"user/101"}},
		"groups":             {[]string{"User.Read.All", "Application.Read.All"}, "GroupMember.Read.All", []string{"service_principal/301", "user/101"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			a.Server.SetGraphPermissions(tt.granted...)
			fixes := map[string]knownvalue.Check{}
			for _, key := range tt.fixes {
				fixes[key] = knownvalue.NotNull()
			}
			acceptanceWith(t, a.trusting(), resource.TestStep{
				Config: a.config(a.entra(), `data "dbxidentity_divergences" "all" {}`),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(divergencesAddress, "complete", knownvalue.Bool(false)),
					attribute(divergencesAddress, "clean", knownvalue.Bool(false)),
					attribute(divergencesAddress, "failures", namesOnce(tt.needs)),
					attribute(divergencesAddress, "external_id_fixes", knownvalue.MapExact(fixes)),
				},
			})
		})
	}
}

// namesOnce is a list of failures that names a permission, each reason for a
// principal type once.
type namesOnce string

func (permission namesOnce) String() string { return "failures that name " + string(permission) }

func (permission namesOnce) CheckValue(value any) error {
	failures, _ := value.([]any)
	seen, named := map[string]bool{}, false
	for _, f := range failures {
		failure, _ := f.(map[string]any)
		reason := fmt.Sprint(failure["reason"])
		key := fmt.Sprint(failure["principal_type"], failure["call"], reason)
		if seen[key] {
			return fmt.Errorf("%q is there twice", reason)
		}
		seen[key] = true
		named = named || strings.Contains(reason, string(permission))
	}
	if !named {
		return fmt.Errorf("no failure names %s: %v", string(permission), failures)
	}
	return nil
}

// Okta has no service principals: users and groups are judged as ever.
func TestAccDivergences_okta(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	acceptance(t,
		applies(a.config(a.okta(), remediation), planned{ledgerAddress: "create", fixAddress("user/101"): "create"}, a.holds("101", entraID(101))),
		resource.TestStep{Config: a.config(a.okta(), "")},
	)
}

func TestAccProvider_badIDPSettings(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	tests := map[string]struct{ settings, want string }{
		"a misspelt setting":     {`idp = { entra = { tennant_id = "x", client_id = "y", client_secret = "z" } }`, `(?s)entra\.tenant_id.*misspelt\s+name.*tenant_id, client_id`},
		"two kinds":              {`idp = { databricks = {}, file = { path = "x.json" } }`, `(?s)exactly one kind.*names 2`},
		"no file":                {`idp = { file = { path = "/nowhere/directory.json" } }`, `(?s)/nowhere/directory.json`},
		"no path":                {`idp = { file = {} }`, `(?s)idp.file.path.*DBXIDENTITY_FILE_PATH`},
		"okta without org":       {`idp = { okta = { api_token = "t" } }`, `(?s)idp.okta.org_url`},
		"okta with two":          {`idp = { okta = { org_url = "https://example.okta.com", api_token = "t", client_id = "c", private_key = "k" } }`, `(?s)exclude each other`},
		"plain graph":            {`idp = { entra = { tenant_id = "t", client_id = "c", client_secret = "s", graph_endpoint = "http://graph.example.com" } }`, `(?s)idp.entra.graph_endpoint`},
		"no username attributes": {`idp = { entra = { tenant_id = "t", client_id = "c", client_secret = "s", username_attributes = ["nickname"] } }`, `(?s)idp.entra.username_attributes`},
		"wrong secret":           {strings.Replace(a.entra(), a.IDP.EntraClientSecret, "wrong", 1), `(?s)AADSTS7000215`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptanceWith(t, a.trusting(), resource.TestStep{
				Config:   a.config(tt.settings, `data "dbxidentity_divergences" "all" {}`),
				PlanOnly: true, ExpectError: regexp.MustCompile(tt.want),
			})
		})
	}
}

// A member that the IdP has through a nested group only: confirmed transitively;
// directly it is told apart from a stranger, and no one is offered its removal.
func TestAccDivergences_membership(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Groups[0].Members = []simulator.Member{{Value: "102"}, {Value: "103"}}
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(999), UserPrincipalName: "user103@example.com", AccountEnabled: true, UserType: "Member"})
	st.IDP.Groups[0].Members = []string{entraID(203)}
	st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(203), DisplayName: "nested", SecurityEnabled: true, Members: []string{entraID(102)}})
	a := startAccount(t, st, simulator.Options{})
	str := knownvalue.StringExact
	row := func(members, advisories []knownvalue.Check, cause string) knownvalue.Check {
		return rowsAmong{knownvalue.ObjectPartial(map[string]knownvalue.Check{
			"id": str("201"), "cause": str(cause), "advisories": knownvalue.ListExact(advisories),
			"error_categories":                         knownvalue.ListExact([]knownvalue.Check{str("GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID")}),
			"external_members_not_in_idp_internal_ids": knownvalue.ListExact(members),
		})}
	}
	removals := knownvalue.MapExact(map[string]knownvalue.Check{"201/103": knownvalue.NotNull()})
	const direct = "data.dbxidentity_divergences.direct"
	acceptanceWith(t, a.trusting(), resource.TestStep{
		Config: a.config(a.entra()+"\n  automatic_identity_management = \"off\"", `
data "dbxidentity_divergences" "all" {}

data "dbxidentity_divergences" "direct" {
  membership = "direct"
}
`),
		ConfigStateChecks: []statecheck.StateCheck{
			attribute(divergencesAddress, "groups", row([]knownvalue.Check{str("103")}, nil, "members_not_in_idp")),
			attribute(divergencesAddress, "member_removals", removals),
			attribute(direct, "groups", row([]knownvalue.Check{str("102"), str("103")}, []knownvalue.Check{str("MEMBER_NESTED_IN_IDP")}, "members_not_in_idp")),
			attribute(direct, "member_removals", removals),
			attribute(direct, "complete", knownvalue.Bool(true)),
		},
	})
}

// A person who is added in the IdP only changes the report: of a group that has no
// divergence, and of one that has; a disabled one does not, and the account's own
// matchWithIdp cannot tell.
func TestAccDivergences_idpMembersMissing(t *testing.T) {
	t.Parallel()
	const added, disabled = 901, 902
	st := smallWorld()
	st.Groups[0].Members = []simulator.Member{{Value: "102"}}
	st.IDP.Groups[0].Members = []string{entraID(102)}
	st.IDP.Users = append(st.IDP.Users,
		simulator.IDPUser{ID: entraID(added), UserPrincipalName: "new@example.com", AccountEnabled: true, UserType: "Member"},
		simulator.IDPUser{ID: entraID(disabled), UserPrincipalName: "off@example.com", UserType: "Member"})
	a := startAccount(t, st, simulator.Options{})
	str, number := knownvalue.StringExact, knownvalue.Int64Exact
	config := "data \"dbxidentity_divergences\" \"all\" {\n  plan_warning = false\n}\n"
	missing := map[string]knownvalue.Check{
		"member_count": number(1), "idp_member_count": number(3), "advisories": knownvalue.ListExact([]knownvalue.Check{str("IDP_MEMBERS_MISSING")}),
		"idp_members_missing": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
			"member_type": str("user"), "external_id": str(entraID(added)), "member_name": str("new@example.com"),
		})}),
	}
	row := func(id string) map[string]knownvalue.Check {
		out := maps.Clone(missing)
		out[id] = str("201")
		return out
	}
	change := func(change func(*simulator.State)) func() {
		return func() {
			st := a.state()
			change(&st)
			if err := a.Server.SetState(st); err != nil {
				t.Error(err)
			}
		}
	}
	acceptanceWith(t, a.trusting(),
		resource.TestStep{
			Config:            a.config(a.entra(), config),
			ConfigStateChecks: []statecheck.StateCheck{attribute(divergencesAddress, "principals_with_advisories", knownvalue.ListSizeExact(0))},
		},
		resource.TestStep{
			PreConfig: change(func(st *simulator.State) {
				st.IDP.Groups[0].Members = append(st.IDP.Groups[0].Members, entraID(added), entraID(disabled))
			}),
			Config: a.config(a.entra(), config),
			ConfigStateChecks: []statecheck.StateCheck{
				attribute(divergencesAddress, "principals_with_advisories", rowsAmong{knownvalue.ObjectPartial(row("principal_id"))}),
				attribute(divergencesAddress, "complete", knownvalue.Bool(true)),
			},
		},
		resource.TestStep{
			PreConfig:         change(func(st *simulator.State) { st.Groups[0].DisplayName = "renamed" }),
			Config:            a.config(a.entra(), config),
			ConfigStateChecks: []statecheck.StateCheck{attribute(divergencesAddress, "groups", rowsAmong{knownvalue.ObjectPartial(row("id"))})},
		},
		resource.TestStep{
			Config: a.config(`idp = { databricks = {} }`, config),
			ConfigStateChecks: []statecheck.StateCheck{attribute(divergencesAddress, "groups", rowsAmong{knownvalue.ObjectPartial(map[string]knownvalue.Check{
				"id": str("201"), "member_count": knownvalue.Null(), "idp_member_count": knownvalue.Null(), "idp_members_missing": knownvalue.Null(),
			})})},
		},
	)
}

// rowsAmong is a list in which each of the rows is met by an element.
type rowsAmong []knownvalue.Check

func (rows rowsAmong) String() string { return fmt.Sprint([]knownvalue.Check(rows)) }

func (rows rowsAmong) CheckValue(value any) error {
	list, ok := value.([]any)
	if !ok {
		return fmt.Errorf("%T is no list", value)
	}
	for _, row := range rows {
		var last error
		met := false
		for _, element := range list {
			if last = row.CheckValue(element); last == nil {
				met = true
				break
			}
		}
		if !met {
			return fmt.Errorf("no element of %v is %s: %w", list, row, last)
		}
	}
	return nil
}
