// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// ErrNotInIDP is wrapped when the account says that its identity provider has no
// identity with the id that is to be resolved.
var ErrNotInIDP = errors.New("the identity provider has no such identity")

// ErrAIMOff is wrapped when the account says that automatic identity management
// is off, without which nothing can be resolved.
var ErrAIMOff = errors.New("automatic identity management is off in this account")

// UnresolvedError is a principal that may have been made, and was not seen.
type UnresolvedError struct {
	Type       audit.PrincipalType
	ExternalID string
	// Ref is the principal that the account named, if it named one.
	Ref    audit.Ref
	Waited time.Duration
	// Err is the last failure.
	Err error
}

func (e *UnresolvedError) Error() string {
	what := fmt.Sprintf("the %s with the externalId %q", e.Type, e.ExternalID)
	if e.Ref.ID != "" {
		what += fmt.Sprintf(" (the account answered with %s)", e.Ref)
	}
	return fmt.Sprintf("%s may exist in the account now, but could not be read within %s: %s. Apply again: what exists is found, not made twice",
		what, e.Waited.Round(time.Second), e.Err)
}

func (e *UnresolvedError) Unwrap() error { return e.Err }

// Resolve makes sure that an identity of the IdP exists in the account, and
// gives its principal: POST
// /api/2.0/identity/accounts/{account}/{kind}/resolve-by-external-id, which gets
// or creates (docs/reference/databricks-account-api.md 5.2, 5.4), then reads it back until it
// shows. It changes the account, and works with automatic identity management
// only.
//
// An answer that was lost is settled by listing the account anew: what holds the
// id is what was made. Only when nothing does is the request sent again.
//
// Errors: [ErrReadOnly], [ErrAIMOff], [ErrNotInIDP], [*JournalError],
// [*UnresolvedError] when the principal may exist and was not seen.
func (c *Client) Resolve(ctx context.Context, t audit.PrincipalType, externalID string) (audit.Principal, error) {
	change := []Change{{Kind: ChangeResolve, Ref: audit.Ref{Type: t}, After: externalID}}
	if scimKind(t) == "" {
		return audit.Principal{}, fmt.Errorf("%q is no type of principal", t)
	}
	if err := audit.ValidateExternalID(t, externalID); err != nil {
		return audit.Principal{}, fmt.Errorf("%s was not tried: %w", change[0], err)
	}
	if c.cfg.ReadOnly {
		return audit.Principal{}, fmt.Errorf("%s was not tried: %w", change[0], ErrReadOnly)
	}
	// Get-or-create twice at the same time may create twice.
	unlock, err := c.resolving.lock(ctx, change[0].String())
	if err != nil {
		return audit.Principal{}, fmt.Errorf("%s was not tried: %w", change[0], err)
	}
	defer unlock()
	var p audit.Principal
	errs := c.write(ctx, change, func(ctx context.Context) []error {
		var err error
		if p, err = c.resolve(ctx, t, externalID); err == nil {
			change[0].Ref = p.Ref
		}
		return []error{err}
	})
	if errs[0] != nil {
		return audit.Principal{}, errs[0]
	}
	c.inventory.wrote(p)
	return p, nil
}

func (c *Client) resolve(ctx context.Context, t audit.PrincipalType, externalID string) (audit.Principal, error) {
	var last error
	for range patchTries {
		ref, err := c.postResolve(ctx, t, externalID)
		if err == nil {
			return c.appears(ctx, ref, externalID)
		}
		if !mayHaveHappened(ctx, err) && !errors.Is(err, errOddAnswer) {
			return audit.Principal{}, explainResolve(t, externalID, err)
		}
		last = err
		c.inventory.cell.drop()
		p, found, err := c.holderOf(ctx, t, externalID)
		switch {
		case err != nil:
			return audit.Principal{}, &UnresolvedError{Type: t, ExternalID: externalID, Err: fmt.Errorf("%w, and then: %w", last, err)}
		case found:
			return c.appears(ctx, p.Ref, externalID)
		}
	}
	return audit.Principal{}, &UnresolvedError{Type: t, ExternalID: externalID, Err: last}
}

// resolveReply is the answer of all three calls.
type resolveReply struct {
	User             *iamPrincipal `json:"user"`
	Group            *iamPrincipal `json:"group"`
	ServicePrincipal *iamPrincipal `json:"service_principal"`
}

// errOddAnswer is success without a principal that can be believed.
var errOddAnswer = errors.New("the account answered with success, but not with the principal that was asked for")

func (c *Client) postResolve(ctx context.Context, t audit.PrincipalType, externalID string) (audit.Ref, error) {
	var reply resolveReply
	err := c.do(ctx, call{
		method: http.MethodPost, path: c.iamPath(strings.ReplaceAll(plural(t), " ", "-") + "/resolve-by-external-id"),
		body: map[string]string{"external_id": externalID}, limit: limitIAM,
	}, &reply)
	switch status := statusOf(err); {
	case status >= 200 && status <= 299:
		return audit.Ref{}, fmt.Errorf("%w: %w", errOddAnswer, err)
	case err != nil:
		return audit.Ref{}, err
	}
	got := cmp.Or(reply.User, reply.Group, reply.ServicePrincipal)
	if got == nil {
		return audit.Ref{}, fmt.Errorf("%w: it names none", errOddAnswer)
	}
	p, err := got.toAudit(t)
	switch {
	case err != nil:
		return audit.Ref{}, fmt.Errorf("%w: it has %w", errOddAnswer, err)
	case !audit.SameExternalID(p.ExternalID, externalID):
		return audit.Ref{}, fmt.Errorf("%w: it is %s with the externalId %q", errOddAnswer, p.Ref, p.ExternalID)
	}
	return p.Ref, nil
}

// holderOf finds the principal of a type that holds an externalId in a new
// listing; the one with the lowest id where several do.
func (c *Client) holderOf(ctx context.Context, t audit.PrincipalType, externalID string) (audit.Principal, bool, error) {
	holders, err := c.Holders(ctx, externalID, audit.Ref{})
	for _, p := range holders {
		if p.Type == t {
			return p, true, nil
		}
	}
	return audit.Principal{}, false, err
}

// appears reads a principal until it shows with its externalId, twice in a row
// for groups: what was made a moment ago may be missing from reads.
func (c *Client) appears(ctx context.Context, ref audit.Ref, externalID string) (audit.Principal, error) {
	begin, pause, agreed, needed := time.Now(), c.cfg.RetryPause/2, 0, 1
	if ref.Type == audit.TypeGroup {
		needed = 2
	}
	limited, cancel := context.WithTimeout(ctx, c.cfg.ConfirmTimeout)
	defer cancel()
	for {
		p, err := c.Principal(limited, ref)
		switch {
		case err == nil && audit.SameExternalID(p.ExternalID, externalID):
			if agreed++; agreed == needed {
				return p, nil
			}
		case err == nil:
			agreed, err = 0, fmt.Errorf("it showed the externalId %q", p.ExternalID)
		case limited.Err() == nil && !errors.Is(err, ErrNotFound):
			return audit.Principal{}, &UnresolvedError{Type: ref.Type, ExternalID: externalID, Ref: ref, Waited: time.Since(begin), Err: err}
		default:
			agreed = 0
		}
		if serr := transport.Sleep(limited, pause); serr != nil {
			return audit.Principal{}, &UnresolvedError{
				Type: ref.Type, ExternalID: externalID, Ref: ref, Waited: time.Since(begin), Err: cmp.Or(ctx.Err(), err, serr),
			}
		}
		pause = min(pause*2, maxReadPause)
	}
}

// explainResolve gives an answer of the account the meaning that it has here.
func explainResolve(t audit.PrincipalType, externalID string, err error) error {
	var e *APIError
	tried := fmt.Sprintf("resolving the %s with the externalId %q", t, externalID)
	switch {
	case !errors.As(err, &e):
	case e.Code == "FEATURE_DISABLED", strings.Contains(strings.ToLower(e.Message), "identity management is not enabled"):
		return fmt.Errorf("%s: %w: %w", tried, ErrAIMOff, err)
	case e.explicit404:
		return fmt.Errorf("%s: %w: %w", tried, ErrNotInIDP, err)
	}
	return fmt.Errorf("%s: %w", tried, err)
}

// locks are one lock per key. The zero value is ready.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// lock waits for the key until the context ends.
func (l *locks) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		if l.held == nil {
			l.held = map[string]chan struct{}{}
		}
		held := l.held[key]
		if held == nil {
			mine := make(chan struct{})
			l.held[key] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				delete(l.held, key)
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
