// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// trustsIDP lets the provider of a workspace trust the account's Entra authority.
func (w *workspace) trustsIDP(a account) *workspace {
	w.env = append(w.env, "SSL_CERT_FILE="+a.IDP.CAFile)
	return w
}

// A value that the configured IdP does not have is refused, whatever it is: mistyped,
// deleted, or the id of another type; and allowed by the switch.
func TestProcess_externalIDNotInIDP(t *testing.T) {
	t.Parallel()
	for kind, setting := range map[string]func(a account) string{"entra": account.entra, "okta": account.okta, "file": account.file} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: "00uDisabled0", UserPrincipalName: "off@example.com"})
			if kind != "okta" {
				st.IDP.Users[2].ID = entraID(900)
			}
			for i := range st.IDP.Users {
				if kind == "okta" && i < 2 {
					st.IDP.Users[i].ID = strings.ReplaceAll(st.IDP.Users[i].ID, "-", "")
				}
			}
			a := startAccount(t, st, simulator.Options{})
			known, disabled, unknown := st.IDP.Users[0].ID, st.IDP.Users[2].ID, strings.Replace(st.IDP.Users[0].ID, "4", "5", 1)
			w := newWorkspace(t, "").trustsIDP(a)
			config := func(kind, id, externalID, settings string) {
				w.write("main.tf", requiredProviders+a.config(setting(a), externalIDOf(kind, id, externalID, settings)))
			}
			for _, mistake := range []string{unknown, known[1:], "user101@example.com"} {
				config("user", "101", mistake, "")
				refusal := w.must(1, "plan")
				saysAll(t, refusal, "Refusing to Plan External ID", "("+kind+") has no identity with the id", mistake, "allow_unknown_external_id = true")
				w.destroysInstead(refusal)
			}
			if kind != "okta" {
				config("user", "101", entraID(202), "")
				saysAll(t, w.must(1, "plan"), "is the id of a group (local-group)")
			}
			config("user", "101", disabled, "")
			saysAll(t, w.must(0, "plan"), "Identity Is Disabled")
			config("user", "101", unknown, "allow_unknown_external_id = true")
			w.must(0, "apply", "-auto-approve")
			config("user", "101", known, `on_destroy = "restore"`)
			if out := w.must(0, "apply", "-auto-approve"); strings.Contains(out, "Not Looked Up") {
				t.Errorf("it was not looked up:\n%s", out)
			}
			if got := a.userExternalID("101"); got != known {
				t.Errorf("user 101 holds %q", got)
			}
			w.must(0, "plan", "-detailed-exitcode")
		})
	}
}

// Where the IdP cannot be asked, the plan warns and refuses nothing; what an audit of
// the plan offers, and what was there before, needs no question.
func TestProcess_externalIDNotAsked(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	const warning = "External ID Not Looked Up"
	one := externalIDOf("user", "101", entraID(4711), "")
	for why, settings := range map[string]string{
		"no identity provider is configured": "", "cannot be asked for an id": "idp = { databricks = {} }", "status 403": a.entra(),
	} {
		w := newWorkspace(t, a.config(settings, one)).trustsIDP(a)
		a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: http.StatusForbidden, Path: "/graph/**"})
		saysAll(t, w.must(0, "plan"), warning, why)
	}
	a.faults()
	w := newWorkspace(t, a.config(a.entra(), remediation)).trustsIDP(a)
	a.Server.ResetRequests()
	if out := w.must(0, "apply", "-auto-approve"); strings.Contains(out, warning) {
		t.Errorf("what the audit offers is doubted:\n%s", out)
	}
	w.write("main.tf", requiredProviders+a.config(a.entra(), externalIDOf("user", "103", entraID(101), `expected_current_external_id = "`+entraID(999)+`"`)))
	a.setUserExternalID("101", entraID(1))()
	w.must(0, "apply", "-auto-approve", "-refresh=false")
	// The value before, of which the IdP knows nothing any more.
	w.write("main.tf", strings.Replace(w.main(), `"`+entraID(101), `"`+entraID(999), 1))
	w.must(0, "apply", "-auto-approve")
	if got := a.userExternalID("103"); got != entraID(999) {
		t.Errorf("user 103 holds %q", got)
	}
}
