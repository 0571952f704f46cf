// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"net/http"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func noWarehouse(id string) *wire.Error {
	return api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "SQL warehouse "+id+" does not exist.")
}

func warehouseJSON(wh *world.Warehouse) map[string]any {
	return map[string]any{"id": wh.ID, "name": wh.Name, "state": cmp.Or(wh.State, warehouseOnline), "warehouse_type": "PRO"}
}

func (s *sqlAPI) listWarehouses(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	var body map[string]any
	var failed *wire.Error
	s.View(func(w *world.World) {
		ws := w.Workspace[v.WorkspaceID]
		if ws == nil {
			failed = noWarehouse("")
			return
		}
		items := []any{}
		for i := range ws.Warehouses {
			items = append(items, warehouseJSON(&ws.Warehouses[i]))
		}
		var page api.Page
		if page, failed = s.PageOf(r, len(items), catalogPageSize); failed == nil {
			body = page.Reply("warehouses", items[page.From:page.To])
		}
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, body)
}

func (s *sqlAPI) getWarehouse(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	var body map[string]any
	s.View(func(w *world.World) {
		if wh := w.Warehouse(v.WorkspaceID, r.PathValue("id")); wh != nil {
			body = warehouseJSON(wh)
		}
	})
	if body == nil {
		failed := noWarehouse(r.PathValue("id"))
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, body)
}

func (s *sqlAPI) startWarehouse(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	var failed *wire.Error
	s.Update(func(w *world.World) { _, failed = useWarehouse(w, v.WorkspaceID, r.PathValue("id")) })
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{})
}
