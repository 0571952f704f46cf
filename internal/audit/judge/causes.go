// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

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
		return rules.CauseNameCaseOnly
	case set == 0:
		return rules.CauseStaleInactive
	case set&setNameMismatch != 0:
		return rules.CauseNameDrift
	case set&setNotInIDP != 0:
		return a.staleCause(m)
	case allNested(m):
		return rules.CauseMembersNested
	default:
		return rules.CauseMembers
	}
}

func (a *auditor) linkCause(m *audit.Match) string {
	candidates := candidatesOf(m)
	stored := m.Principal.ExternalID
	switch {
	case a.misfed(m):
		return rules.CauseConnectorMapping
	case len(candidates) > 1:
		return rules.CauseAmbiguousName
	case stored != "" && audit.SameExternalID(stored, candidates[0].ExternalID):
		return rules.CauseSpelling
	case belongsToAnother(m):
		return rules.CauseLinkedElsewhere
	case stored == "" && m.Principal.Type == audit.TypeGroup:
		return rules.CauseLocalGroup
	default:
		return rules.CauseLinkable
	}
}

func (a *auditor) staleCause(m *audit.Match) string {
	switch {
	case m.ByExternalIDOtherType != nil:
		return rules.CauseOtherType
	case m.DeletedByExternalID != nil:
		return rules.CauseDeleted
	case m.Principal.Type != audit.TypeUser || len(a.domains) == 0:
		return rules.CauseStale
	case a.isOwnDomain(m.Principal.Name):
		return rules.CauseStaleOwn
	default:
		return rules.CauseStaleForeign
	}
}

// isOwnDomain reports whether a user is of one of the own domains, in any case; a name
// without a domain is foreign.
func (a *auditor) isOwnDomain(userName string) bool {
	domain := a.domain(audit.MailDomain(userName))
	return domain != "" && a.domains[domain]
}

// domain is the form in which domains are compared.
func (a *auditor) domain(text string) string { return strings.ToLower(a.o.Form(text)) }

// allNested reports whether the IdP has every unconfirmed member after all,
// through nested groups.
func allNested(m *audit.Match) bool {
	for _, list := range [2][]audit.MemberRef{m.Members.Local, m.Members.External} {
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
		return rules.ActionNone
	case p != nil && p.reason == "" && p.target == "":
		return rules.ActionClear
	case p != nil && p.reason == "":
		return rules.ActionSet
	case p != nil:
		return actionFor(d, p.reason)
	case set&setMembers != 0 && len(members.manual) == 0:
		return rules.ActionRemoveMembers
	case set&setMembers != 0:
		return rules.ActionReviewMembers
	default:
		return rules.ActionNone
	}
}

// actionFor is the next step when a fix is held back for that reason.
func actionFor(d Divergence, reason string) string {
	if rules.Reason(reason).Hole {
		return rules.ActionAuditAgain
	}
	switch reason {
	case rules.ReasonConnector:
		return rules.ActionConnector
	case rules.ReasonRelink, rules.ReasonLinkGroups, rules.ReasonClear, rules.ReasonPrivileged:
		return rules.ActionDecide
	case rules.ReasonAmbiguous:
		return rules.ActionChoose
	case rules.ReasonHeld, rules.ReasonClaimed, rules.ReasonChain, rules.ReasonNameTaken:
		return rules.ActionCollision
	case rules.ReasonNameChange:
		if d.Type == audit.TypeGroup {
			return rules.ActionRenameGroup
		}
		return rules.ActionRequestName
	case rules.ReasonNoCandidate, rules.ReasonNearName, rules.ReasonDeactivationPrivileged:
		if d.Cause == rules.CauseStaleForeign {
			return rules.ActionEscalate
		}
		return rules.ActionReviewStale
	default:
		return rules.ActionReview
	}
}
