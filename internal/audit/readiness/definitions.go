// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Definition is a view or a function of Unity Catalog whose text has the name of a
// function that asks for a group.
type Definition struct {
	// Kind is view or function; Name is its full name.
	Kind, Name string
	Text       string
	// Cut: the text goes on.
	Cut bool
	// Language is set for what is not SQL.
	Language string
	// Uses say what a function is used for: "row filter of 2 tables, the first is ..".
	Uses []string
}

// The kinds of definitions.
const (
	KindView     = "view"
	KindFunction = "function"
)

// groupsOf are the calls in a definition, each once, and why there may be more.
func (d *Definition) groupsOf() (calls []groupCall, cannotTell []string) {
	if d.Language != "" && !strings.EqualFold(d.Language, "SQL") {
		return nil, []string{"it is written in " + d.Language}
	}
	all, cannotTell := groupCalls(d.Text)
	for _, c := range all {
		if !slices.Contains(calls, c) {
			calls = append(calls, c)
		}
	}
	if d.Cut {
		cannotTell = []string{"it is too long to be read whole"}
	}
	return calls, cannotTell
}

// GroupNamesInSQL are the views and functions that ask for a group, as "view/<full
// name>", by the name as it is written there, sorted.
func GroupNamesInSQL(f *Facts) map[string][]string {
	out := map[string][]string{}
	for i := range f.Definitions {
		d := &f.Definitions[i]
		calls, _ := d.groupsOf()
		for _, c := range calls {
			if at := d.Kind + "/" + d.Name; !slices.Contains(out[c.group], at) {
				out[c.group] = append(out[c.group], at)
			}
		}
	}
	for name := range out {
		slices.Sort(out[name])
	}
	return out
}

// builtinGroup: these exist wherever a function asks: every account has the first, and every
// workspace has the others, which the account does not know.
func builtinGroup(c groupCall) bool {
	return c.group == "account users" || c.function == sqlIsMember && (c.group == "admins" || c.group == "users")
}

// judgeDefinitions finds groups that SQL asks for and the account does not have, or will
// not have under that name when automatic identity management has refreshed it.
func judgeDefinitions(f *Facts) (out finding) {
	here, folded := map[string]audit.Principal{}, map[string]string{}
	for _, g := range f.principals(audit.TypeGroup) {
		here[g.Name] = g
		folded[strings.ToLower(g.Name)] = g.Name
	}
	local := map[string]bool{}
	for _, g := range f.LocalGroups {
		local[g.Name] = true
	}
	renamed, after := map[string]row{}, map[string]row{} // by id, and by the name to come
	for _, r := range f.rows() {
		if r.kindOf() == checkGroupRenamed {
			renamed[r.ID] = r
			if r.IDPName != "" {
				after[r.IDPName] = r
			}
		}
	}
	// What else was read matters only if something depends on it.
	doesWithout := map[Need]bool{NeedGroups: true, NeedIDP: true, NeedLocalGroups: true}
	asked := map[string]bool{}
	for i := range f.Definitions {
		d := &f.Definitions[i]
		calls, cannotTell := d.groupsOf()
		for _, why := range cannotTell {
			out.unknown = append(out.unknown, fmt.Sprintf("which groups %s/%s asks for cannot be determined: %s", d.Kind, d.Name, why))
		}
		// A definition that asks for both names is right before and after.
		asksFor := func(name string) bool {
			return slices.ContainsFunc(calls, func(c groupCall) bool { return c.group == name })
		}
		for _, c := range calls {
			group, known := here[c.group]
			asked[c.group] = true
			doesWithout[NeedGroups] = false
			switch {
			case builtinGroup(c):
			case known:
				if group.ExternalID != "" {
					doesWithout[NeedIDP] = false
				}
				if r, is := renamed[group.ID]; is && !asksFor(r.IDPName) {
					d.ask(&out, c, fmt.Sprintf("and group/%s of that name is called %s in the identity provider", group.ID, cmp.Or(r.IDPName, unknownName)))
				}
			case c.function == sqlIsMember && local[c.group]:
			case c.function == sqlIsMember && len(f.Unknown[NeedLocalGroups]) > 0:
				doesWithout[NeedLocalGroups] = false
			case !f.Inventory.Coverage.Groups:
			case after[c.group].ID != "":
				if r := after[c.group]; !asksFor(r.name) {
					d.ask(&out, c, fmt.Sprintf("and group/%s has that name in the identity provider only: here it is called %s", r.ID, r.name))
				}
			case folded[strings.ToLower(c.group)] != "":
				out.unknown = append(out.unknown, fmt.Sprintf("%s/%s asks for the group %q, and the account has %q: whether case matters is not documented", d.Kind, d.Name, c.group,
					folded[strings.ToLower(c.group)]))
			case len(f.Unknown[NeedIDP]) > 0 && slices.ContainsFunc(calls, func(c groupCall) bool { return here[c.group].ExternalID != "" }):
				doesWithout[NeedIDP] = false // It may be the new name of that group.
			default:
				d.ask(&out, c, "and the account has no group of that name")
			}
		}
	}
	for need, without := range doesWithout {
		if without {
			out.doesWithout = append(out.doesWithout, need)
		}
	}
	if len(f.Definitions) > 0 {
		out.evidence = append(out.evidence, fmt.Sprintf("%d views and functions ask for groups, by %d names", len(f.Definitions), len(asked)))
	}
	out.unknown = sentences(out.unknown, "definitions whose groups cannot be determined")
	return out
}

// ask notes a definition whose group is not as it asks for it.
func (d *Definition) ask(out *finding, c groupCall, why string) {
	out.add(d.Kind, d.Name, d.Name, strings.Join(append([]string{fmt.Sprintf("%s('%s'), %s", c.function, c.group, why)}, d.Uses...), "; "))
}
