// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Refuse is an answer in the normal shape, for handlers that build it while
// they hold the lock.
func Refuse(status int, code, message string) *wire.Error {
	return &wire.Error{Status: status, Code: code, Message: message}
}

// Invalid is the 400 for a parameter.
func Invalid(message string) *wire.Error {
	return Refuse(http.StatusBadRequest, "INVALID_PARAMETER_VALUE", message)
}

// ReadJSON decodes a request body into v. An empty body leaves v alone.
func ReadJSON(r *http.Request, v any) *wire.Error {
	err := json.NewDecoder(r.Body).Decode(v)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return &wire.Error{Status: http.StatusBadRequest, Code: "MALFORMED_REQUEST", Message: "Invalid JSON given in the body of the request - " + err.Error()}
}

// FindWorkspace resolves {workspace_id}.
func FindWorkspace(w *world.World, r *http.Request) (*world.Workspace, *wire.Error) {
	text := r.PathValue("workspace_id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, &wire.Error{Status: http.StatusBadRequest, Code: "MALFORMED_REQUEST", Message: "Workspace id " + strconv.Quote(text) + " is not a number."}
	}
	ws := w.Workspace[id]
	if ws == nil {
		return nil, &wire.Error{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Workspace " + text + " does not exist in account " + w.Account.AccountID + "."}
	}
	return ws, nil
}
