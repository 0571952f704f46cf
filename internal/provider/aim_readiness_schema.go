// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

func checkNames() []string {
	var out []string
	for _, c := range readiness.Checks() {
		out = append(out, c.ID)
	}
	return out
}

func decisionNames() []string {
	var out []string
	for _, d := range readiness.Decisions() {
		out = append(out, string(d))
	}
	return out
}

func (d *aimReadinessDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := aimReadinessOutputs()
	maps.Copy(attributes, aimReadinessInputs())
	attributes["timeouts"] = readTimeouts(ctx)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Whether the account is ready to switch on automatic identity management (AIM), to leave SCIM, and to go back: every prerequisite, condition and limit of the " +
			"migration guide as a check, with its evidence, whom it affects and what to do. The guide \"Before you switch on AIM\" has the order; the page \"Readiness checks\" has every check.\n\n" +
			"A check that needs something that could not be read is `unknown`, and so is one that no API reports: a waiver with a reason answers it. " +
			"`ready_to_enable_aim` and its siblings are null while such a check is open, so write `== true` in conditions.\n\n" +
			"Nothing is written, but `idp = { databricks = {} }` asks `matchWithIdp`, which syncs identities on accounts with AIM, and does not report guests, names and members of the identity provider.",
		Attributes: attributes,
	}
}

func aimReadinessInputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"decisions": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{locatedElements(stringvalidator.OneOf(decisionNames()...))},
			MarkdownDescription: "Which of `enable_aim`, `disable_scim`, `disable_aim` are to be taken. Default: the first two.",
		},
		"primary_domains": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{locatedElements(mailDomainValidator{})},
			MarkdownDescription: "Your own mail domains, in any case. They distinguish users of another tenant from leavers.",
		},
		"planned_principals": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Identities that are to get grants. The check `planned_principals` says which of them the account does not have yet.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_type": schema.StringAttribute{
					Required: true, MarkdownDescription: attributeTexts["principal_type"], Validators: located(stringvalidator.OneOf(principalTypeNames()...)),
				},
				"name":        schema.StringAttribute{Optional: true, MarkdownDescription: "User name, group name or application id; or `external_id`."},
				"external_id": schema.StringAttribute{Optional: true, MarkdownDescription: "Id in the identity provider; or `name`."},
			}},
		},
		"search_texts": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Code to search for names of service principals that AIM overwrites, and for old names of groups: path to content, for example `{ for f in fileset(\"..\", \"**/*.tf\") : f => file(\"../${f}\") }`.",
		},
		"connector_ids": connectorIDsAttribute("Read the SCIM connectors of the identity provider (entra, or okta for what it reports), for the checks `workspace_scim`, " +
			"`account_scim_healthy`, `scim_ready` and `scim_token_owner`: `[\"*\"]` for all that can be found, or the object ids of the enterprise applications, which says that there are no others. " +
			"Default: none are read, and those checks are `unknown`."),
		"connector_addresses": connectorAddressesAttribute(),
		"events":              eventsAttribute("`workspace_scim` then finds connectors that wrote to workspaces, and `scim_token_owner` says whether the owner of their token is an admin there and covered by no connector; `local_edits`, `stale_users`, `leavers` and `aim_evidence` have it as evidence.", false),
		"sql_definitions": schema.ListNestedAttribute{
			Optional: true,
			MarkdownDescription: "Read the views and functions of Unity Catalog that ask for groups (`is_account_group_member`, `is_member`), for the check `group_names_in_sql`: a SQL warehouse for each " +
				"metastore, in which two queries on `system.information_schema` run; and two more for what the groups may do that someone gains (`access_gained`, `privileged_access_gained`). It starts the warehouse. The caller must be admin of the metastore, and owner of the views and functions " +
				"or in a group that owns them: their text is shown to no one else, and the check is then `unknown`. Default: none are read, and that check is `unknown`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"workspace_id":     schema.StringAttribute{Required: true, MarkdownDescription: "Id of a workspace of the metastore.", Validators: located(stringvalidator.LengthAtLeast(1))},
				"sql_warehouse_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of a SQL warehouse there.", Validators: located(stringvalidator.LengthAtLeast(1))},
			}},
		},
		"waivers": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Checks that are accepted as they are, and answers to what no API reports. The check stays in the list with its evidence.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"check": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the check.", Validators: located(stringvalidator.OneOf(checkNames()...))},
				"subject": schema.StringAttribute{
					Optional: true, MarkdownDescription: "One thing that the check names, as its `subject`, for example `user/123`. Default: the whole check. Only a waiver of the whole check answers " +
						"one that is `unknown`.",
				},
				"reason": schema.StringAttribute{
					Required: true, MarkdownDescription: "Why it is accepted, or what was found out.", Validators: located(stringvalidator.LengthAtLeast(1)),
				},
				"expires": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Last day of the waiver (`2027-01-31`, UTC), or the RFC 3339 time at which it ends. Default: never.",
				},
			}},
		},
	}
}

func aimReadinessOutputs() map[string]schema.Attribute {
	checks := resultAttributes(checkType, map[string]string{
		"id": "Short code of the check.", "title": "What is true when it is met.", "decision": "`enable_aim`, `disable_scim` or `disable_aim`.",
		"severity": "`blocker`: the step cannot be taken. `breaking`: something stops working, or someone loses or gains access. `info`: to be aware of; it decides nothing.",
		"status":   "`met`, `not_met`, `unknown`, `not_applicable` or `waived`.", "summary": "The result in a sentence.", "affected_count": "Number of entries of `affected`.",
		"evidence": "Further facts.", "unknown_reasons": "Why the check could not be decided.", "consequence": "What happens if it is not met.",
		"source": "Rows of the reference that it comes from.",
	})
	checks["affected"] = resultList(affectedType, "What keeps the check from being met, sorted.", map[string]string{
		"kind": "`user`, `group`, `service_principal`, `workspace`, `workspace_group`, `rule`, `text`, `view`, `function`, `identity`, `connector` (both in the identity provider) or `account`.",
		"id":   "Its id; null for the account.", "name": "Its name; null where there is none.", "workspace_id": "The workspace that it lies in; null for the account.",
		"subject": "How a waiver names it.", "waived": "True when a waiver names it.",
	})
	out := map[string]schema.Attribute{
		"checks": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "Every check, sorted by decision, severity and id.", NestedObject: schema.NestedAttributeObject{Attributes: checks},
		},
		"migration_path": schema.StringAttribute{
			Computed: true, MarkdownDescription: "The path of the migration guide that the account is on: `with_scim`, or `without_scim`, where there is no SCIM to leave. Null where that is not known; " +
				"Set `connector_ids` to know it.",
		},
		"migration_path_reason": schema.StringAttribute{Computed: true, MarkdownDescription: "Why, in a sentence."},
		"workspace_admins": resultList(noticeType, "Whom to tell before the switch: the people who are admin of each workspace with identity federation, by themselves or through groups, sorted by workspace.", map[string]string{
			"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "people": "User names of the active users who are admin there.", "unknown_reason": "Why there may be others; null where there are none.",
		}),
		"workspace_assignments_needed": resultMap(assignmentNeededType, "Groups that are in a workspace only through another group, by `<workspace id>/<group id>`: for the permission assignment of "+
			"the official provider. One that is assigned is not in it any more: pin the entries before you use them in `for_each` ([example](https://github.com/dbxidentity/terraform-provider-dbxidentity/blob/main/examples/whole-migration/main.tf)).", map[string]string{"workspace_id": "Workspace id.", "workspace_name": "Workspace name."}),
		"service_principal_renames": resultList(renameType, "Service principals whose name AIM overwrites, sorted by application id.", map[string]string{
			"name_now": "Name in Databricks.", "name_after": "Name in the identity provider.", "collides_with": "Application ids of others that will have the same name.",
		}),
		"limits": resultList(limitType, "Documented limits and what is used of them, sorted. What could not be read is left out.", map[string]string{
			"metric": "What is counted.", "workspace_id": "The workspace; null for limits of the account.", "value": "The number now.", "limit": "The limit by default.",
			"fixed": "True when the limit cannot be raised.",
		}),
		"group_names_in_sql": schema.MapAttribute{
			Computed: true, ElementType: textList,
			MarkdownDescription: "The views (`view/<full name>`) and functions that ask for a group, by the name that they ask for. What was not read is not in it: see the check `group_names_in_sql`. " +
				"Null without `sql_definitions`.",
		},
		"aim_evidence": schema.ListAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: "What speaks for AIM being on. That there is nothing proves nothing: no API reports the switch.",
		},
		"counts":   schema.MapAttribute{Computed: true, ElementType: types.Int64Type, MarkdownDescription: "Number of checks of the decisions asked for, by status."},
		"complete": completeAttribute(),
		"failures": failuresAttribute(),
	}
	for name, what := range map[string]string{
		"ready_to_enable_aim": "AIM can be switched on", "ready_to_disable_scim": "SCIM can be switched off", "ready_to_disable_aim": "AIM can be switched off without loss",
	} {
		out[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether " + what + ": false when a check of severity `blocker` or `breaking` is not met; null when one is unknown, " +
			"or the decision is not asked for. Compare with `== true`."}
		out[name+"_reason"] = schema.StringAttribute{Computed: true, MarkdownDescription: "Why, in a sentence; null when the decision is not asked for."}
	}
	return out
}
