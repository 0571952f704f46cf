// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// warned are the warnings of a summary.
func (w *wire) warned(summary string) []string {
	var out []string
	for _, d := range w.diags {
		if d.Severity == tfprotov6.DiagnosticSeverityWarning && d.Summary == summary {
			out = append(out, d.Detail)
		}
	}
	return out
}

// A value that is written by hand hands over the privileges of its principal: the plan
// says so, once, and says when it could not look. What an audit of the same run
// offers was looked at there.
func TestExternalID_power(t *testing.T) {
	t.Parallel()
	const gives, unchecked = "External ID of a Privileged Principal", "Privileges Not Checked"
	st := smallWorld()
	// 101 and 109 are account admins by a group, two levels up.
	st.Users = append(st.Users, simulator.User{ID: "109", UserName: "user109@example.com", Active: true})
	st.Groups = append(st.Groups,
		simulator.Group{ID: "203", DisplayName: "inner", Members: []simulator.Member{{Value: "101"}, {Value: "109"}}},
		simulator.Group{ID: "204", DisplayName: "outer", Members: []simulator.Member{{Value: "203"}}, Roles: []simulator.Role{{Value: "account_admin"}}})
	hole := simulator.Fault{Kind: simulator.FaultStatus, Status: 400, Method: "GET", Path: "/api/2.0/identity/accounts/*/principals/*/transitive-parent-groups"}
	for name, tt := range map[string]struct {
		user, current, want string
		audit               document
		faults              []simulator.Fault
		warns               string
		says                []string
	}{
		"admin":            {user: "101", want: entraID(666), warns: gives, says: []string{"user/101 (user101@example.com)", "account role account_admin", entraID(666)}},
		"another identity": {user: "101", current: entraID(1), want: entraID(666), warns: gives, says: []string{"instead of \"" + entraID(1)}},
		"nobody special":   {user: "103", current: entraID(999), want: entraID(666)},
		"hole":             {user: "103", current: entraID(999), want: entraID(666), faults: []simulator.Fault{hole}, warns: unchecked, says: []string{"user/103"}},
		"as audited":       {user: "101", want: entraID(101), audit: document{"allow_privileged_principals": []string{"101"}}},
		"not as audited":   {user: "101", want: entraID(666), audit: document{"allow_privileged_principals": []string{"101"}}, warns: gives},
		"withheld":         {user: "101", want: entraID(101), audit: document{}, warns: gives},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, st, simulator.Options{})
			a.setUserExternalID(tt.user, tt.current)()
			a.faults(tt.faults...)
			w := dial(t.Context(), t, document{
				"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
				"auth_type": "oauth-m2m", "config_file": "/dev/null", "idp": document{"databricks": document{}},
			}, provider.WithShortLimits())
			if tt.audit != nil {
				w.data("dbxidentity_divergences", tt.audit)
			}
			i := instance{resource: idResource}
			config := document{"principal_type": "user", "principal_id": tt.user, "external_id": tt.want, "expected_current_external_id": tt.current}
			planned := w.plan(i, config)
			for _, summary := range []string{gives, unchecked} {
				got := w.warned(summary)
				if (len(got) > 0) != (summary == tt.warns) {
					t.Fatalf("%s: %v", summary, got)
				}
				for _, text := range tt.says {
					if len(got) > 0 && !strings.Contains(got[0], text) {
						t.Errorf("the warning does not say %q: %s", text, got[0])
					}
				}
			}
			// The apply has been reviewed: it neither looks nor says it again.
			before := len(w.diags)
			w.apply(i, planned)
			w.plan(instance{resource: idResource}, document{"principal_type": "user", "principal_id": "109", "external_id": entraID(667), "expected_current_external_id": ""})
			if w.failed() || slices.ContainsFunc(w.diags[before:], func(d *tfprotov6.Diagnostic) bool { return d.Summary == tt.warns }) {
				t.Errorf("in the apply: %v", w.diags[before:])
			}
		})
	}
}

// What a destroy would write back is looked at in its plan. An instance that found the
// wanted value replaced nothing, and writes nothing back.
func TestExternalID_powerOfDestroy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		onDestroy string
		deleted   bool
		found     bool
		warns     int
	}{"restored": {"restore", false, false, 1}, "found": {"restore", false, true, 0}, "kept": {"keep", false, false, 0}, "gone": {"restore", true, false, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Users[1].Roles = []simulator.Role{{Value: "account_admin"}}
			if !tt.found {
				st.Users[1].ExternalID = entraID(666)
			}
			a := startAccount(t, st, simulator.Options{})
			run := func() *wire {
				return dial(t.Context(), t, document{
					"host": a.URL, "account_id": a.AccountID, "client_id": a.ClientID, "client_secret": a.ClientSecret,
					"auth_type": "oauth-m2m", "config_file": "/dev/null",
				}, provider.WithShortLimits())
			}
			w, i := run(), instance{resource: idResource}
			i = w.apply(i, w.plan(i, document{
				"principal_type": "user", "principal_id": "102", "external_id": entraID(102), "expected_current_external_id": entraID(666), "on_destroy": tt.onDestroy,
			}))
			if tt.deleted {
				a.change(func(st *simulator.State) {
					st.Groups[0].Members = nil
					st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == "102" })
				})
			}
			w = run()
			w.plan(i, nil)
			if len(w.warned("Privileges Not Checked")) > 0 {
				t.Errorf("%v", w.diags)
			}
			if got := w.warned("External ID of a Privileged Principal"); w.failed() || len(got) != tt.warns || tt.warns > 0 && !strings.Contains(got[0], entraID(666)) {
				t.Errorf("%v, %v", got, w.diags)
			}
		})
	}
}
