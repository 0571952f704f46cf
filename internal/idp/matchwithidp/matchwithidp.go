// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package matchwithidp asks the account itself what its IdP knows, by matchWithIdp.
package matchwithidp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// keptAnswers are what an audit keeps of this kind in a checkpoint.
const keptAnswers = "answers of matchWithIdp"

// Kind is the name of the kind in provider configuration.
const Kind = "databricks"

// callMatch is the call as it is named in [audit.Failure].
const callMatch = "matchWithIdp"

// Client is the account's side of matchWithIdp; internal/account has it.
// Its error may implement AuthenticationFailure() bool: then nothing else can
// be matched either.
type Client interface {
	MatchWithIDP(ctx context.Context, p audit.Principal) (audit.Match, error)
}

type source struct {
	client  Client
	callers int

	mu      sync.Mutex
	writes  int64
	answers *once.Batch[audit.Match]
}

// since are the answers of this run that came after a number of writes.
func (d *source) since(writes int64) *once.Batch[audit.Match] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answers == nil || d.writes != writes {
		d.answers, d.writes = &once.Batch[audit.Match]{}, writes
	}
	return d.answers
}

var _ idp.Source = (*source)(nil)

// New asks the account itself: one matchWithIdp call per principal,
// by so many callers at a time (the prep script has 3; no limit is published); the
// client has a bound of its own on requests. On accounts with automatic identity
// management each call also syncs the identity with the IdP.
//
// A call that fails makes its match Unknown, with a failure of its own, and the
// others go on. Match fails as a whole when the context ends, the credentials are
// refused, or the account stops answering at all: an audit of thousands must not
// retry each of them against a host that is gone.
func New(client Client, callers int) idp.Source {
	return &source{client: client, callers: max(callers, 1)}
}

func (d *source) Kind() string { return Kind }

// Capabilities are those of the kind: the answer names no display name and no state of the IdP, and the
// server judges members at any depth by itself.
func (d *source) Capabilities() idp.Capabilities {
	return idp.Capabilities{Capabilities: audit.Capabilities{NestingSettled: true}, SyncsOnMatch: true}
}

// RefusedError is a refusal that answers every question alike.
type RefusedError struct {
	Asked int // identities that were asked about
	Err   error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("matchWithIdp was refused for each of the %d identities that were tried first, so no others were asked about: %s", e.Asked, e.Err)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// Match makes one call per principal and run; after a write of this run all of them
// again, because a group's answer depends on all of its members. A few of each type
// are asked about first: see [RefusedError].
func (d *source) Match(ctx context.Context, req idp.Request) (idp.Result, error) {
	matches := make([]audit.Match, len(req.Principals))
	failed := make([]error, len(req.Principals))
	answers := d.since(req.Writes)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(d.callers)
	ask := func(i int, done func(error)) {
		if inner.Err() != nil {
			return
		}
		group.Go(func() error {
			m, err := d.ask(inner, answers, req.Kept, req.Principals[i])
			if idp.EndsAll(inner, err) {
				return fmt.Errorf("matching %s with the IdP: %w", req.Principals[i].Ref, err)
			}
			matches[i], failed[i] = m, err
			done(err)
			return nil
		})
	}
	first, rest := probes(req.Principals)
	// The others wait for the probes, but not for a slow one: any answer that is no
	// refusal shows that it is worth asking.
	verdict := make(chan bool, len(first)+1)
	for _, i := range first {
		ask(i, func(err error) { verdict <- isRefusal(err) })
	}
	if err := waitForProbes(inner, verdict, len(first)); err == nil {
		if err := refusal(req.Principals, first, failed); err != nil {
			return idp.Result{}, errors.Join(group.Wait(), err)
		}
	}
	for _, i := range rest {
		ask(i, func(error) {})
	}
	if err := group.Wait(); err != nil {
		return idp.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return idp.Result{}, fmt.Errorf("matching with the IdP: %w", err)
	}
	out := idp.Result{Matches: matches}
	for i, err := range failed {
		if err != nil {
			p := req.Principals[i]
			matches[i] = audit.Match{Principal: p, Unknown: err.Error()}
			out.Failures = append(out.Failures, audit.Failure{Type: p.Type, ID: p.ID, Call: callMatch, Reason: err.Error()})
		}
	}
	out.Failures = idp.SortFailures(out.Failures)
	return out, nil
}

// fewRefusals are enough to tell a refusal of everything from that of one object.
const fewRefusals = 3

// probes are the positions of the first few principals of each type, and the others.
func probes(principals []audit.Principal) (first, rest []int) {
	taken := map[audit.PrincipalType]int{}
	for i := range principals {
		if t := principals[i].Type; taken[t] < fewRefusals {
			taken[t]++
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	return first, rest
}

// waitForProbes returns nil when all of the probes were refused, and an error when one
// was answered otherwise, or the context ended.
func waitForProbes(ctx context.Context, refused <-chan bool, probes int) error {
	for range probes {
		select {
		case one := <-refused:
			if !one {
				return errNotRefused
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

var errNotRefused = errors.New("not everything is refused")

func isRefusal(err error) bool {
	var refused interface{ Refused() bool }
	return errors.As(err, &refused) && refused.Refused()
}

// refusal is what all of the probes came back with, where that is one and the same
// refusal and there are enough of them.
func refusal(principals []audit.Principal, first []int, failed []error) error {
	if len(first) < fewRefusals {
		return nil
	}
	text := ""
	for n, i := range first {
		if !isRefusal(failed[i]) {
			return nil
		}
		p := &principals[i]
		if got := audit.WithoutPrincipal(failed[i].Error(), p.Type, p.ID); n == 0 {
			text = got
		} else if got != text {
			return nil
		}
	}
	return &RefusedError{Asked: len(first), Err: failed[first[0]]}
}

// ask makes the call for one principal, unless its answer is there already.
func (d *source) ask(ctx context.Context, answers *once.Batch[audit.Match], kept *checkpoint.Store, p audit.Principal) (audit.Match, error) {
	var failed error
	key := p.Ref.String()
	got, err := answers.Read(ctx, kept, keptAnswers, []string{key}, func(ctx context.Context, _ []string, take func(string, time.Time, audit.Match)) error {
		began := time.Now()
		m, err := d.client.MatchWithIDP(ctx, p)
		if err == nil {
			take(key, began, m)
		}
		failed = err
		return nil
	})
	if err == nil {
		err = failed
	}
	return got[key], err
}
