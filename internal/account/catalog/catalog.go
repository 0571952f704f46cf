// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package catalog reads what principals may do with Unity Catalog, by its API or by SQL
// on a warehouse, and the other facts that an access plan depends on.
package catalog

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/power"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Catalog reads what principals may do with Unity Catalog, and what else an access
// plan depends on.
type Catalog struct {
	api   *api.Conn
	dir   *directory.Directory
	power *power.Power

	warehouses once.Map[string, string]
	scans      once.Map[scanKey, access.Metastore]

	definitions once.Map[SQLWarehouse, metastoreDefinitions]
}

// New is a reader with empty caches.
func New(a *api.Conn, d *directory.Directory, pw *power.Power) *Catalog {
	return &Catalog{api: a, dir: d, power: pw}
}
