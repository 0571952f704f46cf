// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The object types of the result. Each is the single source for its schema below.
var (
	workspaceAccessType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"workspace_id": types.StringType, "workspace_name": types.StringType, "level": types.StringType,
		"group_id": types.StringType, "group_name": types.StringType,
	}}
	catalogGrantType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"metastore_id": types.StringType, "securable_type": types.StringType, "full_name": types.StringType, "privileges": textList,
		"group_id": types.StringType, "group_name": types.StringType,
	}}
	holdingType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "value": types.StringType, "group_id": types.StringType, "group_name": types.StringType,
	}}
	planRowType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "group_name": types.StringType, "source": types.StringType, "external_id": types.StringType, "in_idp": types.BoolType,
		"origin": types.StringType, "direct": types.BoolType, "path": textList, "via": textList, "pending_via": textList,
		"workspace_accesses":        types.ListType{ElemType: workspaceAccessType},
		"unity_catalog_grants":      types.ListType{ElemType: catalogGrantType},
		"unity_catalog_grant_count": types.Int64Type,
		"roles_and_entitlements":    types.ListType{ElemType: holdingType},
		"privileged":                types.BoolType, "powers": textList, "already_transitive": types.BoolType, "reason": types.StringType,
	}}
	notClonedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "place": types.StringType, "value": types.StringType, "note": types.StringType,
	}}
)

var planRowTexts = map[string]string{
	"source":      "`external` if the group has an externalId, else `internal`; null when the group could not be read.",
	"external_id": "Object id of the group in the identity provider; null when none is stored.",
	"in_idp": "Of a group in `idp_actions`: whether the configured identity provider has a group with that object id. Null when it has none configured, cannot be asked for an id " +
		"(`databricks`), or did not answer.",
	"origin":      "Whose the membership of the source is: `idp`, `databricks`, `system` or `unknown`.",
	"direct":      "Whether the source is a direct member; false in `follows` only.",
	"path":        "Names from the source to the group, by the shortest way; of several the one with the smallest ids.",
	"via":         "Ids of all direct groups of the source that lead there, sorted; empty for direct groups.",
	"pending_via": "Those of `via` that must be added in the identity provider first.",
	"unity_catalog_grant_count": "Number of grants and ownerships that were found; `unity_catalog_grants` has the first 100 of them. There may be more where Unity Catalog " +
		"was not scanned to the depth `all`, or not read in full: see `failures`. Only `skipped` says whether there is none at all.",
	"privileged": "Whether the group, or one that it is in, holds an account role, workspace ADMIN or a metastore; " +
		"null when that could not be read.",
	"powers":             "Why it is privileged, one sentence each.",
	"already_transitive": "Whether the target has the group through another one; null when that could not be read.",
	"reason":             "For people: why the group is skipped, unverified, held back or not in the identity provider; else null.",
}

// planRowAttributes is the schema of one row; the lists inside are objects.
func planRowAttributes() map[string]schema.Attribute {
	out := resultAttributes(planRowType, planRowTexts)
	through := map[string]string{
		"group_id": "Databricks id of the group that holds it: the group of this row, or a group above it.", "group_name": "Name of the group that holds it.",
	}
	texts := func(more map[string]string) map[string]string {
		maps.Copy(more, through)
		return more
	}
	out["workspace_accesses"] = resultList(workspaceAccessType, "Workspace assignments that were found, sorted by workspace.", texts(map[string]string{
		"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "level": "`USER` or `ADMIN`.",
	}))
	out["unity_catalog_grants"] = resultList(catalogGrantType, "Grants and ownerships in Unity Catalog that were found, sorted, the first 100.", texts(map[string]string{
		"metastore_id": "Metastore id.", "securable_type": "`metastore`, `catalog`, `schema`, `table`, `external_location` and so on.",
		"full_name": "Full name of the object.", "privileges": "Privileges, sorted; an owner has `OWNER`.",
	}))
	out["roles_and_entitlements"] = resultList(holdingType, "Account roles and entitlements that were found, sorted.", texts(map[string]string{
		"kind": "`account_role` or `entitlement`.", "value": "Role or entitlement, for example `billing.admin`.",
	}))
	return out
}

func planRowList(description string) schema.Attribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: description + " Sorted by lower-cased name, then id.",
		NestedObject: schema.NestedAttributeObject{Attributes: planRowAttributes()},
	}
}

func (d *clonePlanDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := clonePlanInputs()
	maps.Copy(attributes, clonePlanOutputs())
	attributes["timeouts"] = readTimeouts(ctx)
	resp.Schema = schema.Schema{
		MarkdownDescription: "What one principal (the target) needs to have the access of another (the source): which groups the identity provider must add, " +
			"which ones Databricks can, what follows from them, what is a verified dead end, what could not be verified, and what a clone does not copy. " +
			"It needs no identity provider to be configured and writes nothing; a configured one is asked whether it has the groups in `idp_actions`." +
			"\n\n`memberships` drives `dbxidentity_group_member`: through `dbxidentity_remediation_ledger` as a *copy* (what was given stays; recommended), or " +
			"directly with `for_each` as a *mirror* (when the source loses a group, so does the target)." +
			"\n\nCost with IAM v2: a few requests, three per group of the two principals, and one per workspace; with SCIM one listing of the account and one " +
			"request per group, once per run for any number of data sources. The scan adds one request per object of each metastore that it looks at, or one " +
			"query with `sql_warehouse_id`." +
			"\n\n-> **Note:** The guide [the same access as a colleague](../guides/clone) has the whole flow.",
		Attributes: attributes,
	}
}

func clonePlanInputs() map[string]schema.Attribute {
	out := map[string]schema.Attribute{
		"source":                      selectorSchema("Who has the access"),
		"target":                      selectorSchema("Who should get the access"),
		"scan_workspace_local_groups": scanLocalGroupsInput(""),
		"allow_privileged_groups": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{locatedElements(principalIDValidator())},
			MarkdownDescription: "Ids of privileged groups that may be in `memberships`. Without this they are held back: see `reason`. " +
				"The guard of `dbxidentity_group_member` also sees privileges from roles on other groups and service principals, which costs more requests than a plan may; " +
				"a group that it refuses is allowed here, too.",
		},
		"allow_different_types": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Allow source and target to be of different types, for example a service principal and a user. Default `false`, because " +
				"people and jobs rarely ought to have the same access. This also catches a wrong selector.",
		},
		"max_additions": schema.NumberAttribute{
			Optional: true, Validators: []validator.Number{wholeNumber{most: math.MaxInt32}},
			MarkdownDescription: "Most memberships that may be new to the target; more is an error. Null is no limit.",
		},
		"allow_incomplete": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Show the plan although something that it depends on could not be read, or the source is inactive. `memberships` is null then, " +
				"so that nothing can be given or taken away by mistake. Default `false`: it is an error.",
		},
	}
	maps.Copy(out, catalogScanInputs("Without it a group that gives nothing else is `unverified`."))
	return out
}

func clonePlanOutputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"resolved_source":    resolvedAttribute("Who the source is."),
		"resolved_target":    resolvedAttribute("Who the target is."),
		"idp_actions":        planRowList("Direct groups of the source that belong to the identity provider: the target must be added there."),
		"databricks_actions": planRowList("Direct groups of the source that are Databricks' own and give something. What the target holds directly is left out."),
		"skipped": planRowList("Direct groups of the source that verifiably give nothing: no workspace assignment, account role, entitlement, grant or ownership, themselves or through a group above. " +
			"Needs the scan with depth `all` and an admin of each metastore. Roles on single groups and service principals (who manages or uses them) are not checked. With `scan_workspace_local_groups` a group that is in a group of a workspace's own is `unverified`."),
		"unverified":     planRowList("Direct groups of the source for which it could not be verified whether they give anything; `reason` says why."),
		"already_member": planRowList("Direct groups of the source of which the target is a direct member."),
		"follows":        planRowList("Groups that the source has through others: the target gets them with the groups in `via`."),
		"system_groups":  planRowList("Groups that Databricks keeps itself; never planned."),
		"not_cloned": resultList(notClonedType, "What the source holds itself, which no group gives: a clone is not equality; see also `not_looked_at`. A place that could "+
			"not be checked is a row without a `value`. Sorted.", map[string]string{
			"kind": "`workspace_assignment`, `account_role`, `entitlement`, `grant`, `ownership`, or `workspace_local_group` for a group that a workspace has of its own, " +
				"which the source can also be in through a group.",
			"place": "Workspace id of assignments, entitlements and groups there, or type and full name of the object; null for what holds in the whole account.",
			"value": "Level, role, entitlement, privileges or name of the group; null where it is not known whether there is one.",
			"note":  "Why it is not known, and what shows it; of a group of a workspace, how the target gets it; else null.",
		}),
		"memberships": resultMap(membershipType, "By group id: every direct group of the source that is Databricks' own and gives something, or that the target holds "+
			"already; privileged ones only when `allow_privileged_groups` names them. It does not shrink when the target gets a group, so that a plan after the apply "+
			"is empty. Null when the plan is incomplete.", nil),
		"counts": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type, MarkdownDescription: "Number of rows per list. Every list is present.",
		},
		"route": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The API that returned the memberships: `iam_v2` or `scim`.",
		},
		"cycles": schema.ListAttribute{
			Computed: true, ElementType: textList, MarkdownDescription: "Groups that contain each other, each cycle once, ids sorted.",
		},
		"dead_members": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of members of these groups that do not exist any more."},
		"problems": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Why `memberships` is null, with `allow_incomplete`; else empty.",
		},
		"not_looked_at": notLookedAtAttribute(),
		"complete":      completeAttribute(),
		"failures":      failuresAttribute(),
	}
}
