// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// catalogScanInputs are the inputs of the data sources that can scan Unity Catalog;
// without says what they do without a scan.
func catalogScanInputs(without string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"scan_unity_catalog": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Look for grants and ownership in Unity Catalog, once per metastore. " + without + " Default `false`.",
		},
		"unity_catalog_depth": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.OneOf(string(access.DepthCatalog), string(access.DepthSchema), string(access.DepthAll))},
			MarkdownDescription: "How deep to scan. `catalog` (the default): metastores, catalogs, external locations, storage credentials, connections and shares. " +
				"`schema`: schemas too. `all`: tables, views, volumes, functions and models too. Only `all`, by an admin of the metastore, can verify that a group " +
				"gives nothing; it is a request per object without `sql_warehouse_id`.",
		},
		"sql_warehouse_id": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "Id of a SQL warehouse: the scan of its metastore is then a query over `system.information_schema`. It starts the warehouse.",
		},
	}
}

// validateCatalogScan refuses settings of a scan without a scan.
func validateCatalogScan(scan types.Bool, depth, warehouse types.String, diags *diag.Diagnostics) {
	if scan.IsUnknown() || scan.ValueBool() {
		return
	}
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"unity_catalog_depth", !depth.IsNull()}, {"sql_warehouse_id", !warehouse.IsNull()},
	} {
		if one.set {
			diags.AddAttributeError(path.Root(one.name), "Unity Catalog Is Not Scanned",
				fmt.Sprintf("%s has no effect without scan_unity_catalog = true. Set that too, or remove %s.", one.name, one.name))
		}
	}
}

func catalogDepth(scan types.Bool, depth types.String) access.Depth {
	switch {
	case !scan.ValueBool():
		return access.DepthNone
	case depth.IsNull():
		return access.DepthCatalog
	default:
		return access.Depth(depth.ValueString())
	}
}

// accessFacts reads what groups give. Nothing is known when it returns false: the
// diagnostics say why.
func (s *session) accessFacts(ctx context.Context, thing string, req catalog.AccessRequest, diags *diag.Diagnostics) (access.Facts, bool) {
	facts, err := s.account.AccessFacts(ctx, req)
	var warehouse *catalog.WarehouseError
	switch {
	case errors.As(err, &warehouse):
		diags.AddAttributeError(path.Root("sql_warehouse_id"), "Unable to Find SQL Warehouse", fmt.Sprintf("Failed while reading what the groups give: %s.", err))
	case err != nil:
		addReadError(diags, thing, "reading what the groups give", err)
	default:
		return facts, true
	}
	return access.Facts{}, false
}
