// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for wanted, want := range map[string]string{
		"start":                         "start",
		"client*,audit_entra_*":         "audit_entra_iam_v2,audit_entra_scim,audit_entra_iam_v2_lists,client_matchwithidp,client_access",
		"audit_file_iam_v2,start,star*": "start,audit_file_iam_v2",
	} {
		got, err := choose(wanted)
		if err != nil {
			t.Errorf("%s: %v", wanted, err)
		}
		var names []string
		for _, s := range got {
			names = append(names, s.name)
		}
		if diff := cmp.Diff(want, strings.Join(names, ",")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", wanted, diff)
		}
	}
	all, err := choose("all")
	if err != nil || len(all) != len(scenarios()) {
		t.Errorf("all: %d of %d scenarios, %v", len(all), len(scenarios()), err)
	}
	seen := map[string]bool{}
	for _, s := range all {
		if s.limit <= 0 || s.goal == "" || s.run == nil || seen[s.name] {
			t.Errorf("%s: limit %s, goal %q, or twice", s.name, s.limit, s.goal)
		}
		seen[s.name] = true
	}
	if _, err := choose("nothing"); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("an unknown name: %v", err)
	}
}

// The least possible numbers are those of the project's figures.
func TestLeast(t *testing.T) {
	t.Parallel()
	full := config{scale: 1}.full()
	for r, want := range map[route]int{
		{kind: "entra", api: "iam_v2"}: 5284, {kind: "entra", api: "scim"}: 5423, {kind: "file", api: "iam_v2"}: 5016,
		{kind: "okta", api: "iam_v2"}: 10068, {kind: "databricks", api: "iam_v2"}: 15516, byLists: 334,
	} {
		if got, how := r.least(full); got != want {
			t.Errorf("%s: %d requests (%s), want %d", r, got, how, want)
		}
	}
}

// The least possible number of a plan of fixes grows with pages alone.
func TestLeastOfFixes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1_000: 4 + 2 + 1 + 11 + 12, 10_000: 13 + 11 + 10 + 101 + 12} {
		if got, how := leastOfFixes(n); got != want {
			t.Errorf("%d fixes: %d requests (%s), want %d", n, got, how, want)
		}
	}
}

// What several data sources read counts once in their union, and a read is made again
// where the same question came twice.
func TestUnion(t *testing.T) {
	t.Parallel()
	c := census{size: size{users: 2500, groups: 1000, sps: 1}, linked: 900, workspaces: 3, locals: 2}
	n, how := sum(c.pages1000(), c.members(), c.pages1000(), c.localGroups())
	if want := "5 pages + 900 member reads + 5 lists of local groups and their members"; n != 910 || how != want {
		t.Errorf("%d: %s", n, how)
	}
	get := simulator.LoggedRequest{Method: "GET", Path: "/a", Status: 200}
	again := get
	again.Status = 429
	other := get
	other.Query = "page=2"
	post := get
	post.Method = "POST"
	if got := (counts{Log: []simulator.LoggedRequest{get, other, again, post, post}}).again(); got != 1 {
		t.Errorf("%d asked again", got)
	}
}

func TestResult_write(t *testing.T) {
	t.Parallel()
	var table, lines bytes.Buffer
	r := result{Scenario: "audit_file_iam_v2", Requests: 30, Least: 20, Goal: "few", Reached: "+ 10", Seconds: 1.5}
	if err := r.write(&table, &lines, 1); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"audit_file_iam_v2", "30", "20", "few; + 10; MISSED"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q: %s", want, &table)
		}
	}
	var back result
	if err := json.Unmarshal(lines.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	r.Scale = 1
	if diff := cmp.Diff(r, back); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// The system's own account of this process, where it keeps one.
func TestResidentMiB(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc on this system: peaks are unknown there")
	}
	now := residentMiB(os.Getpid(), "VmRSS")
	if peak := residentMiB(os.Getpid(), "VmHWM"); now < 1 || peak < now || peak > 4096 {
		t.Errorf("this process holds %.1f MiB, and peaks at %.1f", now, peak)
	}
	if residentMiB(1<<30, "VmHWM") != 0 || cpuSeconds(1<<30) != 0 || len(descendants(1<<30)) != 0 {
		t.Error("a process that is not there has a size")
	}
}

// The engine's account is the one that the figure speaks of.
func TestEngineProcess(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := engineProcess(t.Context(), 10_000, &out); err != nil {
		t.Fatal(err)
	}
	var got engineResult
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if want := 9000*44/100 + 100; got.Divergent != want {
		t.Errorf("%d divergent, want %d: 44 of 100 users, every tenth group", got.Divergent, want)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lines, page := filepath.Join(dir, "bench.jsonl"), filepath.Join(dir, "page.md")
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(lines, `{"scenario":"a","requests":1,"scale":1,"ok":true}
{"scenario":"b","requests":9,"scale":0.1,"ok":true}
{"scenario":"a","requests":30,"least":20,"how":"20 pages","seconds":2.5,"scale":1,"goal":"few","reached":"+ 10"}
`)
	write(page, "before\n"+reportBegin+"old\n"+reportEnd+"after\n")
	for range 2 { // Again, it changes nothing.
		if err := report(lines, page); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + reportBegin + `
| scenario | requests | least | seconds | CPU s | provider MiB | Terraform MiB | goal | reached |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |
| a | 30 | 20 | 2.50 |  |  |  | few | + 10 (**missed**) |

Where the least possible numbers come from:

- a: 20 pages

` + reportEnd + "after\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	write(page, "no place")
	if err := report(lines, page); err == nil {
		t.Error("a page without a place for results was accepted")
	}
}
