// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// reporter writes the report: a row of each principal, and what is offered for it.
type reporter struct {
	*auditor
	names  groupNames
	manual int // about how many manual actions there are
	r      Report
}

// newReporter counts what can be counted beforehand, and makes room for the rows: an
// account of a million principals is not copied while its report grows.
func newReporter(a *auditor, proposals []proposal) *reporter {
	r := Report{Counts: map[string]int{}, Scanned: map[audit.PrincipalType][]string{}, Coverage: a.in.Inventory.Coverage}
	inScope, rows := map[audit.PrincipalType]int{}, map[audit.PrincipalType]int{}
	var sets [(setLink | setMembers) + 1]int
	for i, m := range a.matches {
		inScope[m.Principal.Type]++
		if set := a.categories[i]; set != 0 {
			rows[m.Principal.Type]++
			sets[set]++
		}
	}
	for i, name := range categoryNames {
		r.Counts[name] = 0
		for set, n := range sets {
			if set&(1<<i) != 0 {
				r.Counts[name] += n
			}
		}
	}
	for _, t := range audit.PrincipalTypes() {
		r.Scanned[t] = make([]string, 0, inScope[t])
	}
	for _, m := range a.matches {
		r.Scanned[m.Principal.Type] = append(r.Scanned[m.Principal.Type], m.Principal.ID)
		if m.Unknown != "" || m.Members != nil && m.Members.Unknown != "" {
			r.Unjudged = append(r.Unjudged, m.Principal.Ref)
		}
	}
	r.Users = slices.Grow(r.Users, rows[audit.TypeUser])
	r.Groups = slices.Grow(r.Groups, rows[audit.TypeGroup])
	r.ServicePrincipals = slices.Grow(r.ServicePrincipals, rows[audit.TypeServicePrincipal])
	w := &reporter{auditor: a, names: groupNames{auditor: a}, r: r}
	for set, n := range sets {
		if categorySet(set)&setMembers != 0 {
			w.manual += n
		}
	}
	for i := range proposals {
		if proposals[i].reason != "" {
			w.manual++
		}
	}
	return w
}

// add adds the row of one judged principal and what follows from it.
func (w *reporter) add(i int, p *proposal) {
	m := w.matches[i]
	set := w.categories[i]
	d := Divergence{
		Ref:             m.Principal.Ref,
		ErrorCategories: set.names(),
		Advisories:      w.advisories(m, set),
		Waived:          set != 0 && set == w.waived[i],
	}
	deactivated := w.offerDeactivation(i, p)
	if set == 0 {
		if len(d.Advisories) > 0 {
			w.r.AdvisoryOnly = append(w.r.AdvisoryOnly, AdvisoryRow{
				Divergence: d, Name: m.Principal.Name, ExternalID: m.Principal.ExternalID, InIDP: inIDP(m),
			})
		}
		return
	}
	d.Cause = w.causeOf(i)
	members := memberVerdict{}
	if set&setMembers != 0 && !d.Waived {
		members = w.judgeMembers(i)
		w.r.MemberRemovals = append(w.r.MemberRemovals, members.removals...)
	}
	d.Action = actionOf(set, d, p, members)
	switch renamed := w.offerRename(p); {
	case deactivated:
		d.Action = rules.ActionDeactivate
	case renamed:
		d.Action = rules.ActionRename
	case p != nil && p.reason == "":
		w.r.ExternalIDFixes = append(w.r.ExternalIDFixes, w.fix(p))
	case p != nil:
		w.leave(w.manualAction(p))
	}
	w.identify(&d, m)
	w.addRow(d, m)
	w.leave(members.manual...)
}

// leave leaves actions to a human, and makes room for all of them with the first.
func (w *reporter) leave(actions ...ManualAction) {
	if w.r.ManualActions == nil && len(actions) > 0 {
		w.r.ManualActions = make([]ManualAction, 0, w.manual)
	}
	w.r.ManualActions = append(w.r.ManualActions, actions...)
}

// offerDeactivation reports whether the user is offered to be deactivated. Where
// something speaks against it, the action that is left says what.
func (w *reporter) offerDeactivation(i int, p *proposal) bool {
	cause := w.leavers.cause(i)
	if cause == "" {
		return false
	}
	m := w.matches[i]
	reason, detail := w.leavers.doubt(m)
	if reason == "" {
		reason, detail = w.leavers.privilege(m.Principal.Ref)
	}
	if reason != "" {
		if p != nil { // Else there is no row: the advisory says that the identity is disabled.
			p.withhold(reason, detail)
		}
		return false
	}
	w.r.Deactivations = append(w.r.Deactivations, Deactivation{Ref: m.Principal.Ref, PrincipalName: m.Principal.Name, Cause: cause})
	return true
}

// offerRename reports whether the group is offered to be renamed.
func (w *reporter) offerRename(p *proposal) bool {
	if !w.occupies(p) {
		return false
	}
	principal, name, doubt := &p.m.Principal, "", w.renameDoubt(p)
	if doubt == "" {
		name = w.names.free(principal)
		if err := audit.ValidateGroupName(name); err != nil {
			doubt = "the account would not take a name that begins with this one: " + err.Error()
		}
	}
	if doubt != "" {
		p.detail += "; it is not offered to be renamed, because " + doubt
		return false
	}
	rename := GroupRename{GroupID: principal.ID, CurrentName: principal.Name, Name: name}
	w.names.take(rename.Name)
	w.r.GroupRenames = append(w.r.GroupRenames, rename)
	return true
}

// identify fills what a person needs to act on a row without looking anything up.
func (w *reporter) identify(d *Divergence, m *audit.Match) {
	d.DisplayName, d.Active = m.Principal.DisplayName, m.Principal.Active
	if d.DisplayName == "" || d.Active == nil {
		filled := withListed(m.Principal, w.listed(d.Ref))
		d.DisplayName, d.Active = filled.DisplayName, filled.Active
	}
	d.IDPName, d.Conflicting = idpName(m), w.conflicting(m)
}

func (w *reporter) addRow(d Divergence, m *audit.Match) {
	switch m.Principal.Type {
	case audit.TypeUser:
		w.r.Users = append(w.r.Users, UserDivergence{
			Divergence: d, Username: m.Principal.Name, ExternalID: m.Principal.ExternalID,
			ExternalIDWithUsernameMatch: strings.Join(nameMatchIDs(m), ";"),
		})
	case audit.TypeGroup:
		g := GroupDivergence{
			Divergence: d, GroupName: m.Principal.Name, ExternalID: m.Principal.ExternalID,
			ExternalIDsWithGroupNameMatch: nameMatchIDs(m), InIDP: inIDP(m),
		}
		if m.Members != nil && m.Members.Unknown == "" {
			g.LocalMembersNotInIDPInternalIDs = memberIDs(m.Members.Local)
			g.ExternalMembersNotInIDPInternalIDs = memberIDs(m.Members.External)
		}
		w.r.Groups = append(w.r.Groups, g)
	case audit.TypeServicePrincipal:
		w.r.ServicePrincipals = append(w.r.ServicePrincipals, ServicePrincipalDivergence{
			Divergence: d, ApplicationID: m.Principal.Name, ExternalID: m.Principal.ExternalID,
			ExternalIDWithAppIDMatch: strings.Join(nameMatchIDs(m), ";"),
		})
	}
}

// memberIDs are the internal ids, sorted, duplicates kept.
func memberIDs(members []audit.MemberRef) []string {
	var ids []string
	for i := range members {
		ids = append(ids, members[i].ID)
	}
	slices.SortFunc(ids, audit.CompareIDs)
	return ids
}
