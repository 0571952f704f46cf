// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// proposal is what to do about the categories 1 to 3 of one principal: a fix, or
// the reason why there is none.
type proposal struct {
	at       int // position in matches
	m        *audit.Match
	category string
	// target is the id to write, "" to clear; only meaningful without a reason.
	target string
	// needs is the reason with a switch that is not set; it withholds the fix
	// only when nothing else does, so that no one turns a switch in vain.
	needs       string
	needsDetail string // empty: what the switch is about says it
	reason      string
	detail      string
	candidates  []string
	// newName and conflicting are for a change of the name: see [ManualAction].
	newName     string
	conflicting audit.Ref
}

// proposeFixes gives one proposal per principal of whose categories 1 to 3 one is
// open, in the order of matches, everything decided but its privileges.
//
// The steps are in the order of the reasons: first what speaks against the fix
// itself, then what other principals and other fixes have to do with its id,
// then the switches.
func (a *auditor) proposeFixes() []proposal {
	open := func(i int) categorySet { return a.open(i) & setLink }
	count := 0
	for i := range a.matches {
		if open(i) != 0 {
			count++
		}
	}
	all := make([]proposal, 0, count) // A million principals are not copied while it grows.
	for i, m := range a.matches {
		if set := open(i); set != 0 {
			all = append(all, proposal{at: i, m: m, category: leadCategory(set)})
			a.propose(&all[len(all)-1])
			if a.Stopped() {
				return all
			}
		}
	}
	a.withholdCollisions(all)
	a.withholdChains(all)
	a.withholdOverwritten(all)
	for i := range all {
		if p := &all[i]; p.reason == "" && p.needs != "" {
			p.withhold(p.needs, switchDetail(p))
		}
	}
	return all
}

// leadCategory is the one that a human would start with: the name match names a
// target, a name drift an existing identity, the rest nothing.
func leadCategory(s categorySet) string {
	switch {
	case s&setIDMismatch != 0:
		return rules.CategoryExternalIDMismatch
	case s&setNameMismatch != 0:
		return rules.CategoryNameMismatch
	default:
		return rules.CategoryExternalIDNotInIDP
	}
}

func (p *proposal) withhold(reason, detail string) { p.reason, p.detail = reason, detail }

// propose decides what can be decided by looking at one principal.
func (a *auditor) propose(p *proposal) {
	set := a.categories[p.at]
	switch {
	case set&setIDMismatch != 0:
		p.candidates = nameMatchIDs(p.m)
		if a.waived[p.at]&setIDMismatch != 0 {
			p.withhold(rules.ReasonWaived, "the category "+rules.CategoryExternalIDMismatch+", which a fix would end, is waived")
			return
		}
		a.proposeLink(p)
	case set&setNameMismatch != 0:
		p.withhold(a.nameChange(p.m))
		p.newName = idpName(p.m)
		p.conflicting = a.conflicting(p.m)
	case p.m.Principal.Type == audit.TypeGroup:
		a.proposeClear(p)
	case len(p.m.NearName) > 0:
		p.withhold(rules.ReasonNearName, nearNameDetail(p.m))
	default:
		p.withhold(rules.ReasonNoCandidate, noCandidateDetail(p.m))
	}
}

// nameChange is for category 2: only another name ends it, and a name that another
// principal has cannot be given.
func (a *auditor) nameChange(m *audit.Match) (reason, detail string) {
	detail = fmt.Sprintf("external id %s belongs to an identity with another name", m.Principal.ExternalID)
	name := idpName(m)
	if name == "" {
		return rules.ReasonNameChange, detail
	}
	detail += fmt.Sprintf(", %q", name)
	if ref, taken := a.named(name, m.Principal.Ref); taken {
		return rules.ReasonNameTaken, fmt.Sprintf("%s, and %s has that name here", detail, ref)
	}
	return rules.ReasonNameChange, detail
}

// named is another principal of the type of ref with that name in any case, as far as the
// directory was read. Most audits never ask.
func (a *auditor) named(name string, ref audit.Ref) (audit.Ref, bool) {
	names, found := a.byName[ref.Type]
	if !found {
		count := 0
		for i := range a.inventory {
			if a.inventory[i].Type == ref.Type {
				count++
			}
		}
		names = newRefIndex(count)
		for i := range a.inventory {
			if p := &a.inventory[i]; p.Type == ref.Type {
				names.add(audit.FoldName(p.Name), &p.Ref)
			}
		}
		a.byName[ref.Type] = names
	}
	return names.other(audit.FoldName(name), ref)
}

// proposeLink is for category 3: the id of the one identity with the name.
func (a *auditor) proposeLink(p *proposal) {
	candidates := candidatesOf(p.m)
	if reason, detail := a.unfit(p.m, candidates); reason != "" {
		p.withhold(reason, detail)
		return
	}
	p.target = candidates[0].ExternalID
	stored := p.m.Principal.ExternalID
	switch {
	case stored != "" && audit.SameExternalID(stored, p.target): // only the spelling changes
	case belongsToAnother(p.m) && !a.o.Relink:
		p.needs = rules.ReasonRelink
	case stored == "" && p.m.Principal.Type == audit.TypeGroup && !a.o.LinkGroups:
		p.needs = rules.ReasonLinkGroups
	}
}

// belongsToAnother reports whether the stored id is that of an existing identity,
// of whatever type.
func belongsToAnother(m *audit.Match) bool {
	return linkedIdentity(m) != nil || m.ByExternalIDOtherType != nil
}

// unfit is why none of the identities with the principal's name may become its
// link, whatever the switches; empty when the only one may.
func (a *auditor) unfit(m *audit.Match, candidates []*audit.Identity) (reason, detail string) {
	p := &m.Principal
	switch {
	case audit.IsSystemGroup(*p):
		return rules.ReasonSystemGroup, "Databricks keeps this group itself"
	case a.isInactive(p):
		return rules.ReasonInactive, "the principal is deactivated in Databricks"
	case len(candidates) != 1:
		return rules.ReasonAmbiguous, fmt.Sprintf("%d identities have this name", len(candidates))
	}
	c := candidates[0]
	switch {
	case c.Type != "" && c.Type != p.Type:
		return rules.ReasonOtherType, fmt.Sprintf("external id %s is a %s", c.ExternalID, c.Type)
	case c.Enabled != nil && !*c.Enabled:
		return rules.ReasonDisabled, fmt.Sprintf("external id %s is disabled in the identity provider", c.ExternalID)
	case c.Guest != nil && *c.Guest:
		return rules.ReasonGuest, fmt.Sprintf("external id %s is a guest", c.ExternalID)
	case c.Enabled == nil && p.Type != audit.TypeGroup && a.o.IDP.EnabledState:
		return rules.ReasonStateUnknown, fmt.Sprintf("the identity provider did not say whether external id %s is enabled", c.ExternalID)
	case len(c.Names) > 0 && !hasNameInAnyCase(c, p.Name):
		return rules.ReasonNameDiffers, fmt.Sprintf("external id %s was found by this name, but has another one", c.ExternalID)
	}
	if err := audit.ValidateExternalID(p.Type, c.ExternalID); err != nil {
		return rules.ReasonInvalidID, err.Error()
	}
	if a.o.Form(c.ExternalID) != c.ExternalID {
		return rules.ReasonInvalidID, "Terraform hands on every text in the composed Unicode form (NFC), in which the externalId is another one"
	}
	return "", ""
}

// proposeClear is for a group whose id the IdP does not have and whose name
// gives no other.
func (a *auditor) proposeClear(p *proposal) {
	switch {
	case audit.IsSystemGroup(p.m.Principal):
		p.withhold(rules.ReasonSystemGroup, "Databricks keeps this group itself")
	case a.unrelated > 0:
		p.withhold(rules.ReasonUnrelated, fmt.Sprintf("the identity provider knows none of the %d stored external ids and none of the names", a.unrelated))
	case len(candidatesOf(p.m)) > 0:
		p.withhold(rules.ReasonNameWithoutID, "the identity provider has a group of this name, but no id of it")
	case len(p.m.NearName) > 0:
		p.withhold(rules.ReasonNearName, nearNameDetail(p.m))
	case belongsToAnother(p.m) && !a.o.Relink:
		p.needs = rules.ReasonRelink
	case !a.o.SuggestGroupClears:
		p.needs = rules.ReasonClear
	}
}

func noCandidateDetail(m *audit.Match) string {
	stored := m.Principal.ExternalID
	switch {
	case m.ByExternalIDOtherType != nil:
		return fmt.Sprintf("external id %s is a %s, and no identity of this type has the name", stored, m.ByExternalIDOtherType.Type)
	case m.DeletedByExternalID != nil:
		return fmt.Sprintf("external id %s is deleted in the identity provider, and no other identity has the name", stored)
	default:
		return "the identity provider has neither the stored id nor the name"
	}
}

func nearNameDetail(m *audit.Match) string {
	ids := make([]string, 0, len(m.NearName))
	for i := range m.NearName {
		ids = append(ids, m.NearName[i].ExternalID)
	}
	slices.Sort(ids)
	return "almost the same name has external id " + strings.Join(slices.Compact(ids), ", ")
}

func switchDetail(p *proposal) string {
	if p.needsDetail != "" {
		return p.needsDetail
	}
	switch p.needs {
	case rules.ReasonRelink:
		return fmt.Sprintf("the stored external id %s belongs to a different existing identity", p.m.Principal.ExternalID)
	case rules.ReasonLinkGroups:
		return fmt.Sprintf("the local group would become the identity provider's group %s", p.target)
	default:
		return fmt.Sprintf("external id %s could be cleared, which makes the group local", p.m.Principal.ExternalID)
	}
}

// withholdCollisions withholds every fix while the directory has a hole, and
// those whose id another principal holds or could claim by the same right.
func (a *auditor) withholdCollisions(all []proposal) {
	claims := map[string]int{}
	for i := range all {
		if p := &all[i]; p.reason == "" && p.target != "" {
			claims[audit.CanonicalExternalID(p.target)]++
		}
	}
	for i := range all {
		p := &all[i]
		if p.reason != "" {
			continue
		}
		holder, held := a.holders.other(p.target, p.m.Principal.Ref)
		switch {
		case !a.in.Inventory.Coverage.All():
			p.withhold(rules.ReasonIndexHole, "who else holds an external id is not known, because a list was not read in full")
		case held:
			p.withhold(rules.ReasonHeld, fmt.Sprintf("external id %s is held by %s", p.target, holder))
		case p.target != "" && claims[audit.CanonicalExternalID(p.target)] > 1:
			p.withhold(rules.ReasonClaimed, fmt.Sprintf("external id %s fits %d principals", p.target, claims[audit.CanonicalExternalID(p.target)]))
		}
	}
}

// withholdChains withholds fixes that would free an id for which another
// principal is waiting: a swap or a chain would otherwise be carried out one
// plan at a time, and no plan after an apply would be empty.
func (a *auditor) withholdChains(all []proposal) {
	waiting := map[string]audit.Ref{}
	for i := range all {
		p := &all[i]
		if p.reason != rules.ReasonHeld || p.needs != "" {
			continue
		}
		if key := audit.CanonicalExternalID(p.target); waiting[key] == (audit.Ref{}) {
			waiting[key] = p.m.Principal.Ref
		}
	}
	for i := range all {
		p := &all[i]
		stored := p.m.Principal.ExternalID
		if p.reason != "" || stored == "" || audit.SameExternalID(stored, p.target) {
			continue
		}
		if ref, found := waiting[audit.CanonicalExternalID(stored)]; found {
			p.withhold(rules.ReasonChain, fmt.Sprintf("external id %s, which this would free, fits %s", stored, ref))
		}
	}
}

// withholdPrivileged is the last step: someone who can make an IdP object of that
// name would inherit the privileges of the principal.
func (a *auditor) withholdPrivileged(all []proposal) {
	for i := range all {
		p := &all[i]
		ref := p.m.Principal.Ref
		if p.reason != "" || a.o.AllowPrivileged[ref.ID] {
			continue
		}
		privilege, known := a.in.Privileges[ref]
		switch {
		case !known:
			p.withhold(rules.ReasonPrivilegeUnknown, "its privileges in the account were not looked up")
		case len(privilege.Powers) > 0:
			p.withhold(rules.ReasonPrivileged, strings.Join(privilege.Powers, "; "))
		case privilege.Unknown != "":
			p.withhold(rules.ReasonPrivilegeUnknown, privilege.Unknown)
		}
	}
}

// fix is the proposal as a fix. It is reversible when the present value can be
// written back: the API accepts it, and no other principal holds it as well.
func (a *auditor) fix(p *proposal) ExternalIDFix {
	principal := &p.m.Principal
	_, shared := a.holders.besides(principal)
	return ExternalIDFix{
		Ref: principal.Ref, PrincipalName: principal.Name,
		CurrentExternalID: principal.ExternalID, ExternalID: p.target,
		Category:   p.category,
		Reversible: !shared && audit.CheckExternalID(principal.Type, principal.ExternalID) == nil,
	}
}

func (a *auditor) manualAction(p *proposal) ManualAction {
	action := ManualAction{
		Ref: p.m.Principal.Ref, PrincipalName: p.m.Principal.Name,
		Category: p.category, Reason: p.reason, Switch: rules.Reason(p.reason).Switch,
		Detail: p.detail, Candidates: p.candidates,
		Foreign: p.m.Principal.Type == audit.TypeUser && len(a.domains) > 0 && !a.isOwnDomain(p.m.Principal.Name),
	}
	if p.reason == rules.ReasonNameChange || p.reason == rules.ReasonNameTaken {
		action.NewName, action.ExternalID, action.Conflicting = p.newName, p.m.Principal.ExternalID, p.conflicting
	}
	return action
}
