// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// principalIDValidator accepts the internal ids of Databricks: decimal numbers.
func principalIDValidator() validator.String { return internalIDValidator{} }

type internalIDValidator struct{}

func (internalIDValidator) Description(context.Context) string {
	return "must be the internal Databricks id of the principal, a decimal number such as 4567890123456 (not a name, an externalId or an application id)"
}

func (v internalIDValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

// keyAndID is a principal's key, or its id with something around it.
var keyAndID = regexp.MustCompile(`^\s*(?:[a-z_]+/)?([0-9]{1,19})\s*$`)

func (v internalIDValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	value := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || internalID.MatchString(value) {
		return
	}
	meant := ""
	if parts := keyAndID.FindStringSubmatch(value); parts != nil {
		meant = fmt.Sprintf(" Did you mean %q?", parts[1])
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Attribute Value Match", fmt.Sprintf("Attribute %s %s, got: %s.%s", req.Path, v.Description(ctx), value, meant))
}

// mailDomain is what follows the "@" of an address: labels of letters of any
// script, digits, hyphens and underscores, with a dot between two of them.
var mailDomain = regexp.MustCompile(`^[\pL\pM\pN_-]+(\.[\pL\pM\pN_-]+)*$`)

// mailDomainValidator refuses what no mail address ends in.
type mailDomainValidator struct{}

func (mailDomainValidator) Description(context.Context) string {
	return "must be a mail domain such as example.com: what follows the @, without @, pattern, dot at the end and spaces"
}

func (v mailDomainValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v mailDomainValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	value := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || mailDomain.MatchString(value) {
		return
	}
	meant := ""
	likely := strings.TrimSpace(value[strings.LastIndexByte(value, '@')+1:])
	if _, after, isURL := strings.Cut(likely, "://"); isURL {
		likely = after
	}
	if likely = strings.Trim(likely, "*./"); mailDomain.MatchString(likely) {
		meant = fmt.Sprintf(" Did you mean %q?", likely)
	}
	if strings.HasPrefix(value, "*") || strings.HasPrefix(value, ".") {
		meant += " Subdomains are not included: name each domain."
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Mail Domain", fmt.Sprintf("%q %s.%s", value, v.Description(ctx), meant))
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

// groupNameValidator refuses what cannot be the name of a group.
type groupNameValidator struct{}

func (groupNameValidator) Description(context.Context) string {
	return "must be the name of a group: not blank, at most 255 characters"
}

func (v groupNameValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (groupNameValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := audit.ValidateGroupName(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid Group Name", fmt.Sprintf("%s.", err))
	}
}
