// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

const (
	readMembers = "GroupMember.Read.All"
	readHidden  = "Member.Read.Hidden"
)

// fetchMembers reads the direct members of groups from /beta in batches of 20.
// v1.0 leaves out service principals (idp-apis, section 3.3), and what
// transitiveMembers does with them is not known, so nesting is walked.
func (r *entraReader) fetchMembers(ctx context.Context, groups []string) error {
	if err := r.readVisibility(ctx, groups); err != nil {
		return err
	}
	urls := make([]string, len(groups))
	for i, id := range groups {
		urls[i] = "/groups/" + url.PathEscape(id) + "/members" + query("$select", "id", "$top", strconv.Itoa(graphPage))
	}
	parts, err := r.graph.batch(ctx, "beta", urls)
	if err != nil {
		return err
	}
	// Most groups fit one page; the others page on by themselves.
	nodes := make([]*groupNode, len(groups))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(r.graph.batches)
	for i, p := range parts {
		group.Go(func() error {
			node := newGroupNode(0)
			nodes[i] = node
			err := rowsOf(inner, r.graph, p, func(rows []graphObject) {
				for _, o := range rows {
					node.add(o.ID, strings.EqualFold(o.ODataType, "#microsoft.graph.group"))
				}
			})
			if endsAll(inner, err) {
				return err
			}
			if err != nil {
				*node = groupNode{unknown: explain(err, r.membersPermission(groups[i]))}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, id := range groups {
		if nodes[i].unknown == "" {
			nodes[i].unknown = r.hiding(id)
		}
		r.d.nodes[id] = nodes[i]
	}
	return nil
}

// hiding is why the members of a group that Graph listed cannot be believed:
// without the permission it answers for a group that hides them with an empty
// or a short list, which looks like a fact.
func (r *entraReader) hiding(id string) string {
	hides, read := r.hidden[id]
	switch {
	case r.creds.may(readHidden) || read && !hides:
		return ""
	case !read:
		return fmt.Sprintf("whether group %s hides its members could not be read", id)
	default:
		return fmt.Sprintf("group %s hides its members: grant the application permission %s "+
			"(with admin consent) to the app that reads Entra ID", id, readHidden)
	}
}

func (r *entraReader) membersPermission(id string) string {
	if r.hidden[id] {
		return readHidden
	}
	return readMembers
}

// readVisibility reads nested groups that were not met yet, because only their
// visibility tells whether their members can be believed. With the permission
// for hidden members it tells nothing.
func (r *entraReader) readVisibility(ctx context.Context, groups []string) error {
	if r.creds.may(readHidden) {
		return nil
	}
	var unknown []string
	for _, id := range groups {
		if _, read := r.hidden[id]; !read {
			unknown = append(unknown, id)
		}
	}
	for _, t := range entraTypes() {
		if t.t == audit.TypeGroup && len(unknown) > 0 {
			return r.readDetails(ctx, t, unknown)
		}
	}
	return nil
}
