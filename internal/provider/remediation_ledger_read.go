// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ledgerReaders bounds the groups that one ledger reads at a time; the account's
// client has a bound of its own.
const ledgerReaders = 32

// read notes what the account holds now beside each entry, and forgets entries
// whose principals are provably gone. An entry that cannot be looked up keeps
// what was seen before.
//
// Of an entry that a data source of this run offers, nothing is noted: its
// present value is about to be replaced, and a later plan without refresh would
// take the remembered one for another settlement.
func (r *remediationLedgerResource) read(ctx context.Context, state *ledgerModel, _ privateStore, diags *diag.Diagnostics) readOutcome {
	var missed notLookedAt
	lookAtFields(ctx, r.session, state.externalIDs(), &missed, diags)
	lookAtFields(ctx, r.session, state.deactivations(), &missed, diags)
	lookAtFields(ctx, r.session, state.groupNames(), &missed, diags)
	lookAtMembers(ctx, r.session, state.memberRemovals(), &missed, diags)
	lookAtMembers(ctx, r.session, state.memberships(), &missed, diags)
	if !diags.HasError() {
		missed.warn(diags)
	}
	return refreshed
}

// notLookedAt are the entries that could not be checked, and why. It is safe
// for concurrent use.
type notLookedAt struct {
	mu      sync.Mutex
	reasons map[string]string
}

func (n *notLookedAt) add(key string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.reasons == nil {
		n.reasons = map[string]string{}
	}
	n.reasons[key] = err.Error()
}

// warn says that what is known of these entries is old.
func (n *notLookedAt) warn(diags *diag.Diagnostics) {
	if len(n.reasons) == 0 {
		return
	}
	const shown = 10
	text := fmt.Sprintf("Entries of the ledger that could not be checked: %d. They are kept, with what was seen before; none is dropped or forgotten because of that. "+
		"Plan again when the account can be read.", len(n.reasons))
	for i, key := range slices.Sorted(maps.Keys(n.reasons)) {
		if i == shown {
			text += fmt.Sprintf("\n  ... and %d more", len(n.reasons)-shown)
			break
		}
		text += "\n  - " + key + ": " + n.reasons[key]
	}
	diags.AddWarning("Remediation Ledger Not Refreshed", text)
}

// fieldEntry is a ledger entry about one field of one principal.
type fieldEntry interface {
	ledgerEntry
	ref() audit.Ref
	// observe is what the account holds, in the words of shown; false where it does not
	// say.
	observe(p audit.Principal) (string, bool)
}

// lookAtFields is Read for externalIds, deactivations and names.
func lookAtFields[E fieldEntry](ctx context.Context, s *session, section ledgerSection[E], missed *notLookedAt, diags *diag.Diagnostics) {
	entries, observed := section.decode(ctx, section.entries, diags), section.decodeObserved(ctx, diags)
	if len(entries) == 0 && len(observed) == 0 {
		return
	}
	for key, entry := range entries {
		offered := s.findings.offers(key)
		p, err := s.account.KnownAs(ctx, entry.ref(), func(p audit.Principal) bool {
			value, said := entry.observe(p)
			return offered || said && value == entry.shown() // What is offered is about to be replaced.
		})
		value, said := entry.observe(p)
		switch {
		case errors.Is(err, api.ErrNotFound):
			delete(entries, key)
			delete(observed, key)
		case err == nil && !said:
			missed.add(key, fmt.Errorf("the account does not say whether %s is active", entry.ref()))
		case err == nil && offered && value != entry.shown():
			delete(observed, key)
		case err == nil:
			observed[key] = value
		case ctx.Err() != nil:
			addReadError(diags, "Remediation Ledger", "looking at its principals", err)
			return
		default:
			missed.add(key, err)
		}
	}
	section.set(ctx, entries, observed, diags)
}

// lookAtMembers is Read for removals and memberships: one list of members per
// group, which the audits of the run have often read already.
func lookAtMembers[E memberEntry](ctx context.Context, s *session, section ledgerSection[E], missed *notLookedAt, diags *diag.Diagnostics) {
	entries, observed := section.decode(ctx, section.entries, diags), section.decodeObserved(ctx, diags)
	if len(entries) == 0 && len(observed) == 0 {
		return
	}
	groups := map[string][]string{}
	for key, entry := range entries {
		groups[entry.groupID()] = append(groups[entry.groupID()], key)
	}
	var mu sync.Mutex
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(ledgerReaders)
	for groupID, keys := range groups {
		work.Go(func() error {
			look := memberLook{session: s, groupID: groupID}
			for _, key := range keys {
				mu.Lock()
				entry := entries[key]
				mu.Unlock()
				seen := look.at(inner, entry)
				if inner.Err() != nil {
					return fmt.Errorf("group/%s: %w", groupID, inner.Err())
				}
				mu.Lock()
				switch seen {
				case memberGone:
					delete(entries, key)
					delete(observed, key)
				case memberOffered:
					delete(observed, key)
				case observedPresent, observedAbsent:
					observed[key] = seen
				case memberUnknown:
					missed.add(key, look.err)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		addReadError(diags, "Remediation Ledger", "looking at the members of its groups", err)
		return
	}
	section.set(ctx, entries, observed, diags)
}

// What a look at a membership says beside present and absent.
const (
	memberGone    = "gone"    // the group or the member is deleted
	memberOffered = "offered" // something else than the entry wants, about to be changed
	memberUnknown = "unknown" // it could not be checked
)

// memberLook looks at the memberships of one group.
type memberLook struct {
	session *session
	groupID string
	// now are the members as read anew; nil before.
	now map[string]bool
	// err is why an entry could not be checked.
	err error
}

// at looks at one entry. Something else than it wants is believed only when
// nothing of this run is about to change it and a second, fresh read shows it
// too: reads lag behind writes, and dropping a membership of the ledger may take
// it away.
func (l *memberLook) at(ctx context.Context, entry memberEntry) string {
	members, err := l.session.account.Members(ctx, l.groupID)
	if err != nil {
		return l.failed(ctx, audit.Ref{Type: audit.TypeGroup, ID: l.groupID}, err)
	}
	seen := l.seen(memberIDs(members), entry)
	if seen != entry.shown() {
		if l.session.findings.offersMembership(l.groupID, entry.memberID()) {
			return memberOffered
		}
		if l.now == nil {
			again, err := l.session.account.MembersNow(ctx, l.groupID)
			if err != nil {
				return l.failed(ctx, audit.Ref{Type: audit.TypeGroup, ID: l.groupID}, err)
			}
			l.now = memberIDs(again)
		}
		seen = l.seen(l.now, entry)
	}
	if seen == observedAbsent && l.session.isDeleted(ctx, entry.memberType(), entry.memberID()) {
		return memberGone
	}
	if seen == observedAbsent && seen != entry.shown() {
		return l.absent(ctx, entry.memberID())
	}
	return seen
}

// absent is the end of a membership that the ledger gave, unless the two APIs
// contradict each other.
func (l *memberLook) absent(ctx context.Context, memberID string) string {
	group := audit.Ref{Type: audit.TypeGroup, ID: l.groupID}
	shown, err := l.session.account.ShownBesides(ctx, l.groupID, memberID)
	switch {
	case err != nil:
		return l.failed(ctx, group, err)
	case shown:
		l.err = fmt.Errorf("account SCIM shows the member %s in %s, and IAM v2 does not: one of the two is behind", memberID, group)
		return memberUnknown
	}
	return observedAbsent
}

func (l *memberLook) seen(members map[string]bool, entry memberEntry) string {
	if members[entry.memberID()] {
		return observedPresent
	}
	return observedAbsent
}

// failed distinguishes a group that is deleted from one that could not be read.
func (l *memberLook) failed(ctx context.Context, group audit.Ref, err error) string {
	if errors.Is(err, api.ErrNotFound) && l.session.isDeleted(ctx, group.Type, group.ID) {
		return memberGone
	}
	l.err = err
	return memberUnknown
}

func memberIDs(members []audit.Member) map[string]bool {
	out := make(map[string]bool, len(members))
	for i := range members {
		out[members[i].ID] = true
	}
	return out
}

// isDeleted reports whether a principal is provably gone: a whole listing lacks it
// and the account says 404 for it. An empty type is any of the three.
func (s *session) isDeleted(ctx context.Context, t audit.PrincipalType, id string) bool {
	types := []audit.PrincipalType{t}
	if t == "" {
		types = audit.PrincipalTypes()
	}
	for _, t := range types {
		if _, err := s.account.Known(ctx, audit.Ref{Type: t, ID: id}); !errors.Is(err, api.ErrNotFound) {
			return false
		}
	}
	return true
}
