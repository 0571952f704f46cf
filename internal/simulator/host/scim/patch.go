// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// patchBody is the body of a PATCH. Member names match in any case.
type patchBody struct {
	Schemas    []string         `json:"schemas"`
	Operations []patchOperation `json:"Operations"`
}

type patchOperation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// The operations, in any case on the wire: Entra sends Add and Replace.
const (
	opAdd     = "add"
	opRemove  = "remove"
	opReplace = "replace"
)

// scimPatch applies the operations in order, all or none.
func (s accountSCIM) scimPatch(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	var body patchBody
	if failure := readBody(r, &body); failure != nil {
		return scimReply{}, failure
	}
	isPatch := func(urn string) bool { return strings.EqualFold(urn, schemaPatch) }
	if !slices.ContainsFunc(body.Schemas, isPatch) && s.assumed.PatchSchemas != "optional" {
		return scimReply{}, invalidSyntax("schemas must hold %s", schemaPatch)
	}
	if len(body.Operations) == 0 {
		return scimReply{}, invalidSyntax("there are no Operations")
	}
	return s.change(r, kind, s.assumed.PatchReply == "no_content", func(d *draft) *scimError {
		for _, op := range body.Operations {
			if failure := d.apply(op); failure != nil {
				return failure
			}
		}
		return nil
	})
}

// change lets f work on a draft of the resource and commits it.
func (s accountSCIM) change(r *http.Request, kind world.Kind, silent bool, f func(*draft) *scimError) (scimReply, *scimError) {
	id := r.PathValue("id")
	reply, failure := scimReply{status: http.StatusNoContent}, notFound(kind, id)
	proj := parseProjection(kind, r.URL.Query())
	s.UpdateAs(r, api.EndpointSCIM, func(w *world.World) {
		p, ok := w.Find(kind, id)
		if !ok {
			return
		}
		d := s.newDraft(w, p)
		if failure = d.guardSystem(); failure != nil {
			return
		}
		if failure = f(d); failure != nil {
			return
		}
		s.Remember(w, kind, id)
		if failure = d.commit(); failure == nil && !silent {
			reply = scimReply{status: http.StatusOK, body: s.render(w, p, proj, true)}
		}
	})
	return reply, failure
}

// guardSystem refuses changes of groups such as "account users" (assumed: no
// source has the answer).
func (d *draft) guardSystem() *scimError {
	if d.p.Kind == world.KindGroup && d.p.Group.System {
		return &scimError{http.StatusForbidden, "", "System group " + d.p.Group.DisplayName + " cannot be changed."}
	}
	return nil
}

func (d *draft) apply(op patchOperation) *scimError {
	kind := strings.ToLower(op.Op)
	switch kind {
	case opAdd, opReplace:
		if len(op.Value) == 0 {
			return invalidSyntax("operation %s has no value", kind)
		}
	case opRemove:
		if strings.TrimSpace(op.Path) == "" {
			return badRequest("noTarget", "A remove operation needs a path.")
		}
		if len(op.Value) > 0 && d.a.RemoveWithValue == "refused" {
			return badRequest("invalidSyntax",
				`Unrecognized field "value" (class com.unboundid.scim2.common.messages.PatchOperation$RemoveOperation), not marked as ignorable`)
		}
	default:
		return invalidSyntax("op is %q, not add, remove or replace", op.Op)
	}
	if strings.TrimSpace(op.Path) != "" {
		return d.applyPath(kind, op.Path, op.Value)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(op.Value, &fields); err != nil || fields == nil {
		return invalidSyntax("without a path the value must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if strings.EqualFold(name, "schemas") {
			continue
		}
		if failure := d.applyPath(kind, name, fields[name]); failure != nil {
			return failure
		}
	}
	return nil
}

// droppedUserAttrs are core attributes of RFC 7643 that the account does not
// hold: SCIM clients send them, and they are dropped (assumed).
const droppedUserAttrs = " title nickname profileurl usertype preferredlanguage locale timezone phonenumbers ims photos addresses entitlements x509certificates password "

// applyPath is one operation on one attribute.
func (d *draft) applyPath(op, text string, value json.RawMessage) *scimError {
	path, failure := parsePatchPath(d.p.Kind, text)
	if failure != nil || path.foreign {
		return failure
	}
	if op == opReplace && string(value) == "null" {
		op, value = opRemove, nil // RFC 7643 2.5: null is unassigned.
	}
	user, sp := d.p.Kind == world.KindUser, d.p.Kind == world.KindServicePrincipal
	if user && strings.Contains(droppedUserAttrs, " "+path.attr+" ") {
		return nil
	}
	listed := path.attr == "members" || path.attr == "roles" || path.attr == "emails"
	if path.filter != nil && !listed {
		return badRequest("invalidPath", "The path %q is not valid: %s has no elements.", text, path.attr)
	}
	switch path.attr {
	case "name":
		if user {
			return d.applyName(op, path, value)
		}
	case "roles":
		return d.applyRoles(op, path, value)
	case "members":
		if d.p.Kind == world.KindGroup {
			return d.applyMembers(op, path, value)
		}
	case "emails", "username":
		if user {
			return nil // Documented: ignored without a word.
		}
	}
	if path.sub != "" {
		return badRequest("invalidPath", "The path %q is not valid: %s has no sub-attributes.", text, path.attr)
	}
	switch path.attr {
	case "externalid":
		return withText(op, path.attr, value, d.setExternalID)
	case "displayname":
		return withText(op, path.attr, value, d.setDisplayName)
	case "active":
		if user || sp {
			return d.applyActive(op, value)
		}
	case "applicationid":
		if sp {
			return immutable(op, path.attr, value, d.p.SP.ApplicationID)
		}
	case "id":
		return immutable(op, path.attr, value, d.p.ID())
	case "meta", "groups", "account_id":
		return badRequest("mutability", "%s is read-only.", path.attr)
	}
	return badRequest("invalidPath", "%s has no attribute %q.", d.p.Kind.ResourceName(), text)
}

// withText hands a string to set: "" for remove.
func withText(op, attr string, value json.RawMessage, set func(string) *scimError) *scimError {
	var text *string
	if op == opRemove {
		return set("")
	}
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return invalidSyntax("%s must be a string", attr)
	}
	return set(*text)
}

// immutable lets a value through that changes nothing.
func immutable(op, attr string, value json.RawMessage, now string) *scimError {
	var text string
	if op != opRemove && json.Unmarshal(value, &text) == nil && strings.EqualFold(text, now) {
		return nil
	}
	return badRequest("mutability", "%s is immutable.", attr)
}

func (d *draft) applyActive(op string, value json.RawMessage) *scimError {
	if op == opRemove {
		return badRequest("invalidValue", "active cannot be removed.")
	}
	active, failure := parseActive(listedActive(value))
	if failure == nil {
		d.setActive(active)
	}
	return failure
}

// listedActive unwraps the form in which the Databricks Terraform provider
// disables users and service principals, [{"value":"false"}], whose destroy
// works on real accounts. Everything else comes back as it is: text that stands
// alone is refused.
func listedActive(value json.RawMessage) json.RawMessage {
	var list []struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(value, &list); err != nil || len(list) != 1 {
		return value
	}
	return bytes.Trim(list[0].Value, `"`)
}

// parseActive takes a JSON boolean. Anything else is reported to end in a 500.
func parseActive(value json.RawMessage) (bool, *scimError) {
	switch strings.TrimSpace(string(value)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, classCast()
	}
}

func (d *draft) applyName(op string, path patchPath, value json.RawMessage) *scimError {
	name := d.obj.PersonName()
	switch path.sub {
	case "":
		if op == opRemove {
			d.setPersonName(world.PersonName{})
			return nil
		}
		var given struct{ GivenName, FamilyName *string }
		if err := json.Unmarshal(value, &given); err != nil || string(value) == "null" {
			return invalidSyntax("name must be an object of strings")
		}
		if op == opReplace {
			name = world.PersonName{}
		}
		setIf(&name.GivenName, given.GivenName)
		setIf(&name.FamilyName, given.FamilyName)
	case "givenname", "familyname":
		failure := withText(op, "name."+path.sub, value, func(text string) *scimError {
			if path.sub == "givenname" {
				name.GivenName = text
			} else {
				name.FamilyName = text
			}
			return nil
		})
		if failure != nil {
			return failure
		}
	case "formatted", "middlename", "honorificprefix", "honorificsuffix":
		return nil // Core attributes that the account does not hold.
	default:
		return badRequest("invalidPath", "name has no sub-attribute %s.", path.sub)
	}
	d.setPersonName(name)
	return nil
}

func setIf(into, value *string) {
	if value != nil {
		*into = *value
	}
}

// element is a value of a multi-valued attribute.
type element struct {
	Value *string `json:"value"`
	Type  string  `json:"type"`
}

// parseElements reads a list of objects, or one object, with a value each.
// Seen: a bare string is 400 invalidSyntax.
func parseElements(attr string, value json.RawMessage) ([]element, *scimError) {
	var list []element
	if strings.HasPrefix(strings.TrimSpace(string(value)), "{") {
		value = json.RawMessage("[" + string(value) + "]")
	}
	if err := json.Unmarshal(value, &list); err != nil || list == nil {
		return nil, invalidSyntax("%s must be a list of objects with a value", attr)
	}
	for _, e := range list {
		if e.Value == nil || *e.Value == "" {
			return nil, invalidSyntax("an element of %s has no value", attr)
		}
	}
	return list, nil
}
