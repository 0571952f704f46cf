// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package audit is the engine: pure functions from snapshots of a Databricks
// account and of an identity provider (IdP) to reports.
//
// It imports the standard library only, never reads a clock, a file or the
// network, and returns everything sorted: the same input gives the same bytes.
// What could not be read is in [Coverage] and [Failure]; a verdict that rests
// on a hole is unknown, never clean.
//
// The error categories are those of Databricks' "AIM enablement prep script"
// (docs/design/contracts.md); everything that the script does not see is an
// [Advisory] and never changes a category.
package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// PrincipalType is one of the three kinds of Databricks principals.
type PrincipalType string

// The principal types, spelled as in Terraform configuration and ids.
const (
	TypeUser             PrincipalType = "user"
	TypeGroup            PrincipalType = "group"
	TypeServicePrincipal PrincipalType = "service_principal"
)

// PrincipalTypes lists all types in the order in which the prep script works:
// users, groups, service principals.
func PrincipalTypes() []PrincipalType {
	return []PrincipalType{TypeUser, TypeGroup, TypeServicePrincipal}
}

// Order is the position of the type in [PrincipalTypes]; unknown types come last.
func (t PrincipalType) Order() int {
	switch t {
	case TypeUser:
		return 0
	case TypeGroup:
		return 1
	case TypeServicePrincipal:
		return 2
	default:
		return 3
	}
}

// Ref names one Databricks principal: its type and its internal id (decimal
// digits in an account; compared as text).
type Ref struct {
	Type PrincipalType
	ID   string
}

// String is the key of a principal in maps and import ids, for example "user/123".
func (r Ref) String() string { return string(r.Type) + "/" + r.ID }

// ParseRef reads what [Ref.String] writes. The error names the three valid forms.
func ParseRef(s string) (Ref, error) {
	kind, id, found := strings.Cut(s, "/")
	r := Ref{Type: PrincipalType(kind), ID: id}
	if !found || r.Type.Order() > 2 || id == "" || strings.ContainsAny(id, "/ \t\r\n") {
		return Ref{}, fmt.Errorf("%q is not a principal: write user/<id>, group/<id> or service_principal/<id>", s)
	}
	return r, nil
}

// CompareRefs orders principals by type ([PrincipalTypes]) and then by id.
func CompareRefs(a, b Ref) int {
	if c := cmp.Compare(a.Type.Order(), b.Type.Order()); c != 0 {
		return c
	}
	return CompareIDs(a.ID, b.ID)
}

// CompareIDs orders decimal ids by value: shorter first, then by text. Any two
// different texts compare unequal, so the order is total.
func CompareIDs(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}
