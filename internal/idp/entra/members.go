// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

const (
	readMembers = "GroupMember.Read.All"
	readHidden  = "Member.Read.Hidden"
)

// memberRows reads the direct members of groups from /beta in batches of 20, by id;
// why has the reason for each group whose members could not be read. v1.0 leaves out
// service principals (idp-apis, section 3.3), and what transitiveMembers does with them
// is not known, so nesting is walked.
func (r *reader) memberRows(ctx context.Context, groups []string) (rows map[string][]graphObject, why map[string]string, err error) {
	if err := r.readVisibility(ctx, groups); err != nil {
		return nil, nil, err
	}
	rows, why = make(map[string][]graphObject, len(groups)), map[string]string{}
	urls, byURL := make([]string, 0, len(groups)), make(map[string]string, len(groups))
	for _, id := range groups {
		if hides := r.hiding(id); hides != "" {
			why[id] = hides // Whatever Graph says: it need not be asked.
			continue
		}
		u := "/groups/" + url.PathEscape(id) + "/members" + query("$select", "id", "$top", strconv.Itoa(graphPage))
		urls, byURL[u] = append(urls, u), id
	}
	found, failed, err := r.batchRows(ctx, "beta", urls)
	if err != nil {
		return nil, nil, err
	}
	for u, list := range found {
		rows[byURL[u]] = list
	}
	for u, err := range failed {
		why[byURL[u]] = explain(err, r.membersPermission(byURL[u]))
	}
	return rows, why, nil
}

// fetchMembers fills the directory's nodes of groups.
func (r *reader) fetchMembers(ctx context.Context, groups []string) error {
	found, why, err := r.memberRows(ctx, groups)
	if err != nil {
		return err
	}
	for id, rows := range found {
		node := directory.NewNode(len(rows))
		for _, o := range rows {
			if o.ODataType == "" {
				node.Below = directory.Smaller(node.Below, fmt.Sprintf(
					"Microsoft Graph does not say what the member %s of group %s is, so its members are unknown", o.ID, id))
			}
			switch strings.ToLower(o.ODataType) {
			case "#microsoft.graph.device", "#microsoft.graph.orgcontact":
				node.AddOther(o.ID)
			default:
				node.Add(o.ID, strings.EqualFold(o.ODataType, "#microsoft.graph.group"))
			}
		}
		r.d.Nodes[id] = node
	}
	for id, reason := range why {
		r.d.Nodes[id] = &directory.Node{Unknown: reason}
	}
	return nil
}

// hiding is why the members of a group that Graph listed cannot be believed:
// without the permission it answers for a group that hides them with an empty
// or a short list, which looks like a fact.
func (r *reader) hiding(id string) string {
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

func (r *reader) membersPermission(id string) string {
	if r.hidden[id] {
		return readHidden
	}
	return readMembers
}

// readVisibility reads nested groups that were not met yet, because only their
// visibility reports whether their members can be believed. With the permission
// for hidden members it returns nothing.
func (r *reader) readVisibility(ctx context.Context, groups []string) error {
	if r.creds.may(readHidden) {
		return nil
	}
	var unknown []string
	for _, id := range groups {
		if _, read := r.hidden[id]; !read {
			unknown = append(unknown, id)
		}
	}
	for _, t := range objectTypes() {
		if t.t == audit.TypeGroup && len(unknown) > 0 {
			return r.readDetails(ctx, t, unknown)
		}
	}
	return nil
}
