// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"
)

// The plan of a deactivation says what it does, as far as that is known, and where to look
// for what only workspaces know.
func TestPrincipalStatus_planSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), withSettings())
	for _, tt := range []struct{ kind, id, use, name string }{
		{"user", "102", "will not be able to log in or use the API.", "user102@example.com"}, {"service_principal", "301", "will not be able to use the API.", "aaaaaaaa-0000-4000-8000-000000000301"},
	} {
		w := a.dialEntra()
		w.plan(instance{resource: "dbxidentity_principal_status"}, document{"principal_type": tt.kind, "principal_id": tt.id, "active": false})
		if w.failed() {
			t.Fatal(w.diags)
		}
		said := ""
		for _, d := range w.diags {
			said += d.Summary + ": " + d.Detail + "\n"
		}
		for _, text := range []string{
			"Principal Will Be Deactivated", tt.name, tt.use, "tokens stay and are refused", "jobs that run as it fail", "What it owns stays", "was not looked up", "docs/guides/people.md",
		} {
			if !strings.Contains(said, text) {
				t.Errorf("%s: no %q in %s", tt.kind, text, said)
			}
		}
	}
}
