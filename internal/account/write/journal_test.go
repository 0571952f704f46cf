// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// recorded is a journal as text, one "event operation principal before>after
// result wrote" per line.
func recorded(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	records, damaged, err := journal.Read(file)
	if err != nil || len(damaged) > 0 {
		t.Fatalf("damaged lines %v, %v", damaged, err)
	}
	show := func(s *string) string {
		if s == nil {
			return "?"
		}
		return *s
	}
	open := map[string]bool{}
	out := make([]string, 0, len(records))
	for _, r := range records {
		switch r.Event {
		case journal.EventIntent:
			open[r.Write] = true
			out = append(out, strings.Join([]string{r.Event, r.Operation, place(r), show(r.Before) + ">" + show(r.After)}, " "))
		default:
			if !open[r.Write] {
				t.Errorf("outcome %s has no intent before it", r.Write)
			}
			if (r.Error == "") != (r.Result == journal.ResultConfirmed) {
				t.Errorf("%s with error %q", r.Result, r.Error)
			}
			out = append(out, strings.Join([]string{r.Event, r.Operation, place(r), r.Result, r.Wrote}, " "))
		}
	}
	return out
}

func place(r journal.Record) string {
	if r.Group == "" {
		return r.Principal
	}
	if (r.GroupOrigin == "databricks") != (r.Event == journal.EventIntent) {
		return "origin " + r.GroupOrigin // The group of these tests is Databricks' own.
	}
	return r.Group + " " + r.Principal
}

// watch looks at the journal whenever a request of a method leaves.
type watch struct {
	base         http.RoundTripper
	method, path string
	seen         []int
}

func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == w.method {
		raw, _ := os.ReadFile(w.path)
		w.seen = append(w.seen, strings.Count(string(raw), "\n"))
	}
	return w.base.RoundTrip(r)
}

func TestJournal_externalID(t *testing.T) {
	t.Parallel()
	blank, fresh := accounttest.User("100002"), accounttest.GUID(9, 9)
	intent := "intent set_external_id user/100002 >" + fresh
	outcome := func(result, wrote string) []string {
		return []string{intent, "outcome set_external_id user/100002 " + result + " " + wrote}
	}
	patchFault := func(f simulator.Fault) []simulator.Fault {
		f.Method = http.MethodPatch
		return []simulator.Fault{f}
	}
	tests := map[string]struct {
		req      write.ExternalIDRequest
		faults   []simulator.Fault
		readOnly bool
		want     []string
	}{
		"written": {want: outcome("confirmed", "yes")},
		"overwritten": {
			req: write.ExternalIDRequest{Ref: accounttest.User("100001"), Want: fresh, Expected: new(accounttest.GUID(1, 0))},
			want: []string{
				"intent set_external_id user/100001 " + accounttest.GUID(1, 0) + ">" + fresh, "outcome set_external_id user/100001 confirmed yes",
			},
		},
		"cleared": {
			req:  write.ExternalIDRequest{Ref: accounttest.Group("200001"), Expected: new(accounttest.GUID(2, 0))},
			want: []string{"intent set_external_id group/200001 " + accounttest.GUID(2, 0) + ">", "outcome set_external_id group/200001 confirmed yes"},
		},
		"there already":      {req: write.ExternalIDRequest{Ref: accounttest.User("100001"), Want: accounttest.GUID(1, 0)}},
		"guarded":            {req: write.ExternalIDRequest{Ref: blank, Want: accounttest.GUID(1, 2)}},
		"read only":          {readOnly: true},
		"throttled is one":   {faults: patchFault(simulator.Fault{Kind: simulator.FaultStatus, Status: 429, Times: 2, RetryAfterSeconds: new(0)}), want: outcome("confirmed", "yes")},
		"lost answer is one": {faults: patchFault(simulator.Fault{Kind: simulator.FaultLost, Times: 1}), want: outcome("confirmed", "yes")},
		"refused":            {faults: patchFault(simulator.Fault{Kind: simulator.FaultStatus, Status: 409, ErrorCode: "CONFLICT"}), want: outcome("failed", "no")},
		"failed":             {faults: patchFault(simulator.Fault{Kind: simulator.FaultStatus, Status: 500}), want: outcome("unconfirmed", "unknown")},
		"without effect":     {faults: patchFault(simulator.Fault{Kind: simulator.FaultNoop}), want: outcome("unconfirmed", "unknown")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim := accounttest.StartInside(t, accounttest.Population(4, 2, 1), simulator.Options{})
				accounttest.SetFaults(t, sim, tt.faults...)
				path := filepath.Join(t.TempDir(), "journal.jsonl")
				cfg, w := accounttest.Config(sim), &watch{base: accounttest.Memory{Handler: sim.Server.Handler()}, method: http.MethodPatch, path: path}
				cfg.ReadOnly, cfg.ConfirmTimeout, cfg.RetryBudget = tt.readOnly, 300*time.Millisecond, time.Second
				cfg.Journal, cfg.SDK.HTTPTransport = journal.New(path), w
				if tt.req.Ref.ID == "" {
					tt.req = write.ExternalIDRequest{Ref: blank, Want: fresh}
				}
				c := accounttest.Connect(t, cfg)
				_, _ = c.SetExternalID(t.Context(), tt.req) // Its errors are tested elsewhere.
				if diff := cmp.Diff(tt.want, recorded(t, path)); diff != "" {
					t.Errorf("journal (-want +got): %s", diff)
				}
				if tt.want != nil && len(w.seen) == 0 {
					t.Error("no PATCH was seen")
				}
				for _, lines := range w.seen {
					if lines != 1 {
						t.Errorf("a PATCH left with %d lines in the journal, want its intent", lines)
					}
				}
				if err := c.JournalTrouble(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A PATCH that several memberships share is several writes, each with an
// outcome of its own.
func TestJournal_members(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := accounttest.StartInside(t, accounttest.Club(), simulator.Options{})
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		w := &watch{base: accounttest.Memory{Handler: sim.Server.Handler()}, method: http.MethodPatch, path: path}
		c := accounttest.ClubClient(t, sim, func(cfg *api.Config) {
			cfg.Journal, cfg.MemberWindow, cfg.SDK.HTTPTransport = journal.New(path), 50*time.Millisecond, w
		})
		add := func(members ...string) {
			t.Helper()
			var wg sync.WaitGroup
			for _, member := range members {
				wg.Go(func() { _, _ = c.AddMember(t.Context(), accounttest.MemberRequest("15", member)) })
			}
			wg.Wait()
		}
		both := func(operation, group, member, change, end string) []string {
			return []string{"intent " + operation + " " + group + " " + member + " " + change, "outcome " + operation + " " + group + " " + member + " " + end}
		}
		check := func(what string, want ...[]string) {
			t.Helper()
			wanted := slices.Concat(want...)
			got := recorded(t, path)
			slices.Sort(got)
			slices.Sort(wanted)
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("%s: journal (-want +got): %s", what, diff)
			}
			for _, lines := range w.seen {
				if lines < len(wanted)/2 {
					t.Errorf("%s: a PATCH left with %d lines in the journal", what, lines)
				}
			}
			w.seen = nil
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		add("1", "2")
		check("two", both("add_member", "group/15", "user/1", "absent>member", "confirmed yes"), both("add_member", "group/15", "user/2", "absent>member", "confirmed yes"))
		add("1")
		check("there already")
		add("7")
		check("guarded")
		if _, err := c.RemoveMember(t.Context(), accounttest.MemberRequest("15", "1")); err != nil {
			t.Fatal(err)
		}
		check("removed", both("remove_member", "group/15", "user/1", "member>absent", "confirmed yes"))
		accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultNoop, Method: http.MethodPatch})
		add("3")
		check("without effect", both("add_member", "group/15", "user/3", "absent>member", "unconfirmed unknown"))
		for status, code := range map[int]string{400: "INVALID", 404: "RESOURCE_DOES_NOT_EXIST"} {
			accounttest.SetFaults(t, sim, simulator.Fault{Kind: simulator.FaultStatus, Status: status, ErrorCode: code, Method: http.MethodPatch})
			add("4")
			check("refused", both("add_member", "group/15", "user/4", "absent>member", "failed no"))
		}
	})
}

// Without a trace nothing is written; an outcome without a trace is reported.
func TestJournal_unwritable(t *testing.T) {
	t.Parallel()
	sim := accounttest.Start(t, accounttest.Population(4, 2, 1), simulator.Options{})
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	cfg := accounttest.Config(sim)
	cfg.Journal = journal.New(path)
	// The journal goes away between intent and outcome.
	vanish := &vanishing{path: path}
	cfg.SDK.HTTPTransport = vanish
	c := accounttest.Connect(t, cfg)
	if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100002"), Want: accounttest.GUID(9, 9)}); err != nil {
		t.Fatal(err)
	}
	if err := c.JournalTrouble(); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("trouble: %v", err)
	}
	if err := c.JournalTrouble(); err != nil {
		t.Errorf("told twice: %v", err)
	}
	before := accounttest.Count(sim, http.MethodPatch, "")
	var untold *write.JournalError
	_, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100004"), Want: accounttest.GUID(9, 10)})
	if !errors.As(err, &untold) || !strings.Contains(err.Error(), "user/100004") || accounttest.Count(sim, http.MethodPatch, "") != before {
		t.Errorf("%v, %d PATCH requests more", err, accounttest.Count(sim, http.MethodPatch, "")-before)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetExternalID(t.Context(), write.ExternalIDRequest{Ref: accounttest.User("100004"), Want: accounttest.GUID(9, 10)}); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(path)
	if err != nil || strings.Count(string(lines), `"event":"outcome"`) != 2 || strings.Count(string(lines), "\n") != 3 {
		t.Errorf("the outcome that was owed is missing: %s, %v", lines, err)
	}
}

// vanishing puts a folder in the place of the journal when a PATCH leaves.
type vanishing struct {
	path string
	done bool
}

func (v *vanishing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPatch && !v.done {
		v.done = true
		if err := errors.Join(os.Rename(v.path, v.path+".old"), os.Mkdir(v.path, 0o700)); err != nil {
			return nil, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}
