// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Each setting that cannot be used is an error that says what to do. Nothing in
// these tests depends on the environment: with-cli.sh and the test clear it.
func TestAccProvider_badSettings(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	block := func(settings string) string {
		return "provider \"dbxidentity\" {\n  config_file = \"/dev/null\"\n" + settings + "\n}\ndata \"dbxidentity_divergences\" \"all\" {}\n"
	}
	access := fmt.Sprintf("host = %q\naccount_id = %q\n", a.URL, a.AccountID)
	secret := fmt.Sprintf("client_id = %q\nclient_secret = %q\n", a.ClientID, a.ClientSecret)
	tests := map[string]struct{ config, want string }{
		"no host":       {block(fmt.Sprintf("account_id = %q\n", a.AccountID) + secret), `(?s)host.*DATABRICKS_HOST`},
		"no account id": {block(fmt.Sprintf("host = %q\n", a.URL) + secret), `(?s)account_id.*DATABRICKS_ACCOUNT_ID`},
		"workspace host": {block(`host = "https://adb-1234567890123456.7.azuredatabricks.net"` + "\n" + fmt.Sprintf("account_id = %q\n", a.AccountID) + secret),
			`(?s)host.*workspace.*https://accounts.azuredatabricks.net`},
		"account id of no account": {block(fmt.Sprintf("host = %q\naccount_id = \"main\"\n", a.URL) + secret), `(?s)account_id.*UUID`},
		"wrong account id": {block(fmt.Sprintf("host = %q\naccount_id = \"00000000-0000-4000-8000-000000000000\"\nidp = { databricks = {} }\n", a.URL) + secret),
			`(?s)account_id`},
		"wrong secret": {block(access + fmt.Sprintf("client_id = %q\nclient_secret = \"wrong\"\nidp = { databricks = {} }\n", a.ClientID)),
			`(?s)invalid_client.*client_secret`},
		"two credentials": {block(access + secret + "token = \"t\"\n"), `(?s)More Than One Authentication Method.*auth_type`},
		"no kind of IdP":  {block(access + secret + "idp = {}\n"), `(?s)exactly one kind.*databricks`},
		"unknown host": {`
resource "terraform_data" "later" {}
` + block("host = \"https://${terraform_data.later.id}.example.com\"\n"+fmt.Sprintf("account_id = %q\n", a.AccountID)+secret),
			`(?s)Unknown Provider Setting.*host.*known only after\s+apply`},
		"unknown idp": {`
resource "terraform_data" "later" {}
` + block(access+secret+"idp = terraform_data.later.id == \"x\" ? { databricks = {} } : null\n"),
			`(?s)Unknown Provider Setting.*idp`},
		"journal without a folder": {block(access + secret + "journal_path = \"/none/journal.jsonl\"\n"), `(?s)journal_path.*Make its folder first`},
		"concurrency":              {block(access + secret + "max_concurrency = 0\n"), `(?s)max_concurrency.*between 1 and 256`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acceptance(t, resource.TestStep{Config: tt.config, PlanOnly: true, ExpectError: regexp.MustCompile(tt.want)})
		})
	}
}

// No credentials at all. The Databricks command line would lend its login, and CI
// systems theirs, so this test hides them; it is therefore not parallel.
func TestProvider_noCredentials(t *testing.T) {
	a := startAccount(t, smallWorld(), simulator.Options{})
	t.Setenv("PATH", t.TempDir())
	for _, login := range []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_ACCESSTOKEN", "DATABRICKS_OIDC_TOKEN"} {
		t.Setenv(login, "")
	}
	w := dial(t.Context(), t, document{"host": a.URL, "account_id": a.AccountID, "config_file": "/dev/null"})
	said := saidBy(w.diags)
	if !w.failed() || !regexp.MustCompile(`(?s)client_id.*Missing Credentials.*client_id and client_secret.*DATABRICKS_CLIENT_ID`).MatchString(said) {
		t.Errorf("want an error on client_id that says what to set, got %q", said)
	}
}
