// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// holes are what hides something about the groups of a principal (R11): each
// group whose entry has a reason, a list of groups that is not whole, and
// memberships that are hidden.
func (x *index) holes(c *closure) []audit.Failure {
	var out []audit.Failure
	above, asked := x.graph.Above[c.subject.Ref]
	if asked && above.Unknown != "" {
		out = append(out, audit.Failure{Type: c.subject.Type, ID: c.subject.ID, Call: "list the groups above", Reason: above.Unknown})
	}
	if !asked && !x.graph.Listed {
		out = append(out, audit.Failure{Type: audit.TypeGroup, Call: "list groups", Reason: "not every group of the account was read"})
	}
	if x.graph.Hidden != "" && c.hiddenSome() {
		out = append(out, audit.Failure{Type: audit.TypeGroup, Call: "read the members of groups", Reason: x.graph.Hidden})
	}
	for id := range x.groups {
		if c.may == nil || c.may[id] {
			out = append(out, x.groupHoles(id)...)
		}
	}
	for id := range c.must {
		switch group := x.groups[id]; {
		case group == nil:
			out = append(out, audit.Failure{Type: audit.TypeGroup, ID: id, Call: "read the group", Reason: "the group was not read"})
		case c.unexplained(group):
			out = append(out, audit.Failure{Type: audit.TypeGroup, ID: id, Call: "read the members of the group", Reason: c.contradiction()})
		default: // Its own holes are listed above.
		}
	}
	return out
}

// contradiction is the reason of a group that is unexplained.
func (c *closure) contradiction() string {
	return "IAM v2 names it among the groups above " + c.subject.String() + ", and none of its members leads there: one of the two answers is behind"
}

// because is the end of a sentence about a group: why it could not be read.
func (c *closure) because(id string) string {
	group := c.x.groups[id]
	if group == nil {
		return ""
	}
	reason := firstOf(group.Unknown, group.MembersUnknown)
	if reason == "" && c.unexplained(group) {
		reason = c.contradiction()
	}
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func (x *index) groupHoles(id string) []audit.Failure {
	var out []audit.Failure
	group := x.groups[id]
	if group.Unknown != "" {
		out = append(out, audit.Failure{Type: audit.TypeGroup, ID: id, Call: "read the group", Reason: group.Unknown})
	}
	if group.MembersUnknown != "" {
		out = append(out, audit.Failure{Type: audit.TypeGroup, ID: id, Call: "read the members of the group", Reason: group.MembersUnknown})
	}
	return out
}

// hiddenSome reports whether a hidden membership could matter to the principal: it
// is linked, or in a group that is.
func (c *closure) hiddenSome() bool {
	if c.linked() {
		return true
	}
	for id := range c.must {
		if group := c.x.groups[id]; group != nil && (group.linked() || group.Unknown != "") {
			return true
		}
	}
	return false
}

// mergeFailures are the failures that the readers reported, and of the holes
// those that none of them explains: of the same principal, or with the same
// reason. Sorted, each once.
func mergeFailures(reported, holes []audit.Failure) []audit.Failure {
	out := slices.Clone(reported)
	principals, reasons := map[audit.Ref]bool{}, map[string]bool{}
	for _, f := range reported {
		principals[audit.Ref{Type: f.Type, ID: f.ID}] = f.ID != ""
		reasons[f.Reason] = true
	}
	for _, h := range holes {
		if !principals[audit.Ref{Type: h.Type, ID: h.ID}] && !reasons[h.Reason] {
			out = append(out, h)
		}
	}
	return audit.SortedFailures(out)
}
