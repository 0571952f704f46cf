// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
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

// located makes validators of nested attributes report on the attribute of the block
// that they are in: of a path into it the command line shows the block's first line
// only. The path itself goes into the text, where it is not there already.
func located(inner ...validator.String) []validator.String {
	out := make([]validator.String, len(inner))
	for i, v := range inner {
		out[i] = locatedString{v}
	}
	return out
}

// locatedElements is located for the elements of a set.
func locatedElements(inner ...validator.String) validator.Set {
	return locatedSet{setvalidator.ValueStringsAre(inner...)}
}

type (
	locatedString struct{ validator.String }
	locatedSet    struct{ validator.Set }
)

func (v locatedString) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	var inner validator.StringResponse
	v.String.ValidateString(ctx, req, &inner)
	resp.Diagnostics.Append(onTop(inner.Diagnostics)...)
}

func (v locatedSet) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	var inner validator.SetResponse
	v.Set.ValidateSet(ctx, req, &inner)
	resp.Diagnostics.Append(onTop(inner.Diagnostics)...)
}

// onTop moves diagnostics to the first step of their path.
func onTop(diags diag.Diagnostics) diag.Diagnostics {
	var out diag.Diagnostics
	for _, d := range diags {
		at, ok := d.(diag.DiagnosticWithPath)
		if !ok || len(at.Path().Steps()) < 2 {
			out.Append(d)
			continue
		}
		detail := d.Detail()
		if where := at.Path().String(); !strings.Contains(detail, where) {
			detail = where + ": " + detail
		}
		if d.Severity() == diag.SeverityWarning {
			out.AddAttributeWarning(topOf(at.Path()), d.Summary(), detail)
			continue
		}
		out.AddAttributeError(topOf(at.Path()), d.Summary(), detail)
	}
	return out
}

// topOf is the attribute of the block that a path leads into.
func topOf(p path.Path) path.Path {
	if steps := p.Steps(); len(steps) > 0 {
		if name, ok := steps[0].(path.PathStepAttributeName); ok {
			return path.Root(string(name))
		}
	}
	return p
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
