// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package judge gives the verdict on an account: which principals diverge from the
// identity provider, why, what can be repaired safely and what is left to a human. Pure
// functions from an [Input] to a [Report].
//
// Everything that the prep script of Databricks does not see is an advisory and never
// changes a category.
package judge

import (
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Divergences judges every match of the input against the prep script's five
// identity categories and says what can be repaired. It never fails: what could
// not be judged is in Failures and makes the report neither complete nor clean.
//
// Rows are the principals with at least one category; principals about which
// there are only advisories are in AdvisoryOnly. A match that is unknown has no
// row, a group whose members are unknown none of the member categories. Rows,
// fixes, actions and list cells are sorted, whatever the order of the input; of
// two matches of one principal the first counts.
//
// A divergence that is waived as a whole is accepted as it is: its row stays,
// and nothing is offered or asked for it.
func Divergences(in Input, o Options) Report {
	r, _ := DivergencesUntil(nil, in, o) // Nothing stops it.
	return r
}

// DivergencesUntil is [Divergences] that can be stopped.
func DivergencesUntil(stop audit.Stop, in Input, o Options) (Report, error) {
	a := newAuditor(stop, in, o)
	proposals := a.proposeFixes()
	a.withholdPrivileged(proposals)

	w := newReporter(a, proposals)
	clean, next := true, 0
	for i, m := range a.matches {
		if a.Stopped() {
			break
		}
		if m.Unknown != "" {
			continue // It has no proposal either.
		}
		p := proposalAt(proposals, i, &next)
		clean = clean && a.open(i) == 0
		w.add(i, p)
	}
	r := &w.r
	r.Fixable = len(r.ExternalIDFixes) + len(r.MemberRemovals) + len(r.Deactivations) + len(r.GroupRenames)
	r.Duplicates = duplicateFinder{a}.list(r.ExternalIDFixes)
	r.Failures = a.failures()
	r.Complete = len(r.Failures) == 0
	r.Clean = r.Complete && clean
	r.Waivers = a.waivers.statuses(r.Complete)
	r.UnrelatedIDs, r.MembersListed = a.unrelated, in.MembersListed
	if r.Complete {
		r.Unmatched = a.unmatched()
	}
	if a.Err != nil {
		return Report{}, a.Err
	}
	return *r, nil
}

// unmatched looks for what the options name in the whole directory.
func (a *auditor) unmatched() Unmatched {
	domains, ids := maps.Clone(a.domains), maps.Clone(a.o.AllowPrivileged)
	for i := range a.inventory {
		p := &a.inventory[i]
		delete(ids, p.ID)
		if p.Type == audit.TypeUser {
			delete(domains, a.domain(audit.MailDomain(p.Name)))
		}
	}
	return Unmatched{Domains: slices.Sorted(maps.Keys(domains)), AllowPrivileged: slices.SortedFunc(maps.Keys(ids), audit.CompareIDs)}
}

// fewIDs are too few to tell from them that a directory is the wrong one.
const fewIDs = 3

// unrelatedIDs is the number of stored ids among principals that the IdP could be
// asked about and of whom it knows no one, neither by id nor by name; else 0. A
// directory of another tenant, organisation or file looks like that, and so does
// an account whose every identity is gone: which of the two it is, is for a human.
func unrelatedIDs(matches []*audit.Match) int {
	stored := 0
	for _, m := range matches {
		switch {
		case m.Unknown != "":
		case m.ByExternalID != nil || m.ByExternalIDOtherType != nil || m.DeletedByExternalID != nil || len(m.ByName) > 0:
			return 0
		case m.Principal.ExternalID != "":
			stored++
		}
	}
	if stored < fewIDs {
		return 0
	}
	return stored
}

// proposalAt is the proposal of the match at a position, nil for none; next goes
// through the proposals.
func proposalAt(proposals []proposal, at int, next *int) *proposal {
	if *next == len(proposals) || proposals[*next].at != at {
		return nil
	}
	*next++
	return &proposals[*next-1]
}

// CandidatesUntil are the principals for which nothing but their privileges in the
// account still decides whether something is offered, sorted: those whose
// [audit.Privilege] has to be in the input of [Divergences]. Principals that
// AllowPrivileged names are not among them, but for users who may be deactivated. It
// can be stopped.
func CandidatesUntil(stop audit.Stop, in Input, o Options) ([]audit.Ref, error) {
	a := newAuditor(stop, in, o)
	var refs []audit.Ref
	proposals := a.proposeFixes()
	next := 0
	for i, m := range a.matches {
		if a.onlyPrivilegeDecides(i, proposalAt(proposals, i, &next)) {
			refs = append(refs, m.Principal.Ref)
		}
		if a.Stopped() {
			break
		}
	}
	return refs, a.Err
}

// Candidates is [CandidatesUntil] that nothing stops.
func Candidates(in Input, o Options) []audit.Ref {
	refs, _ := CandidatesUntil(nil, in, o)
	return refs
}

// auditor is one audit: the sorted input and what was judged so far, by
// position in matches.
type auditor struct {
	audit.Stopper
	in         Input
	o          Options
	inventory  []audit.Principal
	matches    []*audit.Match
	categories []categorySet
	waived     []categorySet // the part of categories that is waived
	harmless   []categorySet // the part of categories about which nothing is to be done
	holders    *holderIndex
	byName     map[audit.PrincipalType]refIndex // of the types that were asked for; see named
	carry      map[string]audit.Ref             // see carriers; nil until it is asked for
	leavers    *leavers
	waivers    *waiverSet
	domains    map[string]bool
	// unrelated is the number of stored ids, where the IdP knows no one of the
	// account; 0 where it knows someone, or too few were asked about to tell.
	unrelated int
}

func newAuditor(stop audit.Stop, in Input, o Options) *auditor {
	a := &auditor{
		Stopper: audit.Stopper{Ask: stop}, in: in, o: o,
		inventory: sortedPrincipals(in.Inventory.Principals),
		matches:   sortedMatches(in.Matches),
		waivers:   newWaiverSet(o),
		domains:   make(map[string]bool, len(o.PrimaryDomains)),
		byName:    map[audit.PrincipalType]refIndex{},
	}
	a.leavers = &leavers{auditor: a}
	for i, m := range a.matches {
		a.matches[i] = understood(m)
	}
	if a.o.Form == nil {
		a.o.Form = func(text string) string { return text }
	}
	for _, d := range o.PrimaryDomains {
		a.domains[a.domain(d)] = true
	}
	a.holders = newHolderIndex(a.inventory, a.matches, a.o.Form)
	a.unrelated = unrelatedIDs(a.matches)
	a.categories = make([]categorySet, len(a.matches))
	a.waived = make([]categorySet, len(a.matches))
	a.harmless = make([]categorySet, len(a.matches))
	for i, m := range a.matches {
		a.categories[i] = categoriesOf(m)
		a.harmless[i] = a.harmlessOf(m, a.categories[i])
		a.waived[i] = a.waivers.apply(m.Principal.Ref, a.categories[i], func() string { return a.causeOf(i) })
		if a.Stopped() {
			break
		}
	}
	return a
}

// open is the part of a principal's categories that counts against clean: neither
// waived nor one about which nothing is to be done, unless the options are strict.
func (a *auditor) open(i int) categorySet {
	open := a.categories[i] &^ a.waived[i]
	if !a.o.StrictCase {
		open &^= a.harmless[i] & setNameMismatch
	}
	if !a.o.StrictInactive {
		open &^= a.harmless[i] & setNotInIDP
	}
	return open
}

// harmlessOf are the categories that the server itself makes, a name in another
// case, and those that no one can suffer from, a stale user who is deactivated. From
// a directory that knows no one of the account nothing like that follows.
func (a *auditor) harmlessOf(m *audit.Match, set categorySet) categorySet {
	switch {
	case set&setIDMismatch != 0:
		return 0
	case set&setNameMismatch != 0 && hasNameInAnyCase(linkedIdentity(m), m.Principal.Name):
		return setNameMismatch
	case set&setNotInIDP != 0 && m.Principal.Type == audit.TypeUser && m.ByExternalIDOtherType == nil && a.isInactive(&m.Principal) && a.unrelated == 0:
		return setNotInIDP
	default:
		return 0
	}
}

// idpName is what the IdP calls the linked identity; empty where that is not known.
func idpName(m *audit.Match) string {
	if id := linkedIdentity(m); id != nil && len(id.Names) > 0 {
		return id.Names[0]
	}
	return ""
}

// conflicting is another principal that holds the id of the only identity with this
// name, has the name of the linked identity, or stores the same id; zero for none.
func (a *auditor) conflicting(m *audit.Match) audit.Ref {
	own, name := m.Principal.Ref, idpName(m)
	if candidates := candidatesOf(m); len(candidates) == 1 {
		if ref, held := a.holders.other(candidates[0].ExternalID, own); held {
			return ref
		}
	}
	if name != "" && name != m.Principal.Name {
		if ref, taken := a.named(name, own); taken {
			return ref
		}
	}
	ref, _ := a.holders.besides(&m.Principal)
	return ref
}

// listed is the principal as the inventory has it, or nil.
func (a *auditor) listed(ref audit.Ref) *audit.Principal {
	at, found := slices.BinarySearchFunc(a.inventory, ref, func(p audit.Principal, ref audit.Ref) int {
		return audit.CompareRefs(p.Ref, ref)
	})
	if !found {
		return nil
	}
	return &a.inventory[at]
}

// matchAt is the position of a principal's match; false when it is not in scope.
func (a *auditor) matchAt(ref audit.Ref) (int, bool) {
	return slices.BinarySearchFunc(a.matches, ref, func(m *audit.Match, ref audit.Ref) int {
		return audit.CompareRefs(m.Principal.Ref, ref)
	})
}

// isInactive is what the match says of the principal, or else the list:
// matchWithIdp does not send that field.
func (a *auditor) isInactive(p *audit.Principal) bool {
	active := p.Active
	if active == nil {
		if listed := a.listed(p.Ref); listed != nil {
			active = listed.Active
		}
	}
	return active != nil && !*active
}
