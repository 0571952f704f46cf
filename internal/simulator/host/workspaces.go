// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// WorkspaceAssumptions are the switches of this area.
type WorkspaceAssumptions struct {
	// PermissionPageSize pages the permission assignments by next_page_token;
	// 0 gives all at once. No source documents paging, one SDK has the fields.
	PermissionPageSize int
	// NotFederatedCode is the error_code of the 400 of workspaces without
	// identity federation; "" is INVALID_PARAMETER_VALUE.
	NotFederatedCode string
	// DeleteAbsentOK answers 200 to the deletion of an assignment that is not
	// there, in place of 404.
	DeleteAbsentOK bool
	// AccountAdminsEnter lets account admins call the APIs of every workspace;
	// the default is that they need a permission assignment like everyone.
	AccountAdminsEnter bool
}

func (s workspaceAPI) workspaceRoutes() {
	s.Handle("GET /api/2.0/accounts/{account_id}/workspaces", s.listWorkspaces)
	s.Handle("GET /api/2.0/accounts/{account_id}/workspaces/{workspace_id}", s.getWorkspace)
	s.permissionRoutes()
}

// newWorkspaceJSON is an entry of the workspace list. No SDK struct has the last
// key; the public prep script reads it.
type workspaceJSON struct {
	AccountID      string                `json:"account_id"`
	WorkspaceID    int64                 `json:"workspace_id"`
	WorkspaceName  string                `json:"workspace_name"`
	DeploymentName string                `json:"deployment_name,omitempty"`
	Status         string                `json:"workspace_status"`
	StatusMessage  string                `json:"workspace_status_message"`
	AWSRegion      string                `json:"aws_region,omitempty"`
	Location       string                `json:"location,omitempty"`
	Cloud          string                `json:"cloud,omitempty"`
	PricingTier    string                `json:"pricing_tier,omitempty"`
	ComputeMode    string                `json:"compute_mode"`
	Federation     *world.FederationInfo `json:"identity_federation_info,omitempty"`
}

func newWorkspaceJSON(w *world.World, ws *world.Workspace) workspaceJSON {
	out := workspaceJSON{
		AccountID: w.Account.AccountID, WorkspaceID: ws.WorkspaceID, WorkspaceName: ws.WorkspaceName,
		DeploymentName: ws.DeploymentName, Status: cmp.Or(ws.Status, "RUNNING"), Cloud: ws.Cloud,
		PricingTier: ws.PricingTier, ComputeMode: "HYBRID", Federation: ws.FederationInfo,
	}
	out.StatusMessage = "Workspace is " + strings.ToLower(out.Status) + "."
	// Location is documented for GCP; that Azure uses it too is assumed.
	if strings.EqualFold(ws.Cloud, "aws") {
		out.AWSRegion = ws.Region
	} else {
		out.Location = ws.Region
	}
	return out
}

// listWorkspaces answers a bare array without paging.
func (s workspaceAPI) listWorkspaces(rw http.ResponseWriter, _ *http.Request, _ api.Caller) {
	out := []workspaceJSON{}
	s.View(func(w *world.World) {
		for _, ws := range w.Workspaces {
			out = append(out, newWorkspaceJSON(w, ws))
		}
	})
	slices.SortFunc(out, func(a, b workspaceJSON) int { return cmp.Compare(a.WorkspaceID, b.WorkspaceID) })
	wire.WriteJSON(rw, http.StatusOK, out)
}

func (s workspaceAPI) getWorkspace(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var out workspaceJSON
	var failed *wire.Error
	s.View(func(w *world.World) {
		var ws *world.Workspace
		if ws, failed = api.FindWorkspace(w, r); failed == nil {
			out = newWorkspaceJSON(w, ws)
		}
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, out)
}
