// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Visitor is who calls a workspace API.
type Visitor struct {
	Caller
	WorkspaceID int64
	Admin       bool // of the workspace
}

// WorkspaceHandler answers a request of someone who may use the workspace.
type WorkspaceHandler func(rw http.ResponseWriter, r *http.Request, v Visitor)

// HandleWorkspace registers a workspace API. The caller is authenticated and in
// the workspace.
func (s *Base) HandleWorkspace(pattern string, h WorkspaceHandler) {
	s.workspaceMux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
		c, refusal := s.authenticate(r)
		if refusal == nil {
			refusal = refuseScope(r, c)
		}
		if refusal != nil {
			refusal.SendTo(rw)
			return
		}
		v := Visitor{Caller: c, WorkspaceID: wire.WorkspaceOf(r)}
		var failed *wire.Error
		s.View(func(w *world.World) { failed = s.admit(w, &v) })
		if failed != nil {
			wire.WriteJSON(rw, failed.Status, failed)
			return
		}
		h(rw, r, v)
	})
}

// HandleTwin registers an account API on workspace hosts. Assumed: the twins are
// for admins of the workspace.
func (s *Base) HandleTwin(pattern string, h Handler) {
	s.HandleWorkspace(pattern, func(rw http.ResponseWriter, r *http.Request, v Visitor) {
		if !v.Admin {
			wire.WriteError(rw, http.StatusForbidden, "PERMISSION_DENIED", "Only workspace admins can use this API.")
			return
		}
		r.SetPathValue("workspace_id", strconv.FormatInt(v.WorkspaceID, 10))
		h(rw, r, v.Caller)
	})
}

// refuseScope: the scopes of workspace APIs other than SCIM are not known here.
func refuseScope(r *http.Request, c Caller) *wire.Answer {
	scope := "all-apis"
	if strings.Contains(r.URL.Path, "/scim/v2/") {
		scope = "scim"
	}
	if c.SCIMOnly {
		return unauthenticated("Invalid access token.")
	}
	if c.Scopes != nil && !slices.Contains(c.Scopes, "all-apis") && !slices.Contains(c.Scopes, scope) {
		a := wire.NewAnswer()
		wire.WriteError(a, http.StatusForbidden, "PERMISSION_DENIED", "Provided OAuth token does not have required scopes: "+scope)
		return a
	}
	return nil
}

// admit lets callers in who are assigned to the workspace. Status and wording of
// the refusals are assumed, and so is that a workspace that does not run answers 400.
func (s *Base) admit(w *world.World, v *Visitor) *wire.Error {
	id := strconv.FormatInt(v.WorkspaceID, 10)
	ws := w.Workspace[v.WorkspaceID]
	if ws == nil {
		return &wire.Error{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Workspace " + id + " does not exist."}
	}
	if ws.Status != "" && ws.Status != "RUNNING" {
		return &wire.Error{Status: http.StatusBadRequest, Code: "INVALID_STATE", Message: "Workspace " + id + " is not running: " + ws.Status + "."}
	}
	level := s.workspaceLevel(w, ws, v.PrincipalID)
	if level == "" {
		return &wire.Error{Status: http.StatusForbidden, Code: "PERMISSION_DENIED", Message: "Unauthorized access to workspace: " + id}
	}
	v.Admin = level == world.PermissionAdmin
	return nil
}

// workspaceLevel is ADMIN, USER or "": what a principal is in a workspace by its
// assignment, its groups' and, in workspaces that have any, by local groups. The
// built-in credential is an admin everywhere.
func (s *Base) workspaceLevel(w *world.World, ws *world.Workspace, principalID string) string {
	if principalID == "" {
		return world.PermissionAdmin
	}
	holders := append(w.TransitiveParents(principalID), principalID)
	level := ""
	for _, a := range ws.PermissionAssignments {
		if !slices.Contains(holders, a.PrincipalID) {
			continue
		}
		if slices.Contains(a.Permissions, world.PermissionAdmin) {
			return world.PermissionAdmin
		}
		level = world.PermissionUser
	}
	for _, g := range ws.LocalGroups {
		if !slices.ContainsFunc(g.Members, func(m world.Member) bool { return slices.Contains(holders, m.Value) }) {
			continue
		}
		if g.DisplayName == "admins" {
			return world.PermissionAdmin
		}
		level = world.PermissionUser
	}
	if level == "" && s.AccountAdminsEnter && w.IsAccountAdmin(principalID) {
		return world.PermissionAdmin
	}
	return level
}

// knownToHost reports whether the token endpoint of a host knows a client: that of
// a workspace knows those of the workspace only (unofficial). The API then takes
// a token of either.
func (s *Base) knownToHost(w *world.World, r *http.Request, clientID string) bool {
	id := wire.HostWorkspace(r)
	if id == 0 {
		return true
	}
	ws := w.Workspace[id]
	principal, ok := clientPrincipal(w, clientID)
	return ok && ws != nil && s.workspaceLevel(w, ws, principal) != ""
}
