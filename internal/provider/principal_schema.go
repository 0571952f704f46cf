// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

type principalModel struct {
	Principal types.Object   `tfsdk:"principal"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`

	PrincipalType types.String `tfsdk:"principal_type"`
	PrincipalID   types.String `tfsdk:"principal_id"`
	PrincipalName types.String `tfsdk:"principal_name"`
	DisplayName   types.String `tfsdk:"display_name"`
	ExternalID    types.String `tfsdk:"external_id"`
	Active        types.Bool   `tfsdk:"active"`

	IDP types.Object `tfsdk:"idp"`

	ErrorCategories types.List   `tfsdk:"error_categories"`
	Cause           types.String `tfsdk:"cause"`
	Action          types.String `tfsdk:"action"`
	Advisories      types.List   `tfsdk:"advisories"`
	ExternalIDFix   types.Object `tfsdk:"external_id_fix"`
	ManualActions   types.List   `tfsdk:"manual_actions"`

	Clean    types.Bool `tfsdk:"clean"`
	Complete types.Bool `tfsdk:"complete"`
	Failures types.List `tfsdk:"failures"`
}

// What the IdP knows.
type (
	identityModel struct {
		PrincipalType string   `tfsdk:"principal_type"`
		ExternalID    string   `tfsdk:"external_id"`
		Names         []string `tfsdk:"names"`
		DisplayName   *string  `tfsdk:"display_name"`
		Enabled       *bool    `tfsdk:"enabled"`
		Guest         *bool    `tfsdk:"guest"`
		HomeTenant    *string  `tfsdk:"home_tenant"`
	}
	idpModel struct {
		Kind                  string          `tfsdk:"kind"`
		ByExternalID          *identityModel  `tfsdk:"match_by_external_id"`
		ByExternalIDOtherType *identityModel  `tfsdk:"match_by_external_id_of_other_type"`
		DeletedByExternalID   *identityModel  `tfsdk:"deleted_match_by_external_id"`
		ByName                []identityModel `tfsdk:"matches_by_name"`
		NearName              []identityModel `tfsdk:"near_matches_by_name"`
	}
)

var (
	identityType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "external_id": types.StringType, "names": textList, "display_name": types.StringType,
		"enabled": types.BoolType, "guest": types.BoolType, "home_tenant": types.StringType,
	}}
	idpType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "match_by_external_id": identityType, "match_by_external_id_of_other_type": identityType,
		"deleted_match_by_external_id": identityType, "matches_by_name": types.ListType{ElemType: identityType},
		"near_matches_by_name": types.ListType{ElemType: identityType},
	}}
	identityTexts = map[string]string{
		"external_id": "The IdP's id of the object.", "names": "Names by which Databricks may know it, the preferred one first.",
		"display_name": "Name for people.", "enabled": "Whether it can sign in; null when the source does not say.",
		"guest": "Whether it is a guest; null when the source does not say.", "home_tenant": "The other tenant that it belongs to, when known.",
	}
)

func identityFromAudit(i *audit.Identity) *identityModel {
	if i == nil {
		return nil
	}
	return &identityModel{
		PrincipalType: string(i.Type), ExternalID: i.ExternalID, Names: notNil(i.Names), DisplayName: emptyAsNil(i.DisplayName),
		Enabled: i.Enabled, Guest: i.Guest, HomeTenant: emptyAsNil(i.HomeTenant),
	}
}

func identitiesFromAudit(list []audit.Identity) []identityModel {
	out := make([]identityModel, 0, len(list))
	for i := range list {
		out = append(out, *identityFromAudit(&list[i]))
	}
	return out
}

// fromAudit fills the result for the one principal of a report.
func (m *principalModel) fromAudit(ctx context.Context, kind string, match audit.Match, r judge.Report, diags *diag.Diagnostics) {
	p := match.Principal
	m.PrincipalType, m.PrincipalID = types.StringValue(string(p.Type)), types.StringValue(p.ID)
	m.PrincipalName, m.ExternalID = types.StringValue(p.Name), types.StringValue(p.ExternalID)
	m.DisplayName, m.Active = types.StringPointerValue(emptyAsNil(p.DisplayName)), types.BoolPointerValue(p.Active)

	m.IDP = types.ObjectNull(idpType.AttrTypes)
	if match.Unknown == "" { // Otherwise nothing in the match is a fact.
		value, d := types.ObjectValueFrom(ctx, idpType.AttrTypes, idpModel{
			Kind: kind, ByExternalID: identityFromAudit(match.ByExternalID), ByExternalIDOtherType: identityFromAudit(match.ByExternalIDOtherType),
			DeletedByExternalID: identityFromAudit(match.DeletedByExternalID), ByName: identitiesFromAudit(match.ByName),
			NearName: identitiesFromAudit(match.NearName),
		})
		diags.Append(d...)
		m.IDP = value
	}
	m.ExternalIDFix = types.ObjectNull(externalIDFixType.AttrTypes)
	m.Clean, m.Complete = types.BoolValue(r.Clean), types.BoolValue(r.Complete)
	m.Failures = listFrom(ctx, failureType, failuresFromAudit(r.Failures), same[failureModel], diags)
	if match.Unknown != "" { // No one judged: an empty list would say that there is nothing.
		m.ErrorCategories, m.Advisories, m.ManualActions = types.ListNull(types.StringType), types.ListNull(types.StringType), types.ListNull(manualActionType)
		return
	}
	verdict := onlyVerdict(r)
	m.ErrorCategories = listFrom(ctx, types.StringType, verdict.ErrorCategories, same[string], diags)
	m.Advisories = listFrom(ctx, types.StringType, verdict.Advisories, same[string], diags)
	m.Cause, m.Action = types.StringPointerValue(emptyAsNil(verdict.Cause)), types.StringPointerValue(emptyAsNil(verdict.Action))
	if len(r.ExternalIDFixes) == 1 {
		value, d := types.ObjectValueFrom(ctx, externalIDFixType.AttrTypes, externalIDFixFromAudit(r.ExternalIDFixes[0]))
		diags.Append(d...)
		m.ExternalIDFix = value
	}
	m.ManualActions = listFrom(ctx, manualActionType, r.ManualActions, manualActionFromAudit, diags)
}

// onlyVerdict is the verdict on the one principal of a report; empty when there
// is nothing to say.
func onlyVerdict(r judge.Report) judge.Divergence {
	switch {
	case len(r.Users) > 0:
		return r.Users[0].Divergence
	case len(r.Groups) > 0:
		return r.Groups[0].Divergence
	case len(r.ServicePrincipals) > 0:
		return r.ServicePrincipals[0].Divergence
	case len(r.AdvisoryOnly) > 0:
		return r.AdvisoryOnly[0].Divergence
	default:
		return judge.Divergence{}
	}
}

// unaskedText tells nothing found from nothing known.
const unaskedText = " Null when the identity provider could not be asked."

func (d *principalDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	identity := func(description string) schema.Attribute {
		return schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: description, Attributes: resultAttributes(identityType, identityTexts),
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One principal of the account, what the identity provider knows of it, and its divergences. " +
			"It costs the listing that all data sources of a run share, and what the identity provider is asked about one principal.",
		Attributes: map[string]schema.Attribute{
			"principal":      selectorSchema("The principal"),
			"principal_type": schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["principal_type"]},
			"principal_id":   schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["principal_id"]},
			"principal_name": schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["principal_name"]},
			"display_name":   schema.StringAttribute{Computed: true, MarkdownDescription: "Name for people; null when there is none."},
			"external_id":    schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["external_id"]},
			"active":         schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the principal is active in Databricks; null for groups."},
			"idp": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "What the identity provider knows; null when it could not be asked (see `failures`).",
				Attributes: map[string]schema.Attribute{
					"kind":                               schema.StringAttribute{Computed: true, MarkdownDescription: "Kind of the identity provider."},
					"match_by_external_id":               identity("The identity of this type with the stored externalId; null when there is none."),
					"match_by_external_id_of_other_type": identity("An identity of another type with that id. Not knowable through `databricks`."),
					"deleted_match_by_external_id":       identity("A deleted identity with that id. Not knowable through `databricks`."),
					"matches_by_name":                    resultList(identityType, "The identities of this type with the name.", identityTexts),
					"near_matches_by_name": resultList(identityType,
						"Identities whose name differs only in surrounding space or Unicode form. Not knowable through `databricks`.", identityTexts),
				},
			},
			"error_categories": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: attributeTexts["error_categories"] + unaskedText},
			"cause":            schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["cause"]},
			"action":           schema.StringAttribute{Computed: true, MarkdownDescription: attributeTexts["action"]},
			"advisories":       schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: attributeTexts["advisories"] + unaskedText},
			"external_id_fix": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "The fix that is safe to apply; null when there is none.",
				Attributes: resultAttributes(externalIDFixType, map[string]string{"external_id": "The value to write, in the spelling of the IdP."}),
			},
			"manual_actions": resultList(manualActionType, "What is left to a human, sorted by category and reason."+unaskedText, nil),
			"clean":          schema.BoolAttribute{Computed: true, MarkdownDescription: "True when the result is complete and the principal has no error category."},
			"complete":       completeAttribute(),
			"failures":       failuresAttribute(),
			"timeouts":       readTimeouts(ctx),
		},
	}
}
