// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// Calls as they are named in [audit.Failure].
const (
	callMembers    = "list group members"
	callListUsers  = "list IdP users"
	callListGroups = "list IdP groups"
	callListSPs    = "list IdP service principals"
	CallIDPMembers = "list IdP group members"
)

// Result matches every principal and then the members of linked groups.
func (d *Index) Result(ctx context.Context, req idp.Request, fetch fetchNodes) (idp.Result, error) {
	matches, err := d.matchAll(ctx, req.Principals)
	if err != nil {
		return idp.Result{}, err
	}
	out := idp.Result{Matches: matches}
	members := memberAudit{d: d, req: req, matches: out.Matches, fetch: fetch}
	if out.Failures, err = members.run(ctx); err != nil {
		return idp.Result{}, err
	}
	for _, t := range audit.PrincipalTypes() {
		if why := d.Unread[t]; why != "" && AsksFor(req, t) {
			out.Failures = append(out.Failures, audit.Failure{Type: t, Call: listCall(t), Reason: why})
		}
	}
	for _, p := range req.Principals {
		if h, in := d.holeOf(p); in && d.Unread[p.Type] == "" {
			out.Failures = append(out.Failures, audit.Failure{Type: p.Type, ID: p.ID, Call: h.call, Reason: h.why})
		}
	}
	out.Failures = idp.SortFailures(out.Failures)
	return out, nil
}

// AsksFor reports whether the request holds a principal of a type.
func AsksFor(req idp.Request, t audit.PrincipalType) bool {
	for _, p := range req.Principals {
		if p.Type == t {
			return true
		}
	}
	return false
}

func listCall(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return callListUsers
	case audit.TypeGroup:
		return callListGroups
	default:
		return callListSPs
	}
}
