// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"maps"
	"math"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/numberdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

func (r *remediationLedgerResource) schema(context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Always `" + ledgerID + "`.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"exclude": schema.SetAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Keys to leave out and to forget, for example `user/123`, `<group id>/<member id>`, `deactivate/user/123` or `rename/group/123`. What is no key is refused; " +
				"a key that matches nothing is warned of, where everything could be read.",
			Validators: []validator.Set{locatedElements(stringvalidator.LengthAtLeast(1))},
		},
	}
	maps.Copy(attributes, ledgerExternalIDAttributes())
	maps.Copy(attributes, ledgerRemovalAttributes())
	maps.Copy(attributes, ledgerMembershipAttributes())
	maps.Copy(attributes, ledgerDeactivationAttributes())
	maps.Copy(attributes, ledgerGroupNameAttributes())
	return schema.Schema{
		MarkdownDescription: "The memory of what was found. A divergence disappears once it is fixed, so a `for_each` straight over findings would " +
			"plan to destroy every fix on the next run. The ledger takes what is pending from the data sources and keeps it while it is tracked: " +
			"its maps are known while planning and drive `for_each`. It writes nothing remote; destroying it forgets." +
			"\n\nThe `pending_` maps are write-only, so that a plan shows what changes and not what is no longer pending: they need Terraform or OpenTofu 1.11, and are null in state " +
			"and plan. Policies and outputs read `external_ids`, `member_removals`, `memberships`, `deactivations` and `group_names`." +
			"\n\nIt cannot be imported, and need not be: it holds nothing of the account. A new one takes in what is pending. If its state is lost and that of the " +
			"instances is not, look at the plan first: instances of what is not pending any more leave `for_each`, and a `dbxidentity_group_member` that added " +
			"its member takes it away again unless its `on_destroy` is `keep`. The same is true of a ledger that is replaced (`-replace`, `taint`)." +
			"\n\n~> **Warning:** Give neither the ledger, nor its data sources, nor a module that holds them a `depends_on` on something that changes: Terraform then reads the data " +
			"sources during apply, and the maps are unknown while planning. The instances that use them in `for_each` cannot be planned then." +
			"\n\n-> **Note:** How it is used, from plan to roll-back: [fixing what diverges](../guides/remediation).",
		Attributes: attributes,
	}
}

func ledgerExternalIDAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"pending_external_ids": schema.MapNestedAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "`external_id_fixes` of `dbxidentity_divergences`. A pending fix that is tracked already makes no diff; " +
				"a new wanted value for a tracked key wins.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_type": schema.StringAttribute{
					Required: true, WriteOnly: true, MarkdownDescription: attributeTexts["principal_type"],
					Validators: located(stringvalidator.OneOf(principalTypeNames()...)),
				},
				"principal_id": requiredID("principal_id"),
				"external_id": schema.StringAttribute{
					Required: true, WriteOnly: true, MarkdownDescription: "The value to write; empty clears (groups only).", Validators: located(externalIDValidator{}),
				},
				"principal_name":      optionalText("principal_name"),
				"current_external_id": optionalText("current_external_id"),
				"category":            optionalText("category"),
				"reversible":          schema.BoolAttribute{Optional: true, WriteOnly: true, MarkdownDescription: attributeTexts["reversible"]},
			}},
		},
		"max_new_external_ids": limitAttribute(defaultMaxNewExternalIDs, "Refuse a plan that takes in more new or changed fixes at once. Default 100, also for null; `-1` is no limit."),
		"external_ids": ledgerMap(externalIDFixType, "What is pending and what was tracked before, without `exclude`. Names, category and `current_external_id` are as first seen. "+
			"An entry is dropped when it is not pending any more although the account holds something else than its `external_id` "+
			"(someone else settled it), and when its principal is deleted."),
		"observed_external_ids": observedAttribute("What the account held at the last refresh, for the entries that were checked since they were tracked."),
	}
}

func ledgerRemovalAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"pending_member_removals": schema.MapNestedAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "`member_removals` of `dbxidentity_divergences`, by `<group id>/<member id>`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"group_id":  requiredID("group_id"),
				"member_id": requiredID("member_id"),
				"member_type": schema.StringAttribute{
					Optional: true, WriteOnly: true, MarkdownDescription: attributeTexts["member_type"], Validators: located(stringvalidator.OneOf(principalTypeNames()...)),
				},
				"group_name":  optionalText("group_name"),
				"member_name": optionalText("member_name"),
				"category":    optionalText("category"),
				"cause":       optionalText("cause"),
			}},
		},
		"max_new_member_removals": limitAttribute(defaultMaxNewMemberRemovals, "Refuse a plan that takes in more new removals at once. Default 25, also for null; `-1` is no limit."),
		"member_removals": ledgerMap(memberRemovalType, "What is pending and what was tracked before, without `exclude`. Use it as `for_each` of `dbxidentity_group_member_removal`. "+
			"An entry is dropped when it is not pending any more although the member is in the group (its membership was made right in the identity "+
			"provider), and when the group or the member is deleted."),
		"observed_member_removals": observedAttribute("Whether the member was `present` or `absent` at the last refresh, for the entries that were checked since they were tracked."),
	}
}

func ledgerMembershipAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"pending_memberships": schema.MapNestedAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "`memberships` of `dbxidentity_clone_plan`. The keys are the plan's, `<group id>`, or `<group id>/<member id>` where " +
				"the plans of several targets are merged: a key that is the group alone has room for one member.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"group_id":    requiredID("group_id"),
				"member_id":   requiredID("member_id"),
				"group_name":  optionalText("group_name"),
				"member_name": optionalText("member_name"),
				"privileged":  schema.BoolAttribute{Optional: true, WriteOnly: true, MarkdownDescription: attributeTexts["privileged"]},
			}},
		},
		"max_new_memberships": limitAttribute(defaultMaxNewMemberships, "Refuse a plan that takes in more new memberships at once. Default 100, also for null; `-1` is no limit."),
		"memberships": ledgerMap(membershipType, "What is pending and what was tracked before, without `exclude`. Use it as `for_each` of `dbxidentity_group_member`. What was given "+
			"stays given when the source of a clone loses it. An entry is dropped when it is not pending any more although the member is not in the group "+
			"(someone else took it out), and when the group or the member is deleted."),
		"observed_memberships": observedAttribute("Whether the member was `present` or `absent` at the last refresh, for the entries that were checked since they were tracked."),
	}
}

func ledgerDeactivationAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"pending_deactivations": schema.MapNestedAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "`deactivations` of `dbxidentity_divergences`, by `deactivate/user/<id>`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"principal_type": schema.StringAttribute{
					Required: true, WriteOnly: true, MarkdownDescription: "`user` or `service_principal`.",
					Validators: located(stringvalidator.OneOf(string(audit.TypeUser), string(audit.TypeServicePrincipal))),
				},
				"principal_id":   requiredID("principal_id"),
				"principal_name": optionalText("principal_name"),
				"cause":          optionalText("cause"),
			}},
		},
		"max_new_deactivations": limitAttribute(defaultMaxNewDeactivations, "Refuse a plan that takes in more new deactivations at once. Default 25, also for null; `-1` is no limit. "+
			"The error shows how to take in the next ones."),
		"deactivations": ledgerMap(deactivationType, "What is pending and what was tracked before, without `exclude`. Use it as `for_each` of `dbxidentity_principal_status`. "+
			"An entry is dropped when the user is deleted, or when it is no longer pending and the user is active: back in the identity provider, for example."),
		"observed_deactivations": observedAttribute("Whether the user was `active` or `inactive` at the last refresh, for the entries that were checked since they were tracked."),
	}
}

func ledgerGroupNameAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"pending_group_names": schema.MapNestedAttribute{
			Optional: true, WriteOnly: true,
			MarkdownDescription: "`group_renames` of `dbxidentity_divergences`, by `rename/group/<id>`.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"group_id":     requiredID("group_id"),
				"current_name": optionalText("current_name"),
				"name":         schema.StringAttribute{Required: true, WriteOnly: true, MarkdownDescription: attributeTexts["name"], Validators: located(groupNameValidator{})},
			}},
		},
		"max_new_group_names": limitAttribute(defaultMaxNewGroupNames, "Refuse a plan that takes in more new or changed names at once. Default 25, also for null; `-1` is no limit."),
		"group_names": ledgerMap(groupRenameType, "What is pending and what was tracked before, without `exclude`. Use it as `for_each` of `dbxidentity_group_name`. `current_name` is as first seen. "+
			"An entry is dropped when it is not pending any more although the group has another name than `name` (someone else settled it), and when the group is deleted."),
		"observed_group_names": observedAttribute("What the group was called at the last refresh, for the entries that were checked since they were tracked."),
	}
}

func requiredID(name string) schema.StringAttribute {
	return schema.StringAttribute{Required: true, WriteOnly: true, MarkdownDescription: attributeTexts[name], Validators: located(principalIDValidator())}
}

func optionalText(name string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, WriteOnly: true, MarkdownDescription: attributeTexts[name]}
}

func limitAttribute(value int64, text string) schema.NumberAttribute {
	return schema.NumberAttribute{
		Optional: true, Computed: true, Default: numberdefault.StaticBigFloat(big.NewFloat(float64(value))), MarkdownDescription: text,
		Validators: []validator.Number{wholeNumber{least: -1, most: math.MaxInt32}},
	}
}

func observedAttribute(text string) schema.MapAttribute {
	return schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: text}
}

func ledgerMap(element types.ObjectType, text string) schema.MapNestedAttribute {
	attributes := map[string]schema.Attribute{}
	for name, kind := range element.AttrTypes {
		if kind == types.BoolType {
			attributes[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: attributeTexts[name]}
			continue
		}
		of := attributeTexts[name]
		if name == "external_id" { // In rows of an audit it is the stored one.
			of = "The value to write; empty clears (groups only)."
		}
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: of}
	}
	return schema.MapNestedAttribute{
		Computed: true, MarkdownDescription: text, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}
