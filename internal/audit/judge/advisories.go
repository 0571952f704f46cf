// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// advisories are the ids of what else there is to know of a principal, sorted.
// Those that only describe a divergence are left out where there is none.
func (a *auditor) advisories(m *audit.Match, set categorySet) []string {
	var out []string
	add := func(when bool, id string) {
		if when {
			out = append(out, id)
		}
	}
	add(a.sharesExternalID(&m.Principal), rules.AdvisoryDuplicate)
	add(m.ByExternalIDOtherType != nil, rules.AdvisoryOtherType)
	add(notCanonical(m), rules.AdvisoryNotCanonical)
	add(m.DeletedByExternalID != nil, rules.AdvisoryDeleted)
	add(len(m.NearName) > 0, rules.AdvisoryNearName)
	if len(m.ByName) > 1 {
		add(len(candidatesOf(m)) > 1, rules.AdvisoryAmbiguous)
	}
	target := likelyIdentity(m)
	if target != nil {
		add(a.isForeign(target), rules.AdvisoryCrossTenant)
		add(target.Enabled != nil && !*target.Enabled && (set != 0 || !a.isInactive(&m.Principal)), rules.AdvisoryDisabled)
		add(a.nameWillChange(m, target), rules.AdvisorySPName)
		add(caseOnly(m, set, target), rules.AdvisoryCaseOnly)
	}
	if in := inIDP(m); in != nil {
		add(len(in.Missing) > 0, rules.AdvisoryMembersMissing)
	}
	if set != 0 {
		add(target != nil && target.Guest != nil && *target.Guest, rules.AdvisoryGuest)
		add(a.isInactive(&m.Principal), rules.AdvisoryInactive)
		add(audit.IsSystemGroup(m.Principal), rules.AdvisorySystemGroup)
	}
	if set&setMembers != 0 {
		add(anyNested(m), rules.AdvisoryNested)
	}
	slices.Sort(out)
	return out
}

// likelyIdentity is the linked identity, or else the only one of that name.
func likelyIdentity(m *audit.Match) *audit.Identity {
	if id := linkedIdentity(m); id != nil {
		return id
	}
	if len(m.ByName) == 0 {
		return nil
	}
	if candidates := candidatesOf(m); len(candidates) == 1 {
		return candidates[0]
	}
	return nil
}

func (a *auditor) sharesExternalID(p *audit.Principal) bool {
	_, shared := a.holders.besides(p)
	return shared
}

// notCanonical reports whether the stored id is spelled otherwise than in the IdP
// or, where the IdP's spelling is not known, than GUIDs are.
func notCanonical(m *audit.Match) bool {
	stored := m.Principal.ExternalID
	if id := linkedIdentity(m); id != nil && audit.SameExternalID(id.ExternalID, stored) {
		return id.ExternalID != stored
	}
	return audit.CanonicalExternalID(stored) != stored
}

// isForeign reports whether an identity is known to belong to another tenant. An
// adapter sets HomeTenant only then; the own tenant is left out all the same.
func (a *auditor) isForeign(id *audit.Identity) bool {
	return id.HomeTenant != "" && !strings.EqualFold(id.HomeTenant, a.o.TenantID)
}

// nameWillChange reports whether AIM will overwrite a service principal's display
// name. matchWithIdp does not send the IdP's.
func (a *auditor) nameWillChange(m *audit.Match, id *audit.Identity) bool {
	if m.Principal.Type != audit.TypeServicePrincipal || !a.o.IDP.DisplayNames || id.DisplayName == "" {
		return false
	}
	name := m.Principal.DisplayName
	if name == "" {
		if listed := a.listed(m.Principal.Ref); listed != nil {
			name = listed.DisplayName
		}
	}
	return name != "" && name != id.DisplayName
}

// caseOnly reports whether the name of the identity in question, linked or to be
// linked, is the principal's but for its case.
func caseOnly(m *audit.Match, set categorySet, id *audit.Identity) bool {
	return set&(setNameMismatch|setIDMismatch) != 0 &&
		!hasName(id, m.Principal.Name) && hasNameInAnyCase(id, m.Principal.Name)
}

// inIDP is what the IdP has in the group; nil where that is not known.
func inIDP(m *audit.Match) *audit.IDPMembers {
	if m.Members == nil || m.Members.Unknown != "" {
		return nil
	}
	return m.Members.InIDP
}

func anyNested(m *audit.Match) bool {
	nested := func(r audit.MemberRef) bool { return r.NestedInIDP != nil && *r.NestedInIDP }
	return slices.ContainsFunc(m.Members.Local, nested) || slices.ContainsFunc(m.Members.External, nested)
}
