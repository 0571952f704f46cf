// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"fmt"
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
			cmd, out := w.command("plan")
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
	for name, c := range map[string]struct {
		kind  string
		fault simulator.Fault
	}{
		"databricks, a user that fails":  {"databricks", simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Path: "/api/**/users/1040/matchWithIdp"}},
		"databricks, a group that hangs": {"databricks", simulator.Fault{Kind: simulator.FaultHang, Path: "/api/**/groups/9001/matchWithIdp"}},
		"okta, a group that fails":       {"okta", simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Path: "/okta/**/groups/" + entraID(9001) + "/users"}},
		"okta, a group that hangs":       {"okta", simulator.Fault{Kind: simulator.FaultHang, Path: "/okta/**/groups/" + entraID(9001) + "/users"}},
		"file, a group that fails":       {"file", simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Path: "/api/**/groups/9001/direct-members"}},
		"file, a group that hangs":       {"file", simulator.Fault{Kind: simulator.FaultHang, Path: "/api/**/groups/9001/direct-members"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startAccount(t, manyGroups(), simulator.Options{})
			a.faults(c.fault)
			begun := time.Now()
			result, said := a.serve(auditing(c.kind)(a)).read("dbxidentity_divergences", map[string]any{})
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			if result["complete"] != false || !strings.Contains(said, "1 read failed") {
				t.Errorf("complete = %v, said %s", result["complete"], said)
			}
		})
	}
}

// manyGroups are 46 users and 20 linked groups with a member each.
func manyGroups() simulator.State {
	st := manyStale(46)
	for i := range 20 {
		id, name := fmt.Sprint(9000+i), fmt.Sprintf("analysts-%d", i)
		st.Groups = append(st.Groups, simulator.Group{ID: id, DisplayName: name, ExternalID: entraID(9000 + i), Members: []simulator.Member{{Value: "1000"}}})
		st.IDP.Groups = append(st.IDP.Groups, simulator.IDPGroup{ID: entraID(9000 + i), DisplayName: name, Members: []string{entraID(1000)}})
	}
	return st
}

// The same of Microsoft Graph, which is asked in batches of twenty.
func TestProcess_oneSickGroupOfEntra(t *testing.T) {
	t.Parallel()
	a := startAccount(t, manyGroups(), simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Path: "/graph/**/groups/" + entraID(9001) + "/members"})
	w := newWorkspace(t, a.config(a.entra(), `data "dbxidentity_divergences" "all" {}
output "failures" { value = data.dbxidentity_divergences.all.failures }
output "judged" { value = length(data.dbxidentity_divergences.all.users) }`)).trustsIDP(a)
	begun := time.Now()
	said := w.must(0, "plan")
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	saysAll(t, said, "9001", "+ judged = 46")
}
