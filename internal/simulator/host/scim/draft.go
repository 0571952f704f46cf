// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Limits of groups in characters (documented).
const (
	MaxGroupName       = 255
	MaxGroupExternalID = 64
)

// draft is a principal that is being changed. Operations work on it one after
// the other; nothing reaches the world before commit, so that a request is done
// whole or not at all. The world is locked for writing meanwhile.
type draft struct {
	s accountSCIM
	a Assumptions
	w *world.World

	// p is the principal in the world, obj its copy. The copy shares slices and
	// pointers with it: they are replaced, never written to.
	p, obj world.Principal
	// members is what the request did to members: present or not.
	members map[string]bool
	added   []string        // in order; none that the group has in the world
	hidden  map[string]bool // members that SCIM does not show
}

func (s accountSCIM) newDraft(w *world.World, p world.Principal) *draft {
	d := &draft{s: s, a: s.assumed, w: w, p: p, obj: world.Principal{Kind: p.Kind}}
	switch p.Kind {
	case world.KindUser:
		u := *p.User
		d.obj.User = &u
	case world.KindServicePrincipal:
		sp := *p.SP
		d.obj.SP = &sp
	case world.KindGroup:
		g := *p.Group
		d.obj.Group = &g
		d.members, d.hidden = map[string]bool{}, map[string]bool{}
		if s.AIM {
			for _, m := range g.Members {
				d.hidden[m.Value] = s.hidesMember(m)
			}
		}
	}
	return d
}

// managed reports whether the IdP owns the principal's fields: AIM is on and it
// is linked.
func (d *draft) managed() bool { return d.s.AIM && d.p.ExternalID() != "" }

// guardGroup refuses a change of name or members of a group that AIM manages;
// true means that it is to be ignored. Documented: it cannot be updated in
// Databricks. Seen: 403, and 500 with this text.
func (d *draft) guardGroup() (skip bool, failure *scimError) {
	if d.p.Kind != world.KindGroup || !d.managed() {
		return false, nil
	}
	switch d.a.ExternalGroupPatch {
	case "ignored":
		return true, nil
	case "forbidden":
		return false, &scimError{http.StatusForbidden, "",
			"Group " + d.p.ID() + " is managed by the identity provider and cannot be updated."}
	default:
		return false, &scimError{http.StatusInternalServerError, "",
			"InternalError: Error in performing the patch operation on group resource"}
	}
}

// setExternalID sets or, with "", clears the externalId.
func (d *draft) setExternalID(id string) *scimError {
	if id == "" && d.p.Kind != world.KindGroup {
		switch d.a.ClearExternalID {
		case "accepted":
		case "refused":
			return badRequest("invalidValue", "externalId of a %s cannot be cleared.", d.p.Kind.ResourceName())
		default:
			return nil
		}
	}
	if d.p.Kind == world.KindGroup && utf8.RuneCountInString(id) > MaxGroupExternalID {
		return badRequest("invalidValue", "externalId is longer than %d characters.", MaxGroupExternalID)
	}
	switch d.obj.Kind {
	case world.KindUser:
		d.obj.User.ExternalID = id
	case world.KindGroup:
		d.obj.Group.ExternalID = id
	case world.KindServicePrincipal:
		d.obj.SP.ExternalID = id
	}
	return nil
}

func (d *draft) setDisplayName(name string) *scimError {
	switch d.p.Kind {
	case world.KindUser:
		if !d.managed() {
			d.obj.User.DisplayName = name
		}
	case world.KindServicePrincipal:
		if !d.managed() {
			d.obj.SP.DisplayName = name
		}
	case world.KindGroup:
		if skip, failure := d.guardGroup(); skip || failure != nil {
			return failure
		}
		if failure := checkGroupName(name); failure != nil {
			return failure
		}
		d.obj.Group.DisplayName = name
	}
	return nil
}

func checkGroupName(name string) *scimError {
	if strings.TrimSpace(name) == "" {
		return badRequest("invalidValue", "displayName of a group must not be empty.")
	}
	if utf8.RuneCountInString(name) > MaxGroupName {
		return badRequest("invalidValue", "displayName is longer than %d characters.", MaxGroupName)
	}
	return nil
}

func (d *draft) setActive(active bool) {
	switch {
	case d.managed():
		// Success without effect: everything but externalId is the IdP's.
	case d.p.Kind == world.KindUser:
		d.obj.User.Active = active
	default:
		d.obj.SP.Active = active
	}
}

func (d *draft) setPersonName(name world.PersonName) {
	if d.managed() {
		return
	}
	d.obj.User.Name = &name
	if name == (world.PersonName{}) {
		d.obj.User.Name = nil
	}
}

// setRoles takes the roles that the principal has from now on. One that it has
// already stays, whatever it is called.
func (d *draft) setRoles(roles []world.Role) *scimError {
	var unique []world.Role
	for _, r := range roles {
		held := slices.ContainsFunc(d.p.Roles(), func(h world.Role) bool { return h.Value == r.Value })
		if !held && r.Value != world.RoleAccountAdmin && d.a.UnknownRoles == "refused" {
			return badRequest("invalidValue", "Role %s does not exist.", r.Value)
		}
		if !slices.ContainsFunc(unique, func(u world.Role) bool { return u.Value == r.Value }) {
			unique = append(unique, r)
		}
	}
	switch d.obj.Kind {
	case world.KindUser:
		d.obj.User.Roles = unique
	case world.KindGroup:
		d.obj.Group.Roles = unique
	case world.KindServicePrincipal:
		d.obj.SP.Roles = unique
	}
	return nil
}

// hasMember reports whether SCIM shows the member, operations so far included.
func (d *draft) hasMember(id string) bool {
	if present, touched := d.members[id]; touched {
		return present
	}
	return d.w.Parents[id][d.p.ID()] && !d.hidden[id]
}

// memberIDs are the members that SCIM shows, in no particular order.
func (d *draft) memberIDs() []string {
	var out []string
	for _, m := range d.p.Group.Members {
		if d.hasMember(m.Value) {
			out = append(out, m.Value)
		}
	}
	for _, id := range d.added {
		if d.members[id] {
			out = append(out, id)
		}
	}
	return out
}

func (d *draft) addMember(id string) *scimError {
	member, known := d.w.ByID[id]
	if !known {
		status := http.StatusNotFound
		if d.a.UnknownMember == "bad_request" {
			status = http.StatusBadRequest
		}
		return &scimError{status, "invalidValue", "Member with id " + id + " not found."}
	}
	if id == d.p.ID() {
		return badRequest("invalidValue", "Group %s cannot be a member of itself.", id)
	}
	if d.a.NestingCycles == "refused" && member.Kind == world.KindGroup &&
		slices.Contains(d.w.TransitiveParents(d.p.ID()), id) {
		return badRequest("invalidValue", "Group %s contains group %s already; the nesting would be a cycle.", id, d.p.ID())
	}
	if d.hasMember(id) {
		return nil
	}
	if _, touched := d.members[id]; !touched && !d.w.Parents[id][d.p.ID()] {
		d.added = append(d.added, id)
	}
	d.members[id] = true
	return nil
}

func (d *draft) removeMember(id string) {
	if d.hasMember(id) {
		d.members[id] = false
	}
}

// commit checks what concerns the account as a whole and writes the draft.
func (d *draft) commit() *scimError {
	if failure := d.checkUnique(); failure != nil {
		return failure
	}
	before := d.p.Clone()
	defer func() { d.w.LoggedUpdate(before, d.p) }()
	switch d.p.Kind {
	case world.KindUser:
		*d.p.User = *d.obj.User
	case world.KindServicePrincipal:
		*d.p.SP = *d.obj.SP
	case world.KindGroup:
		d.commitGroup()
	}
	return nil
}

func (d *draft) checkUnique() *scimError {
	id := d.p.ID()
	if d.p.Kind == world.KindGroup && d.obj.Group.DisplayName != d.p.Group.DisplayName {
		if failure := d.s.checkNameFree(d.w, world.KindGroup, d.obj.Group.DisplayName, id); failure != nil {
			return failure
		}
	}
	if d.a.ExternalIDCollision == "refused" && d.obj.ExternalID() != d.p.ExternalID() {
		return checkExternalIDFree(d.w, d.obj.ExternalID(), id)
	}
	return nil
}

func (d *draft) commitGroup() {
	g, obj := d.p.Group, d.obj.Group
	if g.DisplayName != obj.DisplayName {
		d.w.Rename(d.p, func() { g.DisplayName = obj.DisplayName })
	}
	g.ExternalID, g.Roles = obj.ExternalID, obj.Roles
	dropped := false
	for id, present := range d.members {
		if !present && d.w.Parents[id][g.ID] {
			delete(d.w.Parents[id], g.ID)
			d.w.Logged("removePrincipalFromGroup", d.w.ByID[id], g)
			dropped = true
		}
	}
	if dropped {
		g.Members = slices.DeleteFunc(g.Members, func(m world.Member) bool { return !d.w.Parents[m.Value][g.ID] })
	}
	for _, id := range d.added {
		if d.members[id] {
			d.w.AddMember(g, id, world.SourceInternal)
		}
	}
}

// checkNameFree refuses a unique name that another principal of the kind has, in
// any case (assumed for groups). The wordings are those seen on real accounts;
// scimType is [Assumptions].ConflictType.
func (s accountSCIM) checkNameFree(w *world.World, kind world.Kind, name, self string) *scimError {
	if !s.assumed.NameTaken(w, kind, name, self) {
		return nil
	}
	scimType := s.assumed.ConflictType
	if scimType == "none" {
		scimType = ""
	}
	return &scimError{http.StatusConflict, scimType, AlreadyExists(kind, name).Message}
}

// NameTaken reports whether a new principal, or the one with the id self, cannot
// have a unique name. users and admins, which every workspace has, count as
// taken (seen).
func (a Assumptions) NameTaken(w *world.World, kind world.Kind, name, self string) bool {
	lower := strings.ToLower(name)
	if kind == world.KindGroup && (lower == localUsers || lower == localAdmins) && a.ReservedGroupNames == "refused" {
		return true
	}
	return slices.ContainsFunc(w.ByName[kind][lower], func(id string) bool { return id != self })
}

// AlreadyExists has the wordings that were seen for account SCIM.
func AlreadyExists(kind world.Kind, name string) *wire.Error {
	message := "Group with name " + name + " already exists."
	switch kind {
	case world.KindUser:
		message = "User with email " + name + " already exists in this account"
	case world.KindServicePrincipal:
		message = "Service principal with application ID " + name + " already exists."
	case world.KindGroup:
	}
	return api.Refuse(http.StatusConflict, "ALREADY_EXISTS", message)
}

// checkExternalIDFree looks at every principal of the account.
func checkExternalIDFree(w *world.World, externalID, self string) *scimError {
	if externalID == "" {
		return nil
	}
	var holder string
	for id, p := range w.ByID {
		if id != self && strings.EqualFold(p.ExternalID(), externalID) && (holder == "" || world.CompareIDs(id, holder) < 0) {
			holder = id
		}
	}
	if holder == "" {
		return nil
	}
	return &scimError{http.StatusConflict, "uniqueness",
		"externalId " + externalID + " is already used by " + w.ByID[holder].Kind.ResourceName() + " " + holder + "."}
}
