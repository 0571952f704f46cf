// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// GroupRename is one account group that occupies the name of an IdP group and is not
// that group, with a name that is free.
type GroupRename struct {
	GroupID, CurrentName, Name string
}

// Key is the key of the rename in maps and in exclude.
func (r *GroupRename) Key() string { return "rename/group/" + r.GroupID }

// occupies reports whether a group that is not the IdP's stands in the way of the IdP
// group of its name, and linking it is not what will be offered: where a link is
// withheld for something that may pass, the link may still come.
func (a *auditor) occupies(p *proposal) bool {
	if !a.o.SuggestGroupRenames || p == nil || p.m.Principal.Type != audit.TypeGroup || p.m.Principal.ExternalID != "" || a.open(p.at)&setIDMismatch == 0 {
		return false
	}
	switch p.reason {
	case rules.ReasonLinkGroups, rules.ReasonAmbiguous:
		return true
	case rules.ReasonHeld:
		return !a.o.LinkGroups || a.isSettledHolder(p)
	default:
		return false
	}
}

// isSettledHolder reports whether the group that holds the id in question is beyond
// doubt. One that is to give the id up would leave it to this group.
func (a *auditor) isSettledHolder(p *proposal) bool {
	holder, _ := a.holders.other(p.target, p.m.Principal.Ref)
	at, inScope := a.matchAt(holder)
	return inScope && holder.Type == audit.TypeGroup && linkedIdentity(a.matches[at]) != nil && a.categories[at]&(setNotInIDP|setIDMismatch) == 0
}

// renameDoubt is why the group is not offered to be renamed; empty when it is. The
// action that is left keeps its reason, because the link is the other way out.
func (a *auditor) renameDoubt(p *proposal) string {
	privilege, known := a.in.Privileges[p.m.Principal.Ref]
	switch {
	case !a.in.Inventory.Coverage.Groups:
		return "the groups of the account were not read in full"
	case a.o.AllowPrivileged[p.m.Principal.ID]:
		return ""
	case !known:
		return "its privileges were not looked up"
	case len(privilege.Powers) > 0:
		return "it is privileged (" + strings.Join(privilege.Powers, "; ") + "), which allow_privileged_principals allows"
	case privilege.Unknown != "":
		return "its privileges are not known: " + privilege.Unknown
	default:
		return ""
	}
}

// groupNames are those that a new name of a group must differ from.
type groupNames struct {
	*auditor
	taken map[string]bool // by folded name; nil until it is asked for
}

// free is a name for a group that no other one of the account has, and no identity
// that was seen. The id in it keeps it the same from audit to audit, and away from the
// names of the IdP, which cannot all be asked for.
func (n *groupNames) free(p *audit.Principal) string {
	name := strings.TrimSpace(n.o.Form(p.Name))
	for try := 1; ; try++ {
		suffix := fmt.Sprintf(" (local %s)", p.ID)
		if try > 1 {
			suffix = fmt.Sprintf(" (local %s, %d)", p.ID, try)
		}
		base := name
		if over := utf8.RuneCountInString(base) + len(suffix) - audit.MaxGroupName; over > 0 {
			runes := []rune(base)
			base = strings.TrimSpace(n.o.Form(string(runes[:max(0, len(runes)-over)])))
		}
		if free := base + suffix; !n.has(free) {
			return free
		}
	}
}

// has reports whether a group of the account or of the IdP, as far as it was seen,
// has a name in any case, or an earlier rename of this audit takes it.
func (n *groupNames) has(name string) bool {
	if n.taken == nil {
		n.taken = map[string]bool{}
		for i := range n.inventory {
			if n.inventory[i].Type == audit.TypeGroup {
				n.take(n.inventory[i].Name)
			}
		}
		for _, m := range n.matches {
			if m.Principal.Type != audit.TypeGroup {
				continue
			}
			n.take(m.Principal.Name)
			for _, id := range append(append(candidatesOf(m), linkedIdentity(m)), near(m)...) {
				if id != nil {
					n.take(id.Names...)
				}
			}
		}
	}
	return n.taken[audit.FoldName(name)]
}

func near(m *audit.Match) []*audit.Identity {
	out := make([]*audit.Identity, 0, len(m.NearName))
	for i := range m.NearName {
		out = append(out, &m.NearName[i])
	}
	return out
}

func (n *groupNames) take(names ...string) {
	for _, name := range names {
		n.taken[audit.FoldName(n.o.Form(name))] = true
	}
}
