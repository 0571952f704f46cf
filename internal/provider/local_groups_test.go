// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const workspaceGroups = "/api/2.0/preview/scim/v2/Groups"

// localWorld is the demo whose source is in a group of prod-workspace, through one of
// its groups in another, and in one of a workspace that it cannot enter.
func localWorld(t *testing.T) account {
	t.Helper()
	a := startPreset(t, "demo", simulator.Options{})
	a.change(func(st *simulator.State) {
		for i := range st.Workspaces {
			w := &st.Workspaces[i]
			switch w.WorkspaceName {
			case "prod-workspace":
				w.LocalGroups = []simulator.Group{
					{ID: "77", DisplayName: "analysts", Members: []simulator.Member{{Value: demoSource}}},
					{ID: "78", DisplayName: "team", Members: []simulator.Member{{Value: demoPlatformUsers}}},
					{ID: "79", DisplayName: "newcomers", Members: []simulator.Member{{Value: demoTarget}}},
				}
			case "dev-workspace":
				w.LocalGroups = []simulator.Group{{ID: "80", DisplayName: "strangers", Members: []simulator.Member{{Value: demoOther}}}}
			}
		}
	})
	return a
}

// localClone looks everywhere.
func localClone() map[string]any {
	out := cloneOf(wholeScan)
	out["scan_workspace_local_groups"] = true
	return out
}

// notClonedLocal are the rows of workspaces' own groups, "<value>: <note>".
func notClonedLocal(result map[string]any) []string {
	var out []string
	rows, _ := result["not_cloned"].([]any)
	for _, r := range rows {
		if row, ok := r.(map[string]any); ok && row["kind"] == "workspace_local_group" {
			out = append(out, fmt.Sprintf("%v: %v", row["value"], row["note"]))
		}
	}
	return out
}

// The groups that workspaces have of their own are in the clone plan, in the comparison
// and in the access of a principal; where no one asks for them, the result says that they were
// not looked at.
func TestLocalGroups_listed(t *testing.T) {
	t.Parallel()
	a := localWorld(t)
	s := a.serve(nil)
	got, said := s.read(clonePlanType, localClone())
	rows := notClonedLocal(got)
	if said != "" || got["complete"] != true || len(rows) != 2 || !strings.HasPrefix(rows[0], "analysts: group 77 of workspace \"prod-workspace\": add the target there") ||
		!strings.Contains(rows[1], "team: group 78 of workspace \"prod-workspace\": the target is in it once it is in one of the groups "+demoPlatformUsers) {
		t.Errorf("complete %v, rows %v: %s", got["complete"], rows, said)
	}
	off, said := s.read(clonePlanType, cloneOf(nil))
	if said != "" || len(notClonedLocal(off)) != 0 || !strings.Contains(fmt.Sprint(off["not_looked_at"]), "workspace-local groups") {
		t.Errorf("not asked for: %v, not looked at %v: %s", notClonedLocal(off), off["not_looked_at"], said)
	}
	reach, said := s.read(principalAccessType, map[string]any{"principal": map[string]any{"id": demoSource}, "scan_workspace_local_groups": true})
	locals, _ := reach["workspace_local_groups"].([]any)
	if said != "" || len(locals) != 2 || !strings.Contains(fmt.Sprint(locals[1]), "npb-platform-users team]") {
		t.Errorf("access: %v: %s", locals, said)
	}
	diff := map[string]any{"principal_a": map[string]any{"id": demoSource}, "principal_b": map[string]any{"id": demoTarget}}
	bare, _ := s.read("dbxidentity_principal_diff", diff)
	if bare["workspace_local_groups"] != nil || !strings.Contains(fmt.Sprint(bare["not_looked_at"]), "workspace-local groups") {
		t.Errorf("a comparison without workspaces: %v", bare["not_looked_at"])
	}
	diff["scan_workspace_local_groups"] = true
	if _, said := s.read("dbxidentity_principal_diff", diff); !strings.Contains(said, "Workspaces Are Not Checked") {
		t.Errorf("without check_workspaces: %s", said)
	}
	diff["check_workspaces"] = true
	compared, said := s.read("dbxidentity_principal_diff", diff)
	sides := ""
	rowsOf, _ := compared["workspace_local_groups"].([]any)
	for _, r := range rowsOf {
		row, _ := r.(map[string]any)
		sides += fmt.Sprintf("%v %v %v; ", row["group_name"], row["in_a"], row["in_b"])
	}
	if said != "" || sides != "analysts true false; team true false; newcomers false true; " || !strings.Contains(fmt.Sprint(compared["not_looked_at"]), "legacy-workspace") {
		t.Errorf("compared: %s: %s", sides, said)
	}
	if n := a.requestsTo(workspaceGroups); n == 0 {
		t.Error("no workspace was asked")
	}
}

// A workspace that could not be checked is not known: never without groups, and no
// dead end depends on it. Memberships do not depend on it either.
func TestLocalGroups_unreadable(t *testing.T) {
	t.Parallel()
	whole, _ := localWorld(t).serve(nil).read(clonePlanType, localClone())
	a := localWorld(t)
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodGet, Path: workspaceGroups, Status: http.StatusForbidden, ErrorCode: "PERMISSION_DENIED", Message: "not an admin"})
	s := a.serve(nil)
	got, said := s.read(clonePlanType, localClone())
	rows := notClonedLocal(got)
	if got["complete"] != false || !strings.Contains(said, "Incomplete Clone Plan") || len(rows) == 0 || !strings.Contains(rows[0], "<nil>: not known: ") ||
		!strings.Contains(rows[0], "the caller must be an admin of the workspace") {
		t.Errorf("complete %v, rows %v: %s", got["complete"], rows, said)
	}
	before, after := rowsOf(whole), rowsOf(got)
	if before["memberships"] == "" || before["memberships"] != after["memberships"] || after["skipped"] != "" || !strings.Contains(after["unverified"], before["skipped"]) {
		t.Errorf("before %v, after %v", before, after)
	}
	reach, said := s.read(principalAccessType, map[string]any{"principal": map[string]any{"id": demoSource}, "scan_workspace_local_groups": true})
	if reach["complete"] != false || !strings.Contains(said, "list the groups of workspace") {
		t.Errorf("access: complete %v: %s", reach["complete"], said)
	}
	same := map[string]any{"principal_a": map[string]any{"id": demoSource}, "principal_b": map[string]any{"id": demoSource}, "check_workspaces": true, "scan_workspace_local_groups": true}
	if compared, _ := s.read("dbxidentity_principal_diff", same); compared["equal"] != nil || compared["complete"] != false {
		t.Errorf("equal %v, complete %v", compared["equal"], compared["complete"])
	}
}

// Through the command line, as the texts that people read.
func TestProcess_localGroups(t *testing.T) {
	t.Parallel()
	a := localWorld(t)
	w := newWorkspace(t, a.audited(`
data "dbxidentity_clone_plan" "it" {
  source                      = { user_name = "user31@example.com" }
  target                      = { user_name = "user32@example.com" }
  scan_workspace_local_groups = true
}
data "dbxidentity_principal_diff" "it" {
  principal_a                 = { user_name = "user31@example.com" }
  principal_b                 = { user_name = "user32@example.com" }
  check_workspaces            = true
  scan_workspace_local_groups = true
}
output "clone" { value = provider::dbxidentity::clone_text(data.dbxidentity_clone_plan.it) }
output "compare" { value = provider::dbxidentity::compare_text(data.dbxidentity_principal_diff.it) }
output "report" { value = provider::dbxidentity::report_markdown({ diff = data.dbxidentity_principal_diff.it, clone = data.dbxidentity_clone_plan.it }) }
`))
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	for output, wants := range map[string][]string{
		"clone":   {"workspace local group, analysts, 7000000000000001: group 77 of workspace \"prod-workspace\": add the target there"},
		"compare": {"Groups that workspaces have of their own (3)", "! analysts (group/77) in workspace prod-workspace: A is in it, B is not", "- newcomers (group/79)"},
		"report":  {"Groups that workspaces have of their own", "| `analysts` | `77` |", "workspace local group"},
	} {
		text := w.outputText(output)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", output, want, text)
			}
		}
	}
}
