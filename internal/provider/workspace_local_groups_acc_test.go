// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Local groups are told apart by what the workspace says, never by name, and a workspace
// that cannot be entered is a failure and no empty list.
func TestAccWorkspaceLocalGroups(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "migration", simulator.Options{})
	config := func(inputs string) string {
		return a.config("", `
data "dbxidentity_workspace_local_groups" "this" {
  `+inputs+`
}
output "groups" { value = [for g in data.dbxidentity_workspace_local_groups.this.groups :
  "${g.workspace_name} ${g.group_name} ${length(g.members)} ${join("+", g.entitlements)} ${join("+", g.advisories)} ${g.members[0].name}"] }
output "failures" { value = [for f in data.dbxidentity_workspace_local_groups.this.failures : "${coalesce(f.workspace_name, "-")}: ${f.reason}"] }
output "complete" { value = data.dbxidentity_workspace_local_groups.this.complete }
`)
	}
	all, some := capture{}, capture{}
	acceptance(t,
		resource.TestStep{Config: config(""), ConfigStateChecks: []statecheck.StateCheck{all}},
		resource.TestStep{Config: config(`workspace_ids = ["8000000000000001", "8000000000000002"]`), ConfigStateChecks: []statecheck.StateCheck{some}},
		resource.TestStep{Config: config(`workspace_ids = ["12"]`), ExpectError: regexp.MustCompile(`(?s)Workspace Not Found.*no workspace with the id "12"`)},
	)
	want := "[analytics report-readers 4 databricks-sql-access  person04@example.com analytics engineers 1  ACCOUNT_GROUP_OF_SAME_NAME+HAS_EXTERNAL_ID person01@example.com]"
	for name, got := range map[string]capture{"all": all, "some": some} {
		if text := fmt.Sprint(got["groups"]); text != want {
			t.Errorf("%s: %s", name, text)
		}
	}
	if all["complete"] != false || !strings.Contains(fmt.Sprint(all["failures"]), "archive: ") || some["complete"] != true {
		t.Errorf("all: %v %v, some: %v", all["complete"], all["failures"], some["complete"])
	}
}
