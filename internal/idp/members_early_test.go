// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// entraBefore is the Entra source of a world in which something comes before every
// page of users.
func (w *fixture) entraBefore(t *testing.T, users func(ctx context.Context) error) idp.Source {
	t.Helper()
	cfg := w.entraConfig()
	base := cfg.Transport.Base
	cfg.Transport.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/v1.0/users") {
			if err := users(r.Context()); err != nil {
				return nil, err
			}
		}
		return base.RoundTrip(r)
	})
	source, err := entra.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// once counts the calls of a request's Members by group.
func once(req *idp.Request) map[string]int {
	var mu sync.Mutex
	calls, ask := map[string]int{}, req.Members
	req.Members = func(ctx context.Context, id string) ([]audit.Member, error) {
		mu.Lock()
		calls[id]++
		mu.Unlock()
		return ask(ctx, id)
	}
	return calls
}

// The members of linked groups do not wait for the IdP's users, whose list is the
// longest; each group is asked for once, and one that is not linked never.
func TestEntraMatch_membersBesideUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(1200, 450, 30), simulator.Options{})
	req := linked(1200, 450, 30)
	req.Principals[1200].ExternalID = objectID("b", 999) // The first group's.
	calls := once(&req)
	asked := make(chan struct{})
	begin, ask := sync.OnceFunc(func() { close(asked) }), req.Members
	req.Members = func(ctx context.Context, id string) ([]audit.Member, error) {
		begin()
		return ask(ctx, id)
	}
	source := w.entraBefore(t, func(ctx context.Context) error {
		select {
		case <-asked:
			return nil
		case <-ctx.Done():
			return errors.New("the users were waited for")
		}
	})
	got := match(t, source, req)
	if len(calls) != 449 || calls["20000"] > 0 {
		t.Errorf("%d groups were read, the one that is not linked %d times", len(calls), calls["20000"])
	}
	for id, n := range calls {
		if n != 1 {
			t.Errorf("group %s was read %d times", id, n)
		}
	}
	got.Matches = append(got.Matches[:1200:1200], got.Matches[1201:]...)
	wantClean(t, got)
}

type refusedError struct{}

func (refusedError) Error() string               { return "the account refused the login" }
func (refusedError) AuthenticationFailure() bool { return true }

// An error that ends the audit is the one that is shown, and nothing is asked for
// after it but what was under way.
func TestEntraMatch_membersEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(1200, 450, 0), simulator.Options{})
	req := linked(1200, 450, 0)
	req.Readers = 1
	var calls atomic.Int64
	req.Members = func(context.Context, string) ([]audit.Member, error) {
		calls.Add(1)
		return nil, refusedError{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := w.entra(t).Match(ctx, req)
	if !errors.As(err, new(refusedError)) || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// Nothing is left running when the IdP cannot be read.
func TestEntraMatch_membersAreLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant(1200, 450, 0), simulator.Options{})
	req := linked(1200, 450, 0)
	var running atomic.Int64
	asked := make(chan struct{})
	begin := sync.OnceFunc(func() { close(asked) })
	req.Members = func(ctx context.Context, _ string) ([]audit.Member, error) {
		running.Add(1)
		defer running.Add(-1)
		begin()
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	source := w.entraBefore(t, func(context.Context) error {
		<-asked
		cancel()
		return context.Canceled
	})
	if _, err := source.Match(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := running.Load(); n > 0 {
		t.Errorf("%d reads of members are still under way", n)
	}
}
