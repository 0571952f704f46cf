// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
)

// comparedWithAccount holds what was found against the account. Identities are looked
// up only for the rows that come of it.
func comparedWithAccount(ctx context.Context, source idp.Lookup, found *foundConnectors, account *provisioning.Account) *provisioning.Comparison {
	unfound := ""
	for _, f := range found.unfound {
		unfound = cmp.Or(unfound, f.Call+": "+f.Reason)
	}
	out := provisioning.Compare(found.connectors, found.verdicts, account, unfound)
	identities := map[audit.Ref]provisioning.Identity{}
	for _, t := range []audit.PrincipalType{audit.TypeUser, audit.TypeGroup} { // A connector writes nothing else.
		ids := out.IDs(t)
		if len(ids) == 0 {
			continue
		}
		for id, f := range source.Lookup(ctx, t, ids) {
			one := provisioning.Identity{Unknown: f.Unknown}
			if f.Identity != nil && f.Identity.Type == t {
				one.Exists, one.Enabled, one.Names, one.Name = true, f.Identity.Enabled, f.Names, f.Identity.DisplayName
				if t == audit.TypeUser && len(f.Identity.Names) > 0 {
					one.Name = f.Identity.Names[0]
				}
			}
			identities[audit.Ref{Type: t, ID: id}] = one
		}
	}
	out.Identify(account, identities)
	return &out
}

type comparedModel struct {
	PrincipalType string  `tfsdk:"principal_type"`
	ExternalID    string  `tfsdk:"external_id"`
	Name          *string `tfsdk:"name"`
	PrincipalID   *string `tfsdk:"principal_id"`
	PrincipalName *string `tfsdk:"principal_name"`
	ConnectorID   *string `tfsdk:"connector_id"`
	WorkspaceID   *string `tfsdk:"workspace_id"`
	ViaGroup      *string `tfsdk:"via_group"`
	Reason        *string `tfsdk:"reason"`
}

var comparedType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"principal_type": types.StringType, "external_id": types.StringType, "name": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
	"connector_id": types.StringType, "workspace_id": types.StringType, "via_group": types.StringType, "reason": types.StringType,
}}

type uncomparedModel struct {
	List   string `tfsdk:"list"`
	Reason string `tfsdk:"reason"`
}

var uncomparedType = types.ObjectType{AttrTypes: map[string]attr.Type{"list": types.StringType, "reason": types.StringType}}

// fillComparison leaves every list null where nothing was compared, and one of which
// nothing is proven and not everything is known.
func (m *scimProvisioningModel) fillComparison(ctx context.Context, c *provisioning.Comparison, diags *diag.Diagnostics) {
	lists := map[string]*types.List{
		"in_scope_absent": &m.InScopeAbsent, "linked_out_of_scope": &m.LinkedOutOfScope, "nested_only": &m.NestedOnly, "workspace_only": &m.WorkspaceOnly,
	}
	m.Uncompared = types.ListNull(uncomparedType)
	for _, to := range lists {
		*to = types.ListNull(comparedType)
	}
	if c == nil {
		return
	}
	var doubts []uncomparedModel
	for _, name := range provisioning.ListNames() {
		list := c.Lists()[name]
		for _, why := range list.Unknown {
			doubts = append(doubts, uncomparedModel{List: name, Reason: redact.Text(why)})
		}
		if len(list.Rows) > 0 || len(list.Unknown) == 0 {
			*lists[name] = listFrom(ctx, comparedType, list.Rows, comparedRow, diags)
		}
	}
	m.Uncompared = listFrom(ctx, uncomparedType, doubts, same[uncomparedModel], diags)
}

func comparedRow(r provisioning.ComparedRow) comparedModel {
	out := comparedModel{
		PrincipalType: string(r.Type), ExternalID: r.ExternalID, Name: emptyAsNil(r.Name), ConnectorID: emptyAsNil(r.Connector), WorkspaceID: emptyAsNil(r.Workspace),
		ViaGroup: emptyAsNil(r.Via), Reason: emptyAsNil(r.Reason),
	}
	if r.Principal != nil {
		out.PrincipalID, out.PrincipalName = emptyAsNil(r.Principal.ID), emptyAsNil(r.Principal.Name)
	}
	return out
}

func comparisonOutputs() map[string]schema.Attribute {
	texts := map[string]string{
		"external_id": "Id in the identity provider.", "name": "User name, or name of the group, there; null where it could not be read.",
		"principal_id": "Databricks id of the principal that has the external id; null for none.", "principal_name": "Its name here.",
		"connector_id": "The connector whose scope is meant; null where it is that of all.", "workspace_id": "The workspace that the connector writes to; null for one of the account.",
		"via_group": "For `nested_only`: the group that holds it, by its id in the identity provider.", "reason": "For `in_scope_absent`: why it is absent.",
	}
	const whole = " Null without `compare_account`, and where nothing is proven and `uncompared` has a reason."
	absent := maps.Clone(texts)
	absent["principal_id"] = "Databricks id of the principal that has the name, with another external id or none; null for none."
	absent["reason"] = "`name_taken` (a principal here has the name: link it), `failing` (the provisioning log says why), `disabled` (the user is disabled there, and never written) or `not_written` (not yet, or the connector does not work)."
	return map[string]schema.Attribute{
		"in_scope_absent": resultList(comparedType, "Users and groups in the scope of a connector of this account, of whom no principal has the id."+whole, absent),
		"linked_out_of_scope": resultList(comparedType, "Users and groups here with the id of an identity that no connector of this account covers: automatic identity management, a person, "+
			"or a connector of before wrote it."+whole, texts),
		"nested_only":    resultList(comparedType, "Users and groups below an assigned group who are in scope only by nesting: a connector does not write them, automatic identity management does."+whole, texts),
		"workspace_only": resultList(comparedType, "Users and groups in the scope of a workspace's connector and of no connector of this account: what a move to the account has to take along."+whole, texts),
		"uncompared": resultList(uncomparedType, "Why a list of the comparison may have more rows: what it depends on could not be read. Null without `compare_account`.", map[string]string{
			"list": "Name of the list.", "reason": "Why it may have more.",
		}),
	}
}
