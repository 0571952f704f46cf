// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package audit has the words in which the account and the identity provider (IdP) are
// spoken of: principals and identities, what was read of them and what could not be, when
// two external ids or names are the same. The packages below it are the engine, which
// judges what they say; both sides that read know the words only.
//
// It and all of the engine import the standard library only, never read a clock, a file
// or the network, and return everything sorted: the same input gives the same bytes.
// What could not be read is in [Coverage] and [Failure]; a verdict that rests on a hole
// is unknown, never clean.
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
