// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
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

func iamType(kind world.Kind) string {
	switch kind {
	case world.KindUser:
		return "USER"
	case world.KindGroup:
		return "GROUP"
	default:
		return "SERVICE_PRINCIPAL"
	}
}

// iamMembers are the members that exist in the account, in the group's order.
func iamMembers(w *world.World, g *world.Group) []any {
	var out []any
	for _, m := range g.Members {
		if p, ok := w.ByID[m.Value]; ok {
			out = append(out, iamMemberOf(g, m, p))
		}
	}
	return out
}

func iamMemberOf(g *world.Group, m world.Member, p world.Principal) iamMember {
	source := m.Source
	if source == "" {
		source = world.SourceInternal
	}
	return iamMember{
		PrincipalID: json.Number(m.Value), PrincipalType: iamType(p.Kind), DisplayName: p.Display(),
		ExternalID: p.ExternalID(), Source: source, GroupID: json.Number(g.ID),
	}
}

func (s iamAPI) memberList(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		p, ok := s.Visible(wire.IsStale(r), w, world.KindGroup, id)
		if !ok {
			refusal = noSuch(world.KindGroup, id)
			return
		}
		members := iamMembers(w, p.Group)
		var part api.Page
		if part, refusal = s.Page(r, len(members)); refusal == nil {
			reply = part.Reply("direct_group_members", members[part.From:part.To])
		}
	})
	finish(rw, reply, refusal)
}

// directMember finds a member in what is visible of a group.
func directMember(w *world.World, g *world.Group, id string) (iamMember, *wire.Error) {
	for _, m := range g.Members {
		if p, ok := w.ByID[m.Value]; ok && m.Value == id {
			return iamMemberOf(g, m, p), nil
		}
	}
	return iamMember{}, api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
		"Principal "+id+" is not a direct member of group "+g.ID+".")
}

func (s iamAPI) memberGet(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		p, ok := s.Visible(wire.IsStale(r), w, world.KindGroup, id)
		if !ok {
			refusal = noSuch(world.KindGroup, id)
			return
		}
		reply, refusal = directMember(w, p.Group, r.PathValue("principal_id"))
	})
	finish(rw, reply, refusal)
}

// memberCreate adds one member. Assumed: a member that is there already is a
// conflict, and an unknown principal is not found.
func (s iamAPI) memberCreate(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body struct {
		PrincipalID json.RawMessage `json:"principal_id"`
	}
	if refusal := decode(r, &body); refusal != nil {
		finish(rw, nil, refusal)
		return
	}
	id, member := r.PathValue("id"), strings.Trim(string(body.PrincipalID), `"`)
	var reply any
	var refusal *wire.Error
	s.UpdateAs(r, api.EndpointAPI, func(w *world.World) {
		g, p, refused := s.membershipWrite(w, id, member)
		if refusal = refused; refusal != nil {
			return
		}
		if w.Parents[member][id] {
			refusal = api.Refuse(http.StatusConflict, "ALREADY_EXISTS",
				"Principal "+member+" is already a direct member of group "+id+".")
			return
		}
		if s.membersIgnored(g) {
			reply = iamMemberOf(g, world.Member{Value: member}, p)
			return
		}
		s.Remember(w, world.KindGroup, id)
		w.AddMember(g, member, world.SourceInternal)
		reply, refusal = directMember(w, g, member)
	})
	finish(rw, reply, refusal)
}

func (s iamAPI) memberDelete(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id, member := r.PathValue("id"), r.PathValue("principal_id")
	var refusal *wire.Error
	s.UpdateAs(r, api.EndpointAPI, func(w *world.World) {
		g, _, refused := s.membershipWrite(w, id, member)
		if refusal = refused; refusal != nil {
			return
		}
		if _, refusal = directMember(w, g, member); refusal != nil || s.membersIgnored(g) {
			return
		}
		s.Remember(w, world.KindGroup, id)
		w.RemoveMember(g, member)
	})
	finish(rw, struct{}{}, refusal)
}

// isExternal reports whether the IdP owns a group's members.
func (s iamAPI) isExternal(g *world.Group) bool { return s.opts.AIM && g.ExternalID != "" }

func (s iamAPI) membersIgnored(g *world.Group) bool {
	return s.isExternal(g) && s.opts.Assumed.Identity.ExternalGroupMembers == "ignored"
}

// membershipWrite finds group and principal and refuses what cannot be
// written. That external groups cannot be updated under automatic identity
// management is documented, the status is not.
func (s iamAPI) membershipWrite(w *world.World, id, member string) (*world.Group, world.Principal, *wire.Error) {
	p, ok := w.Find(world.KindGroup, id)
	if !ok {
		return nil, world.Principal{}, noSuch(world.KindGroup, id)
	}
	child, ok := w.ByID[member]
	switch {
	case !ok:
		return nil, child, api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+member+" does not exist.")
	case p.Group.System:
		return nil, child, api.Invalid("The members of system group " + id + " cannot be changed.")
	case member == id:
		return nil, child, api.Invalid("Group " + id + " cannot be a member of itself.")
	case s.isExternal(p.Group) && s.opts.Assumed.Identity.ExternalGroupMembers == "forbidden":
		return nil, child, api.Refuse(http.StatusForbidden, "PERMISSION_DENIED",
			"Group "+id+" is managed by the identity provider and cannot be updated.")
	}
	if s.opts.Assumed.Identity.NestingCycles == "refused" && slices.Contains(w.TransitiveParents(id), member) {
		return nil, child, api.Invalid("Group " + member + " is above group " + id + ": nesting them would be a cycle.")
	}
	return p.Group, child, nil
}

// iamParent has neither name nor path: only ids are documented.
type iamParent struct {
	GroupID    string `json:"group_id"`
	ExternalID string `json:"external_id,omitempty"`
	AccountID  string `json:"account_id"`
}

func (s iamAPI) parentList(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("id")
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		if _, ok := w.ByID[id]; !ok {
			refusal = api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+id+" does not exist.")
			return
		}
		parents := w.TransitiveParents(id)
		var part api.Page
		if part, refusal = s.Page(r, len(parents)); refusal != nil {
			return
		}
		var items []any
		for _, parent := range parents[part.From:part.To] {
			items = append(items, iamParent{
				GroupID: parent, ExternalID: w.ByID[parent].ExternalID(), AccountID: w.Account.AccountID,
			})
		}
		reply = part.Reply("transitive_parent_groups", items)
	})
	finish(rw, reply, refusal)
}
