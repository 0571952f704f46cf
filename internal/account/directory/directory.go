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
//	holders of an id    Holders                    HoldersIn (a listing)
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
// what it reads. Its layers each ask those below only.
type Directory struct {
	*hierarchy
	*workspaces
	denylist once.Value[[]audit.DenyRule]
}

// reader asks the APIs of the account and keeps nothing but what the answers prove.
type reader struct {
	api            *api.Conn
	referred       references
	iamMembersSeen atomic.Bool // IAM v2 has returned the members of a group
	// someMember is a membership that IAM v2 has returned; nil before.
	someMember  atomic.Pointer[Edge]
	parentsSeen atomic.Bool // IAM v2 has named a group above someone
}

// principals are those of the account, from the run's listing or by themselves.
type principals struct {
	*reader
	inventory  *inventoryCache // own writes go here
	Turns      *Turns          // of writes and listings
	singleGets atomic.Int64    // see Known
	caller     once.Value[audit.Principal]
	lookups    once.Map[lookup, []SCIMResource] // by Find; outdated by own writes
}

// memberships are the members of groups.
type memberships struct {
	*principals
	Edges      *Edges                             // memberships that are being written, and own writes
	iamMembers once.Map[string, MembersRead]      // members as IAM v2 returns them
	members    once.Map[string, MembersRead]      // with own writes
	resources  once.Map[audit.Ref, *SCIMResource] // outdated with the lookups
}

// hierarchy is the groups above principals, and who has which role.
type hierarchy struct {
	*memberships
	parents      once.Map[audit.Ref, parentsRead]
	parentsProof once.Value[bool] // see parentsAnswer
	roles        once.Map[audit.PrincipalType, *RolesList]
	crawl        once.Value[*crawl]
	renewed      once.Set[audit.Ref] // see graphByCrawl
	// alsoOutdate outdates what others derive from these.
	alsoOutdate []func()
}

// workspaces are those of the account, and who is assigned to them.
type workspaces struct {
	*reader
	workspaces  once.Value[[]audit.Workspace]
	assignments once.Map[string, map[string][]string] // levels by principal, of one workspace
	// entitlements are those of assignments, by workspace/principal.
	entitlements once.Map[string, []string]
}

// New is a directory with empty caches.
func New(a *api.Conn) *Directory {
	asked := &reader{api: a}
	d := &Directory{
		hierarchy:  &hierarchy{memberships: &memberships{principals: &principals{reader: asked, inventory: newInventoryCache(), Turns: &Turns{}}, Edges: newEdges()}},
		workspaces: &workspaces{reader: asked},
	}
	d.OnOutdate(d.outdateAssignments)
	return d
}

// OutdateLookups forgets what was read for one principal or workspace at a time.
func (d *Directory) OutdateLookups() {
	d.outdateLookups()
	d.outdateAssignments()
}

func (d *hierarchy) outdateLookups() {
	d.lookups.OutdateAll()
	d.resources.OutdateAll()
	d.parents.OutdateAll()
	d.roles.OutdateAll()
}

func (d *workspaces) outdateAssignments() {
	d.assignments.OutdateAll()
	d.entitlements.OutdateAll()
}

// OnOutdate has outdate called with what memberships and roles were read from.
func (d *hierarchy) OnOutdate(outdate func()) { d.alsoOutdate = append(d.alsoOutdate, outdate) }

// DropOldCrawl forgets a crawl that is too old to decide about a write. It may take
// longer than that itself, so that its age counts from its end.
func (d *hierarchy) DropOldCrawl() {
	d.crawl.DropIf(func(all *crawl) bool { return time.Since(all.ended) > d.api.Config.MaxListingAge })
}

// OutdateParents forgets the groups above a principal.
func (d *hierarchy) OutdateParents(ref audit.Ref) { d.parents.Outdate(ref) }

// Refers notes that something which was read refers to a principal of a type.
func (d *reader) Refers(t audit.PrincipalType, why string) { d.referred.note(t, why) }

// outdate forgets everything that memberships and roles were read from.
func (d *hierarchy) outdate() {
	d.outdateLookups()
	for _, outdate := range d.alsoOutdate {
		outdate()
	}
	d.crawl.Outdate()
}

// OutdateMemberships forgets what was derived from a membership that changed.
// Lists of members are kept: own writes are laid over them.
func (d *hierarchy) OutdateMemberships(group, member audit.Ref) {
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
