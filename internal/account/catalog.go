// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// Catalog reads what principals may do with Unity Catalog, and what else an access
// plan rests on.
type Catalog struct {
	api   *api.Conn
	dir   *Directory
	power *Power

	warehouses once.Map[string, string]
	scans      once.Map[scanKey, access.Metastore]
}

func newCatalog(a *api.Conn, d *Directory, pw *Power) *Catalog {
	return &Catalog{api: a, dir: d, power: pw}
}
