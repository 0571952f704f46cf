// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provisioning

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Comparison is whom connectors cover, held against who is in the account. Connectors
// that are off cover no one.
type Comparison struct {
	// InScopeAbsent are in the scope of a connector of the account, and no principal has
	// their id.
	InScopeAbsent Compared
	// LinkedOutOfScope are principals with the id of an identity that no connector of the
	// account covers.
	LinkedOutOfScope Compared
	// NestedOnly are in groups below an assigned one, which the connector does not expand.
	NestedOnly Compared
	// WorkspaceOnly are in the scope of a workspace's connector, and of no connector of
	// the account.
	WorkspaceOnly Compared
}

// Compared is one list of a comparison. Every row is proven.
type Compared struct {
	Rows []ComparedRow
	// Unknown is why there may be more, sorted; empty when the list is whole.
	Unknown []string
}

// ComparedRow is an identity, and where it is in the account.
type ComparedRow struct {
	Type             audit.PrincipalType
	ExternalID, Name string
	// Connector is the id of the one whose scope is meant; empty for none.
	Connector string
	// Workspace is the target of a workspace's connector.
	Workspace string
	// Principal has the id; for a row of InScopeAbsent that has none, the name. Nil for none.
	Principal *audit.Principal
	// Via is the group that holds a nested one, by external id.
	Via string
	// Reason is one of the Absent codes, for rows of InScopeAbsent.
	Reason string
}

// Why an identity in scope is absent.
const (
	AbsentNameTaken  = "name_taken"
	AbsentFailing    = "failing"
	AbsentDisabled   = "disabled"
	AbsentNotWritten = "not_written"
)

// Identity is what the identity provider says of an id.
type Identity struct {
	Exists bool
	Name   string
	// Names are all names that Databricks may know it by.
	Names   []string
	Enabled *bool
	// Unknown is why it could not say; everything else is empty then.
	Unknown string
}

// writtenTypes are those that a connector can write.
func writtenTypes() []audit.PrincipalType {
	return []audit.PrincipalType{audit.TypeUser, audit.TypeGroup}
}

type certainty int

const (
	no certainty = iota
	maybe
	yes
)

// coverage is whom a connector covers of one type.
type coverage struct {
	ids      map[string]bool
	none     bool   // it writes no such objects
	everyone bool   // all of the directory
	more     string // why one that is not in ids may be covered, too
	less     string // why one that is in scope may not be covered
}

func (k *coverage) covers(id string) (certainty, string) {
	switch inScope := k.everyone || k.ids[id]; {
	case k.none:
		return no, ""
	case inScope && k.less != "":
		return maybe, k.less
	case inScope:
		return yes, ""
	case k.more != "":
		return maybe, k.more
	}
	return no, ""
}

// CoversUser reports whether the user of the identity provider with that id is in the scope
// of the connector, whose assignments were read for it. doubt is why that is not known.
func (v *Verdict) CoversUser(id string) (covered bool, doubt string) {
	sure, why := v.users.covers(id)
	return sure == yes, why
}

func coverageOf(c *Connector, v *Verdict, t audit.PrincipalType) coverage {
	out := coverage{ids: map[string]bool{}, more: v.Scope.Unknown}
	writes, known := v.Syncs[t]
	out.none = known && !writes
	switch {
	case !known:
		out.less = "its " + string(PartSchema) + " could not be read"
	case slices.ContainsFunc(v.Filters, func(f Filter) bool { return f.Object == t }):
		out.less = fmt.Sprintf("a scoping filter may leave a %s out", t)
	}
	if c.Push != nil {
		c.Push.cover(t, &out)
		return out
	}
	switch {
	case v.Scope.SyncAll == nil:
		out.more = "whether everyone is in scope could not be read"
	case *v.Scope.SyncAll:
		out.everyone = true
	}
	if t == audit.TypeUser {
		for _, a := range v.Scope.Users {
			out.ids[a.ID] = true
		}
	}
	for i := range v.Scope.Groups {
		g := &v.Scope.Groups[i]
		if t == audit.TypeGroup {
			out.ids[g.ID] = true
			continue
		}
		for _, id := range c.Members[g.ID].Users {
			out.ids[id] = true
		}
		if g.Unknown != "" {
			out.more = cmp.Or(out.more, fmt.Sprintf("the members of the group %s could not be read", g.ID))
		}
	}
	return out
}

// comparing is one comparison under way.
type comparing struct {
	account *Account
	all     []compared
	byID    map[audit.Ref]*audit.Principal // by type and canonical external id
	// unfound is why connectors may be missing.
	unfound string
	out     Comparison
}

// compared is a connector that is not off and does not provably write elsewhere.
type compared struct {
	*Connector
	verdict *Verdict
	covers  map[audit.PrincipalType]coverage
	// atAccount: it writes to the account; inWorkspace: to a workspace of it. Either may
	// be maybe.
	atAccount, inWorkspace certainty
}

func (c *compared) String() string { return fmt.Sprintf("the connector %q (%s)", c.DisplayName, c.ID) }

// Compare holds the scopes of connectors against the account. unfound is why connectors
// may be missing; empty where all were found.
func Compare(connectors []Connector, verdicts []Verdict, account *Account, unfound string) Comparison {
	w := comparing{account: account, unfound: unfound, byID: map[audit.Ref]*audit.Principal{}}
	for i := range account.Principals {
		if p := &account.Principals[i]; p.ExternalID != "" {
			w.byID[audit.Ref{Type: p.Type, ID: audit.CanonicalExternalID(p.ExternalID)}] = p
		}
	}
	for i := range connectors {
		one := compared{Connector: &connectors[i], verdict: &verdicts[i], covers: map[audit.PrincipalType]coverage{}}
		one.atAccount, one.inWorkspace = one.verdict.Target.levels()
		if one.verdict.Health.Status == Off || one.atAccount == no && one.inWorkspace == no {
			continue
		}
		for _, t := range writtenTypes() {
			one.covers[t] = coverageOf(one.Connector, one.verdict, t)
		}
		w.all = append(w.all, one)
	}
	for i := range w.all {
		w.absent(&w.all[i])
		w.nested(&w.all[i])
		w.onlyInWorkspace(&w.all[i])
	}
	w.outOfScope()
	if unfound != "" {
		for _, l := range w.out.Lists() {
			l.doubt(unfound)
		}
	}
	for _, l := range w.out.Lists() {
		l.sort()
	}
	return w.out
}

// levels is what a target is certain to be.
func (t *Target) levels() (account, workspace certainty) {
	ours := maybe
	if t.IsThisAccount != nil {
		ours = no
		if *t.IsThisAccount {
			ours = yes
		}
	}
	switch {
	case t.Level == LevelAccount:
		return ours, no
	case t.Level == LevelWorkspace:
		return no, ours
	case t.Level == LevelUnknown, t.Level == LevelOther && IsDatabricksHost(t.Host):
		return maybe, maybe
	}
	return no, no
}

// ListNames are the names of the lists, sorted.
func ListNames() []string { return slices.Sorted(maps.Keys((&Comparison{}).Lists())) }

// Lists are the lists of the comparison, by name.
func (c *Comparison) Lists() map[string]*Compared {
	return map[string]*Compared{
		"in_scope_absent": &c.InScopeAbsent, "linked_out_of_scope": &c.LinkedOutOfScope, "nested_only": &c.NestedOnly, "workspace_only": &c.WorkspaceOnly,
	}
}

func (l *Compared) doubt(why string) {
	if !slices.Contains(l.Unknown, why) {
		l.Unknown = append(l.Unknown, why)
	}
}

// isAbout reports whether a connector certainly writes where the list looks.
func (l *Compared) isAbout(c *compared, there certainty) bool {
	if there == maybe {
		l.doubt(c.String() + ": where it writes to is not known")
	}
	return there == yes
}

func (l *Compared) sort() {
	slices.Sort(l.Unknown)
	slices.SortFunc(l.Rows, func(a, b ComparedRow) int {
		return cmp.Or(cmp.Compare(a.Connector, b.Connector), cmp.Compare(a.Type.Order(), b.Type.Order()), cmp.Compare(a.ExternalID, b.ExternalID), comparePrincipals(a.Principal, b.Principal))
	})
}

func comparePrincipals(a, b *audit.Principal) int {
	if a == nil || b == nil {
		return 0
	}
	return audit.CompareRefs(a.Ref, b.Ref)
}

func (w *comparing) holder(t audit.PrincipalType, id string) *audit.Principal {
	return w.byID[audit.Ref{Type: t, ID: id}]
}

// unlisted is why the account may have principals that are not known.
func (w *comparing) unlisted(t audit.PrincipalType) string {
	if w.account.Coverage.Of(t) {
		return ""
	}
	return fmt.Sprintf("the %ss of the account could not be listed whole", t)
}

func (w *comparing) names(c *compared) map[string]string {
	out := map[string]string{}
	for _, a := range c.Assigned {
		out[a.ID] = a.Name
	}
	return out
}

func (w *comparing) absent(c *compared) {
	list := &w.out.InScopeAbsent
	if !list.isAbout(c, c.atAccount) {
		return
	}
	failing := map[string]bool{}
	for _, f := range c.verdict.Failing {
		failing[f.SourceID] = true
	}
	names := w.names(c)
	for _, t := range writtenTypes() {
		k := c.covers[t]
		if k.none {
			continue
		}
		for id := range k.ids {
			if w.holder(t, id) != nil {
				continue
			}
			if sure, why := k.covers(id); sure != yes {
				list.doubt(c.String() + ": " + why)
				continue
			}
			if why := w.unlisted(t); why != "" {
				list.doubt(why)
				continue
			}
			row := ComparedRow{Type: t, ExternalID: id, Name: names[id], Connector: c.ID, Reason: AbsentNotWritten}
			if failing[id] {
				row.Reason = AbsentFailing
			}
			list.Rows = append(list.Rows, row)
		}
		switch {
		case k.everyone:
			list.doubt(c.String() + ": everyone is in scope, and only those who are assigned are compared")
		case k.more != "":
			list.doubt(c.String() + ": " + k.more)
		}
	}
}

// covered reports whether a connector of the account covers an identity.
func (w *comparing) covered(t audit.PrincipalType, id string) (certainty, string) {
	doubt := ""
	for i := range w.all {
		c := &w.all[i]
		if c.atAccount == no {
			continue
		}
		k := c.covers[t]
		switch sure, why := k.covers(id); {
		case sure == yes && c.atAccount == yes:
			return yes, ""
		case sure == maybe:
			doubt = cmp.Or(doubt, c.String()+": "+why)
		case sure == yes:
			doubt = cmp.Or(doubt, c.String()+": where it writes to is not known")
		}
	}
	if doubt = cmp.Or(doubt, w.unfound); doubt != "" {
		return maybe, doubt
	}
	return no, ""
}

// outOfScope finds candidates: whether their identities exist is asked later.
func (w *comparing) outOfScope() {
	list := &w.out.LinkedOutOfScope
	if !slices.ContainsFunc(w.all, func(c compared) bool { return c.atAccount == yes }) {
		list.doubt("no connector is known to write to this account")
		return
	}
	for _, t := range writtenTypes() {
		if why := w.unlisted(t); why != "" {
			list.doubt(why)
		}
	}
	for i := range w.account.Principals {
		p := &w.account.Principals[i]
		if p.ExternalID == "" || !slices.Contains(writtenTypes(), p.Type) {
			continue
		}
		id := audit.CanonicalExternalID(p.ExternalID)
		switch sure, why := w.covered(p.Type, id); sure {
		case yes:
		case maybe:
			list.doubt(why)
		case no:
			list.Rows = append(list.Rows, ComparedRow{Type: p.Type, ExternalID: id, Principal: p})
		}
	}
}

// nested walks the groups below the assigned ones.
func (w *comparing) nested(c *compared) {
	list := &w.out.NestedOnly
	via := map[audit.Ref]string{}
	meet := func(t audit.PrincipalType, id, group string) {
		ref := audit.Ref{Type: t, ID: id}
		if before, met := via[ref]; !met || group < before {
			via[ref] = group
		}
	}
	done := map[string]bool{}
	var open []string
	for i := range c.verdict.Scope.Groups {
		open = append(open, c.verdict.Scope.Groups[i].ID)
	}
	direct := len(open)
	for at := 0; at < len(open); at++ {
		id := open[at]
		if done[id] {
			continue
		}
		done[id] = true
		members, read := c.Members[id]
		if !read || members.Unknown != "" {
			list.doubt(fmt.Sprintf("%s: the members of the group %s could not be read", c, id))
		}
		for _, group := range members.Groups {
			meet(audit.TypeGroup, group, id)
			open = append(open, group)
		}
		if at < direct {
			continue // Its users are direct members of an assigned group.
		}
		for _, user := range members.Users {
			meet(audit.TypeUser, user, id)
		}
	}
	if why := c.verdict.Scope.Unknown; why != "" {
		list.doubt(c.String() + ": " + why)
	}
	for ref, group := range via {
		k := c.covers[ref.Type]
		if _, known := c.verdict.Syncs[ref.Type]; !known {
			list.doubt(c.String() + ": " + k.less)
			continue
		}
		if k.none {
			continue // Such objects are not written, nested or not.
		}
		switch sure, why := k.covers(ref.ID); sure {
		case yes:
		case maybe:
			list.doubt(c.String() + ": " + why)
		case no:
			list.Rows = append(list.Rows, ComparedRow{
				Type: ref.Type, ExternalID: ref.ID, Connector: c.ID, Workspace: c.verdict.Target.WorkspaceID, Via: group, Principal: w.holder(ref.Type, ref.ID),
			})
		}
	}
}

// onlyInWorkspace are those whom a move to the level of the account must take along.
func (w *comparing) onlyInWorkspace(c *compared) {
	list := &w.out.WorkspaceOnly
	if !list.isAbout(c, c.inWorkspace) {
		return
	}
	names := w.names(c)
	for _, t := range writtenTypes() {
		k := c.covers[t]
		if k.none {
			continue
		}
		if k.everyone || k.more != "" {
			list.doubt(c.String() + ": " + cmp.Or(k.more, "everyone is in scope, and only those who are assigned are compared"))
		}
		for id := range k.ids {
			above, why := w.covered(t, id)
			if above == yes {
				continue
			}
			sure, uncovered := k.covers(id)
			if sure != yes || above == maybe {
				list.doubt(cmp.Or(why, c.String()+": "+uncovered))
				continue
			}
			list.Rows = append(list.Rows, ComparedRow{
				Type: t, ExternalID: id, Name: names[id], Connector: c.ID, Workspace: c.verdict.Target.WorkspaceID, Principal: w.holder(t, id),
			})
		}
	}
}

// IDs are the ids of a type whose identities [Comparison.Identify] needs, sorted.
func (c *Comparison) IDs(t audit.PrincipalType) []string {
	ids := map[string]bool{}
	for _, l := range c.Lists() {
		for i := range l.Rows {
			if l.Rows[i].Type == t {
				ids[l.Rows[i].ExternalID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// Identify names the rows, and drops those whose identity does not exist: a principal
// with such an id is linked to nothing, and no connector will ever write it.
func (c *Comparison) Identify(account *Account, found map[audit.Ref]Identity) {
	byName := map[string]*audit.Principal{}
	for i := range account.Principals {
		p := &account.Principals[i]
		byName[nameKey(p.Type, p.Name)] = p
	}
	for _, l := range c.Lists() {
		var kept []ComparedRow
		for _, row := range l.Rows {
			identity := found[audit.Ref{Type: row.Type, ID: row.ExternalID}]
			if identity.Unknown != "" && l == &c.LinkedOutOfScope {
				l.doubt("identities could not be looked up: " + identity.Unknown)
				continue
			}
			if identity.Unknown == "" && !identity.Exists {
				continue
			}
			row.Name = cmp.Or(identity.Name, row.Name)
			if l == &c.InScopeAbsent {
				row.explain(identity, byName)
			}
			kept = append(kept, row)
		}
		l.Rows = kept
		l.sort()
	}
}

func (r *ComparedRow) explain(identity Identity, byName map[string]*audit.Principal) {
	for _, name := range append(slices.Clone(identity.Names), r.Name) {
		if holder := byName[nameKey(r.Type, name)]; name != "" && holder != nil {
			r.Principal, r.Reason = holder, AbsentNameTaken
			return
		}
	}
	if identity.Enabled != nil && !*identity.Enabled && r.Reason == AbsentNotWritten {
		r.Reason = AbsentDisabled
	}
}
