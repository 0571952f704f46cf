// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/boolvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

var textList = types.ListType{ElemType: types.StringType}

// The object types of results. Each is the single source for its schema below.
var (
	userRowType = rowType(map[string]attr.Type{
		"id": types.StringType, "username": types.StringType, "external_id": types.StringType,
		"external_id_with_username_match": types.StringType,
	})
	groupRowType = rowType(withIDPMembers(map[string]attr.Type{
		"id": types.StringType, "group_name": types.StringType, "external_id": types.StringType,
		"external_ids_with_groupname_match":        textList,
		"local_members_not_in_idp_internal_ids":    textList,
		"external_members_not_in_idp_internal_ids": textList,
	}))
	servicePrincipalRowType = rowType(map[string]attr.Type{
		"id": types.StringType, "application_id": types.StringType, "external_id": types.StringType,
		"external_id_with_app_id_match": types.StringType,
	})
	advisoryRowType = types.ObjectType{AttrTypes: withIDPMembers(map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
		"external_id": types.StringType, "advisories": textList,
	})}
	idpMemberType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"member_type": types.StringType, "external_id": types.StringType, "member_name": types.StringType,
	}}
	externalIDFixType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
		"current_external_id": types.StringType, "external_id": types.StringType, "category": types.StringType,
		"reversible": types.BoolType,
	}}
	memberRemovalType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "group_name": types.StringType, "member_id": types.StringType,
		"member_type": types.StringType, "member_name": types.StringType, "category": types.StringType, "cause": types.StringType,
	}}
	deactivationType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType, "cause": types.StringType,
	}}
	groupRenameType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "current_name": types.StringType, "name": types.StringType,
	}}
	membershipType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"group_id": types.StringType, "group_name": types.StringType, "member_id": types.StringType, "member_name": types.StringType, "privileged": types.BoolType,
	}}
	manualActionType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
		"category": types.StringType, "reason": types.StringType, "switch": types.StringType, "detail": types.StringType,
		"remedy": types.StringType, "ticket": types.StringType,
		"candidate_external_ids": textList, "members": types.ListType{ElemType: actionMemberType},
	}}
	duplicateType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "external_id": types.StringType, "principal_id": types.StringType, "principal_name": types.StringType,
		"display_name": types.StringType, "active": types.BoolType, "name_matches": types.BoolType, "group_count": types.Int64Type, "created": types.StringType,
		"suggestion": types.StringType, "reason": types.StringType,
	}}
	actionMemberType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"member_id": types.StringType, "member_type": types.StringType, "member_name": types.StringType,
	}}
	summaryType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "cause": types.StringType, "action": types.StringType, "count": types.Int64Type, "waived": types.Int64Type,
		"fixable": types.Int64Type, "blocks_aim": types.BoolType, "consequence": types.StringType, "symptoms": textList, "remedy": types.StringType,
		"owner": types.StringType, "examples": textList,
	}}
	waiverStatusType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "category": types.StringType,
		"cause": types.StringType, "reason": types.StringType, "state": types.StringType, "matches": types.Int64Type,
	}}
	scannedType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"users": types.Int64Type, "groups": types.Int64Type, "service_principals": types.Int64Type,
		"user_ids": textList, "group_ids": textList, "service_principal_ids": textList,
	}}
	failureType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"principal_type": types.StringType, "principal_id": types.StringType, "call": types.StringType, "reason": types.StringType,
	}}
)

// rowType adds the verdict to the columns of a type.
func rowType(columns map[string]attr.Type) types.ObjectType {
	columns["error_categories"] = textList
	columns["cause"] = types.StringType
	columns["action"] = types.StringType
	columns["advisories"] = textList
	columns["waived"] = types.BoolType
	columns["display_name"] = types.StringType
	columns["active"] = types.BoolType
	columns["idp_name"] = types.StringType
	columns["conflicting_principal"] = types.StringType
	return types.ObjectType{AttrTypes: columns}
}

// withIDPMembers adds what both sides have in a group.
func withIDPMembers(columns map[string]attr.Type) map[string]attr.Type {
	columns["member_count"] = types.Int64Type
	columns["idp_member_count"] = types.Int64Type
	columns["idp_members_missing"] = types.ListType{ElemType: idpMemberType}
	return columns
}

// idpMemberTexts are those of the elements of idp_members_missing.
var idpMemberTexts = map[string]string{
	"idp_members_missing.member_type": "`user` or `service_principal`; null where it is not known.",
	"idp_members_missing.external_id": "Id in the IdP.",
	"idp_members_missing.member_name": "Name in the IdP; null where it was not read.",
}

// attributeTexts describes the attributes of results that share a name.
var attributeTexts = map[string]string{
	"id":             "Databricks id of the principal.",
	"principal_id":   "Databricks id of the principal.",
	"principal_type": "`user`, `group` or `service_principal`.",
	"principal_name": "User name, group name or application id.",
	"username":       "User name.",
	"group_name":     "Name of the group.",
	"group_id":       "Databricks id of the group.",
	"current_name":   "The name that the group had when it was audited; give it to `expected_current_name`.",
	"name":           "The new name, which is free.",
	"application_id": "Application id of the service principal.",
	"external_id":    "The stored externalId; empty when it is blank.",
	"external_id_with_username_match": "Id of the IdP identity with that user name, also where it equals `external_id`; " +
		"several are joined with `;`, none is empty.",
	"external_id_with_app_id_match":            "Id of the IdP service principal with that application id; none is empty.",
	"external_ids_with_groupname_match":        "Ids of the IdP groups with that name.",
	"local_members_not_in_idp_internal_ids":    "Databricks ids of members without externalId that the IdP group does not have.",
	"external_members_not_in_idp_internal_ids": "Databricks ids of members that have an externalId and are not in the IdP group.",
	"member_count":     "Number of users and service principals in the group, nested groups included; null for other principals, and where either side could not be read in full, or where the kind of IdP does not return members.",
	"idp_member_count": "Number of users and service principals in the linked IdP group, nested groups included; null where `member_count` is.",
	"idp_members_missing": "Members of the linked IdP group, nested groups included, who are not in the group here, neither directly nor through a group in it, by external id. Who is disabled in " +
		"the IdP is not among them. Null where that is not known.",
	"error_categories": "Categories of the AIM enablement prep script, in the script's order: `EXTERNAL_ID_NOT_IN_IDP`, " +
		"`EXTERNAL_ID_MATCH_NAME_MISMATCH`, `NAME_MATCH_EXTERNAL_ID_MISMATCH`, `GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID`, " +
		"`GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID`.",
	"cause":      "Short code of the likely cause; see the rule reference.",
	"action":     "Short code of the advised action; see the rule reference.",
	"advisories": "Short codes of what the prep script does not see; they never make a principal divergent.",
	"waived":     "True when every category of the row is waived.",
	"category":   "The error category that this ends.",
	"reversible": "False when the present value cannot be written back: a blank externalId of a user or service principal, a value that the API does not accept (spaces), or one that another principal holds as well.",
	"current_external_id": "The value that the account held when it was audited; give it to `expected_current_external_id`. " +
		"Empty when blank.",
	"privileged":             "True when the group, or one that it is in, is privileged: an account role, workspace ADMIN, a metastore, or a role on a privileged group or service principal.",
	"member_id":              "Databricks id of the member.",
	"member_type":            "`user`, `group` or `service_principal`.",
	"member_name":            "Display name of the member, as its group lists it.",
	"reason":                 "Why, as a short code; see the rule reference.",
	"switch":                 "The argument that would turn this into a fix; null when none does.",
	"detail":                 "What was found, in a sentence.",
	"remedy":                 "What to check and to do, as in the rule reference.",
	"ticket":                 "Markdown text of a ticket, ready to send, where only Databricks support can help (names of users and service principals); null elsewhere. `ticket_markdown` writes one for all of them.",
	"candidate_external_ids": "Ids of the IdP identities in question.",
	"members":                "The members in question, sorted by id; type and name are null where they could not be read.",
	"display_name":           "Name for people; null where it was not read.",
	"active":                 "Whether the principal is active; null where the account does not say.",
	"idp_name":               "What the IdP calls the linked identity; null where none is linked or its name is not known.",
	"conflicting_principal": "Another principal, such as `user/3`, that has the external id or the name that this one should have, or stores the same " +
		"external id; null for none.",
	"state":                 "`active`, `expired`, `unused`, or `unjudged` when the report is incomplete.",
	"matches":               "Number of categories on principals that the waiver covers.",
	"users":                 "Number of users in scope.",
	"groups":                "Number of groups in scope.",
	"service_principals":    "Number of service principals in scope.",
	"user_ids":              "Their ids, with `include_scanned_ids`; else null.",
	"group_ids":             "Their ids, with `include_scanned_ids`; else null.",
	"service_principal_ids": "Their ids, with `include_scanned_ids`; else null.",
}

// resultAttributes makes the computed schema of an object type. Texts given
// here win over the shared ones.
func resultAttributes(t types.ObjectType, texts map[string]string) map[string]schema.Attribute {
	out := make(map[string]schema.Attribute, len(t.AttrTypes))
	for name, kind := range t.AttrTypes {
		text, ok := texts[name]
		if !ok {
			text = attributeTexts[name]
		}
		if list, is := kind.(types.ListType); is {
			if element, is := list.ElemType.(types.ObjectType); is {
				out[name] = resultList(element, text, nestedTexts(texts, name))
				continue
			}
		}
		if object, is := kind.(types.ObjectType); is {
			out[name] = schema.SingleNestedAttribute{Computed: true, MarkdownDescription: text, Attributes: resultAttributes(object, nestedTexts(texts, name))}
			continue
		}
		switch kind {
		case types.StringType:
			out[name] = schema.StringAttribute{Computed: true, MarkdownDescription: text}
		case types.BoolType:
			out[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: text}
		case types.Int64Type:
			out[name] = schema.Int64Attribute{Computed: true, MarkdownDescription: text}
		default:
			out[name] = schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: text}
		}
	}
	return out
}

// nestedTexts are those of the attributes of an attribute: "members.id".
func nestedTexts(texts map[string]string, name string) map[string]string {
	out := map[string]string{}
	for key, text := range texts {
		if inner, is := strings.CutPrefix(key, name+"."); is {
			out[inner] = text
		}
	}
	return out
}

func resultList(t types.ObjectType, description string, texts map[string]string) schema.Attribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: description,
		NestedObject: schema.NestedAttributeObject{Attributes: resultAttributes(t, texts)},
	}
}

func resultMap(t types.ObjectType, description string, texts map[string]string) schema.Attribute {
	return schema.MapNestedAttribute{
		Computed: true, MarkdownDescription: description,
		NestedObject: schema.NestedAttributeObject{Attributes: resultAttributes(t, texts)},
	}
}

func principalTypeNames() []string {
	var out []string
	for _, t := range audit.PrincipalTypes() {
		out = append(out, string(t))
	}
	return out
}

func deactivationCauses() []string {
	all, _ := judge.DeactivationCauses()
	return all
}

func causeNames() []string {
	var out []string
	for _, r := range rules.All() {
		if r.Kind == rules.KindCause {
			out = append(out, r.ID)
		}
	}
	return out
}

func (d *divergencesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := divergencesInputs()
	for name, a := range divergencesOutputs() {
		attributes[name] = a
	}
	attributes["timeouts"] = readTimeouts(ctx)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Compares the users, groups and service principals of the account with the identity provider: " +
			"who diverges, why, and which fixes are safe to apply. With `idp = { databricks = {} }` it costs one request per identity " +
			"in scope, and the whole directory is listed in any case, because an externalId must be unique in it." +
			"\n\n~> **Warning:** On an account with automatic identity management, `idp = { databricks = {} }` also syncs every identity that it " +
			"asks about. The other kinds change nothing: see [choosing what to compare with](../guides/choosing-an-idp)." +
			"\n\n-> **Note:** The result, and with it the state and the plan, holds names and mail addresses.",
		Attributes: attributes,
	}
}

func divergencesInputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"principal_types": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Types to judge: `user`, `group`, `service_principal`. Default: all three.",
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1), locatedElements(stringvalidator.OneOf(principalTypeNames()...)),
			},
		},
		"targets": schema.ListNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Principals to judge; empty or null means everything. A principal that the account does not have is an error.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_type": schema.StringAttribute{
					Required: true, MarkdownDescription: attributeTexts["principal_type"],
					Validators: located(stringvalidator.OneOf(principalTypeNames()...)),
				},
				"principal_id": schema.StringAttribute{
					Required: true, MarkdownDescription: attributeTexts["principal_id"], Validators: located(principalIDValidator()),
				},
			}},
		},
		"membership": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Which members of an IdP group confirm a Databricks membership: `transitive` (the default) or `direct`. " +
				"With `idp = { databricks = {} }` the account decides.",
			Validators: []validator.String{stringvalidator.OneOf("transitive", "direct")},
		},
		"group_members": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.OneOf("single", "list")},
			MarkdownDescription: "How the members of groups are read: `single` (the default) reads each linked group by itself, one request each; `list` takes them " +
				"from the list of groups, one request per 100. Lists hold members only on accounts that relied on that before 2025-08-22; on others nothing changes. " +
				"Groups without members, of a size at which lists are cut, with roles, and all whose members diverge are still read by themselves, and so is " +
				"a sample of the rest: if one list is wrong, no list is used. `members_listed` says how many groups were judged by their lists alone.",
		},
		"link_groups": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Offer to link a local group to the one IdP group of its name. Default `false`, because the group becomes " +
				"the IdP's: anyone who controls its members there then controls what the group may do here.",
		},
		"relink": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Offer to replace an externalId that belongs to a different, existing IdP identity. Default `false`.",
		},
		"suggest_group_clears": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Offer to clear the externalId of groups that the IdP does not know. Default `false`.",
		},
		"suggest_deactivations": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Offer to deactivate active users of `primary_domains` whom the IdP, read in full, no longer has, for one of " +
				"`deactivation_causes`. Not offered are privileged users, and the one as whom Terraform runs. Default `false`: a deactivated user cannot log in, " +
				"and what runs as them stops.",
		},
		"deactivation_causes": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Why users may be deactivated: `stale_own_domain` (neither their id nor their name is in the IdP), `deleted_in_idp` (in its recycle bin), " +
				"`disabled_in_idp` (linked, and disabled there; they may be back soon). Default: the first two. `idp = { databricks = {} }` reports the first only.",
			Validators: []validator.Set{
				setvalidator.SizeAtLeast(1), locatedElements(stringvalidator.OneOf(deactivationCauses()...)), setvalidator.AlsoRequires(path.MatchRoot("suggest_deactivations")),
			},
		},
		"suggest_group_renames": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Offer to rename account groups that have the name of an IdP group and are not it, so that the IdP's group can have its name. " +
				"Where a group can be linked instead (`link_groups`), only that is offered. Default `false`.",
		},
		"allow_privileged_principals": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{locatedElements(principalIDValidator())},
			MarkdownDescription: "Ids of principals for which a fix may be offered although they are privileged: an account role, workspace ADMIN, a metastore, or a role on a privileged group or service principal. " +
				"Without this they stay with a human, because anyone who can make an IdP object of that name would inherit their privileges. No privileged user is offered to be deactivated, allowed or not.",
		},
		"primary_domains": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{locatedElements(mailDomainValidator{})},
			MarkdownDescription: "Your own mail domains, in any case. They distinguish stale users of your own domains from foreign ones. No one else is offered to be deactivated.",
		},
		"connector_ids": connectorIDsAttribute("Object ids of the SCIM connectors (enterprise applications) in Entra ID whose attribute mapping is read, or `[\"*\"]` for all that can be found. Where one " +
			"feeds external ids of users or groups from something else than `objectId`, the rows that it explains have the cause `connector_mapping`, and no external id of that type is offered to be fixed: " +
			"the connector would write over it. Default: none is read."),
		"ignore_connector": schema.BoolAttribute{
			Optional: true, Validators: []validator.Bool{boolvalidator.AlsoRequires(path.MatchRoot("connector_ids"))},
			MarkdownDescription: "Offer fixes although a connector's mapping is wrong, or could not be read. Default `false`.",
		},
		"duplicate_details": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Read each principal of `duplicates` by itself, for the number of its groups and when it was created: one request each. Default `false`: " +
				"only activity and name are compared.",
		},
		"events": eventsAttribute("`observed` then says who changed the principals of the rows last.", true),
		"strict_case": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Count names that differ from the IdP's in case only against `clean`. Default `false`: they are listed with the " +
				"cause `name_case_only`, and there is nothing to do.",
		},
		"strict_inactive": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Count deactivated users whom the IdP does not have against `clean`. Default `false`: they are listed with the " +
				"cause `stale_inactive`, and there is nothing to do.",
		},
		"include_scanned_ids": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "List the ids of all judged principals in `scanned`. Default `false`.",
		},
		"plan_warning": schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Warn in the plan when identities diverge: how many, the causes that matter first, and the next step. Default `true`. " +
				"Nothing is said while `targets` is set, or when everything is waived. A result that is not complete is always warned of.",
		},
		"waivers": schema.ListNestedAttribute{
			Optional: true,
			MarkdownDescription: "Divergences that are accepted: they stay in the report, marked, and do not count against `clean`. " +
				"At least one of `principal_type`, `principal_id`, `category` and `cause`; what is left out matches everything.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_type": schema.StringAttribute{
					Optional: true, MarkdownDescription: attributeTexts["principal_type"],
					Validators: located(stringvalidator.OneOf(principalTypeNames()...)),
				},
				"principal_id": schema.StringAttribute{
					Optional: true, MarkdownDescription: attributeTexts["principal_id"], Validators: located(principalIDValidator()),
				},
				"category": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Error category.", Validators: located(stringvalidator.OneOf(rules.IdentityCategories()...)),
				},
				"cause": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Cause of the row. A cause of the link does not cover the row's members: waive those by their category, or by their own cause.",
					Validators: located(stringvalidator.OneOf(causeNames()...)),
				},
				"reason": schema.StringAttribute{
					Required: true, MarkdownDescription: "Why the divergence is accepted.", Validators: located(stringvalidator.LengthAtLeast(1)),
				},
				"expires": schema.StringAttribute{
					Optional: true, MarkdownDescription: "Last day of the waiver (`2027-01-31`, UTC), or the RFC 3339 time at which it ends. Default: never.",
				},
			}},
		},
	}
}

func divergencesOutputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"users":              resultList(userRowType, "Divergent users, sorted by id.", nil),
		"groups":             resultList(groupRowType, "Divergent groups, sorted by id.", idpMemberTexts),
		"service_principals": resultList(servicePrincipalRowType, "Divergent service principals, sorted by id.", nil),
		"principals_with_advisories": resultList(advisoryRowType,
			"Principals without a divergence about which there is still something to know, sorted by type and id.", idpMemberTexts),
		"external_id_fixes": resultMap(externalIDFixType,
			"Fixes that are safe to apply, by `user/<id>`, `group/<id>` or `service_principal/<id>`. Feed them to `dbxidentity_remediation_ledger`.",
			map[string]string{"external_id": "The value to write, in the spelling of the IdP; empty clears (groups only)."}),
		"member_removals": resultMap(memberRemovalType, "Memberships that are safe to remove, by `<group id>/<member id>`.", nil),
		"deactivations": resultMap(deactivationType, "Users to deactivate, by `deactivate/user/<id>`, with `suggest_deactivations`. Those whom the IdP has disabled are in no other list.",
			map[string]string{"cause": "Why, one of `deactivation_causes`."}),
		"observed": resultMap(observedChangeType, "With `events`: who changed the principals of the rows last, and when they acted last, by `user/<id>`, `group/<id>` or `service_principal/<id>`, as far as the "+
			"audit log shows it. It changes by itself.", observedChangeTexts),
		"group_renames":  resultMap(groupRenameType, "Groups to rename, by `rename/group/<id>`, with `suggest_group_renames`.", nil),
		"manual_actions": resultList(manualActionType, "What is left to a human, sorted by principal, category and reason.", nil),
		"duplicates": resultList(duplicateType, "Principals of one type that store the same external id, those of the same id one after the other, with a suggestion which one to keep. Each "+
			"group has at least one principal in scope. A hint for a person: nothing is written, and Databricks support cannot merge two records.", map[string]string{
			"external_id":  "The id that they share.",
			"name_matches": "Whether the identity provider has this name, in any case, for the identity; null when it could not be asked.",
			"group_count":  "Number of groups that the principal is in directly, as SCIM shows them; null without `duplicate_details`, with automatic identity management, and where the account does not say.",
			"created":      "When the principal was created; null without `duplicate_details`, and where the account does not say.",
			"suggestion": "`fix` (its entry in `external_id_fixes` gives it an id of its own), `keep`, `retire` (move what it has to the one to keep, then deactivate it), or `decide` (no one is preferred). Preferred are, in this order: who is active, has the name " +
				"that the identity provider has, is in more groups, was created last. What is not known of those that are left ends the search.",
			"reason": "Why, in a sentence.",
		}),
		"waiver_status": resultList(waiverStatusType, "What became of each waiver, in their order.",
			map[string]string{"reason": "The waiver's reason.", "category": "The waiver's category.", "cause": "The waiver's cause."}),
		"summary": resultList(summaryType, "The result in a few rows: one for each principal type, cause and action, what matters first (not waived, "+
			"`blocks_aim`, `count`).", map[string]string{
			"count": "Number of divergent principals.", "waived": "How many of them are waived.",
			"fixable":     "Number of `external_id_fixes`, `member_removals`, `deactivations` and `group_renames` for them.",
			"blocks_aim":  "True when some of them should be settled before automatic identity management takes the place of SCIM provisioning.",
			"consequence": "What happens if they stay.", "remedy": "What to do, in plain words.",
			"symptoms": "What people notice: `A` the same identity appears twice, `B` member counts differ from the IdP, `C` a group or user of the IdP cannot be added.",
			"owner":    "Who takes the step: `terraform apply`, `Databricks support`, `identity provider team`, `account admin` or `no one`.",
			"examples": "Names of the first three.",
		}),
		"unjudged": schema.Int64Attribute{
			Computed: true, MarkdownDescription: "Number of principals in scope that could not be judged whole; `failures` says why. No other count includes them. " +
				"Null when their number is not known, because a list could not be read to its end.",
		},
		"counts": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type,
			MarkdownDescription: "Number of principals in scope per error category, waived ones included. Every category is present.",
		},
		"members_listed": schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of linked groups whose members come from the list of groups alone; 0 unless `group_members` is `list`."},
		"fixable":        schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of `external_id_fixes`, `member_removals`, `deactivations` and `group_renames`."},
		"scanned": schema.SingleNestedAttribute{
			Computed: true, MarkdownDescription: "What was in scope, judged or not.", Attributes: resultAttributes(scannedType, nil),
		},
		"clean": schema.BoolAttribute{
			Computed: true, MarkdownDescription: "True when the result is complete and no principal in scope has an error category that is not waived. " +
				"Names that differ in case only and deactivated stale users do not count: see `strict_case` and `strict_inactive`.",
		},
		"complete": completeAttribute(),
		"failures": failuresAttribute(),
	}
}
