// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

const (
	schemaError      = "urn:ietf:params:scim:api:messages:2.0:Error"
	schemaList       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	schemaPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	schemaCorePrefix = "urn:ietf:params:scim:schemas:core:2.0:"
	// schemaEnterprise attributes are accepted and dropped: SCIM clients of
	// identity providers send them, the account does not hold them (assumed).
	schemaEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
)

// schemaURN is the schema of the kind's resources.
func schemaURN(k world.Kind) string { return schemaCorePrefix + k.ResourceName() }

// trimURN takes the kind's own schema URN, in any case, off an attribute.
func trimURN(kind world.Kind, attr string) string {
	urn := schemaURN(kind) + ":"
	if len(attr) > len(urn) && strings.EqualFold(attr[:len(urn)], urn) {
		return attr[len(urn):]
	}
	return attr
}

// scimAttr reads an attribute for filters and sorting: every value, as strings
// or as one bool. exact attributes are compared with case.
type scimAttr struct {
	exact  bool
	values func(p world.Principal) []any
}

func text(s string) []any {
	if s == "" {
		return nil
	}
	return []any{s}
}

func roleValues(roles []world.Role) []any {
	out := make([]any, 0, len(roles))
	for _, r := range roles {
		out = append(out, r.Value)
	}
	return out
}

// filterable finds an attribute by its lower-cased name. Documented or seen to
// work are userName and emails.value of users, displayName of groups and
// applicationId and displayName of service principals; the others are assumed.
func (a Assumptions) filterable(kind world.Kind, name string) (scimAttr, bool) {
	name = strings.ToLower(trimURN(kind, name))
	switch name {
	case "id":
		return scimAttr{exact: true, values: func(p world.Principal) []any { return text(p.ID()) }}, true
	case "externalid":
		return scimAttr{exact: true, values: func(p world.Principal) []any { return text(p.ExternalID()) }}, true
	case "displayname":
		return scimAttr{exact: a.DisplayNameCase == "exact",
			values: func(p world.Principal) []any { return text(p.RawDisplayName()) }}, true
	case "roles", "roles.value":
		return scimAttr{values: func(p world.Principal) []any { return roleValues(p.Roles()) }}, true
	}
	switch {
	case kind == world.KindServicePrincipal && name == "applicationid":
		return scimAttr{values: func(p world.Principal) []any { return text(p.SP.ApplicationID) }}, true
	case kind == world.KindServicePrincipal && name == "active":
		return scimAttr{values: func(p world.Principal) []any { return []any{p.SP.Active} }}, true
	case kind != world.KindUser:
		return scimAttr{}, false
	}
	switch name {
	case "username":
		return scimAttr{values: func(p world.Principal) []any { return text(p.User.UserName) }}, true
	case "active":
		return scimAttr{values: func(p world.Principal) []any { return []any{p.User.Active} }}, true
	case "name.givenname":
		return scimAttr{values: func(p world.Principal) []any { return text(p.PersonName().GivenName) }}, true
	case "name.familyname":
		return scimAttr{values: func(p world.Principal) []any { return text(p.PersonName().FamilyName) }}, true
	case "emails", "emails.value", "emails.type":
		return scimAttr{values: func(p world.Principal) []any { return emailValues(p.User.Emails, name == "emails.type") }}, true
	}
	return scimAttr{}, false
}

func emailValues(emails []world.Email, types bool) []any {
	out := make([]any, 0, len(emails))
	for _, e := range emails {
		if types {
			out = append(out, e.Type)
		} else {
			out = append(out, e.Value)
		}
	}
	return out
}

// compileFilter turns a parsed filter into a predicate for one kind. The error
// is a [filterError]: an attribute that cannot be filtered, or a value of the
// wrong type.
func (a Assumptions) compileFilter(kind world.Kind, e filterExpr) (func(world.Principal) bool, error) {
	switch e := e.(type) {
	case filterAnd:
		terms, err := a.compileAll(kind, e.terms)
		return func(p world.Principal) bool {
			for _, t := range terms {
				if !t(p) {
					return false
				}
			}
			return true
		}, err
	case filterOr:
		terms, err := a.compileAll(kind, e.terms)
		return func(p world.Principal) bool {
			for _, t := range terms {
				if t(p) {
					return true
				}
			}
			return false
		}, err
	case filterNot:
		term, err := a.compileFilter(kind, e.term)
		return func(p world.Principal) bool { return !term(p) }, err
	case filterCompare:
		return a.compileCompare(kind, e)
	default:
		return nil, filterError("the filter is empty")
	}
}

func (a Assumptions) compileAll(kind world.Kind, terms []filterExpr) ([]func(world.Principal) bool, error) {
	out := make([]func(world.Principal) bool, len(terms))
	for i, t := range terms {
		var err error
		if out[i], err = a.compileFilter(kind, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a Assumptions) compileCompare(kind world.Kind, c filterCompare) (func(world.Principal) bool, error) {
	name := strings.ToLower(trimURN(kind, c.attr))
	if name == "externalid" {
		switch a.ExternalIDFilter {
		case "evaluated":
		case "refused":
			return nil, filterError("filtering by externalId is not supported")
		default:
			// Reported for users: the condition is dropped without a word, so the
			// answer holds everything.
			return func(world.Principal) bool { return true }, nil
		}
	}
	attr, ok := a.filterable(kind, name)
	if !ok {
		return nil, filterError(fmt.Sprintf("%s of %s cannot be filtered", c.attr, kind))
	}
	if _, isBool := c.value.(bool); c.op != "pr" && isBool != (name == "active") {
		return nil, filterError(fmt.Sprintf("the value for %s has the wrong type", c.attr))
	}
	return func(p world.Principal) bool { return c.matches(attr.values(p), attr.exact) }, nil
}

// matches compares every value of an attribute; ne means that none is equal.
func (c filterCompare) matches(values []any, exact bool) bool {
	switch c.op {
	case "pr":
		return len(values) > 0
	case "ne":
		eq := c
		eq.op = "eq"
		return !eq.matches(values, exact)
	}
	for _, v := range values {
		if c.matchesOne(v, exact) {
			return true
		}
	}
	return false
}

func (c filterCompare) matchesOne(v any, exact bool) bool {
	have, isText := v.(string)
	want, wantText := c.value.(string)
	if !isText || !wantText {
		return v == c.value
	}
	if !exact {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch c.op {
	case "eq":
		return have == want
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	default: // ew
		return strings.HasSuffix(have, want)
	}
}
