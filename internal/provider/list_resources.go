// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

const thingListing = "Listing"

// principalsListed lists the principals of some types by the listing of the run. refuse
// is why one cannot be adopted; "" is that it can.
func principalsListed[P any](types []audit.PrincipalType, refuse func(audit.Principal) string, fill func(audit.Principal, P)) func(context.Context, *session, tfsdk.Config, *diag.Diagnostics) listed[P] {
	return func(ctx context.Context, s *session, _ tfsdk.Config, diags *diag.Diagnostics) (out listed[P]) {
		inventory, err := s.account.Inventory(ctx)
		if err != nil {
			addReadError(diags, thingListing, "listing the principals of the account", err)
			return out
		}
		for _, f := range inventory.Failures {
			out.unread = append(out.unread, f.Call+": "+strings.TrimSuffix(f.Reason, "."))
		}
		slices.SortFunc(inventory.Principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
		out.absent = map[string]string{}
		for _, p := range inventory.Principals {
			if !slices.Contains(types, p.Type) {
				continue
			}
			if why := refuse(p); why != "" {
				out.absent[p.String()] = why
				continue
			}
			out.entries = append(out.entries, listEntry[P]{key: p.String(), title: principalTitle(p), fill: func(m P) { fill(p, m) }})
		}
		return out
	}
}

func newExternalIDList() list.ListResource {
	return newList[externalIDModel](&externalIDResource{}, lister[*externalIDModel]{
		says:   "Lists the principals that have an externalId, for adoption as `dbxidentity_external_id`.",
		keysOf: "principals as `user/<id>`, `group/<id>` or `service_principal/<id>`, for example `keys(data.dbxidentity_divergences.all.external_id_fixes)`",
		key:    func(key string) string { return key },
		list: principalsListed(audit.PrincipalTypes(), func(p audit.Principal) string {
			if p.ExternalID == "" {
				return "it has no externalId"
			}
			return ""
		}, func(p audit.Principal, m *externalIDModel) {
			m.ID, m.PrincipalType, m.PrincipalID = types.StringValue(p.String()), types.StringValue(string(p.Type)), types.StringValue(p.ID)
			m.PrincipalName, m.ExternalID, m.OnDestroy = types.StringValue(p.Name), types.StringValue(p.ExternalID), types.StringValue(onDestroyKeep)
		}),
	})
}

func newPrincipalStatusList() list.ListResource {
	return newList[principalStatusModel](&principalStatusResource{}, lister[*principalStatusModel]{
		says:   "Lists the users and service principals that are inactive, for adoption as `dbxidentity_principal_status`.",
		keysOf: "principals as `user/<id>` or `service_principal/<id>`, or as an audit's `deactivations` have them",
		key:    func(key string) string { return strings.TrimPrefix(key, "deactivate/") },
		list: principalsListed([]audit.PrincipalType{audit.TypeUser, audit.TypeServicePrincipal}, func(p audit.Principal) string {
			switch {
			case p.Active == nil:
				return "the account does not say whether it is active"
			case *p.Active:
				return "it is active"
			}
			return ""
		}, func(p audit.Principal, m *principalStatusModel) {
			m.ID, m.PrincipalType, m.PrincipalID = types.StringValue(p.String()), types.StringValue(string(p.Type)), types.StringValue(p.ID)
			m.PrincipalName, m.Active, m.OnDestroy = types.StringValue(p.Name), types.BoolValue(false), types.StringValue(onDestroyKeep)
		}),
	})
}

func newGroupNameList() list.ListResource {
	return newList[groupNameModel](&groupNameResource{}, lister[*groupNameModel]{
		says:   "Lists the groups that Databricks manages, with their names, for adoption as `dbxidentity_group_name`.",
		keysOf: "groups as `group/<id>`, or as an audit's `group_renames` have them",
		key:    func(key string) string { return strings.TrimPrefix(key, "rename/") },
		list: principalsListed([]audit.PrincipalType{audit.TypeGroup}, func(p audit.Principal) string {
			switch audit.OriginOf(p, nil) {
			case audit.OriginIDP:
				return "it belongs to the identity provider"
			case audit.OriginSystem:
				return "Databricks keeps it itself"
			case audit.OriginDatabricks:
			}
			return ""
		}, func(p audit.Principal, m *groupNameModel) {
			m.ID, m.GroupID, m.Name, m.OnDestroy = types.StringValue(p.String()), types.StringValue(p.ID), types.StringValue(p.Name), types.StringValue(onDestroyKeep)
		}),
	})
}

func newGroupMemberList() list.ListResource {
	return newList[groupMemberModel](&groupMemberResource{}, lister[*groupMemberModel]{
		says: "Lists direct memberships, for adoption as `dbxidentity_group_member`: of groups, of one principal, or those that an audit has found. " +
			"Without `group_ids` and `keys` the members of every group are read.",
		keysOf: "memberships as `<group id>/<member id>`, for example `keys(data.dbxidentity_divergences.all.member_removals)`: those that the identity provider does not confirm",
		key:    func(key string) string { return key },
		attributes: map[string]listschema.Attribute{
			"group_ids": listschema.ListAttribute{
				ElementType: types.StringType, Optional: true, Validators: []validator.List{listvalidator.ValueStringsAre(principalIDValidator())},
				MarkdownDescription: "Internal Databricks ids of the groups whose members are listed.",
			},
			"member_id": listschema.StringAttribute{
				Optional: true, Validators: []validator.String{principalIDValidator(), stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "Internal Databricks id of the principal whose memberships are listed.",
			},
		},
		list: membershipsListed,
	})
}

// membershipsListed reads the members of the groups that are asked for, or that keys
// name; those that an audit of the run has read are not read again.
func membershipsListed(ctx context.Context, s *session, config tfsdk.Config, diags *diag.Diagnostics) (out listed[*groupMemberModel]) {
	var (
		ids, keys []string
		member    types.String
	)
	for name, into := range map[string]*[]string{"group_ids": &ids, "keys": &keys} {
		var set types.List
		diags.Append(config.GetAttribute(ctx, path.Root(name), &set)...)
		if !set.IsNull() && !diags.HasError() {
			diags.Append(set.ElementsAs(ctx, into, false)...)
			*into = append([]string{}, *into...)
		}
	}
	diags.Append(config.GetAttribute(ctx, path.Root("member_id"), &member)...)
	if diags.HasError() {
		return out
	}
	inventory, err := s.account.Inventory(ctx)
	if err != nil {
		addReadError(diags, thingListing, "listing the principals of the account", err)
		return out
	}
	for _, f := range inventory.Failures {
		out.unread = append(out.unread, f.Call+": "+strings.TrimSuffix(f.Reason, "."))
	}
	known := make(map[string]audit.Principal, len(inventory.Principals))
	var groups []audit.Principal
	wanted := func(id string) bool {
		if keys != nil && !slices.ContainsFunc(keys, func(key string) bool { return strings.HasPrefix(key, id+"/") }) {
			return false
		}
		return ids == nil || slices.Contains(ids, id)
	}
	for _, p := range inventory.Principals {
		known[p.ID] = p
		if p.Type == audit.TypeGroup && wanted(p.ID) {
			groups = append(groups, p)
		}
	}
	slices.SortFunc(groups, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	members, failed := make([][]audit.Member, len(groups)), make([]error, len(groups))
	work := errgroup.Group{}
	work.SetLimit(s.account.Readers())
	for i, g := range groups {
		work.Go(func() error {
			members[i], failed[i] = s.account.Members(ctx, g.ID)
			return nil
		})
	}
	_ = work.Wait() // Every error is a part that is not read.
	for i, g := range groups {
		if failed[i] != nil {
			out.unread = append(out.unread, principalTitle(g)+": "+withoutStop(failed[i]))
		}
		for _, m := range members[i] {
			if want := member.ValueString(); want != "" && m.ID != want {
				continue
			}
			p := known[m.ID]
			if p.Ref == (audit.Ref{}) {
				p = audit.Principal{Ref: m.Ref, Name: m.Name}
			}
			out.entries = append(out.entries, listEntry[*groupMemberModel]{
				key: membershipKey(g.ID, m.ID), title: principalTitle(p) + " in " + principalTitle(g),
				fill: func(model *groupMemberModel) {
					model.ID, model.GroupID, model.MemberID = types.StringValue(membershipID(membershipPrefix, g.ID, m.ID)), types.StringValue(g.ID), types.StringValue(m.ID)
					model.GroupName, model.MemberType, model.MemberName = types.StringValue(g.Name), types.StringValue(string(p.Type)), types.StringValue(p.Name)
					model.Added = types.BoolValue(false)
				},
			})
		}
	}
	return out
}
