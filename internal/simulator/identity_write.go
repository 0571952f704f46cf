// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
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

func (s iamAPI) identityCreate(kind principalKind) apiHandler {
	return func(rw http.ResponseWriter, r *http.Request, _ caller) {
		var body iamBody
		refusal := decode(r, &body)
		if refusal == nil && s.opts.AIM && body.ExternalID != "" {
			refusal = invalid("external_id cannot be supplied while automatic identity management is enabled: " +
				"resolve the identity by its external ID instead.")
		}
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		var reply any
		s.updateAs(r, endpointAPI, func(w *world) {
			var p principalRef
			if p, refusal = s.newPrincipal(w, kind, body); refusal != nil {
				return
			}
			reply, refusal = s.addPrincipal(w, p)
		})
		finish(rw, reply, refusal)
	}
}

// newPrincipal checks what is asked for and gives it an id.
func (s iamAPI) newPrincipal(w *world, kind principalKind, body iamBody) (principalRef, *apiError) {
	if refusal := s.checkExternalID(w, kind, "", body.ExternalID); refusal != nil {
		return principalRef{}, refusal
	}
	p := principalRef{kind: kind}
	switch kind {
	case kindUser:
		if body.Username == "" {
			return p, invalid("username is required.")
		}
		if s.opts.Assumed.SCIM.UserNameCase == "lower" {
			body.Username = strings.ToLower(body.Username)
		}
		p.user = &User{UserName: body.Username, ExternalID: body.ExternalID, Active: body.UserStatus != "INACTIVE",
			Emails: []Email{{Value: body.Username, Type: "work", Primary: true}}, Name: personName(body.FullName)}
		if p.user.Name != nil {
			p.user.DisplayName = strings.TrimSpace(p.user.Name.GivenName + " " + p.user.Name.FamilyName)
		}
	case kindGroup:
		if body.GroupName == "" || utf8.RuneCountInString(body.GroupName) > maxGroupName {
			return p, invalid("group_name is required and has at most 255 characters.")
		}
		p.group = &Group{DisplayName: body.GroupName, ExternalID: body.ExternalID}
	default:
		p.sp = &ServicePrincipal{ApplicationID: body.ApplicationID, DisplayName: body.DisplayName,
			ExternalID: body.ExternalID, Active: body.SPStatus != "INACTIVE"}
		if p.sp.ApplicationID == "" {
			p.sp.ApplicationID = randomUUID()
		}
	}
	if s.nameTaken(w, kind, p.name(), "") {
		return p, alreadyExists(kind, p.name())
	}
	return p, nil
}

func personName(n *iamName) *PersonName {
	if n == nil || *n == (iamName{}) {
		return nil
	}
	return &PersonName{GivenName: n.GivenName, FamilyName: n.FamilyName}
}

// alreadyExists has the wordings that were seen for account SCIM.
func alreadyExists(kind principalKind, name string) *apiError {
	message := "Group with name " + name + " already exists."
	switch kind {
	case kindUser:
		message = "User with email " + name + " already exists in this account"
	case kindServicePrincipal:
		message = "Service principal with application ID " + name + " already exists."
	case kindGroup:
	}
	return refuse(http.StatusConflict, "ALREADY_EXISTS", message)
}

// addPrincipal puts a new principal into the world under the next id.
func (s iamAPI) addPrincipal(w *world, p principalRef) (any, *apiError) {
	id := w.nextID()
	switch p.kind {
	case kindUser:
		p.user.ID = id
	case kindGroup:
		p.group.ID = id
	default:
		p.sp.ID = id
	}
	s.remember(w, p.kind, id)
	if err := w.add(p); err != nil {
		return nil, invalid(err.Error())
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
func (s iamAPI) checkExternalID(w *world, kind principalKind, id, externalID string) *apiError {
	if externalID == "" {
		return nil
	}
	if kind == kindGroup && utf8.RuneCountInString(externalID) > maxGroupExternalID {
		return invalid("external_id has at most 64 characters.")
	}
	if s.opts.Assumed.Identity.ExternalIDCollision != "refused" {
		return nil
	}
	if holder, found := w.withExternalID(kind, externalID); found && holder.id() != id {
		return refuse(http.StatusConflict, "ALREADY_EXISTS",
			kindWord(kind)+" with external ID "+externalID+" already exists.")
	}
	return nil
}

// updatable are the paths that an update_mask may name.
func updatable(kind principalKind) []string {
	switch kind {
	case kindUser:
		return []string{"account_user_status", "external_id", "full_name", "full_name.family_name", "full_name.given_name"}
	case kindGroup:
		return []string{"external_id", "group_name"}
	default:
		return []string{"account_sp_status", "display_name", "external_id"}
	}
}

// updateMask reads the mask. Assumed: it is required, and an unknown or
// immutable path is refused.
func updateMask(r *http.Request, allowed []string) ([]string, *apiError) {
	text := r.URL.Query().Get("update_mask")
	if text == "" {
		return nil, invalid("update_mask is required.")
	}
	var mask []string
	for path := range strings.SplitSeq(text, ",") {
		path = strings.TrimSpace(path)
		if !slices.Contains(allowed, path) {
			return nil, invalid("update_mask: \"" + path + "\" cannot be updated; there are " + strings.Join(allowed, ", ") + ".")
		}
		mask = append(mask, path)
	}
	return mask, nil
}

func (s iamAPI) identityUpdate(kind principalKind) apiHandler {
	return func(rw http.ResponseWriter, r *http.Request, _ caller) {
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
		s.updateAs(r, endpointAPI, func(w *world) {
			p, ok := w.find(kind, id)
			if !ok {
				refusal = noSuch(kind, id)
				return
			}
			if refusal = s.checkUpdate(w, p, mask, body); refusal != nil {
				return
			}
			s.remember(w, kind, id)
			before := p.clone()
			for _, path := range mask {
				s.setField(w, p, path, body)
			}
			w.loggedUpdate(before, p)
			reply = iamObject(w, p)
		})
		finish(rw, reply, refusal)
	}
}

// checkUpdate refuses an update as a whole, before any of it is written.
func (s iamAPI) checkUpdate(w *world, p principalRef, mask []string, body iamBody) *apiError {
	if s.opts.AIM && p.externalID() != "" && !slices.Equal(mask, []string{"external_id"}) {
		return invalid("Only external_id can be updated: the other fields of this external identity come from the identity provider.")
	}
	for _, path := range mask {
		switch path {
		case "external_id":
			if body.ExternalID == "" && p.kind != kindGroup && s.opts.Assumed.Identity.ClearExternalID == "refused" {
				return invalid("external_id cannot be cleared.")
			}
			if refusal := s.checkExternalID(w, p.kind, p.id(), body.ExternalID); refusal != nil {
				return refusal
			}
		case "account_user_status", "account_sp_status":
			if status := body.UserStatus + body.SPStatus; status != "ACTIVE" && status != "INACTIVE" {
				return invalid(path + " must be ACTIVE or INACTIVE.")
			}
		case "group_name":
			if body.GroupName == "" || utf8.RuneCountInString(body.GroupName) > maxGroupName || p.group.System {
				return invalid("group_name is required, has at most 255 characters, and cannot be changed for a system group.")
			}
			if body.GroupName != p.group.DisplayName && s.nameTaken(w, kindGroup, body.GroupName, p.group.ID) {
				return alreadyExists(kindGroup, body.GroupName)
			}
		}
	}
	return nil
}

// setField writes one path of the mask; a field that the body lacks is emptied.
func (s iamAPI) setField(w *world, p principalRef, path string, body iamBody) {
	switch path {
	case "external_id":
		// Assumed: clearing is for groups only, as for account SCIM, and is
		// otherwise passed over without a word.
		if body.ExternalID == "" && p.kind != kindGroup && s.opts.Assumed.Identity.ClearExternalID != "accepted" {
			return
		}
		p.setExternalID(body.ExternalID)
	case "account_user_status":
		p.user.Active = body.UserStatus == "ACTIVE"
	case "account_sp_status":
		p.sp.Active = body.SPStatus == "ACTIVE"
	case "group_name":
		w.rename(p, func() { p.group.DisplayName = body.GroupName })
	case "display_name":
		p.sp.DisplayName = body.DisplayName
	default: // full_name and its parts
		setFullName(p.user, path, body.FullName)
	}
}

func setFullName(u *User, path string, to *iamName) {
	now, want := PersonName{}, PersonName{}
	if u.Name != nil {
		now = *u.Name
	}
	if to != nil {
		want = PersonName{GivenName: to.GivenName, FamilyName: to.FamilyName}
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
	if now != (PersonName{}) {
		u.Name = &now
	}
}
