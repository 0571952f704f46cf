// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package host is a Databricks account with its workspaces. Package api has what its
// APIs share, and the login; packages scim and catalog have those; IAM v2,
// matchWithIdp, workspaces, rule sets, settings and the denylist are here, each a
// small type over the world. They refuse what the real account refuses.
package host

import (
	"net/http"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/scim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Options say how the account behaves.
type Options struct {
	// AIM switches automatic identity management on.
	AIM bool
	// NoIAMv2 makes every IAM v2 path answer 404, as accounts without the beta do.
	NoIAMv2 bool
	// TokenLifetime is how long OAuth tokens are valid; 0 means an hour.
	TokenLifetime time.Duration
	Assumed       Assumed
}

// Assumed are the switches of the account's APIs.
type Assumed struct {
	Paging       wire.PagingAssumptions
	SCIM         scim.Assumptions
	Identity     IdentityAssumptions
	Match        MatchAssumptions
	Workspaces   WorkspaceAssumptions
	UnityCatalog catalog.UnityCatalogAssumptions
	Statements   catalog.StatementAssumptions
	Denylist     DenylistAssumptions
	AuditLog     catalog.AuditLogAssumptions
}

// common is what the APIs of this package share.
type common struct {
	*api.Base
	opts Options
}

// Each of them is a small type over it.
type (
	workspaceAPI struct{ *common }
	roleAPI      struct{ *common }
	iamAPI       struct{ *common }
	settingsAPI  struct{ *common }
	denylistAPI  struct{ *common }
	matchAPI     struct{ *common }
)

// Host is the account and its workspaces.
type Host struct{ *api.Base }

// New registers every API of the account: those of the account host, and those
// of the workspace hosts, which share one mux.
func New(world *world.Store, opts Options, mux, workspaceMux *http.ServeMux) *Host {
	b := api.New(world, api.Options{
		AIM: opts.AIM, TokenLifetime: opts.TokenLifetime, Paging: opts.Assumed.Paging,
		ShortPages: opts.Assumed.Identity.ShortPages, AccountAdminsEnter: opts.Assumed.Workspaces.AccountAdminsEnter,
	}, mux, workspaceMux)
	scim.Register(b, opts.Assumed.SCIM)
	catalog.Register(b, catalog.Assumed{UnityCatalog: opts.Assumed.UnityCatalog, Statements: opts.Assumed.Statements, AuditLog: opts.Assumed.AuditLog})
	c := &common{Base: b, opts: opts}
	workspaceAPI{c}.workspaceRoutes()
	roleAPI{c}.ruleSetRoutes()
	iamAPI{c}.identityRoutes()
	settingsAPI{c}.settingsRoutes()
	denylistAPI{c}.denylistRoutes()
	matchAPI{c}.matchRoutes()
	return &Host{b}
}
