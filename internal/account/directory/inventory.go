// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// inventoryCache is the listing of the account with the index of who holds
// which externalId. Own writes are laid over it, also over a listing that was
// under way while they were made.
type inventoryCache struct {
	cell once.Value[*Listing]

	mu      sync.Mutex
	written map[audit.Ref]ownWrite
	fields  map[fieldKey]ownWrite
}

// ownWrite is a principal as a write of this process left it.
type ownWrite struct {
	audit.Principal
	at time.Time
}

// writeShows is how long a listing may go on to show what was before a write
// (docs/reference/databricks-account-api.md 4.5). Of a listing that began later, an own write
// is no better news.
const writeShows = 2 * time.Minute

// Listing is one listing and its index. Guarded by inventoryCache.mu.
type Listing struct {
	audit.Inventory
	began    time.Time
	ended    time.Time
	turn     int64 // when it began, see turns
	position map[audit.Ref]int
	holders  map[string][]audit.Ref // canonical externalId -> principals
	named    map[string][]audit.Ref // by [nameKey]; built on first use
	overlaid map[audit.Ref]bool     // own writes that are in
	behind   map[audit.Ref]bool     // those that the account did not show
}

func newInventoryCache() *inventoryCache {
	return &inventoryCache{written: map[audit.Ref]ownWrite{}, fields: map[fieldKey]ownWrite{}}
}

// listed is the outcome of one list.
type listed struct {
	route      string
	principals []audit.Principal
	failure    *audit.Failure
	err        error
	began      time.Time
}

// Inventory lists every principal of the account. It is read once per client,
// whatever the number of callers, and own writes are kept in it.
//
// Requests: IAM v2, pages of 1,000; or account SCIM 2.1, pages of 100; the three
// lists at the same time. A list that cannot be read whole is a hole: its
// coverage is false, its failure says why, and what was read is there. The error
// is for accounts of which nothing can be read.
func (d *principals) Inventory(ctx context.Context) (audit.Inventory, error) {
	inv, err := d.Listing(ctx)
	if err != nil {
		return audit.Inventory{}, err
	}
	return d.Shown(inv), nil
}

// Shown is a copy of a listing with own writes in it.
func (d *principals) Shown(inv *Listing) audit.Inventory {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	out := inv.Inventory
	out.Principals = slices.Clone(inv.Principals)
	out.Failures = slices.Clone(inv.Failures)
	out.Route = make(map[audit.PrincipalType]string, len(inv.Route))
	for t, r := range inv.Route {
		out.Route[t] = r
	}
	return out
}

// Listing is [Directory.Inventory] with its index.
func (d *principals) Listing(ctx context.Context) (*Listing, error) {
	inv, err := d.inventory.cell.Get(ctx, d.listAll)
	if err != nil {
		return nil, fmt.Errorf("listing the principals of the account: %w", err)
	}
	return d.doubtEmpty(inv), nil
}

// references are the types of principals that something refers to, and what does.
type references struct {
	mu  sync.Mutex
	why map[audit.PrincipalType][]string
}

func (r *references) note(t audit.PrincipalType, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t == "" || slices.Contains(r.why[t], why) {
		return
	}
	if r.why == nil {
		r.why = map[audit.PrincipalType][]string{}
	}
	r.why[t] = append(r.why[t], why)
	slices.Sort(r.why[t])
}

func (r *references) to(t audit.PrincipalType) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.why[t])
}

// doubtEmpty makes a hole of a type of which no one was listed, although something
// that was read since refers to one.
func (d *principals) doubtEmpty(inv *Listing) *Listing {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	doubted := d.doubts(inv.Inventory)
	if len(doubted.Failures) == len(inv.Failures) {
		return inv
	}
	out := *inv
	out.Inventory = doubted
	return &out
}

func (d *principals) doubts(inv audit.Inventory) audit.Inventory {
	for _, t := range audit.PrincipalTypes() {
		why := d.referred.to(t)
		_, listed := slices.BinarySearchFunc(inv.Principals, t, func(p audit.Principal, t audit.PrincipalType) int { return cmp.Compare(p.Type.Order(), t.Order()) })
		if listed || len(why) == 0 || !inv.Coverage.Of(t) {
			continue
		}
		switch t {
		case audit.TypeUser:
			inv.Coverage.Users = false
		case audit.TypeGroup:
			inv.Coverage.Groups = false
		case audit.TypeServicePrincipal:
			inv.Coverage.ServicePrincipals = false
		}
		inv.Failures = append(slices.Clone(inv.Failures), audit.Failure{
			Call:   "list " + Plural(t),
			Reason: fmt.Sprintf("the list is empty, although there are %s: %s", Plural(t), strings.Join(why, ", ")),
		})
	}
	return inv
}

// ListingSince is a listing that began at a turn or later, for a decision about a
// write: shared by all who ask for one, and ended no longer ago than MaxListingAge.
func (d *principals) ListingSince(ctx context.Context, since int64) (*Listing, error) {
	for {
		d.inventory.cell.DropIf(func(inv *Listing) bool {
			return !inv.Since(since) || time.Since(inv.ended) > d.api.Config.MaxListingAge
		})
		// One that is under way may have begun too early.
		if inv, err := d.Listing(ctx); err != nil || inv.Since(since) {
			return inv, err
		}
	}
}

// Since reports whether the listing began at a turn or later.
func (inv *Listing) Since(turn int64) bool { return inv.turn >= turn }

// Behind reports whether a listing did not show what this process had written before.
func (d *principals) Behind(inv *Listing, ref audit.Ref) bool {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	return inv.behind[ref]
}

// Wrote is [inventoryCache.wrote].
func (d *principals) Wrote(p audit.Principal) {
	d.inventory.wrote(p)
	d.lookups.OutdateAll()
}

func (d *principals) listAll(ctx context.Context) (*Listing, error) {
	return d.listAround(ctx, nil, nil)
}

// listAround lists every type but those whose lists are known already. read gets
// each list that was read whole, as soon as it was; nil for none.
func (d *principals) listAround(ctx context.Context, known map[audit.PrincipalType]listed, read func(audit.PrincipalType, listed)) (*Listing, error) {
	begin, turn := time.Now(), d.Turns.Now()
	types := audit.PrincipalTypes()
	results := make([]listed, len(types))
	var wg sync.WaitGroup
	for i, t := range types {
		var is bool
		if results[i], is = known[t]; is {
			continue
		}
		wg.Go(func() {
			results[i] = d.withCaller(ctx, t, d.list(ctx, t))
			results[i].began = begin
			if read != nil && results[i].failure == nil {
				read(t, results[i])
			}
		})
	}
	wg.Wait()
	inv, err := newInventory(ctx, types, results)
	if err != nil {
		return nil, err
	}
	inv.turn, inv.ended = turn, time.Now()
	d.api.Log(ctx, "listed the principals of the account", map[string]any{
		"principals": len(inv.Principals), "holes": len(inv.Failures), "milliseconds": time.Since(begin).Milliseconds(),
	})
	return inv, nil
}

// newInventory puts lists together. The error is for accounts of which nothing
// could be read.
func newInventory(ctx context.Context, types []audit.PrincipalType, results []listed) (*Listing, error) {
	inv := &Listing{
		Inventory: audit.Inventory{Route: map[audit.PrincipalType]string{}},
		position:  map[audit.Ref]int{}, holders: map[string][]audit.Ref{}, overlaid: map[audit.Ref]bool{}, behind: map[audit.Ref]bool{},
	}
	var lost error
	read := 0
	for i, t := range types {
		r := results[i]
		if r.err != nil && api.IsLost(ctx, r.err) {
			return nil, r.err
		}
		if r.err != nil && lost == nil {
			lost = r.err
		}
		if r.err == nil || len(r.principals) > 0 {
			read++
		}
		if inv.began.IsZero() || r.began.Before(inv.began) {
			inv.began = r.began
		}
		inv.Principals = append(inv.Principals, r.principals...)
		inv.Route[t] = r.route
		if r.failure != nil {
			inv.Failures = append(inv.Failures, *r.failure)
		}
		switch t {
		case audit.TypeUser:
			inv.Coverage.Users = r.failure == nil
		case audit.TypeGroup:
			inv.Coverage.Groups = r.failure == nil
		case audit.TypeServicePrincipal:
			inv.Coverage.ServicePrincipals = r.failure == nil
		}
	}
	if read == 0 {
		return nil, lost
	}
	slices.SortFunc(inv.Principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	inv.index()
	return inv, nil
}

func (inv *Listing) index() {
	for i, p := range inv.Principals {
		inv.position[p.Ref] = i
		if p.ExternalID != "" {
			key := IDKey(p.ExternalID)
			inv.holders[key] = append(inv.holders[key], p.Ref)
		}
	}
}

// overlay brings own writes into a listing. The caller holds the lock.
func (ic *inventoryCache) overlay(inv *Listing) {
	for ref, w := range ic.written {
		if !inv.overlaid[ref] && w.at.Add(writeShows).After(inv.began) {
			i, listed := inv.position[ref]
			inv.behind[ref] = !listed || inv.Principals[i].ExternalID != w.ExternalID
			inv.put(w.Principal)
			inv.overlaid[ref] = true
		}
	}
	ic.overlayFields(inv)
}

// put replaces the externalId of a principal, or adds a principal that the
// listing does not have.
func (inv *Listing) put(p audit.Principal) {
	i, known := inv.position[p.Ref]
	if !known {
		at, _ := slices.BinarySearchFunc(inv.Principals, p, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
		inv.Principals = slices.Insert(inv.Principals, at, p)
		inv.position, inv.holders, inv.named = map[audit.Ref]int{}, map[string][]audit.Ref{}, nil
		inv.index()
		return
	}
	old := IDKey(inv.Principals[i].ExternalID)
	if rest := slices.DeleteFunc(inv.holders[old], func(r audit.Ref) bool { return r == p.Ref }); len(rest) > 0 {
		inv.holders[old] = rest
	} else {
		delete(inv.holders, old)
	}
	inv.Principals[i].ExternalID = p.ExternalID
	if p.ExternalID != "" {
		key := IDKey(p.ExternalID)
		inv.holders[key] = append(inv.holders[key], p.Ref)
	}
}

// wrote records an own write that was seen in the account.
func (ic *inventoryCache) wrote(p audit.Principal) {
	ic.mu.Lock()
	defer ic.mu.Unlock()
	ic.written[p.Ref] = ownWrite{p, time.Now()}
	ic.cell.Peek(func(inv *Listing) {
		inv.put(p)
		inv.overlaid[p.Ref] = true
	})
}

// latest brings an own write into a principal whose reading began at the given
// time.
func (ic *inventoryCache) latest(p audit.Principal, began time.Time) audit.Principal {
	ic.mu.Lock()
	defer ic.mu.Unlock()
	if w, ok := ic.written[p.Ref]; ok && w.at.Add(writeShows).After(began) {
		p.ExternalID = w.ExternalID
	}
	for key, w := range ic.fields {
		if key.ref == p.Ref && w.at.Add(writeShows).After(began) {
			key.bring(&p, &w.Principal)
		}
	}
	return p
}

// Lookup gives the listed principal with that id, of whichever of the types.
func (d *principals) Lookup(inv *Listing, id string, types ...audit.PrincipalType) (audit.Principal, bool) {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	for _, t := range types {
		if i, ok := inv.position[audit.Ref{Type: t, ID: id}]; ok {
			return inv.Principals[i], true
		}
	}
	return audit.Principal{}, false
}

// Holders are the principals other than except that hold an externalId, sorted;
// ids are compared as [audit.SameExternalID] does. The error is an
// [*api.IncompleteError] when not every principal of the account is known, because
// a holder could be among the others.
func (d *principals) Holders(ctx context.Context, externalID string, except audit.Ref) ([]audit.Principal, error) {
	if externalID == "" {
		return nil, nil
	}
	inv, err := d.Listing(ctx)
	if err != nil {
		return nil, err
	}
	return d.HoldersIn(inv, externalID, except)
}

// HoldersIn is [Directory.Holders] by a listing.
func (d *principals) HoldersIn(inv *Listing, externalID string, except audit.Ref) ([]audit.Principal, error) {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	if !inv.Coverage.All() {
		return nil, &api.IncompleteError{
			Need: "Finding out whether another principal holds an externalId", Failures: slices.Clone(inv.Failures),
		}
	}
	var out []audit.Principal
	for _, ref := range inv.holders[IDKey(externalID)] {
		if ref != except {
			out = append(out, inv.Principals[inv.position[ref]])
		}
	}
	slices.SortFunc(out, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return out, nil
}

// FewerPages reports whether the pages of account SCIM for a type are known to be
// fewer than n.
func (d *principals) FewerPages(t audit.PrincipalType, n int) bool {
	inv, listed := d.listedInventory()
	if !listed {
		return false
	}
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	size := 0
	for i := range inv.Principals {
		if inv.Principals[i].Type == t {
			size++
		}
	}
	return (size+api.SCIMPage-1)/api.SCIMPage < n
}
