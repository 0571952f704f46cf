// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

// State is the whole simulated world as one JSON document: the same in a state
// file, under GET and PUT /_simulator/state, and in the presets. It holds data
// only, in a stable order and without anything volatile, so that two dumps can
// be compared byte for byte; how the account behaves is in the options of the simulator.
//
// A Databricks principal has the field names of account SCIM, an IdP object
// those of Microsoft Graph.
type State struct {
	Account           Account            `json:"account"`
	Workspaces        []Workspace        `json:"workspaces"`
	Users             []User             `json:"users"`
	Groups            []Group            `json:"groups"`
	ServicePrincipals []ServicePrincipal `json:"service_principals"`
	UnityCatalog      UnityCatalog       `json:"unity_catalog"`
	AccountRoles      []RuleSet          `json:"account_roles"`
	IDP               IDP                `json:"idp"`
	// AuditEvents are what system.access.audit has beside the writes of this run.
	AuditEvents []AuditEvent `json:"audit_events,omitempty"`
}

// Account is the account itself and the credentials that it knows.
type Account struct {
	AccountID string `json:"account_id"`
	// OAuthClients are secrets of service principals; Tokens are personal
	// access tokens of users and service principals.
	OAuthClients []OAuthClient `json:"oauth_clients,omitempty"`
	Tokens       []Token       `json:"tokens,omitempty"`
	// AccessRules is the account access denylist, sorted by external id.
	AccessRules []AccessRule `json:"account_access_identity_rules,omitempty"`
	// Settings are the names of the account's settings.
	Settings []string `json:"settings,omitempty"`
}

// AccessRule denies one identity of the IdP the access to the account.
type AccessRule struct {
	ExternalPrincipalID string `json:"external_principal_id"`
	DisplayName         string `json:"display_name,omitempty"`
	// PrincipalType is USER, GROUP or SERVICE_PRINCIPAL.
	PrincipalType string `json:"principal_type,omitempty"`
}

// OAuthClient is one OAuth secret of a service principal.
type OAuthClient struct {
	ClientID     string `json:"client_id"` // the application id
	ClientSecret string `json:"client_secret"`
}

// Token is one personal access token or, with SCIMOnly, an account SCIM token,
// which belongs to no one and opens account SCIM only.
type Token struct {
	Token       string `json:"token"`
	PrincipalID string `json:"principal_id,omitempty"`
	SCIMOnly    bool   `json:"scim_only,omitempty"`
}

// Workspace is one entry of the account's workspace list. FederationInfo is nil
// where the account does not send the key.
type Workspace struct {
	WorkspaceID    int64           `json:"workspace_id"`
	WorkspaceName  string          `json:"workspace_name"`
	DeploymentName string          `json:"deployment_name,omitempty"`
	Status         string          `json:"workspace_status"`
	Cloud          string          `json:"cloud,omitempty"`
	Region         string          `json:"region,omitempty"`
	PricingTier    string          `json:"pricing_tier,omitempty"`
	MetastoreID    string          `json:"metastore_id,omitempty"`
	FederationInfo *FederationInfo `json:"identity_federation_info,omitempty"`
	// PermissionAssignments are the direct assignments, sorted by principal.
	PermissionAssignments []PermissionAssignment `json:"permission_assignments,omitempty"`
	// LocalGroups are workspace-local groups, which only the workspace knows.
	LocalGroups []Group `json:"local_groups,omitempty"`
	// Warehouses are the SQL warehouses, which everyone in the workspace may use.
	Warehouses []Warehouse `json:"warehouses,omitempty"`
}

// Warehouse is a SQL warehouse. State is RUNNING (or empty), STOPPED (the next
// statement starts it) or any other word of the API, in which it answers none.
type Warehouse struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state,omitempty"`
}

// FederationInfo is the undocumented key of the raw workspace list.
type FederationInfo struct {
	EnableIdentityFederation bool `json:"enable_identity_federation"`
}

// PermissionAssignment is a principal's level in a workspace.
type PermissionAssignment struct {
	PrincipalID  string   `json:"principal_id"`
	Permissions  []string `json:"permissions"` // USER, ADMIN
	Entitlements []string `json:"entitlements,omitempty"`
}

// User is an account user with the names of account SCIM.
type User struct {
	ID          string      `json:"id"`
	UserName    string      `json:"userName"`
	DisplayName string      `json:"displayName,omitempty"`
	ExternalID  string      `json:"externalId,omitempty"`
	Active      bool        `json:"active"`
	Created     string      `json:"created,omitempty"` // as meta.created; empty is left out
	Name        *PersonName `json:"name,omitempty"`
	Emails      []Email     `json:"emails,omitempty"`
	Roles       []Role      `json:"roles,omitempty"`
}

// PersonName is a user's name.
type PersonName struct {
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
}

// Email is one address of a user.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Role is an account role, for example account_admin.
type Role struct {
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

// Group is an account group. System groups are "account users" and the like.
type Group struct {
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	ExternalID  string   `json:"externalId,omitempty"`
	Members     []Member `json:"members,omitempty"`
	Roles       []Role   `json:"roles,omitempty"`
	System      bool     `json:"system,omitempty"`
	// Entitlements are those that a workspace-local group holds itself.
	Entitlements []string `json:"entitlements,omitempty"`
}

// Member is a direct member of a group. Source is INTERNAL (the default) or
// IDENTITY_PROVIDER, in the words of IAM v2; under AIM, SCIM does not show the
// latter.
type Member struct {
	Value  string `json:"value"`
	Source string `json:"membership_source,omitempty"`
}

// ServicePrincipal is an account service principal.
type ServicePrincipal struct {
	ID            string `json:"id"`
	ApplicationID string `json:"applicationId"`
	DisplayName   string `json:"displayName,omitempty"`
	ExternalID    string `json:"externalId,omitempty"`
	Active        bool   `json:"active"`
	Roles         []Role `json:"roles,omitempty"`
}

// UnityCatalog is what the metastores hold.
type UnityCatalog struct {
	Metastores []Metastore `json:"metastores,omitempty"`
}

// Metastore is one metastore with its securables.
type Metastore struct {
	MetastoreID string      `json:"metastore_id"`
	Name        string      `json:"name"`
	Owner       string      `json:"owner"`
	Region      string      `json:"region,omitempty"`
	Grants      []Grant     `json:"grants,omitempty"`
	Securables  []Securable `json:"securables,omitempty"`
}

// Securable is a Unity Catalog object: Type in lower case as in API paths
// (catalog, schema, table, volume, function, model, external_location,
// storage_credential, credential, connection, share).
// A credential is a service credential. The parents of a full name are there too.
type Securable struct {
	Type     string `json:"type"`
	FullName string `json:"full_name"`
	Owner    string `json:"owner,omitempty"`
	// Kind is what the API calls catalog_type, table_type, volume_type or
	// connection_type; empty is the most usual one.
	Kind string `json:"kind,omitempty"`
	// WorkspaceIDs bind a catalog, external location or credential to these
	// workspaces (isolation mode ISOLATED); empty is all of the metastore.
	WorkspaceIDs []int64 `json:"workspace_ids,omitempty"`
	Grants       []Grant `json:"grants,omitempty"`
	// Definition is the text of a view (a table of kind VIEW) or a function; Language is
	// set for a function that is not in SQL.
	Definition string `json:"definition,omitempty"`
	Language   string `json:"language,omitempty"`
	// RowFilter and ColumnMasks, by column, are the full names of functions of a table.
	RowFilter   string            `json:"row_filter,omitempty"`
	ColumnMasks map[string]string `json:"column_masks,omitempty"`
}

// Grant is the privileges of one principal on one securable. Principal is an
// e-mail address, a group name or an application id. Of a principal that was
// deleted there is PrincipalID in its place.
type Grant struct {
	Principal   string   `json:"principal"`
	PrincipalID string   `json:"principal_id,omitempty"`
	Privileges  []string `json:"privileges"`
}

// RuleSet is an account access control rule set.
type RuleSet struct {
	Name       string      `json:"name"`
	Etag       string      `json:"etag,omitempty"`
	GrantRules []GrantRule `json:"grant_rules,omitempty"`
}

// GrantRule gives a role to principals ("users/..", "groups/..", "servicePrincipals/..").
type GrantRule struct {
	Role       string   `json:"role"`
	Principals []string `json:"principals"`
}

// IDP is the identity provider's half of the world, served as Entra ID and, as
// far as it goes, as Okta.
type IDP struct {
	TenantID          string                `json:"tenant_id,omitempty"`
	VerifiedDomains   []string              `json:"verified_domains,omitempty"`
	Users             []IDPUser             `json:"users"`
	Groups            []IDPGroup            `json:"groups"`
	ServicePrincipals []IDPServicePrincipal `json:"service_principals"`
	// ApplicationTemplates are the apps of the gallery; none is the built-in ones.
	ApplicationTemplates []AppTemplate `json:"application_templates,omitempty"`
	// ProvisioningLog are the events of all connectors, in any order.
	ProvisioningLog []ProvisioningEvent `json:"provisioning_log,omitempty"`
}

// IDPUser is a Graph user.
type IDPUser struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	Mail              string `json:"mail,omitempty"`
	DisplayName       string `json:"displayName,omitempty"`
	UserType          string `json:"userType,omitempty"` // Member, Guest; empty means Member
	AccountEnabled    bool   `json:"accountEnabled"`
	// Deleted objects are in the recycle bin only.
	Deleted bool `json:"deleted,omitempty"`
	// OktaStatus overrides the status that the Okta face derives from AccountEnabled.
	OktaStatus string `json:"oktaStatus,omitempty"`
}

// IDPGroup is a Graph group; Members are ids of users, groups and service
// principals, direct ones only.
type IDPGroup struct {
	ID              string   `json:"id"`
	DisplayName     string   `json:"displayName"`
	SecurityEnabled bool     `json:"securityEnabled"`
	Visibility      string   `json:"visibility,omitempty"` // HiddenMembership and others
	Members         []string `json:"members,omitempty"`
	Deleted         bool     `json:"deleted,omitempty"`
}

// IDPServicePrincipal is a Graph servicePrincipal.
type IDPServicePrincipal struct {
	ID                     string `json:"id"`
	AppID                  string `json:"appId"`
	DisplayName            string `json:"displayName,omitempty"`
	AccountEnabled         bool   `json:"accountEnabled"`
	ServicePrincipalType   string `json:"servicePrincipalType,omitempty"`
	AppOwnerOrganizationID string `json:"appOwnerOrganizationId,omitempty"`
	Deleted                bool   `json:"deleted,omitempty"`

	ApplicationTemplateID      string              `json:"applicationTemplateId,omitempty"`
	AppRoleAssignmentRequired  bool                `json:"appRoleAssignmentRequired,omitempty"`
	Tags                       []string            `json:"tags,omitempty"`
	NotificationEmailAddresses []string            `json:"notificationEmailAddresses,omitempty"`
	AppRoleAssignedTo          []AppRoleAssignment `json:"appRoleAssignedTo,omitempty"`
	Synchronization            *Synchronization    `json:"synchronization,omitempty"`
	OktaApp                    *OktaApp            `json:"oktaApp,omitempty"`
}
