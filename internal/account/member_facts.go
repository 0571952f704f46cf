// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// groupNow is one reading of a group, past every cache.
type groupNow struct {
	audit.Principal
	roles []string
	// members are the direct members as [Directory.Members] reads them; scim are the
	// ids that account SCIM shows.
	members []audit.Member
	scim    map[string]bool
}

func (d *Directory) readGroup(ctx context.Context, id string) (*groupNow, error) {
	ref := audit.Ref{Type: audit.TypeGroup, ID: id}
	r, err := d.scimGet(ctx, ref)
	if err != nil {
		return nil, err
	}
	out := &groupNow{roles: r.roles(), scim: make(map[string]bool, len(r.Members))}
	if out.Principal, err = r.toAudit(audit.TypeGroup); err != nil {
		return nil, fmt.Errorf("reading %s: the account answered with %w", ref, err)
	}
	for i := range r.Members {
		out.scim[string(r.Members[i].Value)] = true
	}
	if out.members, err = d.readMembers(ctx, id, r); err != nil {
		return nil, fmt.Errorf("reading the members of %s: %w", ref, err)
	}
	return out, nil
}

func (r *scimResource) roles() []string {
	var out []string
	for _, role := range r.Roles {
		if role.Value != "" {
			out = append(out, role.Value)
		}
	}
	return out
}

func (r *scimResource) entitlements() []string {
	var out []string
	for _, e := range r.Entitlements {
		if e.Value != "" {
			out = append(out, e.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// source is who owns the membership; "" when it is not there.
func (g *groupNow) source(member string) audit.MembershipSource {
	if i := indexMember(g.members, member); i >= 0 {
		return g.members[i].Source
	}
	return ""
}

// memberFacts is what the guards of one write start from.
type memberFacts struct {
	req    MemberRequest
	group  *groupNow
	member audit.PrincipalFact
	// order is that of the write among the writes of memberships of this process; those
	// that began later give way. A check in a plan comes before all others.
	order int64
	// since is the turn that all facts must be newer than: that of the attempt before.
	// asked is that of the look itself; 0 is a plan's, which may go by what is known.
	since, asked int64
}

func (w *Writer) addFacts(ctx context.Context, f memberFacts) audit.AddMemberFacts {
	out := audit.AddMemberFacts{
		Group: audit.PrincipalFact{Principal: f.group.Principal}, Member: f.member, Members: f.group.members,
		AllowPrivileged: f.req.AllowPrivileged, Restores: f.req.Restores,
	}
	if !f.req.AllowPrivileged && !f.req.Restores {
		w.power.renewPower(f.since)
		out.Power = w.power.Privileges(ctx, []audit.Ref{f.group.Ref})[f.group.Ref]
		for _, role := range f.group.roles {
			if text := "account role " + role; !slices.Contains(out.Power.Powers, text) {
				out.Power.Powers = append(out.Power.Powers, text)
			}
		}
	}
	if f.member.Type == audit.TypeGroup {
		above, err := w.dir.above(ctx, f.group.Ref, f.order)
		out.Above = above
		if err != nil {
			out.AboveUnknown = err.Error()
		}
	}
	return out
}

func (w *Writer) removeFacts(ctx context.Context, f memberFacts) audit.RemoveMemberFacts {
	out := audit.RemoveMemberFacts{
		Group: audit.PrincipalFact{Principal: f.group.Principal}, Member: f.member,
		Source: f.group.source(f.req.MemberID), AIM: w.dir.aim(), AllowSelfRemoval: f.req.AllowSelfRemoval,
	}
	if len(audit.GuardRemoveMember(out)) > 0 {
		return out // Whose membership it is comes first, and costs nothing.
	}
	w.power.renewPower(f.since)
	if f.asked > 0 {
		w.dir.parents.outdate(f.group.Ref)
	}
	within, err := w.dir.holdsCaller(ctx, f.member.Ref, f.asked > 0)
	out.RemovesCaller = within
	if err != nil {
		out.CallerUnknown = err.Error()
	}
	gives, err := w.power.givesAdmin(ctx, f.group)
	switch {
	case err != nil:
		out.AdminsUnknown = err.Error()
	case gives:
		out.GivesAdmin = true
		if out.AdminsAfter, err = w.power.adminsLeft(ctx, edge{f.group.ID, f.req.MemberID}, f.order, f.asked); err != nil {
			out.AdminsUnknown = err.Error()
		}
	}
	return out
}

// aim is what the configuration says of automatic identity management.
func (d *Directory) aim() audit.AIMState {
	switch {
	case d.api.cfg.HiddenMemberships:
		return audit.AIMOn
	case d.api.cfg.MaybeHiddenMemberships:
		return audit.AIMUnknown
	default:
		return audit.AIMOff
	}
}

// lastTurn is for a look that takes in every write of this process.
const lastTurn = math.MaxInt64

// above are the groups that a principal is in, at any depth, as [groupsAbove]
// gives them and with the additions of this process that began before a turn:
// the account may not show them yet. With an error they are those that could be
// seen.
func (d *Directory) above(ctx context.Context, ref audit.Ref, turn int64) ([]string, error) {
	ids, err := d.groupsAbove(ctx, ref)
	return d.withAdded(ctx, ref, ids, err, slices.Collect(maps.Keys(d.edges.before(turn, true))))
}

// withAdded are the groups above a principal, and those that added memberships
// lead to, sorted. err is why the former may be more; it is in the error with
// whatever keeps the latter from being read.
func (d *Directory) withAdded(ctx context.Context, ref audit.Ref, ids []string, err error, added []edge) ([]string, error) {
	failed := []error{err}
	seen := map[string]bool{ref.ID: true}
	for _, id := range ids {
		seen[id] = true
	}
	for grown := true; grown; {
		grown = false
		for _, e := range added {
			if !seen[e.member] || seen[e.group] {
				continue
			}
			grown, seen[e.group] = true, true
			more, err := d.groupsAbove(ctx, audit.Ref{Type: audit.TypeGroup, ID: e.group})
			failed = append(failed, err)
			for _, id := range more {
				seen[id] = true
			}
		}
	}
	delete(seen, ref.ID)
	return slices.SortedFunc(maps.Keys(seen), audit.CompareIDs), errors.Join(failed...)
}

// renewPower forgets what is too old to decide about a write, and what is older than
// a turn: OpenTofu plans and applies in one process, and a human may take an hour
// between the two.
func (pw *Power) renewPower(since int64) {
	pw.mu.Lock()
	defer pw.mu.Unlock()
	if !pw.since.IsZero() && time.Since(pw.since) <= pw.api.cfg.MaxListingAge && pw.turn >= since {
		return
	}
	if !pw.since.IsZero() {
		pw.dir.outdateLookups()
		pw.outdate()
		// It may take longer than that itself.
		pw.dir.crawl.dropIf(func(all *crawl) bool { return time.Since(all.ended) > pw.api.cfg.MaxListingAge })
	}
	pw.since, pw.turn = time.Now(), pw.dir.turns.now()
}

const roleAccountAdmin = "account_admin" // docs/reference/databricks-account-api.md 7

// givesAdmin tells whether the members of the group are account admins by it.
func (pw *Power) givesAdmin(ctx context.Context, group *groupNow) (bool, error) {
	if slices.Contains(group.roles, roleAccountAdmin) {
		return true, nil
	}
	ids, err := pw.dir.above(ctx, group.Ref, lastTurn)
	for _, id := range ids {
		r, rerr := pw.dir.resource(ctx, audit.Ref{Type: audit.TypeGroup, ID: id})
		if rerr != nil {
			err = errors.Join(err, rerr)
			continue
		}
		if slices.Contains(r.roles(), roleAccountAdmin) {
			return true, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("the groups above %s: %s", group.Ref, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return false, nil
}
