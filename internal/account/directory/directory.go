// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package directory reads who is in an account and in which groups: principals, members,
// the groups above, workspaces and who is assigned to them. What this process wrote is
// laid over what it reads.
//
// Which function to ask depends on how fresh and how sure the answer has to be:
//
//	question            from the run's listing     believed only if seen twice   past every cache
//	all principals      Inventory, Listing         ListingSince (a turn)
//	one principal       Known, KnownID             KnownHolding                  Principal
//	by a selector       Find
//	holders of an id    Holders                    HoldersSince (a turn)
//	members of a group  Members                    KnownMembership               MembersNow, ReadMembers, ReadGroup
//	groups above        AccessGraph, Above
//	the denylist        Denylist                                               DenylistNow
package directory

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Directory reads who is in the account and in which groups: principals, members,
// the groups above, workspaces and who is assigned to them. Own writes are laid over
// what it reads.
type Directory struct {
	api *api.Conn

	inventory      *inventoryCache // own writes go here
	referred       references
	iamMembersSeen atomic.Bool      // IAM v2 has returned the members of a group
	parentsSeen    atomic.Bool      // IAM v2 has named a group above someone
	parentsProof   once.Value[bool] // see parentsAnswer
	workspaces     once.Value[[]audit.Workspace]
	iamMembers     once.Map[string, MembersRead] // members as IAM v2 returns them
	members        once.Map[string, MembersRead]
	Edges          *Edges       // memberships that are being written, and own writes
	Turns          *Turns       // of writes and listings
	singleGets     atomic.Int64 // see Known
	caller         once.Value[audit.Principal]

	// The next are outdated together, see OutdateLookups.
	resources   once.Map[audit.Ref, *SCIMResource]
	parents     once.Map[audit.Ref, parentsRead]
	roles       once.Map[audit.PrincipalType, *RolesList]
	assignments once.Map[string, map[string][]string] // levels by principal, of one workspace
	// entitlements are those of assignments, by workspace/principal.
	entitlements once.Map[string, []string]
	denylist     once.Value[[]audit.DenyRule]

	crawl   once.Value[*crawl]
	renewed once.Set[audit.Ref] // see graphByCrawl
	// alsoOutdate outdates what others derive from these; never nil.
	alsoOutdate func()
}

// New is a directory with empty caches.
func New(a *api.Conn) *Directory {
	return &Directory{api: a, inventory: newInventoryCache(), Edges: newEdges(), Turns: &Turns{}, alsoOutdate: func() {}}
}

// OutdateLookups forgets what was read for one principal or workspace at a time.
func (d *Directory) OutdateLookups() {
	d.resources.OutdateAll()
	d.parents.OutdateAll()
	d.assignments.OutdateAll()
	d.entitlements.OutdateAll()
	d.roles.OutdateAll()
}

// OnOutdate has outdate called with what memberships and roles were read from.
func (d *Directory) OnOutdate(outdate func()) { d.alsoOutdate = outdate }

// DropOldCrawl forgets a crawl that is too old to decide about a write. It may take
// longer than that itself, so that its age counts from its end.
func (d *Directory) DropOldCrawl() {
	d.crawl.DropIf(func(all *crawl) bool { return time.Since(all.ended) > d.api.Config.MaxListingAge })
}

// OutdateParents forgets the groups above a principal.
func (d *Directory) OutdateParents(ref audit.Ref) { d.parents.Outdate(ref) }

// Refers notes that something which was read refers to a principal of a type.
func (d *Directory) Refers(t audit.PrincipalType, why string) { d.referred.note(t, why) }

// outdate forgets everything that memberships and roles were read from.
func (d *Directory) outdate() {
	d.OutdateLookups()
	d.alsoOutdate()
	d.crawl.Outdate()
}

// OutdateMemberships forgets what was derived from a membership that changed.
// Lists of members are kept: own writes are laid over them.
func (d *Directory) OutdateMemberships(group, member audit.Ref) {
	d.crawl.Outdate()
	d.resources.Outdate(group)
	if member.Type == audit.TypeGroup {
		d.parents.OutdateAll()
		return
	}
	d.parents.Outdate(member)
}

// Turns number the steps of a client's writes, so that a reading can be known to be
// newer than one of them: clocks are too coarse for that.
type Turns struct{ n atomic.Int64 }

// Next begins a step and returns its number.
func (t *Turns) Next() int64 { return t.n.Add(1) }

// Now is the number of the last step.
func (t *Turns) Now() int64 { return t.n.Load() }

// LastTurn is for a look that takes in every write of this process.
const LastTurn = math.MaxInt64
