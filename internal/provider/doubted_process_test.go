// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// A change that the account reports as failed and makes all the same is made, known as
// this instance's own, and said: someone may look for the failure that the log shows.
func TestProcess_madeAlthoughReportedAsFailed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, says string }{
		"external id":     {externalIDOf("user", "101", entraID(101), ""), "shows the user as it was"},
		"membership":      {"\nresource \"dbxidentity_group_member\" \"this\" {\n  group_id  = \"202\"\n  member_id = \"102\"\n}", "shows the group as it was"},
		"removal":         {"\nresource \"dbxidentity_group_member_removal\" \"this\" {\n  group_id  = \"202\"\n  member_id = \"103\"\n}", "shows the group as it was"},
		"name of a group": {"\nresource \"dbxidentity_group_name\" \"this\" {\n  group_id              = \"202\"\n  name                  = \"another\"\n  expected_current_name = \"local-group\"\n}", "shows the group as it was"},
		"status":          {"\nresource \"dbxidentity_principal_status\" \"this\" {\n  principal_type = \"user\"\n  principal_id   = \"103\"\n  active         = false\n}", "shows the user as it was"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := smallWorld()
			st.Groups[1].Members = []simulator.Member{{Value: "103"}}
			a := startAccount(t, st, simulator.Options{})
			w := newWorkspace(t, a.config("", tt.config))
			a.faults(simulator.Fault{
				Kind: simulator.FaultStatus, Status: 500, Method: "PATCH", AfterHandler: true, Times: 1,
				Body: `{"detail":"upstream call failed","status":"500"}`,
			})
			saysAll(t, w.must(0, "apply", "-auto-approve"), "Change Made Although the API Reported a Failure", "upstream call failed", tt.says)
			a.faults()
			w.must(0, "plan", "-detailed-exitcode")
		})
	}
}
