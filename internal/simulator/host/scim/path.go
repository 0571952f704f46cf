// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// patchPath is a parsed path of a PATCH operation: attribute, the filter in
// brackets if there is one, and the sub-attribute. Names are lower-cased.
type patchPath struct {
	attr   string
	filter filterExpr
	sub    string
	// foreign marks an attribute of the enterprise extension.
	foreign bool
}

// elementAttrs are the sub-attributes that a filter in brackets can name.
const elementAttrs = " value type display primary $ref "

// parsePatchPath reads the path forms of RFC 7644 section 3.5.2: attribute,
// attribute.sub, attribute[filter], attribute[filter].sub, each with or without
// the schema URN of the kind.
func parsePatchPath(kind world.Kind, text string) (patchPath, *scimError) {
	bad := func(why string) (patchPath, *scimError) {
		return patchPath{}, badRequest("invalidPath", "The path %q is not valid: %s.", text, why)
	}
	rest := strings.TrimSpace(text)
	if n := len(schemaEnterprise); len(rest) >= n && strings.EqualFold(rest[:n], schemaEnterprise) {
		return patchPath{foreign: true}, nil
	}
	rest = trimURN(kind, rest)
	open := strings.IndexByte(rest, '[')
	if open < 0 {
		attr, sub, dotted := strings.Cut(rest, ".")
		if !isAttrName(attr) || dotted && !isAttrName(sub) {
			return bad("it names no attribute of " + kind.ResourceName())
		}
		return patchPath{attr: strings.ToLower(attr), sub: strings.ToLower(sub)}, nil
	}
	end := closingBracket(rest, open)
	if end < 0 {
		return bad("a bracket does not close")
	}
	out := patchPath{attr: strings.ToLower(rest[:open])}
	if !isAttrName(out.attr) {
		return bad("there is no attribute before the bracket")
	}
	if tail := rest[end+1:]; tail != "" {
		if tail[0] != '.' || !isAttrName(tail[1:]) {
			return bad("what follows the bracket is no sub-attribute")
		}
		out.sub = strings.ToLower(tail[1:])
	}
	e, err := parseFilter(rest[open+1:end], true)
	if err != nil {
		return patchPath{}, badRequest("invalidFilter", "The path %q is not valid: %s.", text, err)
	}
	if attr, ok := unknownElementAttr(e); ok {
		return patchPath{}, badRequest("invalidFilter", "The path %q is not valid: %s is no sub-attribute.", text, attr)
	}
	out.filter = e
	return out, nil
}

// isAttrName is ATTRNAME of RFC 7643, and $ref.
func isAttrName(s string) bool {
	if s == "$ref" {
		return true
	}
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// closingBracket is where the bracket closes, outside of strings, or -1.
func closingBracket(s string, open int) int {
	var quote byte
	for i := open + 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ']':
			return i
		}
	}
	return -1
}

func unknownElementAttr(e filterExpr) (string, bool) {
	var terms []filterExpr
	switch e := e.(type) {
	case filterAnd:
		terms = e.terms
	case filterOr:
		terms = e.terms
	case filterNot:
		terms = []filterExpr{e.term}
	case filterCompare:
		return e.attr, !strings.Contains(elementAttrs, " "+e.attr+" ")
	}
	for _, t := range terms {
		if attr, ok := unknownElementAttr(t); ok {
			return attr, true
		}
	}
	return "", false
}

// matchElement evaluates a filter in brackets on one element, whose
// sub-attributes get returns (nil: it has none). Values compare with case.
func matchElement(e filterExpr, get func(attr string) []any) bool {
	switch e := e.(type) {
	case filterAnd:
		for _, t := range e.terms {
			if !matchElement(t, get) {
				return false
			}
		}
		return true
	case filterOr:
		for _, t := range e.terms {
			if matchElement(t, get) {
				return true
			}
		}
		return false
	case filterNot:
		return !matchElement(e.term, get)
	case filterCompare:
		return e.matches(get(e.attr), true)
	default:
		return false
	}
}

// equalsValue is the text of the plain filter value eq "text".
func equalsValue(e filterExpr) (string, bool) {
	c, ok := e.(filterCompare)
	if !ok || c.attr != "value" || c.op != "eq" {
		return "", false
	}
	value, ok := c.value.(string)
	return value, ok
}
