// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/scim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// iamBody has the fields of all three objects.
type iamBody struct {
	Username      string   `json:"username"`
	GroupName     string   `json:"group_name"`
	ApplicationID string   `json:"application_id"`
	DisplayName   string   `json:"display_name"`
	ExternalID    string   `json:"external_id"`
	UserStatus    string   `json:"account_user_status"`
	SPStatus      string   `json:"account_sp_status"`
	FullName      *iamName `json:"full_name"`
}

func (s iamAPI) identityCreate(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		var body iamBody
		refusal := decode(r, &body)
		if refusal == nil && s.opts.AIM && body.ExternalID != "" {
			refusal = api.Invalid("external_id cannot be supplied while automatic identity management is enabled: " +
				"resolve the identity by its external ID instead.")
		}
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		var reply any
		s.UpdateAs(r, api.EndpointAPI, func(w *world.World) {
			var p world.Principal
			if p, refusal = s.newPrincipal(w, kind, body); refusal != nil {
				return
			}
			reply, refusal = s.addPrincipal(w, p)
		})
		finish(rw, reply, refusal)
	}
}

// newPrincipal checks what is asked for and gives it an id.
func (s iamAPI) newPrincipal(w *world.World, kind world.Kind, body iamBody) (world.Principal, *wire.Error) {
	if refusal := s.checkExternalID(w, kind, "", body.ExternalID); refusal != nil {
		return world.Principal{}, refusal
	}
	p := world.Principal{Kind: kind}
	switch kind {
	case world.KindUser:
		if body.Username == "" {
			return p, api.Invalid("username is required.")
		}
		if s.opts.Assumed.SCIM.UserNameCase == "lower" {
			body.Username = strings.ToLower(body.Username)
		}
		p.User = &world.User{UserName: body.Username, ExternalID: body.ExternalID, Active: body.UserStatus != "INACTIVE",
			Emails: []world.Email{{Value: body.Username, Type: "work", Primary: true}}, Name: personName(body.FullName)}
		if p.User.Name != nil {
			p.User.DisplayName = strings.TrimSpace(p.User.Name.GivenName + " " + p.User.Name.FamilyName)
		}
	case world.KindGroup:
		if body.GroupName == "" || utf8.RuneCountInString(body.GroupName) > scim.MaxGroupName {
			return p, api.Invalid("group_name is required and has at most 255 characters.")
		}
		p.Group = &world.Group{DisplayName: body.GroupName, ExternalID: body.ExternalID}
	default:
		p.SP = &world.ServicePrincipal{ApplicationID: body.ApplicationID, DisplayName: body.DisplayName,
			ExternalID: body.ExternalID, Active: body.SPStatus != "INACTIVE"}
		if p.SP.ApplicationID == "" {
			p.SP.ApplicationID = randomUUID()
		}
	}
	if s.opts.Assumed.SCIM.NameTaken(w, kind, p.Name(), "") {
		return p, scim.AlreadyExists(kind, p.Name())
	}
	return p, nil
}

func personName(n *iamName) *world.PersonName {
	if n == nil || *n == (iamName{}) {
		return nil
	}
	return &world.PersonName{GivenName: n.GivenName, FamilyName: n.FamilyName}
}

// addPrincipal puts a new principal into the world under the next id.
func (s iamAPI) addPrincipal(w *world.World, p world.Principal) (any, *wire.Error) {
	id := w.NextID()
	switch p.Kind {
	case world.KindUser:
		p.User.ID = id
	case world.KindGroup:
		p.Group.ID = id
	default:
		p.SP.ID = id
	}
	s.Remember(w, p.Kind, id)
	if err := w.Add(p); err != nil {
		return nil, api.Invalid(err.Error())
	}
	return iamObject(w, p), nil
}

// randomUUID is a version 4 UUID.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // Never fails, by its documentation.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// checkExternalID refuses an external_id that cannot be stored for the
// principal id, which is empty for a new one.
func (s iamAPI) checkExternalID(w *world.World, kind world.Kind, id, externalID string) *wire.Error {
	if externalID == "" {
		return nil
	}
	if kind == world.KindGroup && utf8.RuneCountInString(externalID) > scim.MaxGroupExternalID {
		return api.Invalid("external_id has at most 64 characters.")
	}
	if s.opts.Assumed.Identity.ExternalIDCollision != "refused" {
		return nil
	}
	if holder, found := w.WithExternalID(kind, externalID); found && holder.ID() != id {
		return api.Refuse(http.StatusConflict, "ALREADY_EXISTS",
			kindWord(kind)+" with external ID "+externalID+" already exists.")
	}
	return nil
}

// updatable are the paths that an update_mask may name.
func updatable(kind world.Kind) []string {
	switch kind {
	case world.KindUser:
		return []string{"account_user_status", "external_id", "full_name", "full_name.family_name", "full_name.given_name"}
	case world.KindGroup:
		return []string{"external_id", "group_name"}
	default:
		return []string{"account_sp_status", "display_name", "external_id"}
	}
}

// updateMask reads the mask. Assumed: it is required, and an unknown or
// immutable path is refused.
func updateMask(r *http.Request, allowed []string) ([]string, *wire.Error) {
	text := r.URL.Query().Get("update_mask")
	if text == "" {
		return nil, api.Invalid("update_mask is required.")
	}
	var mask []string
	for path := range strings.SplitSeq(text, ",") {
		path = strings.TrimSpace(path)
		if !slices.Contains(allowed, path) {
			return nil, api.Invalid("update_mask: \"" + path + "\" cannot be updated; there are " + strings.Join(allowed, ", ") + ".")
		}
		mask = append(mask, path)
	}
	return mask, nil
}

func (s iamAPI) identityUpdate(kind world.Kind) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		var body iamBody
		mask, refusal := updateMask(r, updatable(kind))
		if refusal == nil {
			refusal = decode(r, &body)
		}
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		id := r.PathValue("id")
		var reply any
		s.UpdateAs(r, api.EndpointAPI, func(w *world.World) {
			p, ok := w.Find(kind, id)
			if !ok {
				refusal = noSuch(kind, id)
				return
			}
			if refusal = s.checkUpdate(w, p, mask, body); refusal != nil {
				return
			}
			s.Remember(w, kind, id)
			before := p.Clone()
			for _, path := range mask {
				s.setField(w, p, path, body)
			}
			w.LoggedUpdate(before, p)
			reply = iamObject(w, p)
		})
		finish(rw, reply, refusal)
	}
}

// checkUpdate refuses an update as a whole, before any of it is written.
func (s iamAPI) checkUpdate(w *world.World, p world.Principal, mask []string, body iamBody) *wire.Error {
	if s.opts.AIM && p.ExternalID() != "" && !slices.Equal(mask, []string{"external_id"}) {
		return api.Invalid("Only external_id can be updated: the other fields of this external identity come from the identity provider.")
	}
	for _, path := range mask {
		switch path {
		case "external_id":
			if body.ExternalID == "" && p.Kind != world.KindGroup && s.opts.Assumed.Identity.ClearExternalID == "refused" {
				return api.Invalid("external_id cannot be cleared.")
			}
			if refusal := s.checkExternalID(w, p.Kind, p.ID(), body.ExternalID); refusal != nil {
				return refusal
			}
		case "account_user_status", "account_sp_status":
			if status := body.UserStatus + body.SPStatus; status != "ACTIVE" && status != "INACTIVE" {
				return api.Invalid(path + " must be ACTIVE or INACTIVE.")
			}
		case "group_name":
			if body.GroupName == "" || utf8.RuneCountInString(body.GroupName) > scim.MaxGroupName || p.Group.System {
				return api.Invalid("group_name is required, has at most 255 characters, and cannot be changed for a system group.")
			}
			if body.GroupName != p.Group.DisplayName && s.opts.Assumed.SCIM.NameTaken(w, world.KindGroup, body.GroupName, p.Group.ID) {
				return scim.AlreadyExists(world.KindGroup, body.GroupName)
			}
		}
	}
	return nil
}

// setField writes one path of the mask; a field that the body lacks is emptied.
func (s iamAPI) setField(w *world.World, p world.Principal, path string, body iamBody) {
	switch path {
	case "external_id":
		// Assumed: clearing is for groups only, as for account SCIM, and is
		// otherwise passed over without a word.
		if body.ExternalID == "" && p.Kind != world.KindGroup && s.opts.Assumed.Identity.ClearExternalID != "accepted" {
			return
		}
		p.SetExternalID(body.ExternalID)
	case "account_user_status":
		p.User.Active = body.UserStatus == "ACTIVE"
	case "account_sp_status":
		p.SP.Active = body.SPStatus == "ACTIVE"
	case "group_name":
		w.Rename(p, func() { p.Group.DisplayName = body.GroupName })
	case "display_name":
		p.SP.DisplayName = body.DisplayName
	default: // full_name and its parts
		setFullName(p.User, path, body.FullName)
	}
}

func setFullName(u *world.User, path string, to *iamName) {
	now, want := world.PersonName{}, world.PersonName{}
	if u.Name != nil {
		now = *u.Name
	}
	if to != nil {
		want = world.PersonName{GivenName: to.GivenName, FamilyName: to.FamilyName}
	}
	switch path {
	case "full_name.given_name":
		now.GivenName = want.GivenName
	case "full_name.family_name":
		now.FamilyName = want.FamilyName
	default:
		now = want
	}
	u.Name = nil
	if now != (world.PersonName{}) {
		u.Name = &now
	}
}
