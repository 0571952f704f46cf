// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/guard"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

// Facts are what was read. What could not be read is in Unknown; the field that it
// belongs to then holds what is known all the same, or nothing.
type Facts struct {
	// Now decides which waivers have expired.
	Now time.Time
	// Cloud is aws, azure or gcp; empty where it is not known.
	Cloud string
	// IDP is the kind of identity provider: databricks, entra, okta or file.
	IDP          string
	Capabilities audit.Capabilities
	AIM          audit.AIMState
	// TenantID is the own Entra tenant; empty elsewhere.
	TenantID string
	// PrimaryDomains are the own mail domains, in any case; empty where not given.
	PrimaryDomains []string
	// Planned are identities for which grants are wanted; Texts are contents of files by path.
	Planned []Planned
	Texts   map[string]string

	// Unknown are, by source, the reasons why it was not read whole.
	Unknown map[Need][]string

	Workspaces []audit.Workspace
	// Inventory is every principal of the account.
	Inventory audit.Inventory
	// Matches are what the identity provider knows of them, Report the verdict on that.
	Matches []audit.Match
	Report  judge.Report
	// Admins hold account_admin and are active, by themselves or through groups; Caller
	// is zero where it is not known.
	Admins []audit.Ref
	Caller audit.Ref
	// GroupRoles are the account roles of groups, by group id.
	GroupRoles map[string][]string
	// Members are the direct members of the account's groups, by group id.
	Members map[string][]audit.Member
	// Access are the principals with access to workspaces.
	Access []Access
	// LocalGroups are the groups of workspaces that the account does not manage.
	LocalGroups []LocalGroup
	Denylist    []audit.DenyRule
	// Denied is what the identity provider says of the identities that rules deny, by
	// canonical external id: which of them it has, and which of Admins and Caller it has
	// in them. Rules that were not asked about are absent.
	Denied map[string]guard.DeniedIdentity
	// Settings are the names of the account's settings.
	Settings []string
	// Connectors are the SCIM connectors that the identity provider has for Databricks.
	Connectors []Connector
	// WorkspaceAdmins are those of the workspaces with identity federation, and of those to
	// which SCIM connectors wrote, by workspace.
	WorkspaceAdmins map[string]WorkspaceAdmins
	Metastores      []Metastore
	// Definitions are the views and functions of Unity Catalog that ask for groups.
	Definitions []Definition
	// Grants are what the groups that someone gains may do in Unity Catalog, and those
	// above them.
	Grants []Grant
	// Events are what the audit log shows; nil where it was not read.
	Events *events.Report

	// Built on first use.
	parentsOf map[string][]string
	byRef     map[audit.Ref]audit.Principal
	ids       map[string]audit.Principal
	linked    map[string]audit.Principal // users and service principals by canonical external id
	accessOf  map[audit.Ref][]string     // workspaces
	directOf  map[string][]string        // by id
}

// Planned is an identity that is meant to get grants, named by exactly one of the two.
type Planned struct {
	Type             audit.PrincipalType
	Name, ExternalID string
}

// Access is one principal's access to one workspace.
type Access struct {
	WorkspaceID string
	audit.Ref
	// Direct is false for access that comes from a group only.
	Direct bool
}

// Metastore is one of the account's; Owner is a name.
type Metastore struct{ ID, Name, Owner string }

// Grant is a privilege of a group in Unity Catalog on objects of a kind; Owner of what it
// owns.
type Grant struct {
	// Group is a name.
	Group, Kind, Privilege string
	Objects                int
	// First is the full name of the first object.
	First string
}

// Owner stands for a privilege where a group owns the object.
const Owner = "OWNER"

func (g *Grant) ownsCatalogs() bool { return g.Kind == kindCatalog && g.Privilege == Owner }

func (g *Grant) objects() string {
	if g.Objects == 1 {
		return g.First
	}
	return fmt.Sprintf("%s and %d more", g.First, g.Objects-1)
}

func (g *Grant) String() string {
	return fmt.Sprintf("%s on %s %s", g.Privilege, strings.ReplaceAll(g.Kind, "_", " "), g.objects())
}

// LocalGroup is a group that one workspace alone knows.
type LocalGroup struct {
	WorkspaceID, ID, Name, ExternalID string
	// Members are its direct members; Name is the one to show.
	Members []audit.Member
	// Entitlements are those that the group holds itself, sorted.
	Entitlements []string
	// AccountGroupID is the account's group of that name; empty for none.
	AccountGroupID string
}

func (f *Facts) principals(t audit.PrincipalType) []audit.Principal {
	var out []audit.Principal
	for _, p := range f.Inventory.Principals {
		if p.Type == t {
			out = append(out, p)
		}
	}
	return out
}

// principal is one of the inventory; nothing but its reference for one that is not there.
func (f *Facts) principal(ref audit.Ref) audit.Principal {
	f.index()
	if p, there := f.byRef[ref]; there {
		return p
	}
	return audit.Principal{Ref: ref}
}

// byID is a principal by its id alone, which no two types share; zero for none.
func (f *Facts) byID(id string) audit.Principal {
	f.index()
	return f.ids[id]
}

func (f *Facts) index() {
	if f.byRef != nil {
		return
	}
	f.byRef, f.ids, f.linked = map[audit.Ref]audit.Principal{}, map[string]audit.Principal{}, map[string]audit.Principal{}
	for _, p := range f.Inventory.Principals {
		f.byRef[p.Ref], f.ids[p.ID] = p, p
		if p.ExternalID != "" && p.Type != audit.TypeGroup {
			f.linked[audit.CanonicalExternalID(p.ExternalID)] = p
		}
	}
}

// row is what the rows of all types have in common.
type row struct {
	judge.Divergence
	name, externalID, candidate string
}

// rows are all divergences that no waiver of the audit covers and about which
// something is to be done.
func (f *Facts) rows() []row {
	var out []row
	add := func(d judge.Divergence, name, id, candidate string) {
		if !d.Waived && d.Action != rules.ActionNone {
			out = append(out, row{d, name, id, candidate})
		}
	}
	for _, u := range f.Report.Users {
		add(u.Divergence, u.Username, u.ExternalID, u.ExternalIDWithUsernameMatch)
	}
	for _, g := range f.Report.Groups {
		add(g.Divergence, g.GroupName, g.ExternalID, strings.Join(g.ExternalIDsWithGroupNameMatch, ";"))
	}
	for _, s := range f.Report.ServicePrincipals {
		add(s.Divergence, cmp.Or(s.DisplayName, s.ApplicationID), s.ExternalID, s.ExternalIDWithAppIDMatch)
	}
	return out
}

func (r *row) has(category string) bool { return slices.Contains(r.ErrorCategories, category) }

// kindOf sorts the external id divergences so that each row belongs to one check.
func (r *row) kindOf() string {
	switch {
	case r.has(rules.CategoryNameMismatch) && r.Type == audit.TypeUser, slices.Contains(r.Advisories, rules.AdvisoryDuplicate) && r.Type == audit.TypeUser:
		return checkUserRenamed
	case r.has(rules.CategoryNameMismatch) && r.Type == audit.TypeGroup:
		return checkGroupRenamed
	case r.has(rules.CategoryExternalIDMismatch) && r.externalID == "" && r.Type == audit.TypeGroup:
		return checkGroupNameTaken
	case r.has(rules.CategoryExternalIDMismatch) && r.externalID == "":
		return checkUnlinked
	case r.has(rules.CategoryExternalIDMismatch), r.has(rules.CategoryNameMismatch), r.has(rules.CategoryExternalIDNotInIDP) && r.Type != audit.TypeUser:
		return checkExternalIDs
	default:
		return ""
	}
}

// rename is a service principal whose name AIM overwrites.
type rename struct {
	audit.Principal
	after string
}

func (f *Facts) renames() []rename {
	var out []rename
	for i := range f.Matches {
		m := &f.Matches[i]
		id := m.ByExternalID
		if id == nil && len(m.ByName) == 1 {
			id = &m.ByName[0]
		}
		if m.Principal.Type != audit.TypeServicePrincipal || m.Unknown != "" || id == nil || id.DisplayName == "" {
			continue
		}
		p := m.Principal
		p.DisplayName = cmp.Or(p.DisplayName, f.principal(p.Ref).DisplayName)
		if p.DisplayName != id.DisplayName {
			out = append(out, rename{p, id.DisplayName})
		}
	}
	return out
}
