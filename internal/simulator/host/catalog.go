// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

// CatalogAssumed are the switches of the APIs of this package.
type CatalogAssumed struct {
	UnityCatalog UnityCatalogAssumptions
	Statements   StatementAssumptions
	AuditLog     AuditLogAssumptions
}

type (
	metastoreAPI struct{ *Base }
	catalogAPI   struct {
		*Base
		assumed CatalogAssumed
	}
	sqlAPI struct {
		catalogAPI
		statements statementStore
	}
)

// NewCatalog registers the metastores of the account, and on its workspaces Unity
// Catalog and the statement API.
func NewCatalog(b *Base, assumed CatalogAssumed) {
	metastoreAPI{b}.metastoreRoutes()
	c := catalogAPI{b, assumed}
	c.catalogRoutes()
	(&sqlAPI{catalogAPI: c}).statementRoutes()
}
