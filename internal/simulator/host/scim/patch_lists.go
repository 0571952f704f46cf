// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"encoding/json"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// applyRoles changes the account roles. Roles are Databricks' own, also of
// principals that AIM manages.
func (d *draft) applyRoles(op string, path patchPath, value json.RawMessage) *scimError {
	if path.sub != "" {
		return badRequest("invalidPath", "Roles are added and removed as a whole.")
	}
	roles := slices.Clone(d.obj.Roles())
	if path.filter != nil {
		matches := func(r world.Role) bool {
			return matchElement(path.filter, func(name string) []any { return roleAttr(r, name) })
		}
		if op != opRemove {
			return needTarget("role", slices.ContainsFunc(roles, matches))
		}
		return d.setRoles(slices.DeleteFunc(roles, matches))
	}
	if op == opRemove && (len(value) == 0 || d.a.RemoveWithValue != "listed") {
		return d.setRoles(nil)
	}
	list, failure := parseElements("roles", value)
	if failure != nil {
		return failure
	}
	if op == opReplace {
		roles = nil
	}
	for _, e := range list {
		if op == opRemove {
			roles = slices.DeleteFunc(roles, func(r world.Role) bool { return r.Value == *e.Value })
		} else {
			roles = append(roles, world.Role{Value: *e.Value, Type: e.Type})
		}
	}
	return d.setRoles(roles)
}

func roleAttr(r world.Role, name string) []any {
	switch name {
	case "value":
		return text(r.Value)
	case "type":
		return text(r.Type)
	default:
		return nil
	}
}

// needTarget answers add and replace under a filter: elements are never changed
// in place.
func needTarget(what string, found bool) *scimError {
	if !found {
		return badRequest("noTarget", "No %s matches the path.", what)
	}
	return badRequest("mutability", "A %s is added and removed, it cannot be changed in place.", what)
}

// applyMembers changes the members of a group.
func (d *draft) applyMembers(op string, path patchPath, value json.RawMessage) *scimError {
	if path.sub != "" {
		return badRequest("invalidPath", "Members are added and removed as a whole.")
	}
	if path.filter != nil {
		return d.applyMemberFilter(op, path.filter)
	}
	var list []element
	if op != opRemove || len(value) > 0 && d.a.RemoveWithValue == "listed" {
		var failure *scimError
		if list, failure = parseElements("members", value); failure != nil {
			return failure
		}
	}
	if skip, failure := d.guardGroup(); skip || failure != nil {
		return failure
	}
	if op == opReplace || op == opRemove && list == nil {
		for _, id := range d.memberIDs() {
			d.removeMember(id)
		}
	}
	for _, e := range list {
		if op == opRemove {
			d.removeMember(*e.Value)
			continue
		}
		if failure := d.addMember(*e.Value); failure != nil {
			return failure
		}
	}
	return nil
}

// applyMemberFilter removes the members that match. One that is not there is no
// error (assumed), so that a removal can be sent twice.
func (d *draft) applyMemberFilter(op string, filter filterExpr) *scimError {
	var ids []string
	if id, ok := equalsValue(filter); ok {
		if d.hasMember(id) {
			ids = []string{id}
		}
	} else {
		for _, id := range d.memberIDs() {
			if matchElement(filter, func(attr string) []any { return d.memberAttr(id, attr) }) {
				ids = append(ids, id)
			}
		}
	}
	if op != opRemove {
		return needTarget("member", len(ids) > 0)
	}
	if skip, failure := d.guardGroup(); skip || failure != nil {
		return failure
	}
	for _, id := range ids {
		d.removeMember(id)
	}
	return nil
}

func (d *draft) memberAttr(id, attr string) []any {
	p, known := d.w.ByID[id]
	switch {
	case attr == "value":
		return text(id)
	case !known:
		return nil
	case attr == "display":
		return text(p.Display())
	case attr == "type":
		return text(p.Kind.ResourceName())
	case attr == "$ref":
		return text(string(p.Kind) + "/" + id)
	default:
		return nil
	}
}
