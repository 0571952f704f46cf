// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"strings"
)

// identityResolve is get-or-create: what the IdP knows under the external id
// exists in the account afterwards. It fails where automatic identity
// management is off (documented; status and code are assumed).
func (s iamAPI) identityResolve(kind principalKind) apiHandler {
	return func(rw http.ResponseWriter, r *http.Request, _ caller) {
		var body struct {
			ExternalID string `json:"external_id"`
		}
		refusal := decode(r, &body)
		switch {
		case refusal != nil:
		case body.ExternalID == "":
			refusal = invalid("external_id is required.")
		case !s.opts.AIM:
			refusal = refuse(http.StatusBadRequest, "FEATURE_DISABLED",
				"Automatic identity management is not enabled for this account.")
		}
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		var reply any
		s.updateAs(r, endpointAIM, func(w *world) {
			var found any
			if found, refusal = s.resolve(w, kind, body.ExternalID); refusal == nil {
				reply = map[string]any{strings.TrimSuffix(listKey(kind), "s"): found}
			}
		})
		finish(rw, reply, refusal)
	}
}

func (s iamAPI) resolve(w *world, kind principalKind, externalID string) (any, *apiError) {
	wanted, ok := s.fromIDP(w, kind, externalID)
	if !ok {
		return nil, refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
			kindWord(kind)+" with external ID "+externalID+" was not found in the identity provider.")
	}
	if p, found := w.withExternalID(kind, externalID); found {
		s.remember(w, kind, p.id())
		if kind == kindGroup { // A stale name is refreshed (documented).
			w.takeGroupName(p, w.idp.group(externalID))
		}
		return iamObject(w, p), nil
	}
	// Assumed: the name of a user may be there twice afterwards, which is the
	// duplicate that the documentation warns of; the others are unique.
	if s.nameTaken(w, kind, wanted.name(), "") && (kind != kindUser || s.opts.Assumed.Identity.NameTwins == "refused") {
		return nil, alreadyExists(kind, wanted.name())
	}
	object, refusal := s.addPrincipal(w, wanted)
	if refusal == nil {
		s.joinGroups(w, wanted)
	}
	return object, refusal
}

// fromIDP is the principal that provisioning would make of a live IdP object.
func (s iamAPI) fromIDP(w *world, kind principalKind, externalID string) (principalRef, bool) {
	p := principalRef{kind: kind}
	switch kind {
	case kindUser:
		u := w.idp.user(externalID)
		if u == nil {
			return p, false
		}
		name := u.accountName()
		if s.opts.Assumed.SCIM.UserNameCase == "lower" {
			name = strings.ToLower(name)
		}
		p.user = &User{UserName: name, DisplayName: u.DisplayName, ExternalID: u.ID, Active: u.AccountEnabled,
			Emails: []Email{{Value: name, Type: "work", Primary: true}}}
	case kindGroup:
		g := w.idp.group(externalID)
		if g == nil {
			return p, false
		}
		p.group = &Group{DisplayName: g.DisplayName, ExternalID: g.ID}
	default:
		sp := w.idp.servicePrincipal(externalID)
		if sp == nil {
			return p, false
		}
		p.sp = &ServicePrincipal{ApplicationID: sp.AppID, DisplayName: sp.DisplayName, ExternalID: sp.ID, Active: sp.AccountEnabled}
	}
	return p, true
}

// joinGroups adds a new principal to the provisioned groups that have it in the
// IdP, and a new group its provisioned members (assumed).
func (s iamAPI) joinGroups(w *world, p principalRef) {
	if p.kind == kindGroup {
		w.takeMembers(p.group, w.idp.group(p.group.ExternalID))
	}
	for _, above := range w.idp.parents[strings.ToLower(p.externalID())] {
		if parent, ok := w.withExternalID(kindGroup, above.ID); ok && parent.group.ID != p.id() {
			s.remember(w, kindGroup, parent.group.ID)
			w.addMember(parent.group, p.id(), sourceIDP)
		}
	}
}
