// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// memberVerdict is what to do about the members of one group that the IdP does
// not confirm.
type memberVerdict struct {
	removals []MemberRemoval
	manual   []ManualAction
}

// judgeMembers offers the removal of a member only when its membership is
// Databricks' own, the IdP does not have it transitively either, and the
// identities on both sides are beyond doubt: removing someone whose link is
// about to be repaired would take access away that the IdP grants. So would
// removing a group that holds anyone whom the IdP has in the parent. Of
// matchWithIdp it takes the server's word that a member is not in the IdP, but
// not that no one within a nested group is.
func (a *auditor) judgeMembers(i int) memberVerdict {
	g := a.matches[i]
	j := memberJudge{a: a, g: g, manual: map[[2]string]*ManualAction{}, seen: map[string]bool{}}
	j.groupReason, j.groupDetail = j.groupDoubt(i)
	for _, m := range a.in.Members[g.Principal.ID] {
		if j.direct == nil {
			j.direct = map[string]*audit.Member{}
		}
		j.direct[m.ID] = &m
	}
	open := a.categories[i] &^ a.waived[i]
	if open&setLocalMembers != 0 {
		j.judgeAll(g.Members.Local, rules.CategoryLocalMembers)
	}
	if open&setExternalMembers != 0 {
		j.judgeAll(g.Members.External, rules.CategoryExternalMembers)
	}
	return j.verdict()
}

// groupDoubt is why no member of the group may be removed at all.
func (j *memberJudge) groupDoubt(i int) (reason, detail string) {
	switch m := j.a.matches[i]; {
	case audit.IsSystemGroup(m.Principal):
		return rules.ReasonSystemGroup, "Databricks keeps this group itself"
	case linkedIdentity(m) == nil || j.a.categories[i]&^j.a.harmless[i]&setLink != 0:
		return rules.ReasonGroupLink, "first settle which group of the identity provider this one is"
	}
	if parent, carries := j.a.carriers()[j.a.matches[i].Principal.ID]; carries {
		return rules.ReasonMemberNested, "the group gives its members what " + parent.String() + " has, and the identity provider has some of them there"
	}
	return "", ""
}

// carriers are the groups whose members stay as they are, each with the linked group
// that it is in, directly or through others: it holds someone whom the identity
// provider has there. Someone who is taken out of it may lose that, and without them the
// next audit would offer to take out the nested group too.
func (a *auditor) carriers() map[string]audit.Ref {
	if a.carry != nil {
		return a.carry
	}
	a.carry = map[string]audit.Ref{}
	var open []string
	for _, m := range a.matches {
		if m.Members == nil {
			continue
		}
		for _, member := range slices.Concat(m.Members.Local, m.Members.External) {
			if _, seen := a.carry[member.ID]; !seen && member.Type == audit.TypeGroup && member.NestedInIDP != nil && *member.NestedInIDP {
				a.carry[member.ID] = m.Principal.Ref
				open = append(open, member.ID)
			}
		}
	}
	for len(open) > 0 {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		for _, member := range a.in.Members[id] {
			if _, seen := a.carry[member.ID]; !seen && member.Type == audit.TypeGroup {
				a.carry[member.ID] = a.carry[id]
				open = append(open, member.ID)
			}
		}
	}
	return a.carry
}

// memberJudge goes through the members of one group.
type memberJudge struct {
	a                        *auditor
	g                        *audit.Match
	direct                   map[string]*audit.Member
	groupReason, groupDetail string

	seen     map[string]bool // ids done; a member counts in its first list
	removals []MemberRemoval
	manual   map[[2]string]*ManualAction // by category and reason
}

func (j *memberJudge) judgeAll(members []audit.MemberRef, category string) {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(x, y audit.MemberRef) int { return audit.CompareIDs(x.ID, y.ID) })
	for _, m := range sorted {
		if j.seen[m.ID] {
			continue
		}
		j.seen[m.ID] = true
		m, found := j.complete(m)
		reason, detail := j.groupReason, j.groupDetail
		if reason == "" {
			reason, detail = j.doubt(&m, found)
		}
		if reason != "" {
			j.leave(&m, category, reason, detail)
			continue
		}
		j.removals = append(j.removals, MemberRemoval{
			GroupID: j.g.Principal.ID, GroupName: j.g.Principal.Name,
			MemberID: m.ID, MemberType: m.Type, MemberName: m.Name,
			Category: category, Cause: j.cause(&m, category),
		})
	}
}

// complete fills what matchWithIdp does not return of a member from the group's
// direct members; false when its type stays unknown.
func (j *memberJudge) complete(m audit.MemberRef) (audit.MemberRef, bool) {
	if d := j.direct[m.ID]; d != nil && (m.Type == "" || m.Type == d.Type) {
		m.Ref = d.Ref
		m.Name = cmp.Or(m.Name, d.Name)
		m.ExternalID = cmp.Or(m.ExternalID, d.ExternalID)
		if m.Source == "" || m.Source == audit.SourceUnknown || d.Source == audit.SourceIdentityProvider {
			m.Source = d.Source
		}
	}
	return m, m.Type != ""
}

// doubt is why this member's removal is not offered; empty when it is.
func (j *memberJudge) doubt(m *audit.MemberRef, found bool) (reason, detail string) {
	switch {
	case !found:
		return rules.ReasonMemberNotRead, "the group's direct members, as read, do not include it"
	case m.Source == audit.SourceIdentityProvider:
		return rules.ReasonMemberOfIDP, "the membership comes from the identity provider"
	case m.Source != audit.SourceInternal && j.a.o.AIM != audit.AIMOff:
		return rules.ReasonMemberSource, "whether the membership is Databricks' own is not known"
	case m.NestedInIDP != nil && *m.NestedInIDP:
		return rules.ReasonMemberNested, "the identity provider has it through a nested group, or has a member of it"
	case m.Type != audit.TypeUser && j.a.o.IDP.GroupsHoldUsersOnly:
		return rules.ReasonMemberOutOfScope, "groups of this identity provider hold users only, so it cannot confirm this member"
	case m.NestedInIDP == nil && m.Type == audit.TypeGroup:
		return rules.ReasonMemberGroupUnknown, "whether it holds anyone whom the identity provider has in this group is not known"
	case m.NestedInIDP == nil && !j.a.o.IDP.NestingSettled:
		return rules.ReasonMemberNestingUnknown, "whether the identity provider has it through a nested group is not known"
	}
	return j.identityDoubt(m.Ref)
}

// identityDoubt is why it is not certain whom the member stands for.
func (j *memberJudge) identityDoubt(ref audit.Ref) (reason, detail string) {
	at, inScope := j.a.matchAt(ref)
	if !inScope {
		return rules.ReasonMemberNotAudited, "the member itself is not within the scope of this audit"
	}
	m := j.a.matches[at]
	switch {
	case m.Unknown != "":
		return rules.ReasonMemberUnknown, "what the identity provider knows of the member could not be read"
	case j.a.categories[at]&^j.a.harmless[at]&(setNameMismatch|setIDMismatch) != 0 || len(m.NearName) > 0 || m.ByExternalIDOtherType != nil:
		return rules.ReasonMemberIdentity, "the member diverges itself: settle its identity first"
	case len(m.ByName) > 1:
		// The link may be right, and still the one whom the group is meant to hold is
		// another of them.
		return rules.ReasonMemberIdentity, "several identities of the identity provider have the member's name: settle which one it is first"
	default:
		return "", ""
	}
}

// cause says why the IdP does not confirm a member whose identity is
// beyond doubt.
func (j *memberJudge) cause(m *audit.MemberRef, category string) string {
	at, inScope := j.a.matchAt(m.Ref)
	switch {
	case inScope && j.a.categories[at]&setNotInIDP != 0:
		return rules.CauseMemberStale
	case category == rules.CategoryLocalMembers:
		return rules.CauseMemberLocal
	default:
		return rules.CauseMemberNotInGroup
	}
}

func (j *memberJudge) leave(m *audit.MemberRef, category, reason, detail string) {
	key := [2]string{category, reason}
	action := j.manual[key]
	if action == nil {
		action = &ManualAction{
			Ref: j.g.Principal.Ref, PrincipalName: j.g.Principal.Name,
			Category: category, Reason: reason, Switch: rules.Reason(reason).Switch, Detail: detail,
		}
		j.manual[key] = action
	}
	action.Members = append(action.Members, j.nameOf(m))
}

// nameOf fills what the listing knows of a member: ids are unique across types.
func (j *memberJudge) nameOf(m *audit.MemberRef) NamedRef {
	out := NamedRef{Ref: m.Ref, Name: m.Name}
	for _, t := range audit.PrincipalTypes() {
		if out.Type != "" && out.Type != t || out.Name != "" {
			continue
		}
		if p := j.a.listed(audit.Ref{Type: t, ID: m.ID}); p != nil {
			out.Ref, out.Name = p.Ref, p.Name
		}
	}
	return out
}

func (j *memberJudge) verdict() memberVerdict {
	v := memberVerdict{removals: j.removals}
	for _, action := range j.manual {
		if n := len(action.Members); n > 1 {
			action.Detail = fmt.Sprintf("%d members: %s", n, action.Detail)
		}
		v.manual = append(v.manual, *action)
	}
	slices.SortFunc(v.manual, func(x, y ManualAction) int {
		return cmp.Or(
			cmp.Compare(categorySetOf(x.Category), categorySetOf(y.Category)),
			strings.Compare(x.Reason, y.Reason),
		)
	})
	slices.SortFunc(v.removals, func(x, y MemberRemoval) int { return audit.CompareIDs(x.MemberID, y.MemberID) })
	return v
}
