// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/readiness"
)

var _ datasource.DataSourceWithConfigure = (*workspaceLocalGroupsDataSource)(nil)

// workspaceLocalGroupsDataSource lists the groups that the account does not manage. It
// needs no IdP, and it never writes.
type workspaceLocalGroupsDataSource struct{ sessionDataSource }

func newWorkspaceLocalGroupsDataSource() datasource.DataSource {
	return &workspaceLocalGroupsDataSource{}
}

type workspaceLocalGroupsModel struct {
	WorkspaceIDs types.Set      `tfsdk:"workspace_ids"`
	Groups       types.List     `tfsdk:"groups"`
	Complete     types.Bool     `tfsdk:"complete"`
	Failures     types.List     `tfsdk:"failures"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

type localGroupModel struct {
	WorkspaceID    string     `tfsdk:"workspace_id"`
	WorkspaceName  string     `tfsdk:"workspace_name"`
	GroupID        string     `tfsdk:"group_id"`
	GroupName      string     `tfsdk:"group_name"`
	ExternalID     *string    `tfsdk:"external_id"`
	Members        types.List `tfsdk:"members"`
	Entitlements   []string   `tfsdk:"entitlements"`
	AccountGroupID *string    `tfsdk:"account_group_id"`
	Advisories     []string   `tfsdk:"advisories"`
}

type localMemberModel struct {
	ID   string  `tfsdk:"id"`
	Type *string `tfsdk:"type"`
	Name *string `tfsdk:"name"`
}

var localMemberType = types.ObjectType{AttrTypes: map[string]attr.Type{"id": types.StringType, "type": types.StringType, "name": types.StringType}}

var localGroupType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"workspace_id": types.StringType, "workspace_name": types.StringType, "group_id": types.StringType, "group_name": types.StringType,
	"external_id": types.StringType, "members": types.ListType{ElemType: localMemberType}, "entitlements": textList,
	"account_group_id": types.StringType, "advisories": textList,
}}

// The advisories of local groups.
const (
	advisoryHasExternalID = "HAS_EXTERNAL_ID"
	advisoryAccountTwin   = "ACCOUNT_GROUP_OF_SAME_NAME"
)

type localWorkspaceFailureModel struct {
	WorkspaceID   *string `tfsdk:"workspace_id"`
	WorkspaceName *string `tfsdk:"workspace_name"`
	Call          string  `tfsdk:"call"`
	Reason        string  `tfsdk:"reason"`
}

var localWorkspaceFailureType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"workspace_id": types.StringType, "workspace_name": types.StringType, "call": types.StringType, "reason": types.StringType,
}}

func (d *workspaceLocalGroupsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_workspace_local_groups"
}

func (d *workspaceLocalGroupsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	texts := map[string]string{
		"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "group_id": "Id of the group in the workspace.",
		"external_id":  "The stored external id; null when it is blank. A local group should have none: something provisions the workspace by SCIM.",
		"entitlements": "Entitlements that the group holds itself, sorted.", "account_group_id": "Databricks id of the account's group of that name; null for none.",
		"advisories": "`" + advisoryHasExternalID + "` when an external id is stored, `" + advisoryAccountTwin + "` when the account has a group of that name.",
		"call":       "What was tried.", "reason": "What came back, in the words of the API.",
	}
	groups := resultAttributes(localGroupType, texts)
	groups["members"] = resultList(localMemberType, "Direct members, sorted by type and id; type and name are null where they are not known.",
		map[string]string{"id": "Databricks id of the member.", "type": attributeTexts["member_type"], "name": attributeTexts["member_name"]})
	resp.Schema = schema.Schema{
		MarkdownDescription: "The groups that workspaces have of their own (workspace-local groups), with members, entitlements and the account's group of that name. Automatic identity " +
			"management never manages them, and they can hold no grant in Unity Catalog. The groups `admins` and `users`, which every workspace has, are left out.\n\n" +
			"One list for each workspace, and one request for each local group. The caller must be an admin of the workspaces; a workspace that cannot be read is in `failures`.",
		Attributes: map[string]schema.Attribute{
			"workspace_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "Workspaces to look at. Default: all.",
			},
			"groups": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The local groups, sorted by workspace and id.", NestedObject: schema.NestedAttributeObject{Attributes: groups},
			},
			"complete": completeAttribute(),
			"failures": resultList(localWorkspaceFailureType, "What could not be read, sorted by workspace; the workspace is null for a read of the account.", texts),
			"timeouts": readTimeouts(ctx),
		},
	}
}

func (d *workspaceLocalGroupsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model workspaceLocalGroupsModel
	diags := &resp.Diagnostics
	diags.Append(req.Config.Get(ctx, &model)...)
	limit, more := model.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(more...)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	const thing = "Workspace-Local Groups"
	workspaces, err := d.session.account.Workspaces(ctx)
	if err != nil {
		addReadError(diags, thing, "listing the workspaces of the account", err)
		return
	}
	if workspaces = chosenWorkspaces(workspaces, model.WorkspaceIDs, diags); diags.HasError() {
		return
	}
	groups, failed := d.session.localGroups(ctx, workspaces)
	inventory, err := d.session.account.Inventory(ctx)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		fallthrough
	case err != nil:
		addReadError(diags, thing, "reading the groups of the workspaces", err)
		return
	}
	var failures []localWorkspaceFailureModel
	for _, f := range inventory.Failures {
		failures = append(failures, localWorkspaceFailureModel{Call: f.Call, Reason: f.Reason})
	}
	var holes []audit.Failure
	names := map[string]string{}
	for _, w := range workspaces {
		names[w.ID] = w.Name
		if err := failed[w.ID]; err != nil {
			const call = "list workspace groups"
			failures = append(failures, localWorkspaceFailureModel{WorkspaceID: &w.ID, WorkspaceName: &w.Name, Call: call, Reason: err.Error()})
			holes = append(holes, audit.Failure{Call: call, Reason: err.Error()})
		}
	}
	if holes = append(holes, inventory.Failures...); len(holes) > 0 {
		addHolesWarning(diags, "Incomplete List of Workspace-Local Groups", "complete is false, and a workspace that could not be read may have groups of its own.", holes)
	}
	model.Groups = listFrom(ctx, localGroupType, described(groups, inventory), func(g readiness.LocalGroup) localGroupModel {
		return localGroupRow(ctx, g, names[g.WorkspaceID], diags)
	}, diags)
	model.Failures = listFrom(ctx, localWorkspaceFailureType, failures, same[localWorkspaceFailureModel], diags)
	model.Complete = types.BoolValue(len(failures) == 0)
	setState(ctx, resp, &model)
}

func localGroupRow(ctx context.Context, g readiness.LocalGroup, workspace string, diags *diag.Diagnostics) localGroupModel {
	row := localGroupModel{
		WorkspaceID: g.WorkspaceID, WorkspaceName: workspace, GroupID: g.ID, GroupName: g.Name, ExternalID: emptyAsNil(g.ExternalID),
		Entitlements: notNil(g.Entitlements), AccountGroupID: emptyAsNil(g.AccountGroupID), Advisories: []string{},
	}
	if g.AccountGroupID != "" {
		row.Advisories = append(row.Advisories, advisoryAccountTwin)
	}
	if g.ExternalID != "" {
		row.Advisories = append(row.Advisories, advisoryHasExternalID)
	}
	row.Members = listFrom(ctx, localMemberType, g.Members, func(m audit.Member) localMemberModel {
		return localMemberModel{ID: m.ID, Type: emptyAsNil(string(m.Type)), Name: emptyAsNil(m.Name)}
	}, diags)
	return row
}

// chosenWorkspaces are those with the given ids, or all. An id that the account does
// not have is an error.
func chosenWorkspaces(all []audit.Workspace, ids types.Set, diags *diag.Diagnostics) []audit.Workspace {
	if ids.IsNull() || ids.IsUnknown() {
		return all
	}
	at := path.Root("workspace_ids")
	var out []audit.Workspace
	wanted := textsFrom(at, ids.Elements(), diags)
	slices.SortFunc(wanted, audit.CompareIDs)
	for _, id := range wanted {
		i := slices.IndexFunc(all, func(w audit.Workspace) bool { return w.ID == id })
		if i < 0 {
			diags.AddAttributeError(at, "Workspace Not Found", fmt.Sprintf("The account has no workspace with the id %q. Ids are decimal numbers; dbxidentity_workspace_federation lists them.", id))
			continue
		}
		out = append(out, all[i])
	}
	return out
}

// localGroups reads the local groups of workspaces, sorted by workspace and id. failed
// says, by workspace, what could not be read.
func (s *session) localGroups(ctx context.Context, workspaces []audit.Workspace) (groups []readiness.LocalGroup, failed map[string]error) {
	lists, errs := make([][]readiness.LocalGroup, len(workspaces)), make([]error, len(workspaces))
	var wait sync.WaitGroup
	for i, w := range workspaces {
		wait.Go(func() { lists[i], errs[i] = s.account.LocalGroups(ctx, w) })
	}
	wait.Wait()
	failed = map[string]error{}
	for i, w := range workspaces {
		if errs[i] != nil {
			failed[w.ID] = errs[i]
		}
	}
	return slices.Concat(lists...), failed
}

// described adds what the account knows of the groups: the account's group of that
// name, and type and name of the members.
func described(groups []readiness.LocalGroup, inventory audit.Inventory) []readiness.LocalGroup {
	names, byID := map[string]string{}, map[string]audit.Principal{}
	for _, p := range inventory.Principals {
		byID[p.ID] = p
		if p.Type == audit.TypeGroup {
			names[p.Name] = p.ID
		}
	}
	out := slices.Clone(groups)
	for i := range out {
		g := &out[i]
		g.AccountGroupID = names[g.Name]
		g.Members = slices.Clone(g.Members)
		for k := range g.Members {
			m := &g.Members[k]
			if p, known := byID[m.ID]; known {
				m.Ref, m.Name, m.ExternalID = p.Ref, p.Name, p.ExternalID
			}
		}
		slices.SortFunc(g.Members, func(a, b audit.Member) int { return audit.CompareRefs(a.Ref, b.Ref) })
	}
	return out
}
