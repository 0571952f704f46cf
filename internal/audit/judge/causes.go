// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package audit

import "strings"

// causeOf names the one cause of a row. The first that fits wins, in the order
// of the remediation executor's buckets: a usable name match, a name drift, a
// stale id, then members. One that is harmless comes last.
func (a *auditor) causeOf(i int) string {
	m := a.matches[i]
	set := a.categories[i] &^ a.harmless[i]
	switch {
	case set&setIDMismatch != 0:
		return a.linkCause(m)
	case set == 0 && a.harmless[i] == setNameMismatch:
		return CauseNameCaseOnly
	case set == 0:
		return CauseStaleInactive
	case set&setNameMismatch != 0:
		return CauseNameDrift
	case set&setNotInIDP != 0:
		return a.staleCause(m)
	case allNested(m):
		return CauseMembersNested
	default:
		return CauseMembers
	}
}

func (a *auditor) linkCause(m *Match) string {
	candidates := candidatesOf(m)
	stored := m.Principal.ExternalID
	switch {
	case a.misfed(m):
		return CauseConnectorMapping
	case len(candidates) > 1:
		return CauseAmbiguousName
	case stored != "" && SameExternalID(stored, candidates[0].ExternalID):
		return CauseSpelling
	case belongsToAnother(m):
		return CauseLinkedElsewhere
	case stored == "" && m.Principal.Type == TypeGroup:
		return CauseLocalGroup
	default:
		return CauseLinkable
	}
}

func (a *auditor) staleCause(m *Match) string {
	switch {
	case m.ByExternalIDOtherType != nil:
		return CauseOtherType
	case m.DeletedByExternalID != nil:
		return CauseDeleted
	case m.Principal.Type != TypeUser || len(a.domains) == 0:
		return CauseStale
	case a.isOwnDomain(m.Principal.Name):
		return CauseStaleOwn
	default:
		return CauseStaleForeign
	}
}

// isOwnDomain reports whether a user is of one of the own domains, in any case; a name
// without a domain is foreign.
func (a *auditor) isOwnDomain(userName string) bool {
	domain := a.domain(MailDomain(userName))
	return domain != "" && a.domains[domain]
}

// domain is the form in which domains are compared.
func (a *auditor) domain(text string) string { return strings.ToLower(a.o.Form(text)) }

// allNested reports whether the IdP has every unconfirmed member after all,
// through nested groups.
func allNested(m *Match) bool {
	for _, list := range [2][]MemberRef{m.Members.Local, m.Members.External} {
		for i := range list {
			if nested := list[i].NestedInIDP; nested == nil || !*nested {
				return false
			}
		}
	}
	return true
}

// actionOf is the next step for a row.
func actionOf(set categorySet, d Divergence, p *proposal, members memberVerdict) string {
	switch {
	case d.Waived:
		return ActionNone
	case p != nil && p.reason == "" && p.target == "":
		return ActionClear
	case p != nil && p.reason == "":
		return ActionSet
	case p != nil:
		return actionFor(d, p.reason)
	case set&setMembers != 0 && len(members.manual) == 0:
		return ActionRemoveMembers
	case set&setMembers != 0:
		return ActionReviewMembers
	default:
		return ActionNone
	}
}

// actionFor is the next step when a fix is held back for that reason.
func actionFor(d Divergence, reason string) string {
	if reasonRule(reason).Hole {
		return ActionAuditAgain
	}
	switch reason {
	case ReasonConnector:
		return ActionConnector
	case ReasonRelink, ReasonLinkGroups, ReasonClear, ReasonPrivileged:
		return ActionDecide
	case ReasonAmbiguous:
		return ActionChoose
	case ReasonHeld, ReasonClaimed, ReasonChain, ReasonNameTaken:
		return ActionCollision
	case ReasonNameChange:
		if d.Type == TypeGroup {
			return ActionRenameGroup
		}
		return ActionRequestName
	case ReasonNoCandidate, ReasonNearName, ReasonDeactivationPrivileged:
		if d.Cause == CauseStaleForeign {
			return ActionEscalate
		}
		return ActionReviewStale
	default:
		return ActionReview
	}
}
