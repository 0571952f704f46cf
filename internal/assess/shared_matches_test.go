// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package assess

import (
	"context"
	"sync"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// counting is a source that counts how often it is asked.
type counting struct {
	idp.Source

	mu       sync.Mutex
	asked    int
	failures []audit.Failure
}

func (c *counting) Match(_ context.Context, r idp.Request) (idp.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return idp.Result{Matches: []audit.Match{{Principal: audit.Principal{Name: string(r.Membership)}}}, Failures: c.failures}, nil
}

// Audits that ask the same are answered once; those that ask something else, or after a
// write, or after a failure, have an answer of their own.
func TestRun_sharedMatches(t *testing.T) {
	t.Parallel()
	whole, direct := idp.Request{Membership: idp.MembershipTransitive, InIDP: true}, idp.Request{Membership: idp.MembershipDirect, InIDP: true}
	written := whole
	written.Writes = 1
	run := Run{Types: audit.PrincipalTypes()}
	one, listed, apart, users := run, run, run, run
	one.Targets, listed.Listed, apart.Apart, users.Types = []audit.Ref{{ID: "1"}}, true, true, run.Types[:1]
	for name, tt := range map[string]struct {
		second   Run
		request  idp.Request
		failures []audit.Failure
		want     int
	}{
		"the same":      {second: run, request: whole, want: 1},
		"direct":        {second: run, request: direct, want: 2},
		"after a write": {second: run, request: written, want: 2},
		"failed":        {second: run, request: whole, failures: []audit.Failure{{Call: "list users"}}, want: 2},
		"one principal": {second: one, request: whole, want: 2},
		"from lists":    {second: listed, request: whole, want: 2},
		"apart":         {second: apart, request: whole, want: 2},
		"one type":      {second: users, request: whole, want: 2},
	} {
		source, shared := &counting{failures: tt.failures}, &Matches{}
		first := run
		first.Shared, tt.second.Shared = shared, shared
		for _, asks := range []struct {
			Run
			idp.Request
		}{{first, whole}, {tt.second, tt.request}} {
			got, err := asks.match(t.Context(), source, asks.Request)
			if err != nil || got.Matches[0].Principal.Name != string(asks.Request.Membership) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		if source.asked != tt.want {
			t.Errorf("%s: asked %d times, want %d", name, source.asked, tt.want)
		}
	}
}
