// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxGroupExternalID is the documented limit of a group's externalId, in
// characters. None is documented for users and service principals: maxExternalID,
// in bytes, is assumed.
const (
	maxGroupExternalID = 64
	maxExternalID      = 255
)

// SameExternalID reports whether two ids name the same IdP object: GUIDs compare
// trimmed and in any case, everything else (Okta ids are case-sensitive) byte
// for byte. The prep script's categories do not use it: they compare exactly.
func SameExternalID(a, b string) bool {
	return a == b || CanonicalExternalID(a) == CanonicalExternalID(b)
}

// CanonicalExternalID is the form in which [SameExternalID] ids are equal: a
// GUID trimmed and in lower case, anything else as it is. It is for comparing;
// what is written to Databricks keeps the IdP's spelling.
func CanonicalExternalID(id string) string {
	const guidLength = 36
	if len(id) < guidLength {
		return id
	}
	trimmed := id
	if len(id) > guidLength {
		if trimmed = strings.TrimSpace(id); len(trimmed) != guidLength {
			return id
		}
	}
	upper := false
	for i := range guidLength {
		switch c := trimmed[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return id
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
		case c >= 'A' && c <= 'F':
			upper = true
		default:
			return id
		}
	}
	if upper {
		return strings.ToLower(trimmed)
	}
	return trimmed
}

// CheckExternalID reports whether a value can be written to a principal of a type
// at all. "" clears, which is for groups only (docs/reference/databricks-account-api.md 4.3).
func CheckExternalID(t PrincipalType, want string) error {
	switch {
	case want != "":
		return ValidateExternalID(t, want)
	case t != TypeGroup:
		return fmt.Errorf("the externalId of a %s cannot be cleared: Databricks supports that for groups only", t)
	}
	return nil
}

// Irreversible is why a fix that does not take the present value back says so: what current
// is, or who else has it. Empty where it is reversible.
func Irreversible(t PrincipalType, current string, reversible bool) string {
	switch {
	case reversible:
		return ""
	case current == "":
		return "a blank value cannot be written back"
	case ValidateExternalID(t, current) != nil:
		return "the present value is one that the API does not accept"
	default:
		return "another principal holds the present value as well"
	}
}

// ValidateExternalID refuses what a PATCH of externalId could not hold: a blank
// id, one with spaces or control characters, one that is not UTF-8, and one that
// is too long. The error does not repeat the id.
func ValidateExternalID(t PrincipalType, id string) error {
	if id == "" {
		return fmt.Errorf("the externalId is blank")
	}
	if len(id) > maxExternalID {
		return fmt.Errorf("the externalId has %d bytes; at most %d are accepted", len(id), maxExternalID)
	}
	if !utf8.ValidString(id) {
		return fmt.Errorf("the externalId is not valid UTF-8")
	}
	for _, r := range id {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return fmt.Errorf("the externalId has a space or control character (%U)", r)
		}
	}
	if n := utf8.RuneCountInString(id); t == TypeGroup && n > maxGroupExternalID {
		return fmt.Errorf("the externalId has %d characters; a group's has at most %d", n, maxGroupExternalID)
	}
	return nil
}
