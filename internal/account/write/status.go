// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// ActiveRequest asks for a user or service principal to be deactivated, or, for what
// was deactivated here, to be active again.
type ActiveRequest struct {
	Ref    audit.Ref
	Active bool
	// Name is the name of the principal as it was reviewed; another one refuses the
	// write. "" is none.
	Name string
	// AllowPrivileged allows a privileged principal, but not the last account
	// admin, and not the caller.
	AllowPrivileged bool
	// Adopts takes over the write of an interrupted run, by its intent in the journal.
	Adopts bool
	// MayActivate is asked before each sending that makes a principal active.
	MayActivate func(ctx context.Context, now audit.Principal) error

	undoes bool // a write that left no admin
}

// ActiveCheck is what a plan can say of a deactivation.
type ActiveCheck struct {
	Principal audit.Principal
	Refusals  []guard.Refusal
	// CallerUnknown says that no one knows as whom the client logs in.
	CallerUnknown bool
}

// CheckDeactivate judges the guards of a deactivation by what is known, for a plan. Of
// a principal that is inactive already, nothing is judged.
func (w *Writer) CheckDeactivate(ctx context.Context, req ActiveRequest) (ActiveCheck, error) {
	p, err := w.dir.Known(ctx, req.Ref)
	if err != nil {
		return ActiveCheck{}, err
	}
	out := ActiveCheck{Principal: p}
	if p.Active != nil && !*p.Active {
		return out, nil
	}
	facts := guard.DeactivateFacts{Principal: p, AllowPrivileged: req.AllowPrivileged}
	if !req.AllowPrivileged {
		facts.Privilege = w.power.NextPrivilege(ctx, req.Ref)
	}
	out.CallerUnknown = w.callerFact(ctx, &facts)
	out.Refusals = guard.Deactivate(facts)
	return out, nil
}

// callerFact fills whether the principal is the caller; true where nothing shows who
// that is, which is for a warning.
func (w *Writer) callerFact(ctx context.Context, f *guard.DeactivateFacts) (unknown bool) {
	caller, err := w.dir.Caller(ctx)
	switch {
	case errors.Is(err, api.ErrCallerUnknown):
		return true
	case err != nil:
		f.CallerUnknown = err.Error()
	default:
		f.IsCaller = caller.Ref == f.Principal.Ref
	}
	return false
}

// deactivateFacts reads everything that takes long, then the principal by read.
func (w *Writer) deactivateFacts(ctx context.Context, ref audit.Ref, allowPrivileged bool, since int64, read readNow) guard.DeactivateFacts {
	f := guard.DeactivateFacts{Principal: audit.Principal{Ref: ref}, AllowPrivileged: allowPrivileged}
	w.callerFact(ctx, &f)
	w.power.RenewPower(since)
	f.Privilege = w.power.PrivilegeNow(ctx, ref, read)
	if allowPrivileged && mayBePrivileged(f.Privilege) {
		left, err := w.power.AdminsWithout(ctx, map[string]bool{ref.ID: true})
		f.LastAdmin = left == 0
		if err != nil {
			f.AdminsUnknown = err.Error()
		}
		_, _ = read(ctx) // That took long.
	}
	return f
}

func mayBePrivileged(p audit.Privilege) bool { return len(p.Powers) > 0 || p.Unknown != "" }

func activeText(p *audit.Principal) string {
	if p.Active == nil {
		return "unknown"
	}
	return strconv.FormatBool(*p.Active)
}

// SetActive deactivates a user or service principal under guard and reads it back: see
// [Writer]. A state that two readings show is not written again. Otherwise the name
// must be the reviewed one, and the principal neither the caller nor privileged (see
// [guard.Deactivate]): else the error is a [*ConflictError] or a [*RefusedError],
// and nothing was written. The write is PATCH
// /api/2.1/accounts/{account}/scim/v2/{kind}/{id}.
//
// Of a privileged principal the admins are listed once more after it: where none is
// left, it is made active again, and the error is a [*BrokenError].
//
// Requests: what [power.Power.PrivilegeNow] reads for all, one GET, one PATCH, one GET.
func (w *Writer) SetActive(ctx context.Context, req ActiveRequest) (FieldResult, error) {
	var facts guard.DeactivateFacts
	k := &fieldWrite{
		w: w, ref: req.Ref, attribute: directory.AttributeActive, value: req.Active, want: strconv.FormatBool(req.Active), valueOf: activeText,
		reviewed: req.Name, adopts: req.Adopts,
	}
	if req.Active {
		k.gather = func(context.Context, int64, readNow) {}
		k.refuse = func(ctx context.Context, _ *directory.SCIMResource, now audit.Principal) ([]guard.Refusal, error) {
			if req.MayActivate == nil {
				return nil, nil
			}
			return nil, req.MayActivate(ctx, now)
		}
		if req.undoes {
			return k.run(ctx, ChangeActive) // Within the write that it undoes.
		}
		return k.write(ctx, ChangeActive)
	}
	if req.AllowPrivileged {
		// Two of them at the same time could be the last two admins.
		unlock, err := w.resolving.lock(ctx, "deactivation of privileged principals")
		if err != nil {
			return FieldResult{}, err
		}
		defer unlock()
	}
	k.gather = func(ctx context.Context, since int64, read readNow) {
		facts = w.deactivateFacts(ctx, req.Ref, req.AllowPrivileged, since, read)
	}
	k.refuse = func(_ context.Context, _ *directory.SCIMResource, now audit.Principal) ([]guard.Refusal, error) {
		facts.Principal = now
		return guard.Deactivate(facts), nil
	}
	k.after = func(ctx context.Context, f *fact) error {
		if !req.AllowPrivileged || !mayBePrivileged(facts.Privilege) || f.others > 0 {
			return nil
		}
		left, err := w.power.AdminsWithout(ctx, map[string]bool{req.Ref.ID: true})
		switch {
		case err != nil:
			k.unchecked = "whether an account admin is left: " + err.Error()
			return nil //nolint:nilerr // It was looked at before the write: a hole takes nothing back.
		case left > 0:
			return nil
		}
		broken := &BrokenError{Ref: req.Ref, NoAdmin: true, Member: req.Ref}
		_, err = w.SetActive(ctx, ActiveRequest{Ref: req.Ref, Active: true, undoes: true})
		broken.Undone = err == nil
		return broken
	}
	return k.write(ctx, ChangeActive)
}
