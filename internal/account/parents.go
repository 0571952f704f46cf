// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
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

// toldParents asks IAM v2 for the groups above a principal, once per client. A
// principal that is missing is an error, and no reason to do without IAM v2. With
// an error the ids are what came before it.
func (c *Client) toldParents(ctx context.Context, ref audit.Ref) (parentsRead, error) {
	return c.power.parents.get(ctx, ref, func(ctx context.Context) (parentsRead, error) {
		const family = "transitive-parent-groups"
		read := parentsRead{began: time.Now()}
		if !c.useIAMv2(family) || !c.useIAMv2("list "+string(audit.TypeGroup)) {
			return read, nil
		}
		var (
			e   *APIError
			err error
		)
		read.ids, err = c.parentsIAMv2(ctx, ref.ID)
		switch {
		case err == nil:
			read.told = true
		case errors.As(err, &e) && e.explicit404:
		case c.fallBack(ctx, family, err):
			return parentsRead{began: read.began}, nil
		}
		return read, err
	})
}

func (c *Client) parentsIAMv2(ctx context.Context, id string) ([]string, error) {
	type parent struct {
		GroupID text `json:"group_id"`
	}
	var out []string
	err := tokenPages(ctx, c, c.iamPath("principals", id, "transitive-parent-groups"), "transitive_parent_groups", func(p *parent) error {
		if p.GroupID == "" {
			return errors.New("a parent group without group_id")
		}
		if string(p.GroupID) != id {
			out = append(out, string(p.GroupID))
		}
		return nil
	})
	slices.SortFunc(out, audit.CompareIDs)
	return slices.Compact(out), err
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
