// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/assume"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/scim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/okta"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// Assumed are switches for behaviour that no source settles or that differs from
// account to account. The zero value is what was seen or, where nothing was, what
// hurts a client most. The tag of a text switch has its words, the default first;
// one without a tag takes any text.
type Assumed struct {
	Paging       wire.PagingAssumptions
	SCIM         scim.Assumptions
	Identity     host.IdentityAssumptions
	Match        host.MatchAssumptions
	Workspaces   host.WorkspaceAssumptions
	UnityCatalog catalog.UnityCatalogAssumptions
	Statements   catalog.StatementAssumptions
	Graph        entra.GraphAssumptions
	Okta         okta.Assumptions
	Denylist     host.DenylistAssumptions
	AuditLog     catalog.AuditLogAssumptions
}

// ofHost are the switches of the account's APIs.
func (a Assumed) ofHost() host.Assumed {
	return host.Assumed{
		Paging: a.Paging, SCIM: a.SCIM, Identity: a.Identity, Match: a.Match, Workspaces: a.Workspaces,
		UnityCatalog: a.UnityCatalog, Statements: a.Statements, Denylist: a.Denylist, AuditLog: a.AuditLog,
	}
}

// AssumptionKeys are the keys that [Assumed.Set] takes, with what each takes,
// sorted: "scim.member_type=omitted|returned", "workspaces.permission_page_size=int".
// The first word is the default.
func AssumptionKeys() []string { return assume.Keys(&Assumed{}) }

// Set sets one switch by a text such as "workspaces.permission_page_size=2". The
// error lists the keys, or the words of the key.
func (a *Assumed) Set(text string) error { return assume.Set(a, text) }
