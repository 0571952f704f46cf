// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

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

// UserNames are the attributes of a user that names are made of.
type UserNames struct {
	UPN, Mail string
	Guest     bool
}

// External reports whether a user was invited or synchronized from another tenant: the
// UPN shows it, while userType may say Member and an export may not say either.
func (n *UserNames) External() bool { return strings.Contains(strings.ToUpper(n.UPN), "#EXT#") }

// UserEntry completes the identity of a user with its names. Without
// attributes, members are known by UPN and guests by mail address, or by UPN
// where they have none; external users by both, because no export says which of
// the two kinds they are. A user of whom every named attribute is blank keeps its
// UPN: it has a name in Databricks, whatever it is.
//
// The UPN leads to the identity even where it is not its name, and the mail
// address where no one has it as a UPN: matchWithIdp finds both.
func UserEntry(n UserNames, id audit.Identity, attributes []string) Entry {
	id.Type = audit.TypeUser
	id.Names = nil
	for _, a := range attributes {
		value := n.UPN
		if a == attributeMail {
			value = n.Mail
		}
		if value != "" && !slices.Contains(id.Names, value) {
			id.Names = append(id.Names, value)
		}
	}
	switch {
	case len(id.Names) > 0:
	case len(attributes) == 0 && n.External() && n.Mail != "":
		id.Names = []string{n.Mail, n.UPN}
	case len(attributes) == 0 && n.Guest && n.Mail != "":
		id.Names = []string{n.Mail}
	case n.UPN != "":
		id.Names = []string{n.UPN}
	}
	return Entry{Identity: id, Named: []string{n.UPN}, Aliases: []string{strings.TrimSpace(n.Mail)}}
}
