// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// prerequisites are P1 to P6, and the limits.
func prerequisites() []Check {
	return []Check{
		{
			ID: "account_tier", Title: "Premium or Enterprise tier", Decision: EnableAIM, Severity: Blocker, Source: "P1", Needs: []Need{NeedWorkspaces}, judge: judgeTier,
			Consequence: "Automatic identity management is not offered to accounts of the Standard tier.",
			Remedy:      "Upgrade the workspaces in the account console or, on Azure, in the portal. The invoice of the account names its tier.",
		},
		{
			ID: "one_tenant", Title: "All identities are in one tenant", Decision: EnableAIM, Severity: Blocker, Source: "P2", Needs: []Need{NeedUsers, NeedIDP}, judge: judgeTenant,
			Consequence: "Automatic identity management reads one Entra tenant. Users of another tenant would not be found any more.",
			Remedy: "Look at each user named here: invite them as guests of the tenant, deactivate them, or stay with SCIM. One that may stay as it is can be waived. That an unknown id " +
				"belongs to another tenant can never be proven from one tenant.",
		},
		{
			ID: "federated_workspace", Title: "At least one workspace has identity federation", Decision: EnableAIM, Severity: Blocker, Source: "P3", Needs: []Need{NeedWorkspaces},
			judge:       judgeFederated,
			Consequence: "Automatic identity management works in workspaces with identity federation only.",
			Remedy:      "Enable identity federation for a workspace in the account console.",
		},
		{
			ID: "all_workspaces_federated", Title: "Every workspace has identity federation", Decision: EnableAIM, Severity: Info, Source: "P3", Needs: []Need{NeedWorkspaces},
			judge:       judgeAllFederated,
			Consequence: "Workspaces without identity federation go on without automatic identity management, with identities of their own.",
			Remedy:      "Enable identity federation for these workspaces in the account console, or leave them as they are. Tell the workspace admins before you do.",
		},
		{
			ID: "account_admin_person", Title: "A person is an account admin", Decision: EnableAIM, Severity: Blocker, Source: "P4", Needs: needsOfAdmins(),
			judge:       judgeAdminPerson,
			Consequence: "The switch is in the account console, where service principals cannot log in.",
			Remedy:      "Give an active user the role account admin, in the account console.",
		},
		{
			ID: "caller_is_account_admin", Title: "The caller is an account admin", Decision: EnableAIM, Severity: Blocker, Source: "P4", Needs: append(needsOfAdmins(), NeedCaller),
			judge:       judgeCallerAdmin,
			Consequence: "Without that role not everything can be read, and the fixes cannot be written.",
			Remedy:      "Give the caller of this provider the role account admin, or use credentials that have it.",
		},
		{
			ID: "idp_connection", Title: "The account can log in to the identity provider", Decision: EnableAIM, Severity: Blocker, Source: "P5", Needs: []Need{NeedWorkspaces, NeedPerson},
			judge: func(f *Facts) (out finding) {
				if f.Cloud == cloudAzure {
					out.notApplicable = "On Azure the account uses its own Entra tenant, and nothing is to be set up."
				}
				return out
			},
			Asks: "The account admin who sets up automatic identity management: the console has a test of the connection. On AWS and GCP with Entra it needs single sign-on by OIDC with the same tenant " +
				"and an app with a federated credential and permissions to read; with Okta an API Services app with a private key, DPoP off, and the scopes okta.users.read and okta.groups.read.",
			Consequence: "Without the connection automatic identity management cannot be switched on.",
			Remedy:      "Set up the connection in the account console and test it there. Then waive this check with the date of the test as reason.",
		},
		{
			ID: "entra_premium", Title: "Entra ID P1 or P2", Decision: DisableSCIM, Severity: Info, Source: "P6", Needs: []Need{NeedPerson},
			judge: func(f *Facts) (out finding) {
				if f.IDP == idpOkta {
					out.notApplicable = "The identity provider is not Entra ID."
				}
				return out
			},
			Asks:        "The Entra administrator, who sees the licence in the portal.",
			Consequence: "Without it SCIM cannot provision groups, so there may be no way back.",
			Remedy:      "Ask the Entra administrator, and waive this check with the answer as reason.",
		},
		{
			ID: "account_limits", Title: "The account is below its limits", Decision: EnableAIM, Severity: Blocker, Source: "C20", Needs: append(principals(), NeedGroupMembers),
			judge:       func(f *Facts) finding { return judgeLimits(f, 100) },
			Consequence: "At a limit no principal or membership can be added, neither by automatic identity management nor by hand.",
			Remedy:      "Ask Databricks to raise the limit where it can be raised, or remove what is not used. An account for which it was raised can waive this check with the new limit as reason.",
		},
		{
			ID: "account_limits_near", Title: "The account is well below its limits", Decision: EnableAIM, Severity: Info, Source: "C20", Needs: append(principals(), NeedGroupMembers),
			judge:       func(f *Facts) finding { return judgeLimits(f, nearLimit) },
			Consequence: "Automatic identity management adds principals by itself, and may reach a limit.",
			Remedy:      "Watch the numbers, and ask Databricks in time.",
		},
	}
}

// The clouds and kinds of identity provider on which checks depend.
const (
	cloudAzure    = "azure"
	idpOkta       = "okta"
	idpDatabricks = "databricks"
)

func judgeTier(f *Facts) (out finding) {
	known, enough := 0, 0
	for _, w := range f.Workspaces {
		switch w.Tier {
		case "", "UNKNOWN", "DEDICATED":
			continue
		case "PREMIUM", "ENTERPRISE":
			enough++
		}
		known++
	}
	switch {
	case known == 0:
		out.unknown = append(out.unknown, "the account reports the pricing tier of no workspace")
	case enough == 0:
		out.add(kindAccount, "", "", fmt.Sprintf("none of the %d workspaces whose tier is known is Premium or Enterprise", known))
	default:
		out.evidence = append(out.evidence, fmt.Sprintf("%d of %d workspaces are Premium or Enterprise", enough, len(f.Workspaces)))
		out.settled = true
	}
	return out
}

func judgeTenant(f *Facts) (out finding) {
	if f.IDP == idpOkta {
		out.notApplicable = "The identity provider is not Entra ID."
		return out
	}
	unknown, apps := 0, 0
	for i := range f.Matches {
		m := &f.Matches[i]
		p := &m.Principal
		nowhere := m.ByExternalID == nil && m.DeletedByExternalID == nil && len(m.ByName) == 0
		switch {
		case m.Unknown != "" || p.Type == audit.TypeGroup:
		case p.Type == audit.TypeServicePrincipal:
			if nowhere && p.ExternalID != "" {
				apps++
			}
		case m.ByExternalID != nil && m.ByExternalID.HomeTenant != "" && !strings.EqualFold(m.ByExternalID.HomeTenant, f.TenantID):
			out.addRef(p.Ref, p.Name, "is of the tenant "+m.ByExternalID.HomeTenant)
		case !nowhere || p.Active != nil && !*p.Active:
		case strings.Contains(strings.ToUpper(p.Name), "#EXT#"):
			out.addRef(p.Ref, p.Name, "has the name of a guest, and the tenant does not know it")
		case len(f.PrimaryDomains) > 0 && !f.isOwn(p.Name):
			out.addRef(p.Ref, p.Name, "is of a domain that is not in primary_domains, and the tenant does not know it")
		case len(f.PrimaryDomains) == 0:
			unknown++
		}
	}
	if unknown > 0 {
		out.unknown = append(out.unknown, fmt.Sprintf("the tenant does not know %d active users; set primary_domains to distinguish your own from those of another tenant", unknown))
	}
	if apps > 0 {
		out.evidence = append(out.evidence, fmt.Sprintf("the tenant does not know %d service principals that are linked: they were deleted, or are of another tenant", apps))
	}
	return out
}

func (f *Facts) isOwn(name string) bool {
	_, domain, _ := strings.Cut(name, "@")
	return slices.ContainsFunc(f.PrimaryDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// federation is how many workspaces have identity federation, and whether the account
// reports it at all.
func (f *Facts) federation() (enabled int, reported bool) {
	for _, w := range f.Workspaces {
		reported = reported || w.Federation != nil
		if w.Federation != nil && *w.Federation {
			enabled++
		}
	}
	return enabled, reported
}

const federationSilent = "the account reports identity federation for no workspace"

func judgeFederated(f *Facts) (out finding) {
	enabled, reported := f.federation()
	switch {
	case enabled > 0:
		out.evidence, out.settled = append(out.evidence, fmt.Sprintf("%d of %d workspaces have identity federation", enabled, len(f.Workspaces))), true
	case !reported && len(f.Workspaces) > 0:
		out.unknown = append(out.unknown, federationSilent)
	case len(f.Unknown[NeedWorkspaces]) == 0: // Else that there is none says nothing.
		out.add(kindAccount, "", "", fmt.Sprintf("none of the %d workspaces has identity federation", len(f.Workspaces)))
	}
	return out
}

func judgeAllFederated(f *Facts) (out finding) {
	_, reported := f.federation()
	if !reported && len(f.Workspaces) > 0 {
		out.unknown = append(out.unknown, federationSilent)
		return out
	}
	for _, w := range f.Workspaces {
		if w.Federation == nil || !*w.Federation {
			out.affected = append(out.affected, Affected{Kind: kindWorkspace, ID: w.ID, Name: w.Name, WorkspaceID: w.ID, Detail: "has no identity federation"})
		}
	}
	return out
}

func judgeAdminPerson(f *Facts) (out finding) {
	people := 0
	for _, ref := range f.Admins {
		if ref.Type == audit.TypeUser {
			people++
		}
	}
	switch {
	case people > 0:
		out.evidence, out.settled = append(out.evidence, fmt.Sprintf("%d active users are account admins", people)), true
	case len(f.reasons(needsOfAdmins())) == 0: // Else that no one was found says nothing.
		out.add(kindAccount, "", "", "no active user is an account admin")
	}
	return out
}

// principals are the lists of the account.
func principals() []Need { return []Need{NeedUsers, NeedServicePrincipals, NeedGroups} }

// needsOfAdmins are what the list of account admins depends on.
func needsOfAdmins() []Need { return append(principals(), NeedRoles, NeedGroupMembers) }

func judgeCallerAdmin(f *Facts) (out finding) {
	switch {
	case f.Caller == audit.Ref{}:
		if len(f.Unknown[NeedCaller]) == 0 {
			out.unknown = append(out.unknown, "the login does not show which identity the caller is")
		}
	case slices.Contains(f.Admins, f.Caller):
		out.settled = true
	case len(f.reasons(needsOfAdmins())) == 0:
		out.addRef(f.Caller, f.principal(f.Caller).Name, "does not hold the role account_admin")
	}
	return out
}
