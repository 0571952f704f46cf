// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"net/http"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// settingsRoutes are the account settings of version 2. The account has those of the
// state, by default none: which exist is not documented, and whether automatic
// identity management is among them is unknown.
func (s settingsAPI) settingsRoutes() {
	const base = "/api/2.1/accounts/{account_id}"
	s.Handle("GET "+base+"/settings-metadata", func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		if size := r.URL.Query().Get("page_size"); size != "" {
			if n, err := strconv.Atoi(size); err != nil || n < 0 {
				wire.WriteError(rw, http.StatusBadRequest, "INVALID_PARAMETER_VALUE", "page_size must be a number that is not negative, not \""+size+"\".")
				return
			}
		}
		items := []any{}
		s.View(func(w *world.World) {
			for _, name := range w.Account.Settings {
				items = append(items, map[string]any{"name": name, "type": "boolean"})
			}
		})
		part, refusal := s.Page(r, len(items))
		if refusal != nil {
			finish(rw, nil, refusal)
			return
		}
		reply := map[string]any{"settings_metadata": items[part.From:part.To]}
		if part.Next != "" {
			reply["next_page_token"] = part.Next
		}
		wire.WriteJSON(rw, http.StatusOK, reply)
	})
	s.Handle("GET "+base+"/settings/{name}", func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		wire.WriteError(rw, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Setting '"+r.PathValue("name")+"' does not exist.")
	})
}
