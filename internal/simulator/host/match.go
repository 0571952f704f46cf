// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// MatchAssumptions are the switches of matchWithIdp, of which only the prep
// script's use of it is known (databricks-account-api, section 6).
type MatchAssumptions struct {
	// StringIDs sends ids as strings; the default is numbers.
	StringIDs bool
	// DirectMembers lets only direct members of the IdP group confirm a
	// membership; the default counts nested ones too.
	DirectMembers bool
	// MembersOfUnlinked lists all members of a group that is linked to no IdP
	// group as not in the IdP; the default sends no lists for it.
	MembersOfUnlinked bool
	// NullForAbsent sends null where the default leaves the key of an absent
	// match out.
	NullForAbsent bool
	// RefuseWithoutAIM answers 400 while automatic identity management is off.
	RefuseWithoutAIM bool
	// NoSync leaves the account as it is under automatic identity management.
	NoSync bool
}

// matchRoutes registers the three paths. They are camelCase, unlike all of IAM
// v2 since its version of July 2026; a kebab-case form is not known.
func (s matchAPI) matchRoutes() {
	for collection, kind := range map[string]world.Kind{
		"users": world.KindUser, "groups": world.KindGroup, "servicePrincipals": world.KindServicePrincipal,
	} {
		s.Handle("POST /api/2.0/identity/accounts/{account_id}/"+collection+"/{id}/matchWithIdp", s.matchHandler(kind))
	}
}

func (s matchAPI) matchHandler(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		if s.opts.Assumed.Match.RefuseWithoutAIM && !s.opts.AIM {
			wire.WriteError(rw, http.StatusBadRequest, "FEATURE_DISABLED",
				"Automatic identity management is not enabled for this account.")
			return
		}
		id := r.PathValue("id")
		var reply map[string]any
		answer := func(w *world.World) {
			p, ok := w.Find(kind, id)
			if !ok {
				return
			}
			if s.opts.AIM && !s.opts.Assumed.Match.NoSync {
				s.Remember(w, kind, id)
				w.SyncWithIDP(p)
			}
			reply = s.opts.Assumed.Match.reply(w, p)
		}
		if s.opts.AIM {
			s.UpdateAs(r, api.EndpointAIM, answer)
		} else {
			s.View(answer)
		}
		if reply == nil {
			writeNotFound(rw, kind, id)
			return
		}
		wire.WriteJSON(rw, http.StatusOK, reply)
	}
}

// writeNotFound is the answer for an id that no principal of the kind has.
func writeNotFound(rw http.ResponseWriter, kind world.Kind, id string) {
	wire.WriteError(rw, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", kindWord(kind)+" with id "+id+" does not exist.")
}

func kindWord(kind world.Kind) string {
	switch kind {
	case world.KindUser:
		return "User"
	case world.KindGroup:
		return "Group"
	default:
		return "Service principal"
	}
}

// reply has the keys that the prep script reads. Empty values and empty lists
// are left out, as the script allows for; null lists would break it.
func (a MatchAssumptions) reply(w *world.World, p world.Principal) map[string]any {
	switch p.Kind {
	case world.KindUser:
		return a.userReply(w, p.User)
	case world.KindGroup:
		return a.groupReply(w, p.Group)
	default:
		return a.servicePrincipalReply(w, p.SP)
	}
}

func (a MatchAssumptions) id(id string) any {
	if a.StringIDs {
		return id
	}
	return json.Number(id)
}

func (a MatchAssumptions) own(id, externalID, nameKey, name string) map[string]any {
	out := map[string]any{"internal_id": a.id(id), nameKey: name}
	if externalID != "" {
		out["external_id"] = externalID
	}
	return out
}

// match puts a match under a key, or what stands for none.
func (a MatchAssumptions) match(reply map[string]any, key, field, value string, found bool) {
	if found {
		reply[key] = map[string]any{field: value}
	} else if a.NullForAbsent {
		reply[key] = nil
	}
}

func (a MatchAssumptions) userReply(w *world.World, u *world.User) map[string]any {
	reply := map[string]any{"databricks_user": a.own(u.ID, u.ExternalID, "username", u.UserName)}
	linked := w.IDP.User(u.ExternalID)
	name := ""
	if linked != nil {
		name = linked.AccountName()
	}
	a.match(reply, "idp_match_by_external_id", "username", name, linked != nil)
	named, id := w.IDP.UserNamed(u.UserName), ""
	if named != nil {
		id = named.ID
	}
	a.match(reply, "idp_match_by_username", "external_id", id, named != nil)
	return reply
}

func (a MatchAssumptions) groupReply(w *world.World, g *world.Group) map[string]any {
	reply := map[string]any{"databricks_group": a.own(g.ID, g.ExternalID, "group_name", g.DisplayName)}
	linked := w.IDP.Group(g.ExternalID)
	name := ""
	if linked != nil {
		name = linked.DisplayName
	}
	a.match(reply, "idp_match_by_external_id", "group_name", name, linked != nil)
	var named []map[string]any
	for _, candidate := range w.IDP.GroupsByName[world.NameKey(g.DisplayName)] {
		named = append(named, map[string]any{"external_id": candidate.ID})
	}
	if len(named) > 0 {
		reply["idp_matches_by_group_name"] = named
	}
	local, external := a.unconfirmed(w, g, linked)
	if len(local) > 0 {
		reply["local_members_not_in_idp"] = local
	}
	if len(external) > 0 {
		reply["external_members_not_in_idp"] = external
	}
	return reply
}

// unconfirmed are the members that the linked IdP group does not have, by
// whether they have an externalId, in the account's order. Assumed: nested
// members of the IdP group confirm, hidden membership makes no difference, and
// an unlinked group has no lists.
func (a MatchAssumptions) unconfirmed(w *world.World, g *world.Group, linked *world.IDPGroup) (local, external []map[string]any) {
	if linked == nil && !a.MembersOfUnlinked {
		return nil, nil
	}
	confirmed := map[string]bool{}
	switch {
	case linked == nil:
	case a.DirectMembers:
		for _, m := range linked.Members {
			confirmed[strings.ToLower(m)] = true
		}
	default:
		confirmed = w.IDP.TransitiveMembers(linked)
	}
	for _, m := range g.Members {
		p, ok := w.ByID[m.Value]
		if !ok {
			continue
		}
		externalID := p.ExternalID()
		entry := map[string]any{"principal_id": a.id(m.Value)}
		switch {
		case externalID == "":
			local = append(local, entry)
		case !confirmed[strings.ToLower(externalID)] || !w.IDP.Live(externalID):
			external = append(external, entry)
		}
	}
	return local, external
}

func (a MatchAssumptions) servicePrincipalReply(w *world.World, sp *world.ServicePrincipal) map[string]any {
	reply := map[string]any{
		"databricks_service_principal": a.own(sp.ID, sp.ExternalID, "application_id", sp.ApplicationID),
	}
	linked := w.IDP.ServicePrincipal(sp.ExternalID)
	app := ""
	if linked != nil {
		app = linked.AppID
	}
	a.match(reply, "idp_match_by_external_id", "application_id", app, linked != nil)
	named, id := w.IDP.SPsByAppID[strings.ToLower(sp.ApplicationID)], ""
	if len(named) > 0 {
		id = named[0].ID
	}
	a.match(reply, "idp_match_by_app_id", "external_id", id, len(named) > 0)
	return reply
}
