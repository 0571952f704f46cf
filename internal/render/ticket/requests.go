// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/markup"
)

// NameChange is a user or service principal that is linked to the right identity and has
// another name.
type NameChange struct {
	audit.Ref
	// Name is what Databricks has, NewName what the IdP has; empty where it is not known.
	Name, NewName, ExternalID string
	// Other is another principal ("user/3") that has the new name or the same external
	// id; empty for none.
	Other string
}

// ready reports whether support can change the name.
func (c *NameChange) ready() bool { return c.Other == "" && c.NewName != "" }

// NameChanges asks Databricks support for other names: no API changes those of users and
// service principals. What stands in the way is listed apart, because support renames, and
// merges nothing (docs/reference/prep-script-contract.md 8.7). Markdown, with a
// heading of level 2; it ends in a line feed.
func NameChanges(changes []NameChange) string {
	var send, wait []NameChange
	for _, c := range changes {
		if c.ready() {
			send = append(send, c)
		} else {
			wait = append(wait, c)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## Name changes in a Databricks account (%d)\n", len(send))
	if len(changes) == 0 {
		b.WriteString("\nNo name has to be changed.\n")
	}
	if len(send) > 0 {
		b.WriteString("\nPlease change these names to the ones that our identity provider has. The external ids are correct and must stay as they are. " +
			"We cannot do this ourselves: no API changes the name of a user or service principal.\n\n" +
			"| Type | Databricks id | Old name | New name | External id |\n| --- | --- | --- | --- | --- |\n")
		for _, c := range send {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", typeName(c.Type), markup.Code(c.ID), markup.Code(c.Name), markup.Code(c.NewName), optional(c.ExternalID))
		}
		b.WriteString("\nWhat we know about the change:\n\n" +
			"- It applies to every account and workspace of the same cloud.\n" +
			"- The home folder gets the new name. Paths to it in jobs and notebooks do not: we correct those ourselves.\n" +
			"- The new name must not exist yet. Two records cannot be merged.\n" +
			"- Case matters. On Azure both names are given in lower case.\n" +
			"- Until it is done we pause SCIM, just-in-time provisioning and automatic identity management, and the users do not log in: " +
			"a log-in under the new name would create a second user.\n")
	}
	if len(wait) > 0 {
		fmt.Fprintf(&b, "\n### Not part of the request (%d)\n\nThese have to be settled first, by an account admin. Where there are two records, decide which one keeps the work and the access, "+
			"move to it what the other one has, and remove the other one or change its name. Then ask for the change.\n\n"+
			"| Type | Databricks id | Old name | New name | In the way |\n| --- | --- | --- | --- | --- |\n", len(wait))
		for _, c := range wait {
			why := "the identity provider returned no name"
			if c.Other != "" {
				why = markup.Code(c.Other) + " has the new name or the same external id"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", typeName(c.Type), markup.Code(c.ID), markup.Code(c.Name), optional(c.NewName), why)
		}
	}
	return b.String()
}

// typeName is a type in words.
func typeName(t audit.PrincipalType) string { return strings.ReplaceAll(plain(string(t)), "_", " ") }

// Action is the ticket for a manual action; empty where there is none to send.
func Action(a *judge.ManualAction) string {
	if a.Type == audit.TypeGroup || a.Reason != rules.ReasonNameChange && a.Reason != rules.ReasonNameTaken {
		return ""
	}
	c := NameChange{Ref: a.Ref, Name: a.PrincipalName, NewName: a.NewName, ExternalID: a.ExternalID}
	if a.Conflicting != (audit.Ref{}) {
		c.Other = a.Conflicting.String()
	}
	return NameChanges([]NameChange{c})
}

// AuditedMembers are memberships of linked groups in which an audit found that the two
// sides differ.
type AuditedMembers struct {
	Complete bool
	// Here are in Databricks only, There in the identity provider only.
	Here, There []Membership
}

// Membership is someone in a group. MemberID is the Databricks id of who is in Databricks
// only, and the object id of who is in the identity provider only; GroupID the object id
// of the group. Empty is not known.
type Membership struct{ Member, MemberID, Group, GroupID string }

func (m *Membership) row() string {
	name := "not known"
	if m.Member != "" {
		name = markup.Code(m.Member)
	}
	return fmt.Sprintf("| %s | %s | %s | %s |", name, objectID(m.MemberID), markup.Code(cmp.Or(m.Group, "(unread)")), objectID(m.GroupID))
}

// IDPMemberships asks the people who run the identity provider to add principals to
// groups there, as clone plans say, and what to do about the members in which an audit
// found the two sides to differ. Groups that the identity provider does not have
// are listed apart. Markdown, with a heading of level 2; it ends in a line feed.
func IDPMemberships(plans []access.ClonePlan, audits ...AuditedMembers) string {
	var add, absent, here, there []string
	incomplete := 0
	for i := range audits {
		a := &audits[i]
		if !a.Complete {
			incomplete++
		}
		for k := range a.Here {
			here = append(here, a.Here[k].row())
		}
		for k := range a.There {
			there = append(there, a.There[k].row())
		}
	}
	for i := range plans {
		p := &plans[i]
		if !p.Complete || len(p.Problems) > 0 {
			incomplete++
		}
		for j := range p.IDPActions {
			row := &p.IDPActions[j]
			line := fmt.Sprintf("| %s | %s | %s | %s |", markup.Code(shown(p.Target)), objectID(p.Target.ExternalID),
				markup.Code(cmp.Or(row.GroupName, "(unread)")), objectID(row.ExternalID))
			if row.InIDP != nil && !*row.InIDP {
				absent = append(absent, line)
				continue
			}
			add = append(add, line+" "+membershipNote(row)+" |")
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## Group memberships in the identity provider (%d)\n", len(add)+len(here)+len(there))
	if incomplete > 0 {
		b.WriteString("\n> **The list may be too short**: not everything that it depends on could be read.\n")
	}
	const header = "| Member | Its object id | Group | Object id of the group |"
	switch {
	case len(add) > 0:
		b.WriteString("\nPlease add each member to the group beside it. Databricks takes the members of these groups from the identity provider, so they cannot be added in Databricks.\n\n" +
			header + " Note |\n| --- | --- | --- | --- | --- |\n" + strings.Join(add, "\n") + "\n")
	case len(absent)+len(here)+len(there) == 0:
		b.WriteString("\nNo membership has to be added.\n")
	}
	if len(here) > 0 {
		fmt.Fprintf(&b, "\n### Only in Databricks (%d)\n\nThese members were added in Databricks, and the identity provider does not have them in the group. Please add to the group who belongs there, "+
			"and say who does not: they will be removed in Databricks.\n\n| Member | Its Databricks id | Group | Object id of the group |\n| --- | --- | --- | --- |\n%s\n", len(here), strings.Join(here, "\n"))
	}
	if len(there) > 0 {
		fmt.Fprintf(&b, "\n### Only in the identity provider (%d)\n\nThese members are in the group, directly or through a nested group, and Databricks does not have them in it. Please check that the group is assigned to the "+
			"connector, that its members are assigned too (nested groups are not), and that the last run had no errors.\n\n%s\n| --- | --- | --- | --- |\n%s\n", len(there), header, strings.Join(there, "\n"))
	}
	if len(absent) > 0 {
		fmt.Fprintf(&b, "\n### Not in the identity provider (%d)\n\nDatabricks stores these object ids, but the identity provider has no such group. "+
			"Please say which groups have taken their place, or that they are gone.\n\n%s\n| --- | --- | --- | --- |\n%s\n", len(absent), header, strings.Join(absent, "\n"))
	}
	return b.String()
}

func objectID(id string) string {
	if id == "" {
		return "not known"
	}
	return markup.Code(id)
}

// membershipNote is what the people there have to know before they add a member.
func membershipNote(row *access.PlanRow) string {
	var unchecked []string
	if row.InIDP == nil {
		unchecked = []string{"not checked whether the group still exists"}
	}
	return notes(row, "a member already, through another group", unchecked...)
}
