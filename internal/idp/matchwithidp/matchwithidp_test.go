// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package matchwithidp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

type matchFunc func(ctx context.Context, p audit.Principal) (audit.Match, error)

func (f matchFunc) MatchWithIDP(ctx context.Context, p audit.Principal) (audit.Match, error) {
	return f(ctx, p)
}

type refused struct{}

func (refused) Error() string               { return "refused" }
func (refused) AuthenticationFailure() bool { return true }

func somePrincipals(n int) []audit.Principal {
	out := make([]audit.Principal, n)
	for i := range out {
		out[i] = audit.Principal{Ref: audit.Ref{Type: audit.TypeUser, ID: fmt.Sprint(100 + i)}, Name: fmt.Sprintf("user%d@example.com", i)}
	}
	return out
}

func TestDatabricksMatch_oneFails(t *testing.T) {
	t.Parallel()
	principals := somePrincipals(50)
	var calls, inFlight, most atomic.Int64
	source := New(matchFunc(func(_ context.Context, p audit.Principal) (audit.Match, error) {
		calls.Add(1)
		now := inFlight.Add(1)
		defer inFlight.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if p.ID == "117" {
			return audit.Match{}, errors.New("status 500 INTERNAL_ERROR: broken")
		}
		return audit.Match{Principal: p}, nil
	}), 4)
	got, err := source.Match(t.Context(), idp.Request{Principals: principals})
	if err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 50 || most.Load() > 4 {
		t.Errorf("%d calls, at most %d at a time; want 50 and at most 4", calls.Load(), most.Load())
	}
	for i, m := range got.Matches {
		if m.Principal.Ref != principals[i].Ref {
			t.Fatalf("match %d is of %s", i, m.Principal.Ref)
		}
		if (m.Unknown != "") != (m.Principal.ID == "117") {
			t.Errorf("match of %s: unknown %q", m.Principal.Ref, m.Unknown)
		}
	}
	want := []audit.Failure{{Type: audit.TypeUser, ID: "117", Call: "matchWithIdp", Reason: "status 500 INTERNAL_ERROR: broken"}}
	if diff := cmp.Diff(want, got.Failures); diff != "" {
		t.Error(diff)
	}
}

func TestDatabricksMatch_endsAll(t *testing.T) {
	t.Parallel()
	t.Run("refused credentials", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		source := New(matchFunc(func(context.Context, audit.Principal) (audit.Match, error) {
			calls.Add(1)
			return audit.Match{}, fmt.Errorf("wrapped: %w", refused{})
		}), 2)
		_, err := source.Match(t.Context(), idp.Request{Principals: somePrincipals(100)})
		if !errors.As(err, &refused{}) {
			t.Errorf("got %v", err)
		}
		if calls.Load() > 4 {
			t.Errorf("%d calls after credentials were refused", calls.Load())
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		source := New(matchFunc(func(ctx context.Context, p audit.Principal) (audit.Match, error) {
			cancel()
			return audit.Match{Principal: p}, ctx.Err()
		}), 2)
		if _, err := source.Match(ctx, idp.Request{Principals: somePrincipals(10)}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := source.Match(ctx, idp.Request{}); !errors.Is(err, context.Canceled) {
			t.Errorf("without principals: got %v", err)
		}
	})
}

// A host that stopped answering ends the audit, with its name.
func TestDatabricksMatch_hostGone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	source := New(matchFunc(func(_ context.Context, p audit.Principal) (audit.Match, error) {
		if calls.Add(1) == 1 {
			return audit.Match{Principal: p}, nil
		}
		return audit.Match{}, &transport.Error{Method: "POST", Place: "http://host/x", Attempts: 3, Gone: true, Err: errors.New("connection refused")}
	}), 4)
	_, err := source.Match(t.Context(), idp.Request{Principals: somePrincipals(1000)})
	if err == nil || !strings.Contains(err.Error(), "http://host/x") {
		t.Errorf("got %v, want an error that names the host", err)
	}
	if n := calls.Load(); n > 20 {
		t.Errorf("%d calls to a host that does not answer", n)
	}
}

type forbidden struct{ id string }

func (e forbidden) Error() string { return "matching user/" + e.id + ": status 403 forbidden" }
func (forbidden) Refused() bool   { return true }

// A refusal of everything ends the audit after a few calls; one of some principals,
// even of a whole type, does not.
func TestDatabricksMatch_allRefused(t *testing.T) {
	t.Parallel()
	group := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "7"}, Name: "g"}
	for name, c := range map[string]struct {
		principals []audit.Principal
		answered   string // the id of the only one that is answered
		refused    bool
	}{
		"everything":       {somePrincipals(500), "", true},
		"all but one":      {somePrincipals(500), "101", false},
		"all of one type":  {append(somePrincipals(500), group), "7", false},
		"too few to tell":  {somePrincipals(2), "", false},
		"a late exception": {somePrincipals(500), "599", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			source := New(matchFunc(func(_ context.Context, p audit.Principal) (audit.Match, error) {
				calls.Add(1)
				if p.ID != c.answered {
					return audit.Match{}, forbidden{p.ID}
				}
				return audit.Match{Principal: p}, nil
			}), 4)
			got, err := source.Match(t.Context(), idp.Request{Principals: c.principals})
			var all *RefusedError
			if errors.As(err, &all) != c.refused || (err != nil) != c.refused {
				t.Fatalf("error %v", err)
			}
			if c.refused && calls.Load() > 9 || !c.refused && int(calls.Load()) != len(c.principals) {
				t.Errorf("%d calls", calls.Load())
			}
			if !c.refused && len(got.Matches) != len(c.principals) {
				t.Errorf("%d matches", len(got.Matches))
			}
		})
	}
}
