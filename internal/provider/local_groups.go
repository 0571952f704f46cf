// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// scanLocalGroupsInput switches the reading of workspaces' own groups on.
func scanLocalGroupsInput(more string) schema.Attribute {
	return schema.BoolAttribute{
		Optional: true, MarkdownDescription: "Look at the groups that workspaces have of their own, in the workspaces that the principal can enter: a login and a list for each, and one " +
			"request for each such group; the caller must be an admin there. A workspace that could not be checked is said to be unknown, and makes the result incomplete. " + more + "Default `false`.",
	}
}

// addLocalGroups reads the own groups of those workspaces that principals can enter.
func (s *session) addLocalGroups(ctx context.Context, graph *access.Graph, workspaces []access.WorkspaceAccess, of ...audit.Principal) {
	s.addLocalGroupsOf(ctx, access.WorkspacesWithin(graph, workspaces, of...), workspaces)
}

func (s *session) addLocalGroupsOf(ctx context.Context, of []audit.Workspace, workspaces []access.WorkspaceAccess) {
	groups, failed := s.localGroups(ctx, of)
	at := map[string]*access.WorkspaceAccess{}
	for i := range workspaces {
		at[workspaces[i].ID] = &workspaces[i]
	}
	for _, w := range of {
		at[w.ID].LocalRead = true
		if err := failed[w.ID]; err != nil {
			at[w.ID].LocalUnknown = err.Error()
		}
	}
	for _, g := range groups {
		w := at[g.WorkspaceID]
		w.Local = append(w.Local, access.LocalGroup{ID: g.ID, Name: g.Name, Members: g.Members, Entitlements: g.Entitlements})
	}
}

// The groups of workspaces in the result of a comparison.
type localDiffModel struct {
	WorkspaceID   string   `tfsdk:"workspace_id"`
	WorkspaceName string   `tfsdk:"workspace_name"`
	GroupID       string   `tfsdk:"group_id"`
	GroupName     string   `tfsdk:"group_name"`
	InA           *bool    `tfsdk:"in_a"`
	InB           *bool    `tfsdk:"in_b"`
	DirectInA     bool     `tfsdk:"direct_in_a"`
	DirectInB     bool     `tfsdk:"direct_in_b"`
	PathInA       []string `tfsdk:"path_in_a"`
	PathInB       []string `tfsdk:"path_in_b"`
}

var localDiffType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"workspace_id": types.StringType, "workspace_name": types.StringType, "group_id": types.StringType, "group_name": types.StringType,
	"in_a": types.BoolType, "in_b": types.BoolType, "direct_in_a": types.BoolType, "direct_in_b": types.BoolType, "path_in_a": textList, "path_in_b": textList,
}}

func localDiffFromAccess(r access.LocalDiffRow) localDiffModel {
	return localDiffModel{
		WorkspaceID: r.WorkspaceID, WorkspaceName: r.WorkspaceName, GroupID: r.GroupID, GroupName: r.GroupName, InA: r.InA, InB: r.InB,
		DirectInA: r.WayA.Direct, DirectInB: r.WayB.Direct, PathInA: notNil(r.WayA.Path), PathInB: notNil(r.WayB.Path),
	}
}

func localDiffAttribute() schema.Attribute {
	return resultList(localDiffType, "With `scan_workspace_local_groups`: the groups that workspaces have of their own and that A or B is in, sorted by workspace and id; else null. "+
		"Looked at are the workspaces that A or B can enter; one that could not be read is in `failures`.", map[string]string{
		"workspace_id": "Workspace id.", "workspace_name": "Workspace name.", "group_id": "Id of the group in the workspace.",
		"in_a": "Whether A is in the group; null when that could not be read.", "in_b": "Whether B is in the group; null when that could not be read.",
		"direct_in_a": "Whether the group lists A itself.", "direct_in_b": "Whether the group lists B itself.",
		"path_in_a": "Names on the shortest way from A to the group, where another group is in between.", "path_in_b": "The same for B.",
	})
}
