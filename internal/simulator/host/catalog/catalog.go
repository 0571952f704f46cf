// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package catalog is what the account and its workspaces say of Unity Catalog: its
// own API, the metastores of the account, and SQL statements on the system tables,
// the audit log among them.
package catalog

import "github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"

// Assumed are the switches of the APIs of this package.
type Assumed struct {
	UnityCatalog UnityCatalogAssumptions
	Statements   StatementAssumptions
	AuditLog     AuditLogAssumptions
}

type (
	metastoreAPI struct{ *api.Base }
	catalogAPI   struct {
		*api.Base
		assumed Assumed
	}
	sqlAPI struct {
		catalogAPI
		statements statementStore
	}
)

// Register registers the metastores of the account, and on its workspaces Unity
// Catalog and the statement API.
func Register(b *api.Base, assumed Assumed) {
	metastoreAPI{b}.metastoreRoutes()
	c := catalogAPI{b, assumed}
	c.catalogRoutes()
	(&sqlAPI{catalogAPI: c}).statementRoutes()
}
