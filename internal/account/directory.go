// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

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

	inventory    *inventoryCache // own writes go here
	referred     references
	toldAny      atomic.Bool      // IAM v2 has told the members of a group
	parentsSeen  atomic.Bool      // IAM v2 has named a group above somebody
	parentsProof once.Value[bool] // see parentsAnswer
	workspaces   once.Value[[]audit.Workspace]
	told         once.Map[string, membersRead] // members as IAM v2 tells them
	members      once.Map[string, membersRead]
	edges        *edges       // memberships that are being written, and own writes
	turns        *turns       // of writes and listings
	singleGets   atomic.Int64 // see Known
	caller       once.Value[audit.Principal]

	// The next are outdated together, see outdateLookups.
	resources   once.Map[audit.Ref, *scimResource]
	parents     once.Map[audit.Ref, parentsRead]
	roles       once.Map[audit.PrincipalType, *rolesList]
	assignments once.Map[string, map[string][]string] // levels by principal, of one workspace
	// entitlements are those of assignments, by workspace/principal.
	entitlements once.Map[string, []string]

	crawl   once.Value[*crawl]
	renewed once.Set[audit.Ref] // see graphByCrawl
	// alsoOutdate outdates what others derive from these; never nil.
	alsoOutdate func()
}

func newDirectory(a *api.Conn) *Directory {
	return &Directory{api: a, inventory: newInventoryCache(), edges: newEdges(), turns: &turns{}, alsoOutdate: func() {}}
}

// outdateLookups forgets what was read for one principal or workspace at a time.
func (d *Directory) outdateLookups() {
	d.resources.OutdateAll()
	d.parents.OutdateAll()
	d.assignments.OutdateAll()
	d.entitlements.OutdateAll()
	d.roles.OutdateAll()
}

// onOutdate has outdate called with what memberships and roles were read from.
func (d *Directory) onOutdate(outdate func()) { d.alsoOutdate = outdate }

// dropOldCrawl forgets a crawl that is too old to decide about a write. It may take
// longer than that itself, so that its age counts from its end.
func (d *Directory) dropOldCrawl() {
	d.crawl.DropIf(func(all *crawl) bool { return time.Since(all.ended) > d.api.Config.MaxListingAge })
}

// outdateParents forgets the groups above a principal.
func (d *Directory) outdateParents(ref audit.Ref) { d.parents.Outdate(ref) }

// refers notes that something which was read refers to a principal of a type.
func (d *Directory) refers(t audit.PrincipalType, why string) { d.referred.note(t, why) }

// outdate forgets everything that memberships and roles were read from.
func (d *Directory) outdate() {
	d.outdateLookups()
	d.alsoOutdate()
	d.crawl.Outdate()
}

// outdateMemberships forgets what was derived from a membership that changed.
// Lists of members are kept: own writes are laid over them.
func (d *Directory) outdateMemberships(group, member audit.Ref) {
	d.crawl.Outdate()
	d.resources.Outdate(group)
	if member.Type == audit.TypeGroup {
		d.parents.OutdateAll()
		return
	}
	d.parents.Outdate(member)
}

// turns number the steps of a client's writes, so that a reading can be told to be
// newer than one of them: clocks are too coarse for that.
type turns struct{ n atomic.Int64 }

func (t *turns) next() int64 { return t.n.Add(1) }

func (t *turns) now() int64 { return t.n.Load() }

// lastTurn is for a look that takes in every write of this process.
const lastTurn = math.MaxInt64
