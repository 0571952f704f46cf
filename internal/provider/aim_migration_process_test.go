// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// checked is what the readiness report of a folder's state says.
type checked struct {
	ready  any
	status map[string]string
	needed map[string]any
}

func (w *workspace) checked() checked {
	w.t.Helper()
	report := w.instances()["data.dbxidentity_aim_readiness.this"]
	out := checked{ready: report["ready_to_enable_aim"], status: map[string]string{}, needed: asMap(w.t, report["workspace_assignments_needed"])}
	checks, _ := report["checks"].([]any)
	for _, c := range checks {
		check := asMap(w.t, c)
		out.status[fmt.Sprint(check["id"])] = fmt.Sprint(check["status"])
	}
	return out
}

// What readiness lists, repaired by our resources and by the assignments that it asks
// for, makes its checks met; and the company of the example is ready in the end.
func TestProcess_migration(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "migration", simulator.Options{})
	config, err := os.ReadFile(filepath.Join(examplesRoot, "migration", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, "").trustsIDP(a)
	w.write("main.tf", string(config))
	endpoints, err := a.Endpoints()
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, endpoints.Environment()...)
	apply := func(more ...string) checked {
		w.must(0, append([]string{"apply", "-input=false", "-auto-approve"}, more...)...)
		return w.checked()
	}
	repaired := []string{
		"external_ids_agree", "group_names_taken", "unlinked_name_match", "groups_without_assignment", "stale_memberships", "nested_groups_gone", "local_edits",
	}
	before := apply()
	if before.ready != false || len(before.needed) == 0 {
		t.Errorf("before: ready is %v, assignments needed: %v", before.ready, before.needed)
	}
	for _, id := range repaired {
		if before.status[id] != "not_met" {
			t.Errorf("before: %s is %s", id, before.status[id])
		}
	}
	apply("-var=fix=true")
	for key := range before.needed {
		workspace, group, _ := strings.Cut(key, "/")
		a.assign(workspace, group)
	}
	st := a.state()
	presets.SettleMigration(&st)
	if err := a.Server.SetState(st); err != nil {
		t.Fatal(err)
	}
	after := apply("-var=fix=true")
	if after.ready != true || len(after.needed) > 0 {
		t.Errorf("after: ready is %v, assignments needed: %v", after.ready, after.needed)
	}
	for _, id := range repaired {
		if after.status[id] != "met" {
			t.Errorf("after: %s is %s", id, after.status[id])
		}
	}
	w.must(0, "plan", "-input=false", "-detailed-exitcode", "-var=fix=true")
}

// assign gives a group access to a workspace, as the official provider does.
func (a account) assign(workspace, group string) {
	a.t.Helper()
	url := fmt.Sprintf("%s/api/2.0/accounts/%s/workspaces/%s/permissionassignments/principals/%s", a.URL, a.AccountID, workspace, group)
	body, err := json.Marshal(map[string]any{"permissions": []string{"USER"}})
	if err != nil {
		a.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodPut, url, strings.NewReader(string(body)))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		a.t.Fatalf("PUT %s: %s", url, resp.Status)
	}
}
