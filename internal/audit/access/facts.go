// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Facts are what was read of the places that give access. A place that was not
// read has its reason beside it; a place that is not mentioned at all was not
// asked about, and counts as unknown.
type Facts struct {
	// Workspaces are all workspaces of the account, each once.
	Workspaces []WorkspaceAccess
	// WorkspacesUnknown is why the list may be short; empty means that it is not.
	WorkspacesUnknown string
	// LocalGroups is true when the groups that workspaces have of their own were asked for.
	LocalGroups bool
	// EntitlementsUntold is why no API could be asked for entitlements in workspaces;
	// empty means that one could.
	EntitlementsUntold string
	// Holdings are account roles and entitlements by principal: of the source, of
	// every group above source and target. A missing entry is a hole.
	Holdings map[audit.Ref]Holding
	// Metastores are all metastores of the account, each once, with what was
	// scanned in them.
	Metastores []Metastore
	// MetastoresUnknown is why the list may be short; empty means that it is not.
	MetastoresUnknown string
	// Names are all principals by the name that a grant or an owner would have for
	// them, by [NameKey]: group display names, user names, application
	// ids. A grant by name counts only where the name is one principal's (R18). Nil
	// where no grant, owner or role has the name of a principal in question: then
	// no one needs to know.
	Names map[string][]audit.Ref
	// NamesUnknown is why there may be more principals of some name; empty means
	// that the whole account was listed, or that Names are not needed.
	NamesUnknown string
	// Depth is how deep Unity Catalog was scanned.
	Depth Depth
	// Failures are what could not be read, each hole of the facts with its reason.
	Failures []audit.Failure
}

// scanned reports whether Unity Catalog was looked at.
func (f *Facts) scanned() bool {
	return f.Depth == DepthCatalog || f.Depth == DepthSchema || f.Depth == DepthAll
}

// Depth is how deep Unity Catalog is scanned.
type Depth string

// The depths. Each includes those before it. DepthCatalog reads metastores,
// catalogs, external locations, storage credentials, connections and shares;
// DepthSchema schemas; DepthAll tables, views, volumes, functions and models.
const (
	DepthNone    Depth = "none"
	DepthCatalog Depth = "catalog"
	DepthSchema  Depth = "schema"
	DepthAll     Depth = "all"
)

// The levels of workspace permission assignments.
const (
	LevelUser  = "USER"
	LevelAdmin = "ADMIN"
)

// WorkspaceAccess are the permission assignments of one workspace. A workspace
// that has none because identity federation is off is read, with no levels.
type WorkspaceAccess struct {
	audit.Workspace
	// Levels are the levels by the principal's id. Ids are unique over the types.
	Levels map[string][]string
	// Unknown is why they could not be read in full.
	Unknown string
	// Entitlements are those that an assignment here gives, by the principal's id, of
	// the principals that were asked about: the source, and for its reach the groups
	// above it too.
	Entitlements map[string]Entitlements
	// Local are the groups that the workspace has of its own, where LocalRead is true.
	// LocalUnknown is why there may be more.
	Local        []LocalGroup
	LocalRead    bool
	LocalUnknown string
}

// Entitlements are those of one principal in one workspace, such as
// "WORKSPACE_ACCESS".
type Entitlements struct {
	Values []string
	// Unknown is why there may be more.
	Unknown string
}

// Holding is what the account knows of one principal itself, not through groups.
type Holding struct {
	// Roles are account roles such as "account_admin"; Entitlements such as
	// "workspace-access".
	Roles, Entitlements []string
	// Unknown is why there may be more.
	Unknown string
}

// Metastore is one metastore and what the scan found in it.
type Metastore struct {
	// Owner is a name: who holds it is metastore admin.
	ID, Name, Owner string
	// Scanned is true when a scan was made, whatever it found.
	Scanned bool
	// NotScanned is why there was none, where nothing failed: for example, no
	// workspace is attached to it.
	NotScanned string
	// AdminProven is true when the caller is proven to be metastore admin. Others
	// see fewer objects without an error, so their scan proves no absence.
	AdminProven bool
	// Securables are the objects with their direct grants, each once: those at
	// which no one holds anything may be left out.
	Securables []Securable
	// Unknown is why the scan may have missed objects.
	Unknown string
}

// Securable is one object of Unity Catalog.
type Securable struct {
	// Type is as in the API, lower case: metastore, catalog, schema, table (views
	// are tables), volume, function, model, external_location, storage_credential,
	// credential (of services), connection, share.
	Type string
	// FullName is the name with its catalog and schema, without quotes.
	FullName string
	// Owner is a name; empty when the API sent none. A metastore's own is in
	// [Metastore].
	Owner  string
	Grants []Grant
	// Unknown is why its grants or owner could not be read in full.
	Unknown string
}

// Grant is all that one principal holds directly on one securable.
type Grant struct {
	// PrincipalID is the id, where the API sent it; it counts before the name.
	PrincipalID string
	// Principal is the name; empty for a deleted principal.
	Principal  string
	Privileges []string
}

// NameKey is the key of a name in [Facts.Names]: the name without its case.
func NameKey(name string) string { return audit.FoldName(name) }
