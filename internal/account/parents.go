// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// parentsRead is one reading of the groups above a principal.
type parentsRead struct {
	began time.Time
	ids   []string // at any depth, sorted, without the principal itself
	// told is true when IAM v2 told them; else account SCIM is to be crawled.
	told bool
}

// familyParents are the calls of IAM v2 that tell the groups above a principal.
const familyParents = "transitive-parent-groups"

// toldParents asks IAM v2 for the groups above a principal, once per client. A
// principal that is missing is an error, and no reason to do without IAM v2. With
// an error the ids are what came before it.
func (d *Directory) toldParents(ctx context.Context, ref audit.Ref) (parentsRead, error) {
	return d.parents.get(ctx, ref, func(ctx context.Context) (parentsRead, error) {
		const family = familyParents
		read := parentsRead{began: time.Now()}
		if !d.api.useIAMv2(family) || !d.api.useIAMv2("list "+string(audit.TypeGroup)) {
			return read, nil
		}
		var (
			e   *APIError
			err error
		)
		var shown bool
		read.ids, shown, err = d.parentsIAMv2(ctx, ref.ID)
		switch {
		case err == nil && len(read.ids) == 0:
			read.told = true
			if err = d.reallyNone(ctx, ref); err == nil && !shown {
				err = d.parentsAnswer(ctx)
			}
			return read, err
		case err == nil:
			read.told = true
		case errors.As(err, &e) && e.explicit404:
		case statusOf(err) == http.StatusForbidden && d.api.cfg.IdentityAPI == identityAuto:
			// One principal that is forbidden says nothing of the others.
			return parentsRead{began: read.began}, nil
		case d.api.fallBack(ctx, family, err):
			return parentsRead{began: read.began}, nil
		}
		return read, err
	})
}

// reallyNone is an error where IAM v2 names no group above a principal, although
// account SCIM shows one. IAM v2 leaves empty lists out of its answers, so that no
// group cannot be told from a list under another name: see listAgain. The groups of
// users and service principals in account SCIM are unofficial
// (docs/reference/databricks-account-api.md 4.1), so that their absence says nothing.
func (d *Directory) reallyNone(ctx context.Context, ref audit.Ref) error {
	if ref.Type == audit.TypeGroup {
		return nil // Account SCIM shows none for groups.
	}
	r, err := d.withGroups(ctx, ref)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("IAM v2 names no group, and account SCIM could not be asked whether that is so: %w", err)
	}
	removed := map[string]bool{} // by this process; account SCIM may not show it yet
	for _, e := range d.edges.confirmedFor(r.began, false) {
		removed[e.group] = removed[e.group] || e.member == ref.ID
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
		"read again in a minute. If it stays so, set identity_api = \"scim\"", summary(shown))
}

// withGroups is a user or service principal with the groups that account SCIM
// shows, from the list with roles where that was read and shows groups.
func (d *Directory) withGroups(ctx context.Context, ref audit.Ref) (*scimResource, error) {
	var listed *scimResource
	d.roles.peek(ref.Type, func(list *rolesList) {
		if list.showsGroups {
			listed = list.byID[ref.ID]
		}
	})
	if listed != nil {
		return listed, nil
	}
	return d.resource(ctx, ref)
}

// parentPage is a page of the groups above a principal.
type parentPage struct {
	pageEnd

	Groups []struct {
		GroupID text `json:"group_id"`
	} `json:"transitive_parent_groups"`
}

func (d *Directory) parentsIAMv2(ctx context.Context, id string) (ids []string, shown bool, err error) {
	list := d.api.iamList("principals", id, familyParents)
	shown, err = tokenPages(ctx, d.api, list, "transitive_parent_groups", nil, func(page *parentPage) (int, error) {
		for _, p := range page.Groups {
			if p.GroupID == "" {
				return 0, errors.New("a parent group without group_id")
			}
			if string(p.GroupID) != id {
				ids = append(ids, string(p.GroupID))
			}
		}
		return sizeOf(page.Groups), nil
	})
	slices.SortFunc(ids, audit.CompareIDs)
	ids = slices.Compact(ids)
	if err == nil && len(ids) > 0 {
		d.parentsSeen.set()
	}
	return ids, shown, err
}

// parentsAnswer is nil where IAM v2 is known to tell the groups above somebody: an
// answer {} is an empty list then, and else may be anything. Whoever is found to be
// a member of a group is asked for, once per client; where nobody is a member of any
// group, nobody has a group above.
func (d *Directory) parentsAnswer(ctx context.Context) error {
	_, err := d.parentsProof.get(ctx, func(ctx context.Context) (bool, error) {
		if d.parentsSeen.get() {
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
			read, err := d.toldMembers(ctx, p.ID)
			switch {
			case err != nil && isLost(ctx, err):
				return false, err
			case err != nil || !read.told:
				whole = false
			case len(read.list) > 0:
				above, _, err := d.parentsIAMv2(ctx, read.list[0].ID)
				if err == nil && !slices.Contains(above, p.ID) {
					err = fmt.Errorf("%s is a member of it", read.list[0].Ref)
				}
				if err != nil {
					return false, fmt.Errorf("IAM v2 answers {} where it should name groups above a principal, and does not name %s, although %w",
						p.Ref, err)
				}
				return true, nil
			}
		}
		for _, p := range groups {
			if whole {
				whole = d.reallyEmpty(ctx, p.ID) == nil
			}
		}
		if !whole {
			return false, errors.New("IAM v2 answers {} where it should name groups above a principal, " +
				"and no membership could be read that would show whether it names any")
		}
		return true, nil
	})
	return err
}

// closure walks up; cycles end.
func closure(parents map[string][]string, id string) []string {
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
