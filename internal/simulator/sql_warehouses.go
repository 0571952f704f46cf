// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"net/http"
)

func noWarehouse(id string) *apiError {
	return refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "SQL warehouse "+id+" does not exist.")
}

func warehouseJSON(wh *Warehouse) map[string]any {
	return map[string]any{"id": wh.ID, "name": wh.Name, "state": cmp.Or(wh.State, warehouseOnline), "warehouse_type": "PRO"}
}

func (s *sqlAPI) listWarehouses(rw http.ResponseWriter, r *http.Request, v visitor) {
	var body map[string]any
	var failed *apiError
	s.view(func(w *world) {
		ws := w.workspace[v.workspaceID]
		if ws == nil {
			failed = noWarehouse("")
			return
		}
		items := []any{}
		for i := range ws.Warehouses {
			items = append(items, warehouseJSON(&ws.Warehouses[i]))
		}
		var page tokenPage
		if page, failed = s.pageOf(r, len(items), catalogPageSize); failed == nil {
			body = page.reply("warehouses", items[page.from:page.to])
		}
	})
	if failed != nil {
		writeJSON(rw, failed.Status, failed)
		return
	}
	writeJSON(rw, http.StatusOK, body)
}

func (s *sqlAPI) getWarehouse(rw http.ResponseWriter, r *http.Request, v visitor) {
	var body map[string]any
	s.view(func(w *world) {
		if wh := w.warehouse(v.workspaceID, r.PathValue("id")); wh != nil {
			body = warehouseJSON(wh)
		}
	})
	if body == nil {
		failed := noWarehouse(r.PathValue("id"))
		writeJSON(rw, failed.Status, failed)
		return
	}
	writeJSON(rw, http.StatusOK, body)
}

func (s *sqlAPI) startWarehouse(rw http.ResponseWriter, r *http.Request, v visitor) {
	var failed *apiError
	s.update(func(w *world) { _, failed = useWarehouse(w, v.workspaceID, r.PathValue("id")) })
	if failed != nil {
		writeJSON(rw, failed.Status, failed)
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{})
}
