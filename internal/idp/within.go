// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"slices"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Within reports which of some users and service principals an identity of the IdP is, by
// externalId or by name, or has in it at any depth, if it is a group. unknown is why there
// may be more; those that were seen are certain all the same. It is for sources that read
// a directory.
func Within(ctx context.Context, source Source, id audit.Identity, some []audit.Principal) (within []audit.Ref, unknown string) {
	// Two ways lead to a principal: the id that it has, and the identities that have its
	// name, to which Databricks may link it any day.
	var asked []audit.Principal
	for _, p := range some {
		if p.Type == id.Type || id.Type == audit.TypeGroup && !(p.Type == audit.TypeServicePrincipal && source.Capabilities().GroupsHoldUsersOnly) {
			asked = append(asked, p)
		}
	}
	if len(asked) == 0 {
		return nil, ""
	}
	slices.SortFunc(asked, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	known, err := source.Match(ctx, Request{Principals: asked})
	if err != nil {
		return nil, err.Error()
	}
	var (
		members []audit.Member // one for each id of each principal
		whose   []audit.Ref
	)
	for i := range known.Matches {
		m := &known.Matches[i]
		if m.Unknown != "" {
			unknown = m.Unknown
		}
		ids := []string{m.Principal.ExternalID}
		for _, named := range slices.Concat(m.ByName, m.NearName) {
			ids = append(ids, named.ExternalID)
		}
		for _, one := range ids {
			if one == "" {
				continue
			}
			if audit.SameExternalID(one, id.ExternalID) {
				within = append(within, m.Principal.Ref)
			}
			whose = append(whose, m.Principal.Ref)
			members = append(members, audit.Member{Ref: audit.Ref{Type: m.Principal.Type, ID: strconv.Itoa(len(whose))}, ExternalID: one})
		}
	}
	if id.Type == audit.TypeGroup && !id.Deleted && len(members) > 0 {
		inGroup, why := membersOf(ctx, source, id, members)
		if why != "" {
			unknown = why
		}
		for i, ref := range whose {
			if inGroup[members[i].ID] {
				within = append(within, ref)
			}
		}
	}
	slices.SortFunc(within, audit.CompareRefs)
	return slices.Compact(within), unknown
}

// membersOf reports which members a group of the IdP confirms: it is asked as if a group of
// the account with these members were linked to it.
func membersOf(ctx context.Context, source Source, id audit.Identity, members []audit.Member) (in map[string]bool, unknown string) {
	group := audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: "0"}, Name: id.DisplayName, ExternalID: id.ExternalID}
	answer, err := source.Match(ctx, Request{
		Principals: []audit.Principal{group}, Membership: MembershipTransitive,
		Members: func(context.Context, string) ([]audit.Member, error) { return slices.Clone(members), nil },
	})
	if err != nil {
		return nil, err.Error()
	}
	m := &answer.Matches[0]
	switch {
	case m.Unknown != "":
		return nil, m.Unknown
	case m.ByExternalID == nil || m.Members == nil:
		return nil, "the identity provider did not return the members of the group " + id.ExternalID
	case m.Members.Unknown != "":
		return nil, m.Members.Unknown
	}
	in = map[string]bool{}
	for _, member := range members {
		in[member.ID] = true
	}
	for _, ref := range slices.Concat(m.Members.Local, m.Members.External) {
		delete(in, ref.ID)
	}
	return in, ""
}
