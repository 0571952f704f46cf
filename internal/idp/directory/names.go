// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Attributes of a directory user that may be its name in Databricks.
const (
	attributeUPN  = "userPrincipalName"
	attributeMail = "mail"
)

// CheckUsernameAttributes refuses what username_attributes cannot name.
func CheckUsernameAttributes(attributes []string) error {
	for i, a := range attributes {
		if a != attributeUPN && a != attributeMail {
			return fmt.Errorf("%q is not an attribute that can be a user name: use %s, %s or both, the preferred one first",
				a, attributeUPN, attributeMail)
		}
		if slices.Contains(attributes[:i], a) {
			return fmt.Errorf("%q is listed twice", a)
		}
	}
	return nil
}

// userNames are the attributes of a user that names are made of.
type userNames struct {
	upn, mail string
	guest     bool
}

// external tells of a user who was invited or synchronized from another tenant: the
// UPN shows it, while userType may say Member and an export may not say either.
func (n *userNames) external() bool { return strings.Contains(strings.ToUpper(n.upn), "#EXT#") }

// userEntry completes the identity of a user with its names. Without
// attributes, members are known by UPN and guests by mail address, or by UPN
// where they have none; external users by both, because no export tells which of
// the two kinds they are. A user of whom every named attribute is blank keeps its
// UPN: it has a name in Databricks, whatever it is.
//
// The UPN leads to the identity even where it is not its name, and the mail
// address where nobody has it as a UPN: matchWithIdp finds both.
func userEntry(n userNames, id audit.Identity, attributes []string) entry {
	id.Type = audit.TypeUser
	id.Names = nil
	for _, a := range attributes {
		value := n.upn
		if a == attributeMail {
			value = n.mail
		}
		if value != "" && !slices.Contains(id.Names, value) {
			id.Names = append(id.Names, value)
		}
	}
	switch {
	case len(id.Names) > 0:
	case len(attributes) == 0 && n.external() && n.mail != "":
		id.Names = []string{n.mail, n.upn}
	case len(attributes) == 0 && n.guest && n.mail != "":
		id.Names = []string{n.mail}
	case n.upn != "":
		id.Names = []string{n.upn}
	}
	return entry{identity: id, named: []string{n.upn}, aliases: []string{strings.TrimSpace(n.mail)}}
}
