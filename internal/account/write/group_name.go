// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// GroupNameRequest asks for an account group to be renamed.
type GroupNameRequest struct {
	GroupID, Want string
	// Expected is the name that the group has when the change was reviewed; another one
	// refuses the write.
	Expected string
	// AllowPrivileged allows a privileged group; Restores a group whose name of
	// before is written back.
	AllowPrivileged, Restores bool
	// Adopts takes over the write of an interrupted run, by its intent in the journal.
	Adopts bool
}

// GroupNameCheck is what a plan can say of a new name.
type GroupNameCheck struct {
	Group    audit.Principal
	Refusals []guard.Refusal
}

func (r GroupNameRequest) ref() audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: r.GroupID} }

// CheckGroupName judges the guards of a new name by what is known, for a plan. Of a
// group that has the name already, nothing is judged.
func (w *Writer) CheckGroupName(ctx context.Context, req GroupNameRequest) (GroupNameCheck, error) {
	p, err := w.dir.Known(ctx, req.ref())
	if err != nil {
		return GroupNameCheck{}, err
	}
	out := GroupNameCheck{Group: p}
	if directory.SameShown(p.Name, req.Want) {
		return out, nil
	}
	facts := guard.RenameFacts{Group: p, Name: req.Want, AllowPrivileged: req.AllowPrivileged, Restores: req.Restores}
	w.namedLike(ctx, &facts, 0)
	if !req.AllowPrivileged && !req.Restores {
		facts.Privilege = w.power.NextPrivilege(ctx, p.Ref)
	}
	if facts.Members, err = w.dir.Members(ctx, p.ID); err != nil {
		return out, err
	}
	out.Refusals = guard.Rename(facts)
	return out, nil
}

// namedLike fills who else has the name.
func (w *Writer) namedLike(ctx context.Context, f *guard.RenameFacts, since int64) {
	inv, err := w.listingSince(ctx, since)
	if err != nil {
		f.NamesUnknown = err.Error()
		return
	}
	if !inv.Coverage.Groups {
		f.NamesUnknown = (&api.IncompleteError{Need: "Finding out whether a name is free", Failures: inv.Failures}).Error()
		return
	}
	for _, p := range w.dir.Shown(inv).Principals {
		if p.Type == audit.TypeGroup && p.ID != f.Group.ID && directory.SameName(p.Name, f.Name) {
			f.Holders = append(f.Holders, p.Ref)
		}
	}
}

// renameFacts reads everything that takes long, then the group by read, if its privileges count.
func (w *Writer) renameFacts(ctx context.Context, id, name string, power bool, since int64, read readNow) guard.RenameFacts {
	ref := audit.Ref{Type: audit.TypeGroup, ID: id}
	f := guard.RenameFacts{Group: audit.Principal{Ref: ref}, Name: name}
	w.namedLike(ctx, &f, since)
	if power {
		w.power.RenewPower(since)
		f.Privilege = w.power.PrivilegeNow(ctx, ref, read)
	}
	return f
}

// SetGroupName renames an account group under guard and reads it back: see [Writer]. A
// name that two readings show is not written again. Otherwise the name must be the
// reviewed one, the new one free by a listing of the last minute, and the group neither
// of the identity provider nor privileged (see [guard.Rename]): else the error is a
// [*ConflictError] or a [*RefusedError], and nothing was written. The write is PATCH
// /api/2.1/accounts/{account}/scim/v2/Groups/{id}.
func (w *Writer) SetGroupName(ctx context.Context, req GroupNameRequest) (FieldResult, error) {
	if err := audit.ValidateGroupName(req.Want); err != nil {
		return FieldResult{}, fmt.Errorf("%s was not renamed: %w", req.ref(), err)
	}
	// Two groups that are given one name at the same time would both find it free.
	unlock, err := w.resolving.lock(ctx, "name "+audit.FoldName(req.Want))
	if err != nil {
		return FieldResult{}, fmt.Errorf("%s was not renamed: another write of the name did not end: %w", req.ref(), err)
	}
	defer unlock()
	var facts guard.RenameFacts
	k := &fieldWrite{
		w: w, ref: req.ref(), attribute: directory.AttributeDisplayName, value: req.Want, want: req.Want,
		valueOf: func(p *audit.Principal) string { return p.Name }, reviewed: req.Expected, adopts: req.Adopts,
	}
	k.gather = func(ctx context.Context, since int64, read readNow) {
		facts = w.renameFacts(ctx, req.GroupID, req.Want, !req.AllowPrivileged && !req.Restores, since, read)
		facts.AllowPrivileged, facts.Restores = req.AllowPrivileged, req.Restores
	}
	k.refuse = func(ctx context.Context, shown *directory.SCIMResource, now audit.Principal) ([]guard.Refusal, error) {
		members, err := w.dir.ReadMembers(ctx, req.GroupID, shown)
		if err != nil {
			return nil, err
		}
		facts.Group, facts.Members = now, members
		return guard.Rename(facts), nil
	}
	return k.write(ctx, ChangeGroupName)
}
