// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// iamMember is a direct member of a group; ids are numbers here.
type iamMember struct {
	PrincipalID   json.Number `json:"principal_id"`
	PrincipalType string      `json:"principal_type"`
	DisplayName   string      `json:"display_name,omitempty"`
	ExternalID    string      `json:"external_id,omitempty"`
	Source        string      `json:"membership_source"`
	GroupID       json.Number `json:"group_id"`
}

func iamType(kind principalKind) string {
	switch kind {
	case kindUser:
		return "USER"
	case kindGroup:
		return "GROUP"
	default:
		return "SERVICE_PRINCIPAL"
	}
}

// iamMembers are the members that exist in the account, in the group's order.
func iamMembers(w *world, g *Group) []any {
	var out []any
	for _, m := range g.Members {
		if p, ok := w.byID[m.Value]; ok {
			out = append(out, iamMemberOf(g, m, p))
		}
	}
	return out
}

func iamMemberOf(g *Group, m Member, p principalRef) iamMember {
	source := m.Source
	if source == "" {
		source = sourceInternal
	}
	return iamMember{
		PrincipalID: json.Number(m.Value), PrincipalType: iamType(p.kind), DisplayName: p.display(),
		ExternalID: p.externalID(), Source: source, GroupID: json.Number(g.ID),
	}
}

func (s iamAPI) memberList(rw http.ResponseWriter, r *http.Request, _ caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		p, ok := s.visible(isStale(r), w, kindGroup, id)
		if !ok {
			refusal = noSuch(kindGroup, id)
			return
		}
		members := iamMembers(w, p.group)
		var part tokenPage
		if part, refusal = s.page(r, len(members)); refusal == nil {
			reply = part.reply("direct_group_members", members[part.from:part.to])
		}
	})
	finish(rw, reply, refusal)
}

// directMember finds a member in what is visible of a group.
func directMember(w *world, g *Group, id string) (iamMember, *apiError) {
	for _, m := range g.Members {
		if p, ok := w.byID[m.Value]; ok && m.Value == id {
			return iamMemberOf(g, m, p), nil
		}
	}
	return iamMember{}, refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
		"Principal "+id+" is not a direct member of group "+g.ID+".")
}

func (s iamAPI) memberGet(rw http.ResponseWriter, r *http.Request, _ caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		p, ok := s.visible(isStale(r), w, kindGroup, id)
		if !ok {
			refusal = noSuch(kindGroup, id)
			return
		}
		reply, refusal = directMember(w, p.group, r.PathValue("principal_id"))
	})
	finish(rw, reply, refusal)
}

// memberCreate adds one member. Assumed: a member that is there already is a
// conflict, and an unknown principal is not found.
func (s iamAPI) memberCreate(rw http.ResponseWriter, r *http.Request, _ caller) {
	var body struct {
		PrincipalID json.RawMessage `json:"principal_id"`
	}
	if refusal := decode(r, &body); refusal != nil {
		finish(rw, nil, refusal)
		return
	}
	id, member := r.PathValue("id"), strings.Trim(string(body.PrincipalID), `"`)
	var reply any
	var refusal *apiError
	s.updateAs(r, endpointAPI, func(w *world) {
		g, p, refused := s.membershipWrite(w, id, member)
		if refusal = refused; refusal != nil {
			return
		}
		if w.parents[member][id] {
			refusal = refuse(http.StatusConflict, "ALREADY_EXISTS",
				"Principal "+member+" is already a direct member of group "+id+".")
			return
		}
		if s.membersIgnored(g) {
			reply = iamMemberOf(g, Member{Value: member}, p)
			return
		}
		s.remember(w, kindGroup, id)
		w.addMember(g, member, sourceInternal)
		reply, refusal = directMember(w, g, member)
	})
	finish(rw, reply, refusal)
}

func (s iamAPI) memberDelete(rw http.ResponseWriter, r *http.Request, _ caller) {
	id, member := r.PathValue("id"), r.PathValue("principal_id")
	var refusal *apiError
	s.updateAs(r, endpointAPI, func(w *world) {
		g, _, refused := s.membershipWrite(w, id, member)
		if refusal = refused; refusal != nil {
			return
		}
		if _, refusal = directMember(w, g, member); refusal != nil || s.membersIgnored(g) {
			return
		}
		s.remember(w, kindGroup, id)
		w.removeMember(g, member)
	})
	finish(rw, struct{}{}, refusal)
}

// isExternal tells whether the IdP owns a group's members.
func (s iamAPI) isExternal(g *Group) bool { return s.opts.AIM && g.ExternalID != "" }

func (s iamAPI) membersIgnored(g *Group) bool {
	return s.isExternal(g) && s.opts.Assumed.Identity.ExternalGroupMembers == "ignored"
}

// membershipWrite finds group and principal and refuses what cannot be
// written. That external groups cannot be updated under automatic identity
// management is documented, the status is not.
func (s iamAPI) membershipWrite(w *world, id, member string) (*Group, principalRef, *apiError) {
	p, ok := w.find(kindGroup, id)
	if !ok {
		return nil, principalRef{}, noSuch(kindGroup, id)
	}
	child, ok := w.byID[member]
	switch {
	case !ok:
		return nil, child, refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+member+" does not exist.")
	case p.group.System:
		return nil, child, invalid("The members of system group " + id + " cannot be changed.")
	case member == id:
		return nil, child, invalid("Group " + id + " cannot be a member of itself.")
	case s.isExternal(p.group) && s.opts.Assumed.Identity.ExternalGroupMembers == "forbidden":
		return nil, child, refuse(http.StatusForbidden, "PERMISSION_DENIED",
			"Group "+id+" is managed by the identity provider and cannot be updated.")
	}
	if s.opts.Assumed.Identity.NestingCycles == "refused" && slices.Contains(w.transitiveParents(id), member) {
		return nil, child, invalid("Group " + member + " is above group " + id + ": nesting them would be a cycle.")
	}
	return p.group, child, nil
}

// iamParent has neither name nor path: only ids are documented.
type iamParent struct {
	GroupID    string `json:"group_id"`
	ExternalID string `json:"external_id,omitempty"`
	AccountID  string `json:"account_id"`
}

func (s iamAPI) parentList(rw http.ResponseWriter, r *http.Request, _ caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		if _, ok := w.byID[id]; !ok {
			refusal = refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+id+" does not exist.")
			return
		}
		parents := w.transitiveParents(id)
		var part tokenPage
		if part, refusal = s.page(r, len(parents)); refusal != nil {
			return
		}
		var items []any
		for _, parent := range parents[part.from:part.to] {
			items = append(items, iamParent{
				GroupID: parent, ExternalID: w.byID[parent].externalID(), AccountID: w.account.AccountID,
			})
		}
		reply = part.reply("transitive_parent_groups", items)
	})
	finish(rw, reply, refusal)
}
