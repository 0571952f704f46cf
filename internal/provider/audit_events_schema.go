// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The kinds of results, named as the attributes.
const (
	kindAIM         = "aim"
	kindProvisioned = "provisioned"
	kindEdits       = "membership_edits"
	kindUpdates     = "external_id_changes"
	kindWriters     = "scim_writers"
	kindErrors      = "errors"
	kindActivity    = "activity"
)

var eventKinds = []string{kindActivity, kindAIM, kindErrors, kindUpdates, kindEdits, kindProvisioned, kindWriters}

func (d *auditEventsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "What automatic identity management (AIM), SCIM and people did to users, groups and service principals, from the system table `system.access.audit`: whether AIM is at work " +
			"and since when, who still writes by SCIM, who edits groups by hand that the identity provider owns, and who acted last when.\n\n" +
			"One query on a SQL warehouse counts the events where they are; it starts the warehouse. Nothing is written. The caller needs the system schema `access` to be enabled, `USE CATALOG` on `system`, " +
			"`USE SCHEMA` on `system.access`, `SELECT` on `system.access.audit`, and `CAN USE` on the warehouse. The guide [Is SCIM still needed?](../guides/scim-still-needed) works with the result.\n\n" +
			"An event that is not listed may still have happened: each region has a log of its own, events arrive minutes to hours late, and who lacks rights sees fewer rows without an error. " +
			"`coverage` says what was asked." +
			"\n\n-> **Note:** The result, and with it the state and the plan, holds names and mail addresses. It grows with the log until `until` is set.",
		Attributes: map[string]schema.Attribute{
			"workspace_id":     schema.StringAttribute{Required: true, MarkdownDescription: "Id of the workspace whose warehouse is asked. Its metastore decides which region's log is read.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"sql_warehouse_id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the SQL warehouse, as its page shows it.", Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"since": schema.StringAttribute{
				Required: true, MarkdownDescription: "First day to look at (`2026-11-01`, UTC), or an RFC 3339 time. The log goes back about a year; the further back, the more the warehouse reads.",
			},
			"until": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Last day to look at (that day included), or an RFC 3339 time before which the events are. Default: up to now. With it, the result stays the same once the events have arrived.",
			},
			"kinds": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "What to report: any of `" + strings.Join(eventKinds, "`, `") + "`. Default: all. What was not asked for is null. `" + kindActivity + "` (`last_activity` and `departed`) reads the events of every service, the others only those of identities.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), locatedElements(stringvalidator.OneOf(eventKinds...))},
			},
			"aim": resultList(aimDayType, "What AIM did, by day, sorted. An event with the endpoint `autoUserCreation` is one; just-in-time provisioning without AIM may use it too. Null where the log could not be read.", auditEventsTexts),
			"aim_since": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The first event of AIM in the period; null where there is none. AIM may have been on before `since`.",
			},
			"aim_policy":          resultList(aimPolicyType, "Who read or changed the settings of AIM (service `aimControlPolicy`; what its actions mean is not documented), sorted by action. Null where the log could not be read.", auditEventsTexts),
			"provisioned":         resultList(provisionedType, "Users, groups and service principals that AIM created, sorted by type and id.", auditEventsTexts),
			"membership_edits":    resultList(membershipEditType, "Members of groups that have an external id, added or removed by someone other than AIM or a SCIM connector, sorted by group and member. A connector is recognised by its user agent, which scripts can copy.", auditEventsTexts),
			"external_id_changes": resultList(identityChangeType, "Changes of users, groups and service principals that AIM did not make, and that may have changed an external id: the log has neither the attribute nor the values. The provider's journal has them for its own writes. Sorted by type and id.", auditEventsTexts),
			"scim_writers":        resultList(scimWriterType, "Who writes by SCIM, sorted by level and workspace. A connector that had nothing to do is not listed.", auditEventsTexts),
			"errors":              resultList(eventErrorType, "Changes that failed, grouped, sorted by action.", auditEventsTexts),
			"last_activity": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The last successful event of users and service principals of the account, by Databricks id. Principals that are missing here were not seen, which is not proof that they did nothing.",
			},
			"departed": resultList(departedType, "People and service principals who acted although they are inactive or no longer in the account, after they left, as far as the log shows; sorted by name.", auditEventsTexts),
			"coverage": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "What was asked, and how far the answer reaches.", Attributes: resultAttributes(eventCoverageType, coverageTexts),
			},
			"truncated": schema.BoolAttribute{Computed: true, MarkdownDescription: "True when there was more than the provider reads (50,000 groups of events): activity and the earliest changes are left out."},
			"complete":  completeAttribute(),
			"failures":  failuresAttribute(),
			"timeouts":  readTimeouts(ctx),
		},
	}
}

var auditEventsTexts = map[string]string{
	"day": "Day, UTC.", "action": "The action, in the words of the log.", "status": "`ok`, `failed`, or `unknown`.", "count": "Number of events.",
	"actor": "Who did it, as the log names them; null where it does not. An account SCIM token belongs to no one.", "agent": "User agent of the program; null where none was logged.",
	"writer":   "What kind of program that is: `entra_connector`, `okta_connector`, `terraform`, `sdk`, `browser`, `other` or `unknown`.",
	"endpoint": "The log's own word for the way it came: `scim`, `accountConsole` and others; null where none was logged.",
	"first":    "The first event.", "last": "The last event.", "time": "When.",
	"name": "Name, as the log has it; null where it has none.", "member_name": "User name, group name or application id of the member; null where it is not known.", "change": "`added` or `removed`.",
	"level": "`ACCOUNT_LEVEL` or `WORKSPACE_LEVEL`.", "workspace_id": "The workspace; null on the level of the account.",
	"code": "Status of the answer; null where none was logged.", "error": "The error, in the words of the log.",
	"state": "`inactive`, or `absent` for a user whom the account does not have.", "left": "When they were deactivated or deleted, according to the log; null where it does not say.",
}

var coverageTexts = map[string]string{
	"metastore_id": "The metastore whose log was read.", "region": "Its region; null where it is not known.",
	"schema_state": "State of the system schema `access`, in the API's words; null where the caller may not ask.",
	"first":        "The first event that was seen; null where there was none.", "last": "The last one.", "events": "Number of events.",
	"summary": "What the result does and does not prove, in a sentence.",
}
