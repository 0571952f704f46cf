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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// What many tests write down: package world says what each is. A test that needs
// something else takes it from the package that owns it.
type (
	AccessRule           = world.AccessRule
	Account              = world.Account
	AppRoleAssignment    = world.AppRoleAssignment
	AuditEvent           = world.AuditEvent
	FederationInfo       = world.FederationInfo
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
	PermissionAssignment = world.PermissionAssignment
	Role                 = world.Role
	RuleSet              = world.RuleSet
	Securable            = world.Securable
	ServicePrincipal     = world.ServicePrincipal
	State                = world.State
	UnityCatalog         = world.UnityCatalog
	User                 = world.User
	Warehouse            = world.Warehouse
	Workspace            = world.Workspace
)

// The switches of behaviour that no source settles, and the options of the identity
// providers, whose packages are named like those of the provider.
type (
	EntraOptions            = entra.Options
	GraphAssumptions        = entra.GraphAssumptions
	IdentityAssumptions     = host.IdentityAssumptions
	OktaAssumptions         = okta.Assumptions
	OktaClient              = okta.Client
	OktaOptions             = okta.Options
	SCIMAssumptions         = scim.Assumptions
	StatementAssumptions    = catalog.StatementAssumptions
	UnityCatalogAssumptions = catalog.UnityCatalogAssumptions
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
