// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// ErrNoDenylist is wrapped when the account answers that it has no denylist, or no such
// API: a 404 of the list says nothing of its rules.
var ErrNoDenylist = errors.New("the account access denylist is not available on this account")

// RuleRequest asks for a rule of the account access denylist, or, for one that was added
// here, for its removal.
type RuleRequest struct {
	ExternalID string
	// Remove asks for the rule to be gone.
	Remove bool
	// More are the identities of other rules that this run is about to add.
	More []string
	// Adopts takes over the write of an interrupted run, by its intent in the journal.
	Adopts bool
	// Identity asks the identity provider what the identity is, and which of those who
	// must not be denied are within it. It is asked before each sending.
	Identity func(ctx context.Context, externalID string, watched []audit.Principal) guard.DeniedIdentity
}

// RuleResult is what is true after [Writer.SetRule].
type RuleResult struct {
	// Rule is the rule as it was read last; nil for none.
	Rule *audit.DenyRule
	// Wrote says that a write of this instance made it so: in this call, or in an
	// interrupted run whose intent was adopted.
	Wrote bool
	// Unchecked and Doubted are those of [ExternalIDResult].
	Unchecked, Doubted string
}

// RuleCheck is what a plan can say of a rule.
type RuleCheck struct {
	// Rule is there already; then nothing is judged.
	Rule     *audit.DenyRule
	Identity *audit.Identity
	Refusals []guard.Refusal
	// CallerUnknown says that no one knows as whom the client logs in.
	CallerUnknown bool
}

// CheckRule judges the guards of a new rule by what is known, for a plan.
func (w *Writer) CheckRule(ctx context.Context, req RuleRequest) (RuleCheck, error) {
	rules, err := w.rulesFor(ctx, req.ExternalID, w.dir.Denylist)
	if err != nil {
		return RuleCheck{}, err
	}
	if rule := audit.RuleFor(rules, req.ExternalID); rule != nil {
		return RuleCheck{Rule: rule}, nil
	}
	f := w.denyFacts(ctx, req, 0)
	f.Rules = len(rules) + 1
	for _, id := range req.More {
		if audit.RuleFor(rules, id) == nil {
			f.Rules++
		}
	}
	return RuleCheck{Identity: f.IDP.Identity, Refusals: guard.Deny(f), CallerUnknown: f.Caller == (audit.Ref{}) && f.CallerUnknown == ""}, nil
}

// rulesFor lists the denylist for a rule of an identity. One that an empty list lacks is
// asked for by itself: nothing else bears out that the list is empty.
func (w *Writer) rulesFor(ctx context.Context, externalID string, list func(context.Context) ([]audit.DenyRule, error)) ([]audit.DenyRule, error) {
	rules, err := list(ctx)
	if err == nil && len(rules) == 0 {
		var rule *audit.DenyRule
		if rule, err = w.dir.Rule(ctx, externalID); rule != nil {
			rules = append(rules, *rule)
		}
	}
	return rules, NoDenylist(err)
}

// denyFacts reads who must not be denied, and what would be denied.
func (w *Writer) denyFacts(ctx context.Context, req RuleRequest, since int64) guard.DenyFacts {
	f := guard.DenyFacts{ExternalID: req.ExternalID}
	var err error
	if f.Holders, err = w.holdersSince(ctx, req.ExternalID, audit.Ref{}, since); err != nil {
		f.HoldersUnknown = err.Error()
	}
	caller, err := w.dir.Caller(ctx)
	switch {
	case errors.Is(err, api.ErrCallerUnknown):
	case err != nil:
		f.CallerUnknown = err.Error()
	default:
		f.Caller = caller.Ref
	}
	w.watched(ctx, &f, since)
	var groups []string
	for _, p := range f.Holders {
		if p.Type == audit.TypeGroup {
			groups = append(groups, p.ID)
		}
	}
	if len(groups) > 0 && len(f.Watched) > 0 {
		refs := make([]audit.Ref, len(f.Watched))
		for i, p := range f.Watched {
			refs[i] = p.Ref
		}
		if f.Below, err = w.power.Below(ctx, groups, refs); err != nil {
			f.BelowUnknown = err.Error()
		}
	}
	f.IDP = req.Identity(ctx, req.ExternalID, slices.Clone(f.Watched))
	return f
}

// watched fills in the account admins and the caller, with what the account knows of
// them.
func (w *Writer) watched(ctx context.Context, f *guard.DenyFacts, since int64) {
	admins, err := w.power.Admins(ctx, since)
	if err == nil && len(admins) == 0 {
		err = errors.New("the lists of the account show no one who is an account admin")
	}
	if err != nil {
		f.AdminsUnknown = err.Error()
	}
	if f.Caller != (audit.Ref{}) && !slices.Contains(admins, f.Caller) {
		admins = append(admins, f.Caller)
	}
	inv, err := w.listingSince(ctx, since)
	for _, ref := range admins {
		p, there := audit.Principal{Ref: ref}, false
		if err == nil {
			if p, there = w.dir.Lookup(inv, ref.ID, ref.Type); !there {
				p, err = w.dir.Principal(ctx, ref)
			}
		}
		if err != nil {
			f.AdminsUnknown = fmt.Sprintf("reading %s: %s", ref, err)
			p = audit.Principal{Ref: ref}
		}
		f.Watched = append(f.Watched, p)
	}
}

// SetRule adds a rule to the account access denylist under guard, or removes it, and
// reads it back by the list: see [Writer]. A rule that is there is not written again.
// Otherwise no one who is an account admin, nor the caller, may be denied by it, and that
// must be certain (see [guard.Deny]): else the error is a [*RefusedError], and
// nothing was written. The writes are POST and DELETE
// /api/2.0/accounts/{account}/account-access-identity-rules
// (docs/reference/aim-migration.md 3). [ErrNoDenylist] is wrapped where the account does
// not have that.
//
// After it, whom it denies is found out once more, once for all writes that end together:
// someone may have become account admin, or been put into the group, at the same moment.
// Then the rule is taken back, and the error is a [*BrokenError].
//
// Requests: the list, the write, the list; and for a new rule its share of the account
// admins as [power.Power.Admins] reads them, before and after, the members of the group in
// the account, and what the identity provider takes.
func (w *Writer) SetRule(ctx context.Context, req RuleRequest) (RuleResult, error) {
	f := &fact{change: Change{Kind: ChangeDeny, Ref: audit.Ref{Type: typeRule, ID: req.ExternalID}}}
	if req.Remove {
		f.change.Kind = ChangeAllow
	}
	if w.api.Config.ReadOnly {
		return RuleResult{}, fmt.Errorf("%s was not tried: %w", f.change, ErrReadOnly)
	}
	unlock, err := w.resolving.lock(ctx, f.change.Ref.String())
	if err != nil {
		return RuleResult{}, fmt.Errorf("%s was not tried: another write of it did not end: %w", f.change, err)
	}
	defer unlock()
	k := &ruleWrite{w: w, req: req, checked: beginChecked(w.denials)}
	w.run(ctx, k, []*fact{f}, func() {})
	k.checked.end(ctx)
	return RuleResult{Rule: k.rule, Wrote: f.confirmed || f.adopted, Unchecked: k.checked.unchecked, Doubted: f.doubted()}, errors.Join(f.err, k.checked.others)
}

// ruleWrite is the [writeKind] of a rule of the denylist.
type ruleWrite struct {
	w       *Writer
	req     RuleRequest
	rule    *audit.DenyRule // as it was read last; nil for none
	checked checkedWrite[*ruleWrite]
}

func (k *ruleWrite) look(ctx context.Context, facts []*fact, since int64) {
	f := facts[0]
	if f.err = k.judge(ctx, f, since); f.err == nil && f.found && !f.maybe && k.req.Adopts {
		f.err = k.w.adopt(f)
	}
}

func (k *ruleWrite) judge(ctx context.Context, f *fact, since int64) error {
	if k.req.Remove {
		var err error
		if k.rule, err = k.w.dir.RuleNow(ctx, k.req.ExternalID); err != nil {
			return fmt.Errorf("%s was not done: %w", f.change, NoDenylist(err))
		}
		f.found = k.rule == nil
		return nil
	}
	facts := k.w.denyFacts(ctx, k.req, since) // What takes long comes first.
	rules, err := k.w.rulesFor(ctx, k.req.ExternalID, k.w.dir.DenylistNow)
	if err != nil {
		return fmt.Errorf("%s was not done: %w", f.change, err)
	}
	k.rule = audit.RuleFor(rules, k.req.ExternalID)
	if f.found = k.rule != nil; f.found {
		return nil
	}
	facts.Rules = len(rules) + 1
	if refusals := guard.Deny(facts); len(refusals) > 0 {
		return &RefusedError{Group: f.change.Ref, Refusals: refusals}
	}
	return nil
}

func (k *ruleWrite) request() (cl api.Call, answer any) {
	if k.req.Remove {
		id := k.req.ExternalID
		if k.rule != nil {
			id = k.rule.ExternalID // As the account spells it.
		}
		return api.Call{Method: http.MethodDelete, Path: k.w.dir.DenylistPath(id), Limit: api.LimitAccount}, nil
	}
	return api.Call{
		Method: http.MethodPost, Path: k.w.dir.DenylistPath(), Limit: api.LimitAccount,
		Query: url.Values{"external_principal_id": {k.req.ExternalID}},
	}, nil
}

func (k *ruleWrite) body([]*fact) any {
	if k.req.Remove {
		return nil
	}
	return map[string]string{"external_principal_id": k.req.ExternalID, "action": "DENY"}
}

func (k *ruleWrite) repeats() bool { return false }

func (k *ruleWrite) answered([]*fact) error { return nil }

func (k *ruleWrite) read(ctx context.Context, facts []*fact) error {
	var err error
	if k.rule, err = k.w.dir.RuleNow(ctx, k.req.ExternalID); err != nil {
		return NoDenylist(err)
	}
	text := "no rule for it"
	if k.rule != nil {
		text = "a rule for it"
	}
	done := (k.rule == nil) == k.req.Remove
	facts[0].see(text, done, !done)
	return nil
}

func (k *ruleWrite) failed(f *fact, err error) error { return fmt.Errorf("%s: %w", f.change, err) }

// check finds out once more whom the rule denies: see [sharedCheck]. That a rule works takes
// up to 10 minutes (docs/reference/aim-migration.md 3), so one that is left to others is
// taken back before it does.
func (k *ruleWrite) check(ctx context.Context, _ *fact) error {
	if k.req.Remove {
		return nil
	}
	return k.checked.check(ctx, k)
}

// checkDenials finds out whom rules deny, by what is read from now on, and takes back those
// that deny an account admin or the caller.
func (w *Writer) checkDenials(ctx context.Context, checks []*pendingCheck[*ruleWrite]) {
	since := w.dir.Turns.Next()
	var work errgroup.Group
	work.SetLimit(w.api.Config.MaxConcurrency)
	for _, check := range checks {
		work.Go(func() error {
			w.checkDenial(ctx, check, since)
			return nil
		})
	}
	_ = work.Wait() // No member of the group fails.
}

func (w *Writer) checkDenial(ctx context.Context, check *pendingCheck[*ruleWrite], since int64) {
	reading, cancel := context.WithTimeout(ctx, w.api.Config.ConfirmTimeout)
	defer cancel()
	facts := w.denyFacts(reading, check.of.req, since)
	denied, how := facts.Denied()
	if denied == nil {
		check.unchecked = cmp.Or(facts.AdminsUnknown, facts.CallerUnknown, facts.HoldersUnknown, facts.BelowUnknown, facts.IDP.Unknown, facts.IDP.WithinUnknown)
		return
	}
	back := &fact{change: Change{Kind: ChangeAllow, Ref: audit.Ref{Type: typeRule, ID: facts.ExternalID}}}
	broken := &BrokenError{Ref: back.change.Ref, Member: denied.Ref, Denied: how}
	check.err = broken
	if check.left { // Its own write, which had the lock, has ended.
		unlock, err := w.resolving.lock(ctx, back.change.Ref.String())
		if err != nil {
			return
		}
		defer unlock()
	}
	w.run(ctx, &ruleWrite{w: w, req: RuleRequest{ExternalID: facts.ExternalID, Remove: true}}, []*fact{back}, func() {})
	broken.Undone = back.confirmed || back.found && back.err == nil
}

func (k *ruleWrite) agree(*fact) int { return 1 }

// NoDenylist says what a 404 of the list means: it is about no rule.
func NoDenylist(err error) error {
	if api.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("%w: %w", ErrNoDenylist, err)
	}
	return err
}
