// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// matchKinds are the path segments of matchWithIdp. They are camelCase in the
// prep script of August 2026; whether another form exists is not known
// (docs/reference/databricks-account-api.md 6).
var matchKinds = map[audit.PrincipalType]string{
	audit.TypeUser:             "users",
	audit.TypeGroup:            "groups",
	audit.TypeServicePrincipal: "servicePrincipals",
}

const matchVerb = "matchWithIdp"

// matchIdentity is one identity in an answer; the fields that a kind does not
// have stay empty.
type matchIdentity struct {
	InternalID    api.Text `json:"internal_id"`
	ExternalID    api.Text `json:"external_id"`
	Username      api.Text `json:"username"`
	GroupName     api.Text `json:"group_name"`
	ApplicationID api.Text `json:"application_id"`

	// some is true where the answer has any key at all: to the prep script only
	// null, a missing object and {} are "no match" (prep-script-contract 3), and
	// a match whose name is null is a match of another name.
	some bool
}

func (m *matchIdentity) UnmarshalJSON(raw []byte) error {
	type fields matchIdentity
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, (*fields)(m)); err != nil {
		return err
	}
	m.some = len(keys) > 0
	return nil
}

// matchReply has the keys of all three kinds; null and {} mean "no match".
type matchReply struct {
	User             *matchIdentity `json:"databricks_user"`
	Group            *matchIdentity `json:"databricks_group"`
	ServicePrincipal *matchIdentity `json:"databricks_service_principal"`

	ByExternalID *matchIdentity  `json:"idp_match_by_external_id"`
	ByUsername   *matchIdentity  `json:"idp_match_by_username"`
	ByAppID      *matchIdentity  `json:"idp_match_by_app_id"`
	ByGroupName  []matchIdentity `json:"idp_matches_by_group_name"`

	LocalMembers    []matchMember `json:"local_members_not_in_idp"`
	ExternalMembers []matchMember `json:"external_members_not_in_idp"`
}

type matchMember struct {
	PrincipalID api.Text `json:"principal_id"`
}

func (m *matchIdentity) name(t audit.PrincipalType) string {
	switch t {
	case audit.TypeUser:
		return string(m.Username)
	case audit.TypeGroup:
		return string(m.GroupName)
	default:
		return string(m.ApplicationID)
	}
}

// missing reports an object that is not there, or {}.
func (m *matchIdentity) missing() bool { return m == nil || !m.some }

// blank reports an object that names no one.
func (m *matchIdentity) blank() bool {
	return m == nil || *m == matchIdentity{some: m.some}
}

// MatchWithIDP asks the account what its identity provider knows of a principal:
// one POST .../{users|groups|servicePrincipals}/{id}/matchWithIdp without body.
// On accounts with AIM the account synchronises the principal while it answers.
//
// Identities by name carry their externalId only, in the order of the answer;
// the account does not say under which name it found them.
func (d *reader) MatchWithIDP(ctx context.Context, p audit.Principal) (audit.Match, error) {
	kind := matchKinds[p.Type]
	if kind == "" || p.ID == "" {
		return audit.Match{}, fmt.Errorf("%q is not a principal", p.Ref)
	}
	var reply matchReply
	cl := api.Call{
		Method: http.MethodPost, Path: d.api.IAMPath(kind, p.ID, matchVerb), Limit: api.LimitMatch, Read: true,
	}
	if err := d.api.Do(ctx, cl, &reply); err != nil {
		return audit.Match{}, fmt.Errorf("matching %s with the identity provider: %w", p.Ref, err)
	}
	m, err := reply.toAudit(p)
	if err != nil {
		return audit.Match{}, fmt.Errorf("matching %s with the identity provider: POST %s: %w", p.Ref, cl.Path, err)
	}
	return m, nil
}

func (r *matchReply) toAudit(p audit.Principal) (audit.Match, error) {
	m := audit.Match{Principal: p}
	var self *matchIdentity
	switch p.Type {
	case audit.TypeUser:
		self = r.User
		m.ByName = named(p.Type, r.ByUsername)
	case audit.TypeGroup:
		self = r.Group
		for i := range r.ByGroupName {
			if r.ByGroupName[i].missing() {
				return audit.Match{}, errors.New("the answer has a group by name that is empty")
			}
			m.ByName = append(m.ByName, named(p.Type, &r.ByGroupName[i])...)
		}
		local, lerr := memberRefs(r.LocalMembers)
		external, eerr := memberRefs(r.ExternalMembers)
		if err := errors.Join(lerr, eerr); err != nil {
			return audit.Match{}, err
		}
		m.Members = &audit.MemberMatch{Local: local, External: external}
	case audit.TypeServicePrincipal:
		self = r.ServicePrincipal
		m.ByName = named(p.Type, r.ByAppID)
	}
	if self.blank() {
		// Without the principal nothing shows what the matches were made for.
		return audit.Match{}, fmt.Errorf("the answer does not hold the principal")
	}
	if id := string(self.InternalID); id != "" && id != p.ID {
		return audit.Match{}, fmt.Errorf("the answer is for the principal %s", id)
	}
	m.Principal.ExternalID = string(self.ExternalID)
	if name := self.name(p.Type); name != "" {
		m.Principal.Name = name
	}
	if !r.ByExternalID.missing() {
		m.ByExternalID = &audit.Identity{
			Type: p.Type, ExternalID: m.Principal.ExternalID, Names: names(r.ByExternalID.name(p.Type)),
		}
	}
	return m, nil
}

func named(t audit.PrincipalType, i *matchIdentity) []audit.Identity {
	if i.missing() {
		return nil
	}
	return []audit.Identity{{Type: t, ExternalID: string(i.ExternalID), Names: names(i.name(t))}}
}

func names(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func memberRefs(members []matchMember) (out []audit.MemberRef, err error) {
	for _, m := range members {
		if m.PrincipalID == "" {
			return nil, errors.New("the answer has a member without principal_id")
		}
		out = append(out, audit.MemberRef{Ref: audit.Ref{ID: string(m.PrincipalID)}, Source: audit.SourceUnknown})
	}
	return out, nil
}
