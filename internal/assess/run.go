// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package assess makes one audit: it reads the account and the identity provider, and lets
// the engine judge. What it could not read is a failure in the report, never a fact.
package assess

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// Run is one audit: which principals, and by which rules.
type Run struct {
	Types      []audit.PrincipalType
	Targets    []audit.Ref // empty: everything of those types
	Membership idp.Membership
	Options    judge.Options
	InIDP      bool              // what the IdP has in linked groups, too
	Listed     bool              // members come from the list of groups, as far as that can be relied on
	Details    bool              // what lists do not have of principals that share an external id
	Apart      bool              // members that cannot be read, for whatever reason, are unknown, and end nothing
	NoOffers   bool              // nothing is offered, so that the privileges of principals are not looked up
	Kept       *checkpoint.Store // nil: none
	Shared     *Matches          // with the other audits of this run; nil: nothing
	// Activity is what the audit log says; nil: no one asked.
	Activity func(ctx context.Context) (*judge.Activity, error)
	// Feeds are what SCIM connectors write into external ids; nil: no one asked.
	Feeds func(ctx context.Context, matches []audit.Match) ([]judge.ConnectorFeed, error)
}

// UnknownTargetError is a target that the account provably does not have.
type UnknownTargetError struct {
	Index int // in [Run.Targets]
	Ref   audit.Ref
}

func (e *UnknownTargetError) Error() string { return fmt.Sprintf("the account has no %s", e.Ref) }

// Do reads the account and the IdP and judges. The error is of the kind that
// leaves nothing to judge; everything less is in the report.
func (r Run) Do(ctx context.Context, client *account.Client, source idp.Source) (judge.Report, error) {
	in, err := r.Read(ctx, client, source)
	if err != nil {
		return judge.Report{}, err
	}
	return judge.DivergencesUntil(StopAt(ctx), in, r.Options)
}

// Read is everything of an audit but the verdict.
func (r Run) Read(ctx context.Context, client *account.Client, source idp.Source) (judge.Input, error) {
	if early, can := source.(idp.EarlyLogin); can {
		go early.LogIn(ctx) // While the account is listed.
	}
	reader := client.Audit(r.Kept)
	inventory, err := reader.Inventory(ctx)
	if err != nil {
		return judge.Input{}, err // It says what was listed.
	}
	in := judge.Input{Inventory: inventory}
	scope, err := r.scope(ctx, client, &in)
	if err != nil {
		return judge.Input{}, err
	}
	request := idp.Request{
		Principals: scope, Membership: r.Membership, Members: reader.Members, Readers: client.Readers(), Kept: r.Kept, Writes: client.Writes(),
		InIDP: r.InIDP,
	}
	if r.Apart {
		request.Members = func(ctx context.Context, id string) ([]audit.Member, error) {
			members, err := reader.Members(ctx, id)
			if err != nil && ctx.Err() == nil {
				err = errors.New(err.Error()) // Without the type that ends an audit.
			}
			return members, err
		}
	}
	var lists *memberLists
	if r.Listed {
		lists = newMemberLists(reader, client.Readers())
		request.Members = lists.members
	}
	result, err := r.match(ctx, source, request)
	if err == nil && lists.used() {
		in.Matches = result.Matches
		var again bool
		if again, err = lists.verify(ctx, in, r.Options); err == nil && again {
			result, err = r.match(ctx, source, request)
		}
		in.MembersListed = lists.relied(result.Matches)
	}
	if err != nil {
		return judge.Input{}, fmt.Errorf("asking the identity provider (idp %s): %w", source.Kind(), err)
	}
	in.Matches = result.Matches
	in.Failures = append(in.Failures, result.Failures...)
	if r.Feeds != nil {
		if in.Connectors, err = r.Feeds(ctx, in.Matches); err != nil {
			return judge.Input{}, err
		}
	}
	if r.Activity != nil {
		if in.Activity, err = r.Activity(ctx); err != nil {
			return judge.Input{}, err
		}
	}
	if err := unconfirmedMembers(ctx, reader, &in, client.Readers()); err != nil {
		return judge.Input{}, err
	}
	if r.NoOffers {
		return in, nil
	}
	if r.Details {
		if in.Details, err = client.Details(ctx, judge.DuplicateHolders(in, r.Options)); err != nil {
			return judge.Input{}, fmt.Errorf("reading principals that share an external id: %w", err)
		}
		if r.Options.AIM == audit.AIMOn { // SCIM leaves out the groups of the IdP.
			for ref, d := range in.Details {
				in.Details[ref] = audit.Details{Created: d.Created}
			}
		}
	}
	if r.Options.SuggestDeactivations {
		caller, err := client.Caller(ctx)
		switch {
		case errors.Is(err, api.ErrCallerUnknown): // The resource warns of it.
		case err != nil:
			in.CallerUnknown = err.Error()
		default:
			in.Caller = caller.Ref
		}
	}
	// Who is privileged decides whether a fix is offered: that is never kept.
	candidates, err := judge.CandidatesUntil(StopAt(ctx), in, r.Options)
	if err != nil {
		return judge.Input{}, err
	}
	in.Privileges = client.Privileges(ctx, candidates)
	if err := ctx.Err(); err != nil {
		return judge.Input{}, fmt.Errorf("looking up privileges: %w", err)
	}
	in.Inventory = reader.Recheck(ctx, in.Inventory)
	return in, nil
}

// StopAt lets the end of a context stop the engine.
func StopAt(ctx context.Context) audit.Stop {
	return func() error {
		if ctx.Err() == nil {
			return nil
		}
		return fmt.Errorf("judging what was read: %w", context.Cause(ctx))
	}
}

// scope picks the principals to judge. A target that no list shows is asked for
// by itself before it is called unknown; one that cannot be read is a failure.
func (r Run) scope(ctx context.Context, client *account.Client, in *judge.Input) ([]audit.Principal, error) {
	wanted := map[audit.PrincipalType]bool{}
	for _, t := range r.Types {
		wanted[t] = true
	}
	if len(r.Targets) == 0 {
		var all []audit.Principal
		for _, p := range in.Inventory.Principals {
			if wanted[p.Type] {
				all = append(all, p)
			}
		}
		return all, nil
	}
	known := make(map[audit.Ref]audit.Principal, len(in.Inventory.Principals))
	for _, p := range in.Inventory.Principals {
		known[p.Ref] = p
	}
	var out []audit.Principal
	seen := map[audit.Ref]bool{}
	for i, ref := range r.Targets {
		if seen[ref] {
			continue
		}
		seen[ref] = true
		p, listed := known[ref]
		if !listed {
			var err error
			p, err = client.Principal(ctx, ref)
			switch {
			case errors.Is(err, api.ErrNotFound):
				return nil, &UnknownTargetError{Index: i, Ref: ref}
			case err != nil:
				in.Failures = append(in.Failures, audit.Failure{Type: ref.Type, ID: ref.ID, Call: "get target", Reason: err.Error()})
				continue
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return out, nil
}

// unconfirmedMembers reads the members of the groups that have some which the
// IdP does not confirm, where the IdP side did not report who owns the membership
// (matchWithIdp names ids only). A group that cannot be read is left out: its
// members then stay with a human, and it is a hole.
func unconfirmedMembers(ctx context.Context, reader *directory.Audit, in *judge.Input, readers int) error {
	var groups []string
	for _, m := range in.Matches {
		if m.Members == nil {
			continue
		}
		if slices.ContainsFunc(append(slices.Clone(m.Members.Local), m.Members.External...), func(r audit.MemberRef) bool {
			return r.Source == "" || r.Type == ""
		}) {
			groups = append(groups, m.Principal.ID)
		}
	}
	read := make([][]audit.Member, len(groups))
	failed := make([]error, len(groups))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, id := range groups {
		g.Go(func() error {
			read[i], failed[i] = reader.Members(ctx, id)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("reading group members: %w", err)
	}
	in.Members = make(map[string][]audit.Member, len(groups))
	for i, id := range groups {
		if failed[i] == nil {
			in.Members[id] = read[i]
			continue
		}
		in.Failures = append(in.Failures, audit.Failure{Type: audit.TypeGroup, ID: id, Call: "list group members", Reason: failed[i].Error()})
	}
	return nil
}
