// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// scimDocument is the body of a POST or PUT. Read-only and unknown attributes
// are dropped, as RFC 7644 has it.
type scimDocument struct {
	ID            string            `json:"id"`
	UserName      string            `json:"userName"`
	DisplayName   string            `json:"displayName"`
	ExternalID    string            `json:"externalId"`
	ApplicationID string            `json:"applicationId"`
	Active        json.RawMessage   `json:"active"`
	Name          *world.PersonName `json:"name"`
	Emails        []world.Email     `json:"emails"`
	Roles         []element         `json:"roles"`
	Members       []element         `json:"members"`
}

// readDocument decodes and checks what needs no look at the account. active is
// true when absent or null (assumed).
func readDocument(r *http.Request, kind world.Kind) (doc scimDocument, active bool, failure *scimError) {
	if failure = readBody(r, &doc); failure != nil {
		return doc, false, failure
	}
	active = true
	if len(doc.Active) > 0 && string(doc.Active) != "null" && kind != world.KindGroup {
		if active, failure = parseActive(doc.Active); failure != nil {
			return doc, false, failure
		}
	}
	for attr, list := range map[string][]element{"members": doc.Members, "roles": doc.Roles} {
		for _, e := range list {
			if e.Value == nil || *e.Value == "" {
				return doc, false, invalidSyntax("an element of %s has no value", attr)
			}
		}
	}
	switch {
	case kind == world.KindUser && strings.TrimSpace(doc.UserName) == "":
		failure = badRequest("invalidValue", "userName is required.")
	case kind == world.KindGroup:
		failure = checkGroupName(doc.DisplayName)
	case kind == world.KindServicePrincipal && doc.ApplicationID != "" && !isUUID.MatchString(doc.ApplicationID):
		failure = badRequest("invalidValue", "applicationId must be a UUID.")
	}
	return doc, active, failure
}

var isUUID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (doc scimDocument) roleList() []world.Role {
	out := make([]world.Role, 0, len(doc.Roles))
	for _, r := range doc.Roles {
		out = append(out, world.Role{Value: *r.Value, Type: r.Type})
	}
	return out
}

// uniqueName is the name that must be free, "" where it is generated.
func (doc scimDocument) uniqueName(kind world.Kind) string {
	switch kind {
	case world.KindUser:
		return doc.UserName
	case world.KindGroup:
		return doc.DisplayName
	default:
		return doc.ApplicationID
	}
}

// scimCreate adds a principal with an id above all others.
func (s accountSCIM) scimCreate(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	doc, active, failure := readDocument(r, kind)
	if failure != nil {
		return scimReply{}, failure
	}
	if s.assumed.UserNameCase == "lower" {
		doc.UserName = strings.ToLower(doc.UserName)
	}
	var reply scimReply
	s.UpdateAs(r, api.EndpointSCIM, func(w *world.World) {
		if name := doc.uniqueName(kind); name != "" {
			if failure = s.checkNameFree(w, kind, name, ""); failure != nil {
				return
			}
		}
		if s.assumed.ExternalIDCollision == "refused" {
			if failure = checkExternalIDFree(w, doc.ExternalID, ""); failure != nil {
				return
			}
		}
		// The draft carries the attributes that PATCH and PUT check as well.
		id := w.NextID()
		d := s.newDraft(w, doc.principal(kind, id, active, w.Account.AccountID))
		if failure = d.fill(doc); failure != nil {
			return
		}
		s.Remember(w, kind, id)
		if err := w.Add(d.obj); err != nil {
			failure = badRequest("invalidValue", "%s", err)
			return
		}
		for _, member := range d.added {
			w.AddMember(d.obj.Group, member, world.SourceInternal)
		}
		reply = scimReply{
			status: http.StatusCreated, body: s.render(w, d.obj, parseProjection(kind, r.URL.Query()), true),
			location: absolute(r, id),
		}
	})
	return reply, failure
}

// principal is the new principal with the attributes that only a POST sets.
func (doc scimDocument) principal(kind world.Kind, id string, active bool, accountID string) world.Principal {
	p := world.Principal{Kind: kind}
	switch kind {
	case world.KindUser:
		p.User = &world.User{ID: id, UserName: doc.UserName, DisplayName: doc.DisplayName, Active: active, Emails: doc.Emails}
		if doc.Name != nil && *doc.Name != (world.PersonName{}) {
			p.User.Name = doc.Name
		}
		if len(doc.Emails) == 0 { // Assumed: the address that the user signs in with.
			p.User.Emails = []world.Email{{Value: doc.UserName, Type: "work", Primary: true}}
		}
	case world.KindGroup:
		p.Group = &world.Group{ID: id, DisplayName: doc.DisplayName}
	case world.KindServicePrincipal:
		p.SP = &world.ServicePrincipal{ID: id, ApplicationID: doc.ApplicationID, DisplayName: doc.DisplayName, Active: active}
		if doc.ApplicationID == "" {
			p.SP.ApplicationID = derivedUUID(accountID + "/" + id)
		}
	}
	return p
}

// fill takes externalId, roles and members of a document, which replace what is
// there.
func (d *draft) fill(doc scimDocument) *scimError {
	if doc.ExternalID != "" {
		if failure := d.setExternalID(doc.ExternalID); failure != nil {
			return failure
		}
	}
	if failure := d.setRoles(doc.roleList()); failure != nil {
		return failure
	}
	if d.p.Kind != world.KindGroup {
		return nil
	}
	for _, m := range doc.Members {
		if failure := d.addMember(*m.Value); failure != nil {
			return failure
		}
	}
	return nil
}

// derivedUUID is the same for the same text, so that runs can be repeated.
func derivedUUID(text string) string {
	sum := sha256.Sum256([]byte(text))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// absolute is the URL of a new resource below the one that was posted to.
func absolute(r *http.Request, id string) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + r.URL.EscapedPath() + "/" + id
}

// scimPut replaces everything that can be written: what is not sent is gone,
// roles and members of groups included (TF #4516). userName and emails are
// ignored, as documented; an externalId of a user or service principal that is
// not sent stays, unless clearing is accepted.
func (s accountSCIM) scimPut(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	doc, active, failure := readDocument(r, kind)
	if failure != nil {
		return scimReply{}, failure
	}
	if id := r.PathValue("id"); doc.ID != "" && doc.ID != id {
		return scimReply{}, badRequest("invalidValue", "The id in the body is not %s.", id)
	}
	return s.change(r, kind, false, func(d *draft) *scimError { return d.replace(doc, active) })
}

func (d *draft) replace(doc scimDocument, active bool) *scimError {
	if doc.ExternalID == "" && (d.p.Kind == world.KindGroup || d.a.ClearExternalID == "accepted") {
		if failure := d.setExternalID(""); failure != nil {
			return failure
		}
	}
	switch d.p.Kind {
	case world.KindGroup:
		return d.replaceGroup(doc)
	case world.KindServicePrincipal:
		if doc.ApplicationID != "" && !strings.EqualFold(doc.ApplicationID, d.p.SP.ApplicationID) {
			return badRequest("mutability", "applicationId is immutable.")
		}
	case world.KindUser:
		var name world.PersonName
		if doc.Name != nil {
			name = *doc.Name
		}
		d.setPersonName(name)
	}
	d.setActive(active)
	if failure := d.setDisplayName(doc.DisplayName); failure != nil {
		return failure
	}
	return d.fill(doc)
}

// replaceGroup asks the guard only when name or members really change.
func (d *draft) replaceGroup(doc scimDocument) *scimError {
	wanted := map[string]bool{}
	for _, m := range doc.Members {
		wanted[*m.Value] = true
	}
	have := d.memberIDs()
	same := len(have) == len(wanted)
	for _, id := range have {
		same = same && wanted[id]
	}
	if !same {
		skip, failure := d.guardGroup()
		if failure != nil {
			return failure
		}
		if skip {
			doc.Members = nil
		} else {
			for _, id := range have {
				d.removeMember(id)
			}
		}
	}
	if doc.DisplayName != d.p.Group.DisplayName {
		if failure := d.setDisplayName(doc.DisplayName); failure != nil {
			return failure
		}
	}
	return d.fill(doc)
}

// scimDelete removes a principal, its memberships and its assignments.
func (s accountSCIM) scimDelete(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	id := r.PathValue("id")
	failure := notFound(kind, id)
	s.UpdateAs(r, api.EndpointSCIM, func(w *world.World) {
		p, ok := w.Find(kind, id)
		if !ok {
			return
		}
		if failure = s.newDraft(w, p).guardSystem(); failure != nil {
			return
		}
		s.Remember(w, kind, id)
		for parent := range w.Parents[id] {
			s.Remember(w, world.KindGroup, parent)
		}
		w.Remove(p)
	})
	return scimReply{status: http.StatusNoContent}, failure
}
