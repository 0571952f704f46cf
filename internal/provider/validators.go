// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// principalIDValidator accepts the internal ids of Databricks: decimal numbers.
func principalIDValidator() validator.String {
	return stringvalidator.RegexMatches(internalID,
		"must be the internal Databricks id of the principal, a decimal number such as 4567890123456 (not a name, an externalId or an application id)")
}

// mailDomain is what follows the "@" of an address.
var mailDomain = regexp.MustCompile(`^[^@\s]+$`)

// mailDomainValidator refuses what no mail address ends in.
func mailDomainValidator() validator.String {
	return stringvalidator.RegexMatches(mailDomain, "must be a mail domain such as example.com, without @ and spaces")
}

// externalIDValidator refuses values that no identity provider has, before they
// reach a plan.
type externalIDValidator struct{}

func (externalIDValidator) Description(context.Context) string {
	return "must be an id of the identity provider: no spaces, no control characters"
}

func (v externalIDValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (externalIDValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	if value == "" {
		return // Clearing; whether the type allows it is for the resource to say.
	}
	if err := audit.ValidateExternalID(audit.TypeUser, value); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid External ID",
			fmt.Sprintf("%q cannot be an externalId: %s. Write the id exactly as the identity provider shows it "+
				"(Entra: the object id, Okta: the user or group id).", value, err))
	}
}
