// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func connectorAddressesAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Where connectors write to whose address cannot be read: the tenant URL (base URL) on the page Provisioning of the app, by the id of the connector. " +
			"It is your statement, and it is taken at its word. An address that can be read counts in any case. Default: such a target is `unknown`; it is never guessed.",
	}
}

// statedAddresses are those of a connector_addresses, by connector.
func statedAddresses(given types.Map, diags *diag.Diagnostics) map[string]string {
	out := map[string]string{}
	for id, v := range given.Elements() {
		at := path.Root("connector_addresses").AtMapKey(id)
		text, _ := v.(types.String)
		u, err := url.Parse(text.ValueString())
		switch {
		case v.IsUnknown():
		case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
			// The value is not repeated: it may hold a token.
			diags.AddAttributeError(at, "Invalid Address", "A tenant URL begins with https:// and has a host, and no user or password, for example https://accounts.azuredatabricks.net/api/2.0/accounts/<account id>/scim/v2.")
		default:
			out[id] = text.ValueString()
		}
	}
	return out
}

// warnStatedAddresses names those that are about no connector.
func warnStatedAddresses(stated map[string]string, isThere func(id string) bool, diags *diag.Diagnostics) {
	for _, id := range slices.Sorted(maps.Keys(stated)) {
		if !isThere(id) {
			diags.AddAttributeWarning(path.Root("connector_addresses").AtMapKey(id), "Address of No Connector", fmt.Sprintf("No connector that was found has the id %q, so the address counts for nothing.", id))
		}
	}
}
