// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// No provider outlives the command line, however that ends while a read hangs.
func TestProcess_noProviderOutlivesTheCLI(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"interrupted": syscall.SIGINT, "killed": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, smallWorld(), simulator.Options{})
			a.faults(simulator.Fault{Kind: simulator.FaultHang, Path: "/api/**/matchWithIdp"})
			w := newWorkspace(t, a.audited(`data "dbxidentity_divergences" "all" {}`))
			cmd, out := w.command(t.Context(), "plan")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.until(out, "a hanging read", func() bool { return a.requestsTo("matchWithIdp") > 0 })
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			ended := func() bool { return errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH) }
			for begun := time.Now(); !ended(); time.Sleep(50 * time.Millisecond) {
				if time.Since(begun) > time.Minute {
					_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
					t.Fatalf("a process is left a minute after the command line:\n%s", out)
				}
			}
		})
	}
}

// A path that is no file is refused before anything waits for it.
func TestProcess_directoryFileIsAPipe(t *testing.T) {
	t.Parallel()
	a := startAccount(t, smallWorld(), simulator.Options{})
	pipe := filepath.Join(t.TempDir(), "directory.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, a.config(`idp = { file = { path = "`+pipe+`" } }`, `data "dbxidentity_divergences" "all" {}`))
	saysAll(t, w.must(1, "plan"), "no regular file")
}

// One identity that never gets an answer, or always the same failure, costs seconds.
func TestServed_oneSickIdentity(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{
		"a user that fails":  {Kind: simulator.FaultStatus, Status: 500, Path: "/api/**/users/1040/matchWithIdp"},
		"a group that hangs": {Kind: simulator.FaultHang, Path: "/api/**/groups/9001/matchWithIdp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := manyStale(46)
			st.Groups = []simulator.Group{{ID: "9001", DisplayName: "analysts"}}
			a := startAccount(t, st, simulator.Options{})
			a.faults(fault)
			begun := time.Now()
			result, said := a.serve(map[string]any{"idp": map[string]any{"databricks": map[string]any{}}}).read("dbxidentity_divergences", map[string]any{})
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			if result["complete"] != false || !strings.Contains(said, "reads failed") {
				t.Errorf("complete = %v, said %s", result["complete"], said)
			}
		})
	}
}
