// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/provider"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

const (
	// patience is a time limit that is not to be reached, on a busy machine either;
	// short is one that is going to be, and longer one that is going to be while
	// other requests have to keep it.
	patience = 30 * time.Second
	longer   = 3 * time.Second
	short    = time.Second
	// cellHung counts as hung: many times the short limits that can follow each
	// other.
	cellHung = 5 * time.Minute
)

// cell is one operation under one fault.
type cell struct {
	account
	operation
	row   faultRow
	scope faultScope
	ctx   context.Context
	// limits, trust and settings are those of the provider; journal is its file.
	limits   provider.Limits
	trust    []provider.Option
	settings document
	journal  string
	wires    []*wire
	prior    instance
	problems []string
}

// problem notes what is wrong.
func (c *cell) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// outcome is what an operation gave.
type outcome struct {
	result   any // the state in plain Go; nil for none
	instance instance
	planned  bool // it came to an apply
}

func newCell(t *testing.T, o operation, row faultRow, scope faultScope) *cell {
	t.Helper()
	options := o.options
	options.Assumed.Paging.MaxEntries = 2
	ctx, cancel := context.WithTimeout(t.Context(), cellHung)
	t.Cleanup(cancel)
	c := &cell{account: startAccount(t, o.world(), options), operation: o, row: row, scope: scope, ctx: ctx}
	c.settings = document{
		"host": c.URL, "account_id": c.AccountID, "client_id": c.ClientID, "client_secret": c.ClientSecret,
		"auth_type": "oauth-m2m", "config_file": "/dev/null",
	}
	maps.Copy(c.settings, o.settings(c.account))
	if o.variant == "entra" {
		c.trust = c.trusting()
	}
	c.limits = calm
	return c
}

// calm are limits for what meets no fault.
var calm = provider.Limits{FirstContact: patience, RequestTimeout: patience, RetryBudget: patience, RetryPause: short / 50, ConfirmTimeout: patience, ReadLag: short}

// faultLimits are short where the fault lasts so long that they are reached.
func (c *cell) faultLimits() provider.Limits {
	l := calm
	switch {
	case c.scope == scopeOnce || c.row.answered:
	case c.scope == scopeEverywhere:
		l.FirstContact, l.RetryBudget = short, short
	default:
		l.RetryBudget = longer
	}
	switch kind := c.row.fault.Kind; {
	case kind == simulator.FaultHang:
		l.RequestTimeout = short
		if c.scope == scopeOnce {
			l.RequestTimeout = longer
		}
	case kind == simulator.FaultNoop, kind == simulator.FaultStale && c.scope != scopeOnce:
		l.ConfirmTimeout = short
	}
	return l
}

// dial starts a provider for one walk of Terraform.
func (c *cell) dial() *wire {
	settings := c.settings
	if c.journal != "" {
		settings = maps.Clone(settings)
		settings["journal_path"] = c.journal
	}
	w := dial(c.ctx, c.t, settings, append(slices.Clone(c.trust), provider.WithLimits(c.limits))...)
	c.wires = append(c.wires, w)
	return w
}

// change plans and applies, each in a walk of its own; nil destroys.
func (c *cell) changeTo(i instance, config document) outcome {
	planning := c.dial()
	p := planning.plan(i, config)
	if planning.failed() {
		return outcome{result: c.shown(i), instance: i}
	}
	i = c.dial().apply(i, p)
	return outcome{result: c.shown(i), instance: i, planned: true}
}

// shown is an instance's state in plain Go.
func (c *cell) shown(i instance) any {
	if i.state == nil {
		return nil
	}
	return c.wires[0].plain(i.state, i.valueType())
}

// prepare brings the account to where the operation begins, without faults.
func (c *cell) prepare() {
	c.t.Helper()
	if c.row.isStale() {
		// What reads may go on to show is kept while such a fault is set.
		c.faults(simulator.Fault{Kind: simulator.FaultStale, Path: "/nowhere"})
	}
	c.prior = instance{resource: c.of}
	switch {
	case c.isData():
		if c.row.isStale() {
			c.touch()
		}
	case c.verb != "create":
		c.prior = c.changeTo(c.prior, c.operation.config).instance
	}
	for _, w := range c.wires {
		if w.failed() {
			c.t.Fatalf("preparing failed: %s", textOf(w.diags))
		}
	}
	c.wires = nil
	if c.verb == "import" {
		c.prior = instance{resource: c.of}
	}
	c.Server.ResetRequests()
	c.faults()
	c.journal = filepath.Join(c.t.TempDir(), "journal.jsonl")
}

// touch writes an externalId as someone else would.
func (c *cell) touch() {
	c.t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"externalId","value":"` + entraID(103) + `"}]}`
	url := c.URL + strings.ReplaceAll(scimPath, "*", c.AccountID) + "Users/" + cmp.Or(c.touched, "103")
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPatch, url, strings.NewReader(body))
	must(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(c.t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("writing an externalId: status %d", resp.StatusCode)
	}
}

// run does what the column is about.
func (c *cell) run() outcome {
	switch {
	case c.isData():
		w := c.dial()
		if got := w.data(c.of, c.operation.config); got != nil {
			return outcome{result: got}
		}
		return outcome{}
	case c.verb == "create":
		return c.changeTo(c.prior, c.operation.config)
	case c.verb == "update":
		return c.changeTo(c.prior, c.operation.change)
	case c.verb == "delete":
		return c.changeTo(c.prior, nil)
	case c.verb == "import":
		i := c.dial().imports(c.of, c.importID)
		return outcome{result: c.shown(i), instance: i}
	default:
		i := c.dial().refresh(c.prior)
		return outcome{result: c.shown(i), instance: i}
	}
}

// truth is the result without faults; touched is whether someone wrote before.
func (c *cell) truth(touched bool) any {
	key := c.operation.name()
	row := faultRow{}
	if touched {
		key += "/touched"
		row.fault.Kind = simulator.FaultStale
	}
	once, _ := truths.LoadOrStore(key, sync.OnceValue(func() any {
		calm := newCell(c.t, c.operation, row, scopeOnce)
		calm.prepare()
		out := calm.run()
		for _, w := range calm.wires {
			if w.failed() {
				c.t.Fatalf("without faults it fails: %s", textOf(w.diags))
			}
		}
		return calm.comparable(out.result)
	}))
	return once.(func() any)() //nolint:forcetypeassert // It holds nothing else.
}

// truths are functions by operation, each run once.
var truths sync.Map

// comparable is a result without what differs from account to account.
func (c *cell) comparable(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, strings.TrimPrefix(c.URL, "http://"), "HOST")
	case document:
		out := document{}
		for key, element := range v {
			out[key] = c.comparable(element)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = c.comparable(element)
		}
		return out
	}
	return v
}
