// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"net/http"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (s metastoreAPI) metastoreRoutes() {
	const base = "/api/2.0/accounts/{account_id}"
	s.Handle("GET "+base+"/metastores", s.listMetastores)
	s.Handle("GET "+base+"/metastores/{metastore_id}", s.getMetastore)
	s.Handle("GET "+base+"/metastores/{metastore_id}/workspaces", s.listMetastoreWorkspaces)
	s.Handle("GET "+base+"/workspaces/{workspace_id}/metastore", s.getWorkspaceMetastore)
}

type metastoreJSON struct {
	MetastoreID string `json:"metastore_id"`
	Name        string `json:"name"`
	Owner       string `json:"owner"`
	Region      string `json:"region,omitempty"`
}

func metastoreOf(w *world.World, id string) (metastoreJSON, *wire.Error) {
	for _, m := range w.UnityCatalog.Metastores {
		if m.MetastoreID == id {
			return metastoreJSON{MetastoreID: m.MetastoreID, Name: m.Name, Owner: m.Owner, Region: m.Region}, nil
		}
	}
	return metastoreJSON{}, &wire.Error{Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST", Message: "Metastore '" + id + "' does not exist."}
}

func (s metastoreAPI) listMetastores(rw http.ResponseWriter, _ *http.Request, _ api.Caller) {
	out := []metastoreJSON{}
	s.View(func(w *world.World) {
		for _, m := range w.UnityCatalog.Metastores {
			out = append(out, metastoreJSON{MetastoreID: m.MetastoreID, Name: m.Name, Owner: m.Owner, Region: m.Region})
		}
	})
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"metastores": out})
}

func (s metastoreAPI) getMetastore(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var out metastoreJSON
	var failed *wire.Error
	s.View(func(w *world.World) { out, failed = metastoreOf(w, r.PathValue("metastore_id")) })
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"metastore_info": out})
}

func (s metastoreAPI) listMetastoreWorkspaces(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	ids := []int64{}
	var failed *wire.Error
	s.View(func(w *world.World) {
		id := r.PathValue("metastore_id")
		if _, failed = metastoreOf(w, id); failed != nil {
			return
		}
		for _, ws := range w.Workspaces {
			if ws.MetastoreID == id {
				ids = append(ids, ws.WorkspaceID)
			}
		}
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"workspace_ids": ids})
}

func (s metastoreAPI) getWorkspaceMetastore(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var found world.Workspace
	var failed *wire.Error
	s.View(func(w *world.World) {
		var ws *world.Workspace
		if ws, failed = api.FindWorkspace(w, r); failed == nil {
			found = *ws
		}
	})
	if failed == nil && found.MetastoreID == "" {
		failed = &wire.Error{Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST", Message: "No metastore assigned for the current workspace."}
	}
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"metastore_assignment": map[string]any{
		"metastore_id": found.MetastoreID, "workspace_id": found.WorkspaceID,
	}})
}
