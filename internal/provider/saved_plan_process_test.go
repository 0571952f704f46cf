// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"os"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// A saved plan was reviewed: while it is applied, the privileges of its one principal are
// neither looked up nor warned of again, nor the missing look-up of its id. What the write
// of another one reads is read by the write alone, and not for the plan before it too.
func TestProcess_savedPlanSaysOnce(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("this system has no /proc, so the provider cannot see that a saved plan is applied")
	}
	st := smallWorld()
	st.Users[0].Roles = []simulator.Role{{Value: "account_admin"}}
	a := startAccount(t, st, simulator.Options{})
	w := newWorkspace(t, a.config("", named("by_hand", "user", "101", entraID(666), `expected_current_external_id = ""`)+
		"\nresource \"dbxidentity_group_name\" \"this\" {\n  group_id = \"202\"\n  expected_current_name = \"local-group\"\n  name = \"own\"\n  allow_privileged = true\n}\n"))
	saysAll(t, w.must(0, "plan", "-out=tfplan"), "External ID of a Privileged Principal", "External ID Not Looked Up")
	looked := a.requestsTo("permissionassignments") + a.requestsTo("transitive-parent-groups") + a.requestsTo("rule-sets")
	if looked == 0 {
		t.Fatal("the plan has looked at no privileges")
	}
	read, listed := a.requestsTo("/Groups/{id}"), a.requestsTo("/direct-members")
	out := w.must(0, "apply", "tfplan")
	if n, m := a.requestsTo("/Groups/{id}")-read, a.requestsTo("/direct-members")-listed; n != 4 || m != 1 {
		t.Errorf("a new name took %d requests of the group and %d of its members, want 4 (look, write, look twice) and 1", n, m)
	}
	if strings.Contains(out, "External ID of a Privileged Principal") || strings.Contains(out, "External ID Not Looked Up") {
		t.Errorf("the apply warns again:\n%s", out)
	}
	if n := a.requestsTo("permissionassignments") + a.requestsTo("transitive-parent-groups") + a.requestsTo("rule-sets"); n != looked {
		t.Errorf("the apply looks privileges up again: %d requests, %d in the plan", n-looked, looked)
	}
	if a.userExternalID("101") != entraID(666) {
		t.Error("it was not applied")
	}
}
