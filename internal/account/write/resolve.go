// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ErrNotInIDP is wrapped when the account says that its identity provider has no
// identity with the id that is to be resolved.
var ErrNotInIDP = errors.New("the identity provider has no such identity")

// ErrAIMOff is wrapped when the account says that automatic identity management
// is off, without which nothing can be resolved.
var ErrAIMOff = errors.New("automatic identity management is off in this account")

// ResolveRequest asks for an identity of the IdP to exist in the account.
type ResolveRequest struct {
	Type       audit.PrincipalType
	ExternalID string
	// Names are those by which the IdP knows the identity, as far as it could be asked.
	Names []string
}

// ResolveResult is what is true after [Writer.Resolve].
type ResolveResult struct {
	audit.Principal
	// Unchecked is that of [ExternalIDResult], of the id and the names.
	Unchecked string
}

// IsTwin reports whether resolving an identity of these names would make a second one of
// a principal that has one of them, by [directory.Directory.Named], and not its id. Of
// service principals the application id counts: their display names are no one's alone.
func IsTwin(p audit.Principal, names []string) bool {
	return p.Type != audit.TypeServicePrincipal || slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, p.Name) })
}

// TwinError is an identity that was not resolved, because that would make a second
// principal of its name.
type TwinError struct {
	ExternalID string
	Twin       audit.Principal
}

func (e *TwinError) Error() string {
	return fmt.Sprintf("%s (%s) has the name of the identity %q, and not its id: resolving it would make another principal of that name", e.Twin.Ref, e.Twin.Name, e.ExternalID)
}

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
// Where the names of the identity are known, a principal that has one of them without
// the id refuses it before each sending, by a listing of the last minute. After it the
// account is listed once more, if the principal was not there before: another principal of
// the id or of a name is a [*BrokenError].
//
// Errors: [ErrReadOnly], [ErrAIMOff], [ErrNotInIDP], [*TwinError], [*JournalError],
// [*UnconfirmedError] when the principal may exist and was not seen.
func (w *Writer) Resolve(ctx context.Context, req ResolveRequest) (ResolveResult, error) {
	t, externalID := req.Type, req.ExternalID
	f := &fact{change: Change{Kind: ChangeResolve, Ref: audit.Ref{Type: t}, After: externalID}}
	if directory.SCIMKind(t) == "" {
		return ResolveResult{}, fmt.Errorf("%q is no type of principal", t)
	}
	if err := audit.ValidateExternalID(t, externalID); err != nil {
		return ResolveResult{}, fmt.Errorf("%s was not tried: %w", f.change, err)
	}
	if w.api.Config.ReadOnly {
		return ResolveResult{}, fmt.Errorf("%s was not tried: %w", f.change, ErrReadOnly)
	}
	// Get-or-create twice at the same time may create twice.
	unlock, err := w.resolving.lock(ctx, f.change.String())
	if err != nil {
		return ResolveResult{}, fmt.Errorf("%s was not tried: %w", f.change, err)
	}
	defer unlock()
	k := &resolveWrite{w: w, names: req.Names, externalID: externalID, route: strings.ReplaceAll(directory.Plural(t), " ", "-"), checked: beginChecked(w.holders)}
	_ = k.twins(ctx, t, 0) // The listing takes long, so it is there before the write has its turn.
	w.run(ctx, k, []*fact{f}, func() {})
	k.checked.end(ctx)
	return ResolveResult{Principal: k.now, Unchecked: k.checked.unchecked}, errors.Join(f.err, k.checked.others)
}

// resolveWrite is the [writeKind] of an identity that is to exist.
type resolveWrite struct {
	w          *Writer
	names      []string
	externalID string
	route      string
	reply      resolveReply
	there      bool            // before the first sending
	now        audit.Principal // as it was read back
	checked    checkedWrite[holderCheck]
}

// resolveReply is the answer of all three calls.
type resolveReply struct {
	User             *directory.IAMPrincipal `json:"user"`
	Group            *directory.IAMPrincipal `json:"group"`
	ServicePrincipal *directory.IAMPrincipal `json:"service_principal"`
}

// look judges only whether there is a twin: the account itself knows whether the
// identity is there.
func (k *resolveWrite) look(ctx context.Context, facts []*fact, since int64) {
	facts[0].err = k.twins(ctx, facts[0].change.Ref.Type, since)
}

// twins refuses what would make a second principal of a name. What could not be read
// refuses nothing: there are accounts that no one may list, and the plan says so there.
func (k *resolveWrite) twins(ctx context.Context, t audit.PrincipalType, since int64) error {
	inv, err := k.w.listingSince(ctx, since)
	if err != nil {
		return nil //nolint:nilerr // As above.
	}
	holders, err := k.w.dir.HoldersIn(inv, k.externalID, audit.Ref{})
	if err != nil {
		return nil //nolint:nilerr // As above.
	}
	if slices.ContainsFunc(holders, func(p audit.Principal) bool { return p.Type == t }) {
		k.there = k.there || since == 0 // Later it may be what an earlier sending has made.
		return nil
	}
	named, err := k.w.dir.NamedIn(inv, t, k.names)
	if err != nil {
		return nil //nolint:nilerr // As above.
	}
	for _, p := range named {
		if IsTwin(p, k.names) {
			return &TwinError{ExternalID: k.externalID, Twin: p}
		}
	}
	return nil
}

func (k *resolveWrite) request() (cl api.Call, answer any) {
	k.reply = resolveReply{}
	return api.Call{Method: http.MethodPost, Path: k.w.api.IAMPath(k.route + "/resolve-by-external-id"), Limit: api.LimitIAM}, &k.reply
}

func (k *resolveWrite) body([]*fact) any { return map[string]string{"external_id": k.externalID} }

// errOddAnswer is success without a principal that can be believed.
var errOddAnswer = errors.New("the account answered with success, but not with the principal that was asked for")

func (k *resolveWrite) repeats() bool { return true }

func (k *resolveWrite) answered(facts []*fact) error {
	got := cmp.Or(k.reply.User, k.reply.Group, k.reply.ServicePrincipal)
	if got == nil {
		return fmt.Errorf("%w: it names none", errOddAnswer)
	}
	f := facts[0]
	p, err := got.ToAudit(f.change.Ref.Type)
	switch {
	case err != nil:
		return fmt.Errorf("%w: it has %w", errOddAnswer, err)
	case !audit.SameExternalID(p.ExternalID, k.externalID):
		return fmt.Errorf("%w: it is %s with the externalId %q", errOddAnswer, p.Ref, p.ExternalID)
	}
	f.change.Ref = p.Ref
	return nil
}

// read looks at the principal that was named, and without a name for the one that
// holds the id in a new listing; the one with the lowest id where several do.
func (k *resolveWrite) read(ctx context.Context, facts []*fact) error {
	f := facts[0]
	if f.change.Ref.ID == "" {
		holders, err := k.w.holdersSince(ctx, k.externalID, audit.Ref{}, k.w.dir.Turns.Next())
		if err != nil {
			return err
		}
		for _, p := range holders {
			if p.Type == f.change.Ref.Type {
				f.change.Ref = p.Ref
				break
			}
		}
	}
	if f.change.Ref.ID == "" {
		f.see("no principal with that id", false, true)
		return nil
	}
	p, err := k.w.dir.Principal(ctx, f.change.Ref)
	switch {
	case errors.Is(err, api.ErrNotFound): // What was made a moment ago may be missing from reads.
		f.see("no "+f.change.Ref.String(), false, true)
		return nil
	case err != nil:
		return err
	}
	k.now = p
	f.see(fmt.Sprintf("%s with the externalId %q", p.Ref, p.ExternalID), audit.SameExternalID(p.ExternalID, k.externalID), true)
	return nil
}

func (k *resolveWrite) failed(f *fact, err error) error {
	return explainResolve(f.change.Ref.Type, k.externalID, err)
}

// check looks for twins: see [sharedCheck]. Of what was there already, none was made.
func (k *resolveWrite) check(ctx context.Context, f *fact) error {
	k.w.dir.Wrote(k.now)
	if k.there {
		return nil
	}
	return k.checked.check(ctx, holderCheck{ref: k.now.Ref, want: k.externalID, names: append(slices.Clone(k.names), k.now.Name), turn: f.written})
}

func (k *resolveWrite) agree(f *fact) int {
	if f.change.Ref.Type == audit.TypeGroup {
		return 2
	}
	return 1
}

// explainResolve gives an answer of the account the meaning that it has here.
func explainResolve(t audit.PrincipalType, externalID string, err error) error {
	var e *api.Error
	tried := fmt.Sprintf("resolving the %s with the externalId %q", t, externalID)
	switch {
	case !errors.As(err, &e):
	case e.Code == "FEATURE_DISABLED", strings.Contains(strings.ToLower(e.Message), "identity management is not enabled"):
		return fmt.Errorf("%s: %w: %w", tried, ErrAIMOff, err)
	case api.IsMissing(err):
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
