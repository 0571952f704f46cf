// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxGroupName       = 255 // characters, documented
	maxGroupExternalID = 64  // characters, documented
)

// draft is a principal that is being changed. Operations work on it one after
// the other; nothing reaches the world before commit, so that a request is done
// whole or not at all. The world is locked for writing meanwhile.
type draft struct {
	s scimAPI
	a SCIMAssumptions
	w *world

	// p is the principal in the world, obj its copy. The copy shares slices and
	// pointers with it: they are replaced, never written to.
	p, obj principalRef
	// members is what the request did to members: present or not.
	members map[string]bool
	added   []string        // in order; none that the group has in the world
	hidden  map[string]bool // members that SCIM does not show
}

func (s scimAPI) newDraft(w *world, p principalRef) *draft {
	d := &draft{s: s, a: s.opts.Assumed.SCIM, w: w, p: p, obj: principalRef{kind: p.kind}}
	switch p.kind {
	case kindUser:
		u := *p.user
		d.obj.user = &u
	case kindServicePrincipal:
		sp := *p.sp
		d.obj.sp = &sp
	case kindGroup:
		g := *p.group
		d.obj.group = &g
		d.members, d.hidden = map[string]bool{}, map[string]bool{}
		if s.opts.AIM {
			for _, m := range g.Members {
				d.hidden[m.Value] = s.hidesMember(m)
			}
		}
	}
	return d
}

// managed tells whether the IdP owns the principal's fields: AIM is on and it
// is linked.
func (d *draft) managed() bool { return d.s.opts.AIM && d.p.externalID() != "" }

// guardGroup refuses a change of name or members of a group that AIM manages;
// true means that it is to be ignored. Documented: it cannot be updated in
// Databricks. Seen: 403, and 500 with this text.
func (d *draft) guardGroup() (skip bool, failure *scimError) {
	if d.p.kind != kindGroup || !d.managed() {
		return false, nil
	}
	switch d.a.ExternalGroupPatch {
	case "ignored":
		return true, nil
	case "forbidden":
		return false, &scimError{http.StatusForbidden, "",
			"Group " + d.p.id() + " is managed by the identity provider and cannot be updated."}
	default:
		return false, &scimError{http.StatusInternalServerError, "",
			"InternalError: Error in performing the patch operation on group resource"}
	}
}

// setExternalID sets or, with "", clears the externalId.
func (d *draft) setExternalID(id string) *scimError {
	if id == "" && d.p.kind != kindGroup {
		switch d.a.ClearExternalID {
		case "accepted":
		case "refused":
			return badRequest("invalidValue", "externalId of a %s cannot be cleared.", d.p.kind.resourceName())
		default:
			return nil
		}
	}
	if d.p.kind == kindGroup && utf8.RuneCountInString(id) > maxGroupExternalID {
		return badRequest("invalidValue", "externalId is longer than %d characters.", maxGroupExternalID)
	}
	switch d.obj.kind {
	case kindUser:
		d.obj.user.ExternalID = id
	case kindGroup:
		d.obj.group.ExternalID = id
	case kindServicePrincipal:
		d.obj.sp.ExternalID = id
	}
	return nil
}

func (d *draft) setDisplayName(name string) *scimError {
	switch d.p.kind {
	case kindUser:
		if !d.managed() {
			d.obj.user.DisplayName = name
		}
	case kindServicePrincipal:
		if !d.managed() {
			d.obj.sp.DisplayName = name
		}
	case kindGroup:
		if skip, failure := d.guardGroup(); skip || failure != nil {
			return failure
		}
		if failure := checkGroupName(name); failure != nil {
			return failure
		}
		d.obj.group.DisplayName = name
	}
	return nil
}

func checkGroupName(name string) *scimError {
	if strings.TrimSpace(name) == "" {
		return badRequest("invalidValue", "displayName of a group must not be empty.")
	}
	if utf8.RuneCountInString(name) > maxGroupName {
		return badRequest("invalidValue", "displayName is longer than %d characters.", maxGroupName)
	}
	return nil
}

func (d *draft) setActive(active bool) {
	switch {
	case d.managed():
		// Success without effect: everything but externalId is the IdP's.
	case d.p.kind == kindUser:
		d.obj.user.Active = active
	default:
		d.obj.sp.Active = active
	}
}

func (d *draft) setPersonName(name PersonName) {
	if d.managed() {
		return
	}
	d.obj.user.Name = &name
	if name == (PersonName{}) {
		d.obj.user.Name = nil
	}
}

// setRoles takes the roles that the principal has from now on. One that it has
// already stays, whatever it is called.
func (d *draft) setRoles(roles []Role) *scimError {
	var unique []Role
	for _, r := range roles {
		held := slices.ContainsFunc(d.p.roles(), func(h Role) bool { return h.Value == r.Value })
		if !held && r.Value != roleAccountAdmin && d.a.UnknownRoles == "refused" {
			return badRequest("invalidValue", "Role %s does not exist.", r.Value)
		}
		if !slices.ContainsFunc(unique, func(u Role) bool { return u.Value == r.Value }) {
			unique = append(unique, r)
		}
	}
	switch d.obj.kind {
	case kindUser:
		d.obj.user.Roles = unique
	case kindGroup:
		d.obj.group.Roles = unique
	case kindServicePrincipal:
		d.obj.sp.Roles = unique
	}
	return nil
}

// hasMember tells whether SCIM shows the member, operations so far included.
func (d *draft) hasMember(id string) bool {
	if present, touched := d.members[id]; touched {
		return present
	}
	return d.w.parents[id][d.p.id()] && !d.hidden[id]
}

// memberIDs are the members that SCIM shows, in no particular order.
func (d *draft) memberIDs() []string {
	var out []string
	for _, m := range d.p.group.Members {
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
	member, known := d.w.byID[id]
	if !known {
		status := http.StatusNotFound
		if d.a.UnknownMember == "bad_request" {
			status = http.StatusBadRequest
		}
		return &scimError{status, "invalidValue", "Member with id " + id + " not found."}
	}
	if id == d.p.id() {
		return badRequest("invalidValue", "Group %s cannot be a member of itself.", id)
	}
	if d.a.NestingCycles == "refused" && member.kind == kindGroup &&
		slices.Contains(d.w.transitiveParents(d.p.id()), id) {
		return badRequest("invalidValue", "Group %s contains group %s already; the nesting would be a cycle.", id, d.p.id())
	}
	if d.hasMember(id) {
		return nil
	}
	if _, touched := d.members[id]; !touched && !d.w.parents[id][d.p.id()] {
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
	before := d.p.clone()
	defer func() { d.w.loggedUpdate(before, d.p) }()
	switch d.p.kind {
	case kindUser:
		*d.p.user = *d.obj.user
	case kindServicePrincipal:
		*d.p.sp = *d.obj.sp
	case kindGroup:
		d.commitGroup()
	}
	return nil
}

func (d *draft) checkUnique() *scimError {
	id := d.p.id()
	if d.p.kind == kindGroup && d.obj.group.DisplayName != d.p.group.DisplayName {
		if failure := d.s.checkNameFree(d.w, kindGroup, d.obj.group.DisplayName, id); failure != nil {
			return failure
		}
	}
	if d.a.ExternalIDCollision == "refused" && d.obj.externalID() != d.p.externalID() {
		return checkExternalIDFree(d.w, d.obj.externalID(), id)
	}
	return nil
}

func (d *draft) commitGroup() {
	g, obj := d.p.group, d.obj.group
	if g.DisplayName != obj.DisplayName {
		d.w.rename(d.p, func() { g.DisplayName = obj.DisplayName })
	}
	g.ExternalID, g.Roles = obj.ExternalID, obj.Roles
	dropped := false
	for id, present := range d.members {
		if !present && d.w.parents[id][g.ID] {
			delete(d.w.parents[id], g.ID)
			d.w.logged("removePrincipalFromGroup", d.w.byID[id], g)
			dropped = true
		}
	}
	if dropped {
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return !d.w.parents[m.Value][g.ID] })
	}
	for _, id := range d.added {
		if d.members[id] {
			d.w.addMember(g, id, sourceInternal)
		}
	}
}

// checkNameFree refuses a unique name that another principal of the kind has, in
// any case (assumed for groups). The wordings are those seen on real accounts;
// scimType is [SCIMAssumptions].ConflictType.
func (s scimAPI) checkNameFree(w *world, kind principalKind, name, self string) *scimError {
	if !s.nameTaken(w, kind, name, self) {
		return nil
	}
	scimType := s.opts.Assumed.SCIM.ConflictType
	if scimType == "none" {
		scimType = ""
	}
	return &scimError{http.StatusConflict, scimType, alreadyExists(kind, name).Message}
}

// nameTaken tells whether a new principal, or the one with the id self, cannot
// have a unique name. users and admins, which every workspace has, count as
// taken (seen).
func (s *base) nameTaken(w *world, kind principalKind, name, self string) bool {
	lower := strings.ToLower(name)
	if kind == kindGroup && (lower == localUsers || lower == localAdmins) && s.opts.Assumed.SCIM.ReservedGroupNames == "refused" {
		return true
	}
	return slices.ContainsFunc(w.byName[kind][lower], func(id string) bool { return id != self })
}

// checkExternalIDFree looks at every principal of the account.
func checkExternalIDFree(w *world, externalID, self string) *scimError {
	if externalID == "" {
		return nil
	}
	var holder string
	for id, p := range w.byID {
		if id != self && strings.EqualFold(p.externalID(), externalID) && (holder == "" || compareIDs(id, holder) < 0) {
			holder = id
		}
	}
	if holder == "" {
		return nil
	}
	return &scimError{http.StatusConflict, "uniqueness",
		"externalId " + externalID + " is already used by " + w.byID[holder].kind.resourceName() + " " + holder + "."}
}
