// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// parentsRead is one reading of the groups above a principal.
type parentsRead struct {
	began time.Time
	ids   []string // at any depth, sorted, without the principal itself
	// fromIAMv2 is true when IAM v2 returned them; else account SCIM is to be crawled.
	fromIAMv2 bool
}

// FamilyParents are the calls of IAM v2 that return the groups above a principal.
const FamilyParents = "transitive-parent-groups"

// keptIAMParents asks IAM v2 for the groups above a principal, once per client. A
// principal that is missing is an error, and no reason to do without IAM v2. With
// an error the ids are what came before it.
func (d *hierarchy) keptIAMParents(ctx context.Context, ref audit.Ref) (parentsRead, error) {
	return d.parents.Get(ctx, ref, func(ctx context.Context) (parentsRead, error) {
		const family = FamilyParents
		read := parentsRead{began: time.Now()}
		if !d.api.UseIAMv2(family) || !d.api.UseIAMv2("list "+string(audit.TypeGroup)) {
			return read, nil
		}
		var (
			err error
		)
		var shown bool
		read.ids, shown, err = d.parentsIAMv2(ctx, ref.ID)
		switch {
		case err == nil && len(read.ids) == 0:
			read.fromIAMv2 = true
			if err = d.reallyNone(ctx, ref); err == nil && !shown {
				err = d.parentsAnswer(ctx)
			}
			return read, err
		case err == nil:
			read.fromIAMv2 = true
		case api.IsMissing(err):
		case api.StatusOf(err) == http.StatusForbidden && d.api.Config.IdentityAPI == api.IdentityAuto:
			// One principal that is forbidden says nothing of the others.
			return parentsRead{began: read.began}, nil
		case d.api.FallBack(ctx, family, err):
			return parentsRead{began: read.began}, nil
		}
		return read, err
	})
}

// reallyNone is an error where IAM v2 names no group above a principal, although
// account SCIM shows one. IAM v2 leaves empty lists out of its answers, so that no
// group cannot be distinguished from a list under another name: see listAgain. The groups of
// users and service principals in account SCIM are unofficial
// (docs/reference/databricks-account-api.md 4.1), so that their absence says nothing.
func (d *hierarchy) reallyNone(ctx context.Context, ref audit.Ref) error {
	if ref.Type == audit.TypeGroup {
		return nil // Account SCIM shows none for groups.
	}
	r, err := d.withGroups(ctx, ref)
	if errors.Is(err, api.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("IAM v2 names no group, and account SCIM could not be asked whether that is so: %w", err)
	}
	removed := map[string]bool{} // by this process; account SCIM may not show it yet
	for _, e := range d.Edges.confirmedFor(r.began, false) {
		removed[e.Group] = removed[e.Group] || e.Member == ref.ID
	}
	var shown []string
	for _, g := range r.Groups {
		if g.Value != "" && !removed[string(g.Value)] && !audit.IsSystemGroup(audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup}, Name: g.Display}) {
			shown = append(shown, "group/"+string(g.Value))
		}
	}
	if len(shown) == 0 {
		return nil
	}
	return fmt.Errorf("IAM v2 names no group, and account SCIM shows %s. Right after a change one of them may be behind: "+
		"read again in a minute. If it stays so, set identity_api = \"scim\"", api.Summary(shown))
}

// withGroups is a user or service principal with the groups that account SCIM
// shows, from the list with roles where that was read and shows groups.
func (d *hierarchy) withGroups(ctx context.Context, ref audit.Ref) (*SCIMResource, error) {
	var listed *SCIMResource
	d.roles.Peek(ref.Type, func(list *RolesList) {
		if list.showsGroups {
			listed = list.ByID[ref.ID]
		}
	})
	if listed != nil {
		return listed, nil
	}
	return d.Resource(ctx, ref)
}

// parentPage is a page of the groups above a principal.
type parentPage struct {
	api.PageEnd

	Groups []struct {
		GroupID api.Text `json:"group_id"`
	} `json:"transitive_parent_groups"`
}

func (d *reader) parentsIAMv2(ctx context.Context, id string) (ids []string, shown bool, err error) {
	list := d.api.IAMList("principals", id, FamilyParents)
	shown, err = api.TokenPages(ctx, d.api, list, "transitive_parent_groups", nil, func(page *parentPage) (int, error) {
		for _, p := range page.Groups {
			if p.GroupID == "" {
				return 0, errors.New("a parent group without group_id")
			}
			if string(p.GroupID) != id {
				ids = append(ids, string(p.GroupID))
			}
		}
		return api.SizeOf(page.Groups), nil
	})
	slices.SortFunc(ids, audit.CompareIDs)
	ids = slices.Compact(ids)
	if err == nil && len(ids) > 0 {
		d.parentsSeen.Store(true)
	}
	return ids, shown, err
}

// parentsAnswer is nil where IAM v2 is known to return the groups above someone: an
// answer {} is an empty list then, and else may be anything. A principal found to be
// a member of a group is asked for, once per client; where no one is a member of any
// group, no one has a group above.
func (d *hierarchy) parentsAnswer(ctx context.Context) error {
	_, err := d.parentsProof.Get(ctx, func(ctx context.Context) (bool, error) {
		if d.parentsSeen.Load() {
			return true, nil
		}
		// Read for something else; it may be gone, which says nothing.
		if e := d.someMember.Load(); e != nil && d.namesAbove(ctx, audit.Ref{Type: audit.TypeGroup, ID: e.Group}, audit.Ref{ID: e.Member}) == nil {
			return true, nil
		}
		const most = 100
		groups, whole := d.someOf(ctx, audit.TypeGroup)
		asked := 0
		for _, p := range groups {
			if asked++; asked > most {
				whole = false
				break
			}
			read, err := d.keptIAMMembers(ctx, p.ID)
			switch {
			case err != nil && api.IsLost(ctx, err):
				return false, err
			case err != nil || !read.FromIAMv2:
				whole = false
			case len(read.List) > 0:
				if shown, err := d.shownAbove(ctx, p.Ref, read.List); shown || err != nil {
					return shown, err
				}
			}
		}
		for _, p := range groups {
			if !whole || d.reallyEmpty(ctx, p.ID) == nil {
				continue
			}
			if shown, err := d.shownAbove(ctx, p.Ref, nil); shown || err != nil {
				return shown, err
			}
			whole = false
		}
		if !whole {
			return false, errors.New("IAM v2 answers {} where it should name groups above a principal, " +
				"and no membership could be read that would show whether it names any")
		}
		return true, nil
	})
	return err
}

// shownAbove reports whether IAM v2 names the group above a member that was read or, where
// that one does not show it, above one that is there now: someone else may have removed or
// added some since. Without a member nothing is shown; the error is a contradiction.
func (d *hierarchy) shownAbove(ctx context.Context, group audit.Ref, read []audit.Member) (bool, error) {
	if len(read) > 0 && d.namesAbove(ctx, group, read[0].Ref) == nil {
		return true, nil
	}
	now, err := d.membersIAMv2(ctx, group.ID)
	if err != nil || len(now) == 0 {
		return false, err
	}
	err = d.namesAbove(ctx, group, now[0].Ref)
	return err == nil, err
}

// namesAbove is an error unless IAM v2 names the group above one of its members.
func (d *hierarchy) namesAbove(ctx context.Context, group, member audit.Ref) error {
	above, _, err := d.parentsIAMv2(ctx, member.ID)
	if err == nil && !slices.Contains(above, group.ID) {
		err = fmt.Errorf("%s is a member of it", member)
	}
	if err != nil {
		return fmt.Errorf("IAM v2 answers {} where it should name groups above a principal, and does not name %s, although %w", group, err)
	}
	return nil
}

// Closure walks up; cycles end.
func Closure(parents map[string][]string, id string) []string {
	seen := map[string]bool{id: true}
	var out []string
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for _, p := range parents[queue[0]] {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
				queue = append(queue, p)
			}
		}
	}
	slices.SortFunc(out, audit.CompareIDs)
	return out
}

// groupsAbove are the ids of every group that a principal is in, at any depth,
// sorted. With an error they are those that could be seen.
func (d *hierarchy) groupsAbove(ctx context.Context, ref audit.Ref) ([]string, error) {
	if read, err := d.keptIAMParents(ctx, ref); err != nil || read.fromIAMv2 {
		return read.ids, err
	}
	all, err := d.crawled(ctx)
	if err != nil {
		return nil, err
	}
	if err := all.hole(); err != nil {
		d.crawl.DropIf(func(kept *crawl) bool { return kept == all }) // Who asks next tries again.
		return nil, err
	}
	above := Closure(all.parents, ref.ID)
	if d.api.Config.HiddenMemberships {
		return above, ErrHiddenMemberships
	}
	return above, d.maybeHidden(ctx, ref, above)
}

// maybeHidden is an error where AIM, if it is on, could hide memberships: of
// what is linked to the IdP, since nothing else has any there.
func (d *hierarchy) maybeHidden(ctx context.Context, ref audit.Ref, above []string) error {
	if !d.api.Config.MaybeHiddenMemberships {
		return nil
	}
	refs := []audit.Ref{ref}
	for _, id := range above {
		refs = append(refs, audit.Ref{Type: audit.TypeGroup, ID: id})
	}
	for _, r := range refs {
		p, err := d.Resource(ctx, r)
		if err != nil {
			return err
		}
		if p.ExternalID != "" {
			return fmt.Errorf("%s is linked to the identity provider: %w", r, errMaybeHidden)
		}
	}
	return nil
}

var errMaybeHidden = errors.New("if automatic identity management is on, account SCIM does not show the memberships that come from " +
	"there, and IAM v2, which shows them, is not available. Set automatic_identity_management")

// ErrHiddenMemberships marks groups above a principal that are some, but not
// surely all (docs/reference/databricks-account-api.md 4.2: SCIM does not return memberships
// that AIM resolves from the IdP).
var ErrHiddenMemberships = errors.New("account SCIM does not show the memberships that come from the identity provider while " +
	"automatic identity management is on, and IAM v2, which shows them, is not available")

// Above are the groups that a principal is in, at any depth, as [groupsAbove]
// gives them and with the additions of this process that began before a turn:
// the account may not show them yet. With an error they are those that could be
// seen.
func (d *hierarchy) Above(ctx context.Context, ref audit.Ref, turn int64) ([]string, error) {
	ids, err := d.groupsAbove(ctx, ref)
	return d.withAdded(ctx, ref, ids, err, slices.Collect(maps.Keys(d.Edges.Before(turn, true))))
}

// withAdded are the groups above a principal, and those that added memberships
// lead to, sorted. err is why the former may be more; it is in the error with
// whatever keeps the latter from being read.
func (d *hierarchy) withAdded(ctx context.Context, ref audit.Ref, ids []string, err error, added []Edge) ([]string, error) {
	failed := []error{err}
	seen := map[string]bool{ref.ID: true}
	for _, id := range ids {
		seen[id] = true
	}
	for grown := true; grown; {
		grown = false
		for _, e := range added {
			if !seen[e.Member] || seen[e.Group] {
				continue
			}
			grown, seen[e.Group] = true, true
			more, err := d.groupsAbove(ctx, audit.Ref{Type: audit.TypeGroup, ID: e.Group})
			failed = append(failed, err)
			for _, id := range more {
				seen[id] = true
			}
		}
	}
	delete(seen, ref.ID)
	return slices.SortedFunc(maps.Keys(seen), audit.CompareIDs), errors.Join(failed...)
}

// AIM is what the configuration says of automatic identity management.
func (d *reader) AIM() audit.AIMState {
	switch {
	case d.api.Config.HiddenMemberships:
		return audit.AIMOn
	case d.api.Config.MaybeHiddenMemberships:
		return audit.AIMUnknown
	default:
		return audit.AIMOff
	}
}

// hidden is why account SCIM may not show memberships; "" when it shows all (R10).
func (d *reader) hidden() string {
	switch {
	case d.api.Config.HiddenMemberships:
		return ErrHiddenMemberships.Error()
	case d.api.Config.MaybeHiddenMemberships:
		return errMaybeHidden.Error()
	default:
		return ""
	}
}
