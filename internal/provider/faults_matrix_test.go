// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Verdicts of a cell. Anything else fails the test.
const (
	verdictRight      = "right"      // what it is without the fault
	verdictIncomplete = "incomplete" // and says so; nothing in it is wrong
	verdictError      = "error"      // and says what to do
	verdictWithheld   = "withheld"   // nothing in it is wrong, and a fix is left to a human, with the reason
	verdictStale      = "as shown"   // what the account itself showed
	verdictKept       = "kept"       // a destroy left the value, and says so
	verdictFailed     = "failed"     // is run again, and must not fail then
)

// cellsAtATime bounds the cells that run together: most of them wait.
const cellsAtATime = 64

// The matrix: every fault, alone and mixed, against everything that the provider
// does. A result is right, or incomplete and says so, or an error that says what
// to do; it is never wrong and never late, and state, journal and account agree.
// The table in docs/reliability.md is its result (-update writes it).
func TestFaults_matrix(t *testing.T) {
	t.Parallel()
	table := newVerdictTable()
	var work errgroup.Group
	work.SetLimit(cellsAtATime)
	for _, o := range append(dataOperations(), resourceOperations()...) { //nolint:paralleltest // Cells run together at a pace of their own.
		for _, row := range faultRows() {
			for _, scope := range faultScopes {
				if !row.has(scope) {
					continue
				}
				work.Go(func() error {
					t.Run(cellName(o, row, scope), func(t *testing.T) {
						verdict, problems := runCell(t, o, row, scope)
						if problems != "" {
							t.Logf("run again, because:\n%s", problems)
							verdict = verdictFailed
						}
						table.set(o, row, scope, verdict)
					})
					return nil
				})
			}
		}
	}
	_ = work.Wait() // No cell returns an error.
	table.again(t)
	table.compare(t)
}

// runCell gives the verdict, and what is wrong with it.
func runCell(t *testing.T, o operation, row faultRow, scope faultScope) (verdict, problems string) {
	t.Helper()
	c := newCell(t, o, row, scope)
	c.truth(false) // Outside of the time that is measured.
	c.prepare()
	c.limits = c.faultLimits()
	c.faults(row.reach(scope, o)...)
	begun := time.Now()
	out := c.run()
	if took := time.Since(begun); c.ctx.Err() != nil || took > cellHung {
		c.problem("hung: it took %s", took)
	}
	c.checkFired()
	c.faults()
	c.limits = calm
	ran := c.wires
	verdict = c.judge(out)
	if !o.isData() {
		c.agreement(out, verdict)
		c.recover(out, verdict)
	}
	c.checkLogs(c.wires)
	if len(c.problems) > 0 || testing.Verbose() {
		t.Logf("verdict %q, diagnostics:\n%s", verdict, textOf(diagsOf(ran)))
	}
	return verdict, strings.Join(c.problems, "\n")
}

// checkFired wants the one place to be asked for: a fault that no one meets proves
// nothing.
func (c *cell) checkFired() {
	c.t.Helper()
	if c.row.fault.Kind != simulator.FaultStatus || c.scope != scopePlace {
		return
	}
	for _, f := range c.Server.Faults() {
		if (f.Fired == 0) != c.asksNothing {
			c.problem("%s %s was met %d times", f.Method, f.Path, f.Fired)
		}
	}
}

func diagsOf(wires []*wire) []*tfprotov6.Diagnostic {
	var out []*tfprotov6.Diagnostic
	for _, w := range wires {
		out = append(out, w.diags...)
	}
	return out
}

func textOf(diags []*tfprotov6.Diagnostic) string {
	var b strings.Builder
	for _, d := range diags {
		fmt.Fprintf(&b, "%s: %s: %s\n", d.Severity, d.Summary, d.Detail)
	}
	return b.String()
}

// judge says what a result is, and fails the test when it is wrong.
func (c *cell) judge(out outcome) string {
	c.t.Helper()
	diags := diagsOf(c.wires)
	if hasError(diags) {
		c.checkAdvice(diags)
		if c.isData() && out.result != nil {
			c.problem("an error, and a result all the same: %v", out.result)
		}
		return verdictError
	}
	if c.verb == "delete" && keptText.MatchString(textOf(diags)) {
		return verdictKept
	}
	got, want := c.comparable(out.result), c.truth(c.isData() && c.row.isStale())
	if report, ok := got.(document); ok && c.isData() && report["complete"] == false {
		c.checkIncomplete(report, want, textOf(diags))
		return verdictIncomplete
	}
	if c.verb == "read" && notRefreshedText.MatchString(textOf(diags)) {
		return verdictIncomplete
	}
	diff := cmp.Diff(want, got)
	switch {
	case diff == "" && c.isBelieved():
		return verdictStale
	case diff == "":
		return verdictRight
	case c.row.isStale() && c.isAsShown(got, want):
		return verdictStale
	case c.isData() && holeText.MatchString(fmt.Sprint(got)) && len(unfounded(got, want)) == 0:
		return verdictWithheld
	}
	c.problem("wrong (-without the fault +with it):\n%s", diff)
	return "wrong"
}

// notRefreshedText is how a read says that it kept what was seen before, and
// holeText how a report withholds a fix.
var (
	notRefreshedText = regexp.MustCompile(`Not Refreshed`)
	holeText         = regexp.MustCompile(`privileges_unknown|is not known`)
)

// isBelieved reports whether an account that goes on and on to show what was before
// made it seem that nothing was to be done.
func (c *cell) isBelieved() bool {
	if !c.row.isStale() || c.scope == scopeOnce || c.fact.holds == nil {
		return false
	}
	_, want := c.span()
	return c.fact.holds(c.state()) != want
}

// keptText is how a destroy says that it did not undo.
var keptText = regexp.MustCompile(`External ID Kept|Membership Not Restored|Principal Status Kept|Group Name Kept|Access Rule Kept`)

// adviceText is what an error that says what to do has in it.
var adviceText = regexp.MustCompile(`(?i)\b(check|raise|set|run|plan|apply|look at|ask|grant|review|remove|create) `)

func (c *cell) checkAdvice(diags []*tfprotov6.Diagnostic) {
	c.t.Helper()
	for _, d := range diags {
		if d.Summary == "" || d.Detail == "" || d.Severity == tfprotov6.DiagnosticSeverityError && !adviceText.MatchString(d.Detail) {
			c.problem("the error does not say what to do: %s: %s", d.Summary, d.Detail)
		}
	}
}

// checkIncomplete wants a warning, no claim to be clean, and nothing that the
// whole truth does not say.
func (c *cell) checkIncomplete(report document, want any, diags string) {
	c.t.Helper()
	if report["clean"] == true || !strings.Contains(diags, "ncomplete") {
		c.problem("incomplete, and clean is %v; diagnostics: %s", report["clean"], diags)
	}
	if failures, _ := report["failures"].([]any); len(failures) == 0 {
		c.problem("incomplete, and no failure says why")
	}
	if extra := unfounded(report, want); len(extra) > 0 {
		c.problem("incomplete, and it says what is not so: %v", extra)
	}
}

// isAsShown reports whether a result is what the account's stale answers say: of a
// report, nothing that was not so before or is not so now; of an instance,
// what was before.
func (c *cell) isAsShown(got, want any) bool {
	if !c.isData() {
		return c.verb == "read" || c.verb == "import"
	}
	return len(unfounded(got, c.truth(false), want)) == 0
}

// unfounded are the claims of a report that none of the others make.
func unfounded(report any, others ...any) []string {
	known := map[string]bool{}
	for _, other := range others {
		claims("", other, func(claim string) { known[claim] = true })
	}
	var out []string
	claims("", report, func(claim string) {
		if !known[claim] {
			out = append(out, claim)
		}
	})
	return out
}

// noClaims are parts of a report that say what is not known, or sum up, or which
// API returned and what that one calls an origin.
var noClaims = map[string]bool{
	"failures": true, "complete": true, "clean": true, "counts": true, "fixable": true, "scanned": true, "manual_actions": true,
	"route": true, "origin": true, "unverified": true, "problems": true, "summary": true, "unjudged": true, "not_looked_at": true,
	"unknown_reasons": true, "affected_count": true, "ready_to_enable_aim_reason": true, "ready_to_disable_scim_reason": true, "aim_evidence": true,
}

// claims gives every scalar of a report with its path; entries of lists go by
// their ids. Null, blank, false, 0 and "unknown" claim nothing, and neither does an entry
// that says that it is not known.
func claims(at string, v any, each func(string)) {
	switch v := v.(type) {
	case document:
		for key, element := range v {
			// Why something is not known, and what to do about that.
			if !noClaims[key] && !(v["status"] == "unknown" && (key == "reason" || key == "findings")) {
				claims(at+"/"+key, element, each)
			}
		}
	case []any:
		for _, element := range v {
			key := "-"
			if entry, ok := element.(document); ok {
				if strings.HasPrefix(fmt.Sprint(entry["note"]), "not known") {
					continue
				}
				key = fmt.Sprint(entry["id"], entry["group_id"], entry["principal_id"])
			}
			claims(at+"/"+key, element, each)
		}
	case nil:
	default:
		if v != false && v != "" && v != "unknown" && v != "audit_again" && v != "0" {
			each(fmt.Sprintf("%s=%v", at, v))
		}
	}
}

// verdictTable collects verdicts.
type verdictTable struct {
	mu    sync.Mutex
	cells map[string]map[faultScope]string
}

func newVerdictTable() *verdictTable {
	return &verdictTable{cells: map[string]map[faultScope]string{}}
}

func (v *verdictTable) get(o operation, row faultRow, scope faultScope) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	verdict, there := v.cells[cellKey(o, row)][scope]
	return verdict, there
}

func cellKey(o operation, row faultRow) string { return o.name() + " under " + row.name }

func (v *verdictTable) set(o operation, row faultRow, scope faultScope, verdict string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := cellKey(o, row)
	if v.cells[key] == nil {
		v.cells[key] = map[faultScope]string{}
	}
	v.cells[key][scope] = verdict
}
