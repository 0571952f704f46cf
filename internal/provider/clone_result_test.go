// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// After an apply of which one write failed, the file says of each action what became of
// it, from the journal; before it, what is held back and why.
func TestProcess_cloneResult(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	journal := filepath.Join(t.TempDir(), "journal.jsonl")
	w := newWorkspace(t, a.config(fmt.Sprintf("journal_path = %q", journal), `
data "dbxidentity_clone_plan" "it" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}
resource "dbxidentity_group_member" "given" {
  for_each   = data.dbxidentity_clone_plan.it.memberships
  group_id   = each.value.group_id
  group_name = each.value.group_name
  member_id  = each.value.member_id
}
output "before" { value = provider::dbxidentity::csv("clone", data.dbxidentity_clone_plan.it) }
`))
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Method: http.MethodPatch, Path: scimPath + "Groups/" + demoScratchAdmins, Status: http.StatusForbidden, ErrorCode: "PERMISSION_DENIED", Message: "not this one"})
	w.must(1, "apply", "-auto-approve")
	a.faults()
	w.write("result.tf", fmt.Sprintf("output \"after\" {\n  value = provider::dbxidentity::csv(\"clone_result\", { plan = data.dbxidentity_clone_plan.it, journal = file(%q) })\n}\n", journal))
	w.must(0, "apply", "-refresh-only", "-auto-approve")
	before, after := w.outputText("before"), w.outputText("after")
	line := func(text, group string) string {
		for l := range strings.SplitSeq(text, "\r\n") {
			if strings.Contains(l, ","+group+",") {
				return l
			}
		}
		return ""
	}
	for _, c := range []struct{ text, group, want string }{
		{before, "npb-platform-admins", "False,\"held back, because the group is privileged: to give it, name its id in allow_privileged_groups\""},
		{after, "npb-platform-users", "True,"}, {after, "npb-platform-admins", "held back"}, {after, "data-engineers", "False,"},
		{after, "scratch-workspace-admins", "not this one"},
	} {
		if got := line(c.text, c.group); !strings.Contains(got, c.want) || c.want == "True," && !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %q lacks %q", c.group, got, c.want)
		}
	}
	if got := line(after, "scratch-workspace-admins"); !strings.Contains(got, ",False,") {
		t.Errorf("the write that failed: %q", got)
	}
	w.write("result.tf", "output \"after\" {\n  value = provider::dbxidentity::csv(\"clone_result\", { plan = data.dbxidentity_clone_plan.it, journal = \"not a journal\" })\n}\n")
	if out := w.must(1, "plan"); !strings.Contains(out, "journal is no text of a journal") {
		t.Errorf("an odd journal: %s", out)
	}
}

// What people must do in the identity provider carries the id of the group there, and
// says where the configured one does not have the group.
func TestClonePlan_inIDP(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	engineers := ""
	for _, g := range a.state().Groups {
		if g.ID == demoEngineers {
			engineers = g.ExternalID
		}
	}
	row := func(settings map[string]any) map[string]any {
		got, said := a.serve(settings).read(clonePlanType, cloneOf(nil))
		rows, _ := got["idp_actions"].([]any)
		if said != "" || len(rows) != 1 || engineers == "" {
			t.Fatalf("%d rows: %s", len(rows), said)
		}
		out, _ := rows[0].(map[string]any)
		if out["external_id"] != engineers {
			t.Errorf("external id %v, want %s", out["external_id"], engineers)
		}
		return out
	}
	file := func() map[string]any {
		return map[string]any{"idp": map[string]any{"file": map[string]any{"path": a.exported()}}}
	}
	if r := row(nil); r["in_idp"] != nil || r["reason"] != nil {
		t.Errorf("without an identity provider: %v, %v", r["in_idp"], r["reason"])
	}
	if r := row(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}}); r["in_idp"] != nil {
		t.Errorf("databricks takes no such question: %v", r["in_idp"])
	}
	if r := row(file()); r["in_idp"] != true || r["reason"] != nil {
		t.Errorf("there: %v, %v", r["in_idp"], r["reason"])
	}
	a.change(func(st *simulator.State) {
		for i := range st.IDP.Groups {
			if st.IDP.Groups[i].ID == engineers {
				st.IDP.Groups[i].ID = entraID(987)
			}
		}
	})
	if r := row(file()); r["in_idp"] != false || !strings.Contains(fmt.Sprint(r["reason"]), "not in the identity provider: file has no group with the object id "+engineers) {
		t.Errorf("not there: %v, %v", r["in_idp"], r["reason"])
	}
}
