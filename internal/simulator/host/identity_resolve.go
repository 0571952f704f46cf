// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"net/http"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/scim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// identityResolve is get-or-create: what the IdP knows under the external id
// exists in the account afterwards. It fails where automatic identity
// management is off (documented; status and code are assumed).
func (s iamAPI) identityResolve(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		var body struct {
			ExternalID string `json:"external_id"`
		}
		refusal := decode(r, &body)
		switch {
		case refusal != nil:
		case body.ExternalID == "":
			refusal = api.Invalid("external_id is required.")
		case !s.opts.AIM:
			refusal = api.Refuse(http.StatusBadRequest, "FEATURE_DISABLED",
				"Automatic identity management is not enabled for this account.")
		}
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		var reply any
		s.UpdateAs(r, api.EndpointAIM, func(w *world.World) {
			var found any
			if found, refusal = s.resolve(w, kind, body.ExternalID); refusal == nil {
				reply = map[string]any{strings.TrimSuffix(listKey(kind), "s"): found}
			}
		})
		finish(rw, reply, refusal)
	}
}

func (s iamAPI) resolve(w *world.World, kind world.Kind, externalID string) (any, *wire.Error) {
	wanted, ok := s.fromIDP(w, kind, externalID)
	if !ok {
		return nil, api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
			kindWord(kind)+" with external ID "+externalID+" was not found in the identity provider.")
	}
	if p, found := w.WithExternalID(kind, externalID); found {
		s.Remember(w, kind, p.ID())
		if kind == world.KindGroup { // A stale name is refreshed (documented).
			w.TakeGroupName(p, w.IDP.Group(externalID))
		}
		return iamObject(w, p), nil
	}
	// Assumed: the name of a user may be there twice afterwards, which is the
	// duplicate that the documentation warns of; the others are unique.
	if s.opts.Assumed.SCIM.NameTaken(w, kind, wanted.Name(), "") && (kind != world.KindUser || s.opts.Assumed.Identity.NameTwins == "refused") {
		return nil, scim.AlreadyExists(kind, wanted.Name())
	}
	object, refusal := s.addPrincipal(w, wanted)
	if refusal == nil {
		s.joinGroups(w, wanted)
	}
	return object, refusal
}

// fromIDP is the principal that provisioning would make of a live IdP object.
func (s iamAPI) fromIDP(w *world.World, kind world.Kind, externalID string) (world.Principal, bool) {
	p := world.Principal{Kind: kind}
	switch kind {
	case world.KindUser:
		u := w.IDP.User(externalID)
		if u == nil {
			return p, false
		}
		name := u.AccountName()
		if s.opts.Assumed.SCIM.UserNameCase == "lower" {
			name = strings.ToLower(name)
		}
		p.User = &world.User{UserName: name, DisplayName: u.DisplayName, ExternalID: u.ID, Active: u.AccountEnabled,
			Emails: []world.Email{{Value: name, Type: "work", Primary: true}}}
	case world.KindGroup:
		g := w.IDP.Group(externalID)
		if g == nil {
			return p, false
		}
		p.Group = &world.Group{DisplayName: g.DisplayName, ExternalID: g.ID}
	default:
		sp := w.IDP.ServicePrincipal(externalID)
		if sp == nil {
			return p, false
		}
		p.SP = &world.ServicePrincipal{ApplicationID: sp.AppID, DisplayName: sp.DisplayName, ExternalID: sp.ID, Active: sp.AccountEnabled}
	}
	return p, true
}

// joinGroups adds a new principal to the provisioned groups that have it in the
// IdP, and a new group its provisioned members (assumed).
func (s iamAPI) joinGroups(w *world.World, p world.Principal) {
	if p.Kind == world.KindGroup {
		w.TakeMembers(p.Group, w.IDP.Group(p.Group.ExternalID))
	}
	for _, above := range w.IDP.Parents[strings.ToLower(p.ExternalID())] {
		if parent, ok := w.WithExternalID(world.KindGroup, above.ID); ok && parent.Group.ID != p.ID() {
			s.Remember(w, world.KindGroup, parent.Group.ID)
			w.AddMember(parent.Group, p.ID(), world.SourceIDP)
		}
	}
}
