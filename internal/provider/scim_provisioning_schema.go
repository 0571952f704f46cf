// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func (d *scimProvisioningDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The SCIM connectors that Microsoft Entra ID has for Databricks: where each writes to, whether it works, whom it covers, and what it writes into external ids. " +
			"The provider's `idp` must be `entra`, or `okta` for what Okta reports.\n\n" +
			"Connectors of Entra ID are found by the template of the gallery, by its name, and apps of no gallery by their address; those of Okta by a name or label that begins with `databricks`. " +
			"Okta reports features, assignments, pushed groups and their errors. It does not report whether provisioning works otherwise, what feeds external ids, " +
			"and, of most apps, where they write to: the status of an app without errors is `unknown`, and `mappings` is null. Nothing is written, and nothing is started. " +
			"What could not be read is unknown: the status `unknown`, the level `unknown`, null. " +
			"[Permissions](../guides/permissions) has the least that each read needs." +
			"\n\n-> **Note:** The result, and with it the state and the plan, holds names and mail addresses.",
		Attributes: map[string]schema.Attribute{
			"connector_ids":       connectorIDsAttribute("Object ids of the enterprise applications (not application ids). Default: every connector for Databricks that can be found (`[\"*\"]`)."),
			"connector_addresses": connectorAddressesAttribute(),
			"log_since": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Read the provisioning log from this date on (`2026-11-01`, UTC, or an RFC 3339 time), and list the objects that fail. Entra keeps up to 30 days. " +
					"Default: no log is read, and `failing` is null. Okta reports the errors of assignments without it.",
			},
			"compare_account": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Compare the scopes of the connectors with the principals of the account: `in_scope_absent`, `linked_out_of_scope`, `nested_only`, `workspace_only`. " +
					"Reads every principal of the account, and the groups below the assigned ones. A connector that is `off` covers no one. With `connector_ids`, only those connectors count. Default: false.",
			},
			"connectors": resultList(connectorType, "The connectors, sorted by id.", scimProvisioningTexts),
			"observed": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "Times and counts, which change by themselves, by connector id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"since":        schema.StringAttribute{Computed: true, MarkdownDescription: "Since when the connector is in quarantine; null for others."},
					"next_attempt": schema.StringAttribute{Computed: true, MarkdownDescription: "The next attempt in quarantine; null where there is none."},
					"disabled_on":  schema.StringAttribute{Computed: true, MarkdownDescription: "When Entra disables the connector if it stays in quarantine: 28 days after it began."},
					"last_success": schema.StringAttribute{Computed: true, MarkdownDescription: "When a cycle last succeeded; null where that is not reported."},
					"counts": schema.MapAttribute{
						Computed: true, ElementType: types.Int64Type, MarkdownDescription: "`entitled` and `escrowed` (objects in scope and objects that failed in the last cycle), and the objects by kind, under Entra's own names.",
					},
					"failing_since": schema.MapAttribute{
						Computed: true, ElementType: types.StringType, MarkdownDescription: "The first failure after the last success in the log, by the external id of each entry of `failing`.",
					},
				}},
			},
			"complete": completeAttribute(),
			"failures": failuresAttribute(),
			"timeouts": readTimeouts(ctx),
		},
	}
	maps.Copy(resp.Schema.Attributes, comparisonOutputs())
}

func connectorIDsAttribute(text string) schema.SetAttribute {
	return schema.SetAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: text,
		Validators: []validator.Set{setvalidator.SizeAtLeast(1), locatedElements(stringvalidator.LengthAtLeast(1))},
	}
}

// chosenConnectors are the ids in a connector_ids; none is every connector.
func chosenConnectors(ids types.Set, diags *diag.Diagnostics) []string {
	if ids.IsNull() {
		return nil
	}
	at := path.Root("connector_ids")
	chosen := textsFrom(at, ids.Elements(), diags)
	switch {
	case slices.Equal(chosen, []string{"*"}):
		return nil
	case slices.Contains(chosen, "*"):
		diags.AddAttributeError(at, "Connectors Named Twice", "connector_ids has \"*\", which is every connector, beside ids. Give one or the other.")
	}
	return chosen
}

var scimProvisioningTexts = map[string]string{
	"id": "Object id of the enterprise application; the app id in Okta.", "app_id": "Its application id; null for Okta.", "display_name": "Its name.", "enabled": "Whether the app is enabled; null where that is not reported.",

	"target":                 "Where the connector writes to, from its setting `BaseAddress`.",
	"target.level":           "`account`, `workspace`, `other` (an address that is neither) or `unknown` (it could not be read, or is hidden).",
	"target.host":            "Host of the address.",
	"target.address":         "The address as it is configured, without credentials; null where it is not known.",
	"target.account_id":      "Databricks account id in the address.",
	"target.workspace_id":    "Workspace of this account that the address leads to.",
	"target.is_this_account": "Whether that is the account of the provider block; null where it is not known.",
	"target.stated":          "True when the address is the one of `connector_addresses`, because the connector's own cannot be read.",
	"target.unknown_reason":  "Why the target is not known.",

	"status": "`healthy`, `healthy_with_errors` (some objects fail), `quarantined`, `stale` (no success for 3 intervals, or the last cycle failed), `first_run`, `paused`, `off` or `unknown`.",
	"reason": "The status in a sentence.", "cause": "Entra's own word for a quarantine or a failed cycle.", "interval": "How often a cycle runs, as an ISO 8601 duration.",
	"syncs_users": "Whether users are written; null where the mapping could not be read.", "syncs_groups": "Whether groups are written; null where the mapping could not be read.",
	"sync_all": "True when everyone is in scope, not only who is assigned; null where it could not be read.", "assignment_required": "Whether only assigned people may sign in by the app.",
	"skip_out_of_scope_deletions": "True when people who leave the scope stay active in Databricks; null where it could not be read.",
	"notification_addresses":      "Mail addresses that are notified of a quarantine; null where they could not be read.",

	"assigned":                                "Who is assigned to the app; the lists are null where that could not be read.",
	"assigned.users":                          "Users, sorted by external id.",
	"assigned.users.external_id":              "Id in the identity provider.",
	"assigned.users.name":                     "Name; null where it is not known.",
	"assigned.service_principals":             "Service principals, which no connector ever writes.",
	"assigned.service_principals.external_id": "Id in the identity provider.",
	"assigned.service_principals.name":        "Name; null where it is not known.",
	"assigned.groups":                         "Groups, sorted by external id. Only their direct members are in scope.",
	"assigned.groups.external_id":             "Id in the identity provider.",
	"assigned.groups.name":                    "Name; null where it is not known.",
	"assigned.groups.user_count":              "Number of users who are direct members; null where they could not be read.",
	"assigned.groups.nested_groups":           "Ids of groups in the group: the connector does not expand them. Null where they could not be read.",
	"assigned.groups.only_here":               "Ids of users whom no other assignment covers: removing the group from the app deactivates them. Null where that is not known, or everyone is in scope.",
	"assigned.groups.unknown_reason":          "Why the members could not be read.",

	"mappings":             "What feeds the attributes, sorted; of mappings that are enabled only.",
	"mappings.object":      "`user` or `group`.",
	"mappings.target":      "Attribute in Databricks.",
	"mappings.source_type": "`attribute`, `function`, `constant` or `none`.",
	"mappings.source":      "Name of the attribute, or the expression.",
	"mappings.correct":     "For `externalId`: true when it is mapped from `objectId`. Null for other attributes.",
	"mappings.overwrites":  "True when the connector undoes what is changed in Databricks.",

	"scoping_filters":        "Filters that leave objects out of scope although they are assigned.",
	"scoping_filters.object": "`user` or `group`.",
	"scoping_filters.filter": "The condition that an object must meet.",

	"features":                  "Okta: the features of provisioning that are switched on. Null for Entra ID.",
	"group_pushes":              "Okta: groups that are written as groups, sorted. Null for Entra ID.",
	"group_pushes.external_id":  "Id in the identity provider.",
	"group_pushes.principal_id": "Databricks id, where Okta knows one.",
	"group_pushes.state":        "`ACTIVE`, `ERROR` or `INACTIVE`.",

	"failing":                "Objects whose last attempt in the provisioning log failed, or, of Okta, whose assignment or push reports an error; null where no log was read.",
	"failing.principal_type": "`user` or `group`.",
	"failing.external_id":    "Id in the identity provider.",
	"failing.name":           "Name there.",
	"failing.principal_id":   "Databricks id, where the connector knows one.",
	"failing.action":         "What was tried: `create`, `update`, `disable` and so on.",
	"failing.error_code":     "Code of the error.",
	"failing.error":          "The error, in the words of the log.",
	"failing.holder":         "The principal here that has the name already, such as `group/2`.",
	"failing.remedy":         "What to do.",

	"contradictions":                     "Principals that the connector takes for another identity than their external id says; null where that was not compared: no log was read, or the target is not known to be this account.",
	"contradictions.principal_name":      "Name here.",
	"contradictions.external_id":         "Id of the identity that the connector writes to this principal.",
	"contradictions.name":                "Name of that identity.",
	"contradictions.current_external_id": "The stored external id; null when it is blank.",

	"findings":         "What someone should know of the connector, sorted by code.",
	"findings.code":    "Short code, which never changes.",
	"findings.summary": "What was found, in a sentence.",
	"findings.remedy":  "What to do.",
}
