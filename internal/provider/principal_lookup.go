// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// selectorModel names one principal: exactly one of the five is set (R1).
type selectorModel struct {
	PrincipalType types.String `tfsdk:"principal_type"`
	ID            types.String `tfsdk:"id"`
	UserName      types.String `tfsdk:"user_name"`
	ApplicationID types.String `tfsdk:"application_id"`
	ExternalID    types.String `tfsdk:"external_id"`
	DisplayName   types.String `tfsdk:"display_name"`
}

// selectorSchema is the attribute of a selector; who says which principal it is.
func selectorSchema(who string) schema.Attribute {
	one := func(description string, more ...validator.String) schema.Attribute {
		return schema.StringAttribute{
			Optional: true, MarkdownDescription: description, Validators: located(append(more, stringvalidator.LengthAtLeast(1))...),
		}
	}
	return schema.SingleNestedAttribute{
		Required: true,
		MarkdownDescription: who + ": exactly one of `id`, `user_name`, `application_id`, `external_id` and `display_name`. " +
			"Several hits are an error that lists them.",
		Attributes: map[string]schema.Attribute{
			"principal_type": one("`user`, `group` or `service_principal`, where the value could be several.", stringvalidator.OneOf(principalTypeNames()...)),
			"id":             one("Internal Databricks id.", principalIDValidator()),
			"user_name":      one("User name or e-mail address of a user, in any case."),
			"application_id": one("Application id of a service principal, in any case."),
			"external_id":    one("Stored externalId."),
			"display_name": one("Display name, exactly; a second one that differs only in case is an ambiguity. Select users by `user_name`: " +
				"IAM v2 returns only their first and last names."),
		},
	}
}

// selectorFrom reads a selector; one that is unknown or null has nothing set.
func selectorFrom(ctx context.Context, value types.Object, diags *diag.Diagnostics) selectorModel {
	var s selectorModel
	if !value.IsNull() && !value.IsUnknown() {
		diags.Append(value.As(ctx, &s, basetypes.ObjectAsOptions{})...)
	}
	return s
}

// validateSelector wants exactly one selector, and a type that has such names, as
// far as values are known.
func validateSelector(ctx context.Context, at path.Path, value types.Object, diags *diag.Diagnostics) {
	if value.IsUnknown() || value.IsNull() {
		return
	}
	selector := selectorFrom(ctx, value, diags)
	given, unknown := selector.given()
	const summary, one = "Invalid Principal Selector", "Give exactly one of id, user_name, application_id, external_id and display_name; "
	switch {
	case len(given) > 1:
		diags.AddAttributeError(at, summary, fmt.Sprintf("%s%d are given: %s.", one, len(given), strings.Join(given, ", ")))
	case len(given) == 0 && !unknown:
		diags.AddAttributeError(at, summary, one+"none is given. "+misspeltText+" Beside them there is principal_type.")
	default:
		if text := selector.contradiction(); text != "" {
			diags.AddAttributeError(at, summary, text)
		}
	}
}

// contradiction says that principals of the given type have no such name: no one
// can be meant, whatever the account holds.
func (s selectorModel) contradiction() string {
	kind := audit.PrincipalType(s.PrincipalType.ValueString())
	for _, one := range []struct {
		name, of string
		value    types.String
		has      audit.PrincipalType
	}{
		{"user_name", "users", s.UserName, audit.TypeUser}, {"application_id", "service principals", s.ApplicationID, audit.TypeServicePrincipal},
	} {
		if kind != "" && kind != one.has && one.value.ValueString() != "" {
			return fmt.Sprintf("%s is of %s, and principal_type is %s. Leave principal_type out, or select by id, external_id or display_name.", one.name, one.of, kind)
		}
	}
	return ""
}

// misspeltText explains why something that is plainly there is said to be missing:
// the command line converts an object to the type of the attribute, and what the
// type does not have is gone before the provider sees it.
const misspeltText = "Terraform drops what it does not know inside of an object without a word, so a misspelt name looks as if nothing were there."

// given are the selectors that are set, as they are written; unknown says
// whether another one may turn out to be.
func (s selectorModel) given() (set []string, unknown bool) {
	for _, one := range []struct {
		name  string
		value types.String
	}{
		{"id", s.ID}, {"user_name", s.UserName}, {"application_id", s.ApplicationID}, {"external_id", s.ExternalID}, {"display_name", s.DisplayName},
	} {
		switch {
		case one.value.IsUnknown():
			unknown = true
		case !one.value.IsNull():
			set = append(set, fmt.Sprintf("%s %q", one.name, one.value.ValueString()))
		}
	}
	return set, unknown
}

// text is the selector for messages.
func (s selectorModel) text() string {
	set, _ := s.given()
	if len(set) == 0 {
		return "nothing"
	}
	if kind := s.PrincipalType.ValueString(); kind != "" {
		return kind + " with " + set[0]
	}
	return set[0]
}

// unseen says whom the account may not show by this selector: of users IAM v2
// returns first and last name, and no display name (docs/reference/databricks-account-api.md 5).
func (s selectorModel) unseen() string {
	if s.DisplayName.ValueString() == "" || !slices.Contains(s.toAudit().Types(), audit.TypeUser) {
		return ""
	}
	return " If you mean a user, select by user_name: IAM v2 returns only first and last names of users, no display names."
}

func (s selectorModel) toAudit() audit.Selector {
	return audit.Selector{
		Type: audit.PrincipalType(s.PrincipalType.ValueString()), ID: s.ID.ValueString(), UserName: s.UserName.ValueString(),
		ApplicationID: s.ApplicationID.ValueString(), ExternalID: s.ExternalID.ValueString(), DisplayName: s.DisplayName.ValueString(),
	}
}

// findPrincipal resolves the selector at an attribute. Anything but one certain
// hit is an error there: several hits name the candidates, and whatever could not
// be read is never "not found" (R2).
func (s *session) findPrincipal(ctx context.Context, at path.Path, selector selectorModel, diags *diag.Diagnostics) (audit.Principal, bool) {
	hits, err := s.account.Find(ctx, selector.toAudit())
	switch {
	case err != nil:
		diags.AddAttributeError(at, "Unable to Read Principal", fmt.Sprintf("Failed while looking for %s: %s%s", selector.text(), err, nextStep(err)))
	case len(hits) > 1:
		diags.AddAttributeError(at, "Ambiguous Principal", fmt.Sprintf("%s means %d principals:%s\n\nSelect one of them by id.",
			selector.text(), len(hits), candidateList(hits)))
	case len(hits) == 0:
		diags.AddAttributeError(at, "Principal Not Found",
			fmt.Sprintf("The account has no such principal: %s. Display names are compared exactly, external ids too "+
				"(GUIDs in any case), user names, e-mail addresses and application ids in any case.%s", selector.text(), selector.unseen()))
	default:
		return hits[0], true
	}
	return audit.Principal{}, false
}

// candidateList shows up to ten candidates, one a line.
func candidateList(hits []audit.Principal) string {
	const shown = 10
	var b strings.Builder
	for i, p := range hits {
		if i == shown {
			fmt.Fprintf(&b, "\n  ... and %d more", len(hits)-shown)
			break
		}
		fmt.Fprintf(&b, "\n  - %s", principalTitle(p))
		if isInactive(p) {
			b.WriteString(", inactive")
		}
	}
	return b.String()
}

// isInactive reports whether the account says that the principal is not active.
func isInactive(p audit.Principal) bool { return p.Active != nil && !*p.Active }

// resolvedModel is the principal that a selector turned out to mean.
type resolvedModel struct {
	PrincipalType string  `tfsdk:"principal_type"`
	PrincipalID   string  `tfsdk:"principal_id"`
	PrincipalName string  `tfsdk:"principal_name"`
	DisplayName   *string `tfsdk:"display_name"`
	ExternalID    string  `tfsdk:"external_id"`
	Active        *bool   `tfsdk:"active"`
}

var (
	resolvedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
		"display_name": types.StringType, "external_id": types.StringType, "active": types.BoolType,
	}}
	resolvedTexts = map[string]string{
		"display_name": "Name for people; null when there is none.",
		"active":       "Whether the principal is active in Databricks; null for groups.",
	}
)

func resolvedAttribute(description string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed: true, MarkdownDescription: description, Attributes: resultAttributes(resolvedType, resolvedTexts),
	}
}

// resolvedFrom is the value of a resolvedAttribute.
func resolvedFrom(ctx context.Context, p audit.Principal, diags *diag.Diagnostics) types.Object {
	value, d := types.ObjectValueFrom(ctx, resolvedType.AttrTypes, resolvedModel{
		PrincipalType: string(p.Type), PrincipalID: p.ID, PrincipalName: p.Name, DisplayName: emptyAsNil(p.DisplayName),
		ExternalID: p.ExternalID, Active: p.Active,
	})
	diags.Append(d...)
	return value
}
