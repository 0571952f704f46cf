// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// The CLI and the provider are killed half-way through an audit. The next run asks
// for the rest only, says so, and has the result of an undisturbed one.
func TestProcess_auditKilled(t *testing.T) {
	t.Parallel()
	const users, inFlight = 120, 4
	st := manyStale(users)
	for i := range st.Users {
		if i%3 == 0 {
			st.Users[i].ExternalID = entraID(1000 + i) // Clean.
		}
	}
	// An empty list is asked for again: nothing in a checkpoint can prove it.
	st.Groups = []simulator.Group{{ID: "9001", DisplayName: "analysts"}}
	st.ServicePrincipals = []simulator.ServicePrincipal{{ID: "9002", ApplicationID: "aaaaaaaa-0000-4000-8000-000000009002", DisplayName: "app", Active: true}}
	a := startAccount(t, st, simulator.Options{})
	audit := func(settings string) string {
		return a.config("idp = { databricks = {} }\n  max_concurrency = 4\n  "+settings, `
data "dbxidentity_divergences" "all" { include_scanned_ids = true }
output "report" { value = data.dbxidentity_divergences.all }
`)
	}
	undisturbed := newWorkspace(t, audit(""))
	undisturbed.must(0, "apply", "-auto-approve")
	want := undisturbed.output("report")

	w := newWorkspace(t, audit(`checkpoint_dir = "kept"`))
	a.Server.ResetRequests()
	a.faults(simulator.Fault{Kind: simulator.FaultHang, Path: "**/matchWithIdp", Skip: users / 2}) // The kill finds it half-way.
	cmd, out := w.command("plan")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.until(out, "half of the audit", func() bool { return a.requestsTo("matchWithIdp") == users/2+inFlight })
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	a.faults()
	if left, err := filepath.Glob(filepath.Join(w.dir, "kept", "*.checkpoint")); err != nil || len(left) != 1 {
		t.Fatalf("the killed run has left %v, %v", left, err)
	}

	a.Server.ResetRequests()
	saysAll(t, w.must(0, "apply", "-auto-approve"), "Part of the Audit Comes from a Checkpoint", "answers of matchWithIdp", "3 lists of principals")
	// An answer that was being taken in when the kill came is asked for again.
	if got := a.requestsTo("matchWithIdp"); got < users/2 || got > users/2+inFlight {
		t.Errorf("%d identities were answered before the kill, and %d were asked about after it, of %d", users/2, got, users)
	}
	for _, list := range []string{"/users", "/groups", "/service-principals"} {
		for _, r := range a.Server.Requests().Log {
			if strings.HasPrefix(r.Path, "/api/2.0/identity/") && strings.HasSuffix(r.Path, list) {
				t.Errorf("%s was listed again", list)
			}
		}
	}
	if got := w.output("report"); got != want {
		t.Errorf("the result differs from an undisturbed one:\n%s", cmp.Diff(want, got))
	}
	if left, err := filepath.Glob(filepath.Join(w.dir, "kept", "*")); err != nil || len(left) != 0 {
		t.Errorf("the finished run has left %v, %v", left, err)
	}
}
