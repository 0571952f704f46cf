// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Kinds of what an audit keeps in a checkpoint.
const (
	keptList    = "lists of principals"
	keptMembers = "lists of group members"
)

// keptListing is one whole list.
type keptListing struct {
	Route      string
	Principals []audit.Principal
}

// Audit reads for one audit. What an earlier, unfinished run of the same audit
// has read comes from its checkpoint, everything else from the client, where it
// is shared with all other readers of the run.
//
// It goes one way: what comes from a checkpoint never gets into the client's
// caches, so that guards, writes and resources see only what this run has read
// (docs/adr/007-checkpoints.md).
type Audit struct {
	dir  *Directory
	kept *checkpoint.Store
	// witnesses reads, beside members, what could refer to a principal.
	witnesses func(context.Context)

	listing once.Value[*Listing]
	members once.Map[string, []audit.Member] // only by resumed listings, see Members
}

// NewAudit is a reader for one audit. kept may be nil; witnesses reads, beside members,
// what could refer to a principal.
func NewAudit(d *Directory, kept *checkpoint.Store, witnesses func(context.Context)) *Audit {
	return &Audit{dir: d, kept: kept, witnesses: witnesses}
}

// Inventory is [Directory.Inventory]. Whole lists of a type come from the checkpoint;
// where it has some but not all, the others are read by themselves.
func (a *Audit) Inventory(ctx context.Context) (audit.Inventory, error) {
	inv, err := a.load(ctx)
	if err != nil {
		return audit.Inventory{}, fmt.Errorf("listing the principals of the account: %w", err)
	}
	return a.dir.Shown(inv), nil
}

// Recheck is a listing of this audit after everything else was read: a type of which
// no one was listed is a hole where something refers to one. Where nothing that was
// read does, the assignments, the rules of the account and some groups are read
// before it is believed; what of that cannot be read says nothing.
func (a *Audit) Recheck(ctx context.Context, inv audit.Inventory) audit.Inventory {
	const most = 20 // groups
	d := a.dir
	for _, t := range audit.PrincipalTypes() {
		empty := inv.Coverage.Of(t) && !slices.ContainsFunc(inv.Principals, func(p audit.Principal) bool { return p.Type == t })
		if !empty || len(d.referred.to(t)) > 0 {
			continue
		}
		a.witnesses(ctx)
		groups := 0
		for _, p := range inv.Principals {
			if p.Type == audit.TypeGroup && groups < most && len(d.referred.to(t)) == 0 {
				_, _ = d.Members(ctx, p.ID)
				groups++
			}
		}
	}
	return d.doubts(inv)
}

func (a *Audit) load(ctx context.Context) (*Listing, error) {
	return a.listing.Get(ctx, func(ctx context.Context) (*Listing, error) {
		known := map[audit.PrincipalType]listed{}
		for _, t := range audit.PrincipalTypes() {
			var l keptListing
			if began, there := a.kept.Get(keptList, string(t), &l); there {
				known[t] = listed{route: l.Route, principals: l.Principals, began: began}
			}
		}
		if len(known) > 0 {
			return a.dir.listAround(ctx, known, a.keep)
		}
		inv, err := a.dir.inventory.cell.Get(ctx, func(ctx context.Context) (*Listing, error) {
			return a.dir.listAround(ctx, nil, a.keep)
		})
		if err == nil {
			a.keepAll(inv)
		}
		return inv, err
	})
}

func (a *Audit) keep(t audit.PrincipalType, l listed) {
	a.kept.Put(keptList, string(t), l.began, keptListing{l.route, l.principals})
}

// keepAll keeps the lists that someone else of this run has read.
func (a *Audit) keepAll(inv *Listing) {
	if a.kept == nil {
		return
	}
	a.dir.inventory.mu.Lock()
	defer a.dir.inventory.mu.Unlock()
	for _, t := range audit.PrincipalTypes() {
		if !inv.Coverage.Of(t) {
			continue
		}
		l := listed{route: inv.Route[t], began: inv.began}
		for _, p := range inv.Principals {
			if p.Type == t {
				l.principals = append(l.principals, p)
			}
		}
		a.keep(t, l)
	}
}

// Members is [Directory.Members].
func (a *Audit) Members(ctx context.Context, groupID string) ([]audit.Member, error) {
	var out []audit.Member
	if _, there := a.kept.Get(keptMembers, groupID, &out); there {
		return out, nil
	}
	if inv := a.resumed(); inv != nil && inv.Route[audit.TypeGroup] == api.IdentitySCIM {
		return a.membersBy(ctx, groupID, inv)
	}
	out, began, err := a.dir.membersSince(ctx, groupID)
	if err == nil {
		a.kept.Put(keptMembers, groupID, began, out)
	}
	return out, err
}

// resumed is the listing, where some of it came from the checkpoint.
func (a *Audit) resumed() *Listing {
	var own, shared *Listing
	a.listing.Peek(func(inv *Listing) { own = inv })
	a.dir.inventory.cell.Peek(func(inv *Listing) { shared = inv })
	if own == shared {
		return nil
	}
	return own
}

// membersBy reads members by account SCIM and takes their externalIds from a
// listing that is this audit's alone: the client would list the account for them
// once more.
func (a *Audit) membersBy(ctx context.Context, groupID string, inv *Listing) ([]audit.Member, error) {
	out, err := a.members.Get(ctx, groupID, func(ctx context.Context) ([]audit.Member, error) {
		began := time.Now()
		group, err := a.dir.scimGet(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID})
		if err != nil {
			return nil, err
		}
		list, err := a.dir.membersSCIM(ctx, group, func(context.Context) (*Listing, error) { return inv, nil })
		if err == nil {
			a.kept.Put(keptMembers, groupID, began, list)
		}
		return list, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the members of group/%s: %w", groupID, err)
	}
	return out, nil
}
