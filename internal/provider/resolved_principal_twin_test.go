// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// twinWorld has a principal of each type under every name that the IdP knows the
// identity by, without its id.
func twinWorld() simulator.State {
	st := smallWorld()
	st.Users = append(st.Users,
		simulator.User{ID: "104", UserName: "Mail104@example.com", Active: true, ExternalID: entraID(1104)},
		simulator.User{ID: "105", UserName: norm.NFD.String("josé@example.com"), Active: true})
	st.IDP.Users = append(st.IDP.Users,
		simulator.IDPUser{ID: entraID(104), UserPrincipalName: "upn104@example.com", Mail: "mail104@example.com", AccountEnabled: true},
		simulator.IDPUser{ID: entraID(105), UserPrincipalName: "josé@example.com", AccountEnabled: true},
		simulator.IDPUser{ID: entraID(106), UserPrincipalName: "off@example.com"})
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals,
		simulator.IDPServicePrincipal{ID: entraID(302), AppID: "aaaaaaaa-0000-4000-8000-000000000302", DisplayName: "job-runner", AccountEnabled: true})
	return st
}

// Resolving makes what is missing, so what is there under another id, or none, is
// refused with the fix that is meant.
func TestProcess_resolveMakesNoTwin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind, externalID, id, current string
		sources                       []func(account) string
	}{
		"user name":      {"user", entraID(101), "101", "", []func(account) string{account.entra, account.file}},
		"mail address":   {"user", entraID(104), "104", entraID(1104), []func(account) string{account.entra}},
		"other form":     {"user", entraID(105), "105", "", []func(account) string{account.file}},
		"group":          {"group", entraID(202), "202", "", []func(account) string{account.entra, account.file}},
		"application id": {"service_principal", entraID(301), "301", "", []func(account) string{account.entra}},
	} {
		for _, source := range tt.sources {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := startAccount(t, twinWorld(), simulator.Options{AIM: true})
				w := newWorkspace(t, a.config(source(a), resolvedOf(tt.kind, tt.externalID, ""))).trustsIDP(a)
				refusal := w.must(1, "plan")
				saysAll(t, refusal, "Refusing to Plan Resolved Principal", `principal_id = "`+tt.id+`"`, `expected_current_external_id = "`+tt.current+`"`)
				w.destroysInstead(refusal)
				if n := a.resolves(); n != 0 {
					t.Errorf("%d resolve requests", n)
				}
			})
		}
	}
	a := startAccount(t, twinWorld(), simulator.Options{AIM: true})
	for why, tt := range map[string]struct{ settings, config, want string }{
		"not known":             {"", resolvedOf("user", entraID(101), ""), "Second Principal Not Ruled Out"},
		"disabled":              {a.entra(), resolvedOf("user", entraID(106), ""), "Identity Is Disabled"},
		"none":                  {a.entra(), resolvedOf("user", entraID(4711), ""), "Identity Not Found"},
		"another application":   {a.entra(), resolvedOf("service_principal", entraID(302), ""), "Service Principal with the Same Name"},
		"what is there already": {a.entra(), resolvedOf("user", entraID(102), ""), "will be created"},
	} {
		w := newWorkspace(t, a.config(tt.settings, tt.config)).trustsIDP(a)
		out := w.must(0, "plan")
		saysAll(t, out, tt.want)
		if why == "not known" {
			saysAll(t, w.must(1, "apply", "-auto-approve"), "Two Principals with the Same Name", "user/101 (user101@example.com), with no externalId", "Then apply again")
			saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added") // What was resolved is found.
		}
	}
}
