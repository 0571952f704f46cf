// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package write

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
)

// memberWrites is the [writeKind] of memberships of one group.
type memberWrites struct {
	w   *Writer
	key batchKey
	ops map[*fact]*memberOp
	// before is the group as it was when the first attempt was made.
	before *directory.GroupNow
}

// look reads the group and the members, and judges each of them.
func (k *memberWrites) look(ctx context.Context, facts []*fact, since int64) {
	group, err := k.w.dir.ReadGroup(ctx, k.key.group)
	if err == nil && since > 0 && (group.Name != k.before.Name || group.ExternalID != k.before.ExternalID) {
		err = fmt.Errorf("someone changed the name or the externalId of %s meanwhile; plan again", group.Ref)
	}
	if err != nil {
		for _, f := range facts {
			f.err = fmt.Errorf("%s was not done: %w", f.change, missing(true, err))
		}
		return
	}
	if since == 0 {
		k.before = group
	}
	asked := k.w.dir.Turns.Next()
	again := sync.OnceValues(func() (*directory.GroupNow, error) { return k.w.dir.ReadGroup(ctx, k.key.group) })
	var work errgroup.Group
	work.SetLimit(k.w.api.Config.MaxConcurrency)
	for _, f := range facts {
		work.Go(func() error {
			op := k.ops[f]
			op.result.Group = group.Principal
			f.change.GroupOrigin = audit.OriginOf(group.Principal, group.Members)
			if f.err = k.judge(ctx, op, group, again, since, asked); f.err == nil && f.found && !f.maybe && op.req.Adopts {
				f.err = k.w.adopt(f)
			}
			return nil
		})
	}
	_ = work.Wait() // No member of the group fails.
}

func (k *memberWrites) judge(ctx context.Context, op *memberOp, group *directory.GroupNow, again func() (*directory.GroupNow, error), since, asked int64) error {
	member, err := k.w.dir.Principal(ctx, op.change.Member)
	if err != nil {
		return fmt.Errorf("%s was not done: %w", op.change, missing(false, err))
	}
	op.result.Member = member
	if !op.maybe {
		op.result.Source = group.Source(op.req.MemberID)
	}
	if op.shows(group) {
		// Reads go back and forth: what is not to be written is looked at twice.
		second, err := again()
		if err != nil {
			return fmt.Errorf("%s was not done: %w", op.change, err)
		}
		if op.shows(second) {
			op.found = true
			return nil
		}
	}
	if op.req.GroupName != "" && !directory.SameShown(group.Name, op.req.GroupName) {
		return &ConflictError{Ref: group.Ref, Name: group.Name, Reviewed: op.req.GroupName}
	}
	facts := memberFacts{req: op.req, group: group, member: guard.PrincipalFact{Principal: member}, order: op.write.Turn, since: since, asked: asked}
	var refusals []guard.Refusal
	if op.change.Kind == ChangeAddMember {
		refusals = guard.AddMember(k.w.addFacts(ctx, facts))
	} else {
		found := k.w.removeFacts(ctx, facts)
		op.givesAdmin = found.GivesAdmin
		refusals = guard.RemoveMember(found)
	}
	if len(refusals) > 0 {
		return &RefusedError{Group: op.change.Ref, Member: op.change.Member, Refusals: refusals}
	}
	return nil
}

func (k *memberWrites) request() (cl api.Call, answer any) {
	return api.Call{Method: http.MethodPatch, Path: k.w.api.SCIMPath("Groups", k.key.group)}, nil
}

// body follows docs/reference/databricks-account-api.md 4.3: members are added by value and removed
// by path.
func (k *memberWrites) body(facts []*fact) any {
	type value struct {
		Value string `json:"value"`
	}
	var operations []map[string]any
	var values []value
	for _, f := range facts {
		if k.key.kind == ChangeAddMember {
			values = append(values, value{f.change.Member.ID})
			continue
		}
		operations = append(operations, map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", f.change.Member.ID)})
	}
	if k.key.kind == ChangeAddMember {
		operations = []map[string]any{{"op": "add", "path": "members", "value": values}}
	}
	return map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

func (k *memberWrites) repeats() bool { return false }

func (k *memberWrites) answered([]*fact) error { return nil }

func (k *memberWrites) read(ctx context.Context, facts []*fact) error {
	members, err := k.w.dir.ReadMembers(ctx, k.key.group, nil)
	if errors.Is(err, api.ErrNotFound) { // Reads go back and forth.
		for _, f := range facts {
			f.see("no such group", false, true)
		}
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range facts {
		shown := "no such member"
		if directory.IndexMember(members, f.change.Member.ID) >= 0 {
			shown = "it as a member"
		}
		wanted := k.ops[f].listed(members)
		f.see(shown, wanted, !wanted)
	}
	return nil
}

// failed finds out whether a failure says that the group or the member does not
// exist, or comes from the group being the identity provider's.
func (k *memberWrites) failed(f *fact, err error) error {
	if api.IsMissing(err) {
		return fmt.Errorf("%s: %w: %w", f.change, api.ErrNotFound, err)
	}
	switch api.StatusOf(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError:
		if f.change.GroupOrigin == audit.OriginIDP {
			return &IDPGroupError{Change: f.change, Group: k.ops[f].result.Group, Err: err}
		}
	}
	return fmt.Errorf("%s: %w", f.change, err)
}

func (k *memberWrites) agree(*fact) int { return 2 } // docs/reference/databricks-account-api.md 4.5: reads go back and forth.

// check looks for a cycle that another writer made at the same time, and for an
// account admin. What is broken is undone.
func (k *memberWrites) check(ctx context.Context, f *fact) error {
	op := k.ops[f]
	if op.req.undoes {
		return nil
	}
	broken := &BrokenError{Ref: f.change.Ref, Member: f.change.Member}
	switch {
	case op.change.Kind == ChangeAddMember && f.change.Member.Type == audit.TypeGroup:
		holds, err := k.w.holdsGroup(ctx, f.change.Member.ID, f.change.Ref.ID)
		op.unchecked("whether the nesting makes a cycle now", err)
		if holds {
			broken.Cycle = f.change.Member
		}
	case op.givesAdmin:
		left, err := k.w.power.AdminsLeft(ctx, directory.Edge{}, directory.LastTurn, k.w.dir.Turns.Next())
		op.unchecked("whether an account admin is left", err)
		broken.NoAdmin = err == nil && left == 0
	}
	if broken.Cycle.ID == "" && !broken.NoAdmin {
		return nil
	}
	broken.Undone = k.undo(ctx, op)
	return broken
}

func (op *memberOp) unchecked(what string, err error) {
	if err != nil {
		op.result.Unchecked = what + ": " + err.Error()
	}
}

// holdsGroup walks down from a group and looks for another one within it.
func (w *Writer) holdsGroup(ctx context.Context, outer, inner string) (bool, error) {
	seen := map[string]bool{outer: true}
	for queue := []string{outer}; len(queue) > 0; queue = queue[1:] {
		members, err := w.dir.ReadMembers(ctx, queue[0], nil)
		if err != nil {
			return false, err
		}
		for _, m := range members {
			if m.ID == inner {
				return true, nil
			}
			if m.Type == audit.TypeGroup && !seen[m.ID] {
				seen[m.ID] = true
				queue = append(queue, m.ID)
			}
		}
	}
	return false, nil
}

// undo makes the opposite change, as a write of its own with guards of its own.
func (k *memberWrites) undo(ctx context.Context, op *memberOp) bool {
	kind := ChangeRemoveMember
	if op.change.Kind == ChangeRemoveMember {
		kind = ChangeAddMember
	}
	change := op.change
	change.Kind = kind
	back := &memberOp{fact: fact{change: change}, req: op.req, write: op.write}
	back.req.Restores, back.req.AllowSelfRemoval, back.req.Adopts, back.req.undoes = true, true, false, true
	undo := &memberWrites{w: k.w, key: batchKey{kind, k.key.group}, ops: map[*fact]*memberOp{&back.fact: back}}
	k.w.run(ctx, undo, []*fact{&back.fact}, func() {})
	return back.confirmed
}
