// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
)

// span is what the account holds of the fact before the operation and what it is
// to hold after it.
func (c *cell) span() (before, want string) {
	f := c.fact
	switch c.verb {
	case "create":
		return f.before, f.created
	case "update":
		return f.created, f.changed
	case "delete":
		return f.created, f.destroyed
	default:
		return f.created, f.created
	}
}

// maybeText is how an error says that a write may have happened.
var maybeText = regexp.MustCompile(`may (exist|take effect|have)`)

// agreement checks that state, journal and account tell one story, right after
// the faults.
func (c *cell) agreement(out outcome, verdict string) {
	c.t.Helper()
	if c.fact.holds == nil {
		return
	}
	before, want := c.span()
	now := c.fact.holds(c.state())
	done := verdict == verdictRight
	switch {
	case now != before && now != want:
		c.problem("the account holds %q: neither %q nor %q", now, before, want)
	case done && now != want:
		c.problem("no error, and the account holds %q instead of %q", now, want)
	case !done && verdict != verdictIncomplete && verdict != verdictStale && now != before && !maybeText.MatchString(textOf(diagsOf(c.wires))):
		c.problem("the account changed to %q, and no diagnostic says that it may have", now)
	}
	if verdict == verdictError && out.planned && c.comparable(out.result) != nil && c.verb == "create" {
		c.problem("an error, and the state holds %v", out.result)
	}
	changed, confirmed := c.journaled()
	if now != before && !changed {
		c.problem("the account changed to %q, and the journal has no record of it", now)
	}
	if confirmed && now != want {
		c.problem("the journal calls it done, and the account holds %q", now)
	}
	if done && now != before && !confirmed {
		c.problem("it is done, and the journal does not say so")
	}
}

// journaled reports whether the journal has a write that may have happened, and one
// that was confirmed.
func (c *cell) journaled() (changed, confirmed bool) {
	c.t.Helper()
	file, err := os.Open(c.journal)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false
	}
	must(c.t, err)
	defer func() { _ = file.Close() }()
	records, damaged, err := journal.Read(file)
	if err != nil || len(damaged) > 0 {
		c.problem("the journal has damaged lines %v, %v", damaged, err)
	}
	outcomes := map[string]journal.Record{}
	for _, r := range records {
		if r.Event == journal.EventOutcome {
			outcomes[r.Write] = r
		}
	}
	for _, r := range records {
		if r.Event != journal.EventIntent || c.fact.principal != "" && r.Principal != c.fact.principal || r.Group != c.fact.group {
			continue
		}
		end := outcomes[r.Write]
		if end.Write == "" {
			c.problem("the journal has no outcome for %+v", r)
		}
		changed = changed || end.Wrote != journal.WroteNo
		confirmed = confirmed || end.Wrote == journal.WroteYes
	}
	return changed, confirmed
}

// recover does it again without faults: whatever happened, the next run ends with
// the account as planned, and the run after it has nothing to do.
func (c *cell) recover(out outcome, verdict string) {
	c.t.Helper()
	ran := len(c.wires)
	i := out.instance
	if i.state != nil && c.verb != "import" {
		i = c.dial().refresh(i)
	}
	config := c.operation.config
	switch {
	case c.verb == "update":
		config = c.operation.change
	case c.verb == "delete":
		if i.state != nil {
			i = c.changeTo(i, nil).instance
		}
		config = nil
	case c.verb == "import" && verdict == verdictError:
		i = c.dial().imports(c.of, c.importID)
	}
	if config != nil && c.verb != "import" {
		i = c.changeTo(i, config).instance
		w := c.dial()
		if i.state == nil {
			c.problem("after the faults it cannot be applied: %s", textOf(diagsOf(c.wires[ran:])))
		} else if i = w.refresh(i); i.state == nil {
			c.problem("after the faults it is applied again, and does not last")
		} else if p := w.plan(i, config); !w.isNothing(i, p) {
			c.problem("after the faults and another apply the plan is not empty: %v", c.shown(i))
		}
	}
	if text := textOf(diagsOf(c.wires[ran:])); hasError(diagsOf(c.wires[ran:])) {
		c.problem("after the faults it fails: %s", text)
	}
	if c.fact.holds == nil {
		return
	}
	if _, want := c.span(); c.fact.holds(c.state()) != want && verdict != verdictKept && !(verdict == verdictStale && c.verb == "delete") {
		c.problem("after the faults the account holds %q instead of %q", c.fact.holds(c.state()), want)
	}
}

// checkLogs looks for secrets everywhere and for names in every line that CI
// shows, which is anything above TRACE.
func (c *cell) checkLogs(wires []*wire) {
	c.t.Helper()
	secrets := []string{c.ClientSecret, c.IDP.EntraClientSecret, c.IDP.OktaAPIToken, "Bearer ", "SSWS ", "eyJ"}
	for _, w := range wires {
		text := textOf(w.diags)
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				c.problem("a diagnostic shows a secret: %s", text)
			}
		}
		for _, line := range w.log.lines() {
			c.checkLogLine(line, secrets)
		}
	}
}

func (c *cell) checkLogLine(line string, secrets []string) {
	c.t.Helper()
	for _, secret := range secrets {
		if secret != "" && strings.Contains(line, secret) {
			c.problem("the log shows a secret: %s", line)
		}
	}
	var entry struct {
		Level string `json:"@level"`
	}
	if line == "" || json.Unmarshal([]byte(line), &entry) == nil && entry.Level == "trace" {
		return
	}
	for _, name := range []string{"@example.com", "user101", "local-group", "linked-group", "job-runner"} {
		if strings.Contains(line, name) {
			c.problem("the log shows a name: %s", line)
		}
	}
}
