// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/scim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// What tests write down: package world says what each is.
type (
	AccessRule           = world.AccessRule
	Account              = world.Account
	AppRoleAssignment    = world.AppRoleAssignment
	AuditEvent           = world.AuditEvent
	AuditIdentity        = world.AuditIdentity
	AuditResponse        = world.AuditResponse
	Email                = world.Email
	FederationInfo       = world.FederationInfo
	GenerateOptions      = world.GenerateOptions
	Grant                = world.Grant
	GrantRule            = world.GrantRule
	Group                = world.Group
	IDP                  = world.IDP
	IDPGroup             = world.IDPGroup
	IDPServicePrincipal  = world.IDPServicePrincipal
	IDPUser              = world.IDPUser
	Member               = world.Member
	Metastore            = world.Metastore
	OAuthClient          = world.OAuthClient
	OktaApp              = world.OktaApp
	OktaAppUser          = world.OktaAppUser
	OktaGroupPush        = world.OktaGroupPush
	PermissionAssignment = world.PermissionAssignment
	PersonName           = world.PersonName
	ProvisioningEvent    = world.ProvisioningEvent
	Role                 = world.Role
	RuleSet              = world.RuleSet
	Securable            = world.Securable
	ServicePrincipal     = world.ServicePrincipal
	State                = world.State
	SyncAttributeMapping = world.SyncAttributeMapping
	SyncEntryCount       = world.SyncEntryCount
	SyncError            = world.SyncError
	SyncExecution        = world.SyncExecution
	SyncJob              = world.SyncJob
	SyncObjectMapping    = world.SyncObjectMapping
	SyncQuarantine       = world.SyncQuarantine
	SyncRule             = world.SyncRule
	SyncSchedule         = world.SyncSchedule
	SyncSchema           = world.SyncSchema
	SyncSecret           = world.SyncSecret
	SyncSource           = world.SyncSource
	SyncStatus           = world.SyncStatus
	SyncTemplate         = world.SyncTemplate
	Synchronization      = world.Synchronization
	Token                = world.Token
	UnityCatalog         = world.UnityCatalog
	User                 = world.User
	Warehouse            = world.Warehouse
	Workspace            = world.Workspace
)

// The switches of behaviour that no source settles, and the credentials of the
// identity providers.
type (
	AuditLogAssumptions     = catalog.AuditLogAssumptions
	DenylistAssumptions     = host.DenylistAssumptions
	EntraOptions            = entra.Options
	GraphAssumptions        = entra.GraphAssumptions
	IdentityAssumptions     = host.IdentityAssumptions
	MatchAssumptions        = host.MatchAssumptions
	OktaAssumptions         = okta.Assumptions
	OktaClient              = okta.Client
	OktaOptions             = okta.Options
	PagingAssumptions       = wire.PagingAssumptions
	SCIMAssumptions         = scim.Assumptions
	StatementAssumptions    = catalog.StatementAssumptions
	UnityCatalogAssumptions = catalog.UnityCatalogAssumptions
	WorkspaceAssumptions    = host.WorkspaceAssumptions
)

// Injected failures; package faults says what each does.
type (
	Fault = faults.Fault
)

// Kinds of faults.
const (
	FaultDelay        = faults.Delay
	FaultDuplicate    = faults.Duplicate
	FaultEmptyPage    = faults.EmptyPage
	FaultExpiredToken = faults.ExpiredToken
	FaultHang         = faults.Hang
	FaultLost         = faults.Lost
	FaultNoop         = faults.Noop
	FaultReset        = faults.Reset
	FaultShift        = faults.Shift
	FaultShrink       = faults.Shrink
	FaultStale        = faults.Stale
	FaultStatus       = faults.Status
	FaultTruncate     = faults.Truncate
)
