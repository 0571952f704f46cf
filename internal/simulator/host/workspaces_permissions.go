// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (s workspaceAPI) permissionRoutes() {
	const base = "/api/2.0/accounts/{account_id}/workspaces/{workspace_id}/permissionassignments"
	s.Handle("GET "+base, s.listPermissionAssignments)
	s.Handle("GET "+base+"/permissions", s.listPermissionLevels)
	s.Handle("PUT "+base+"/principals/{principal_id}", s.putPermissionAssignment)
	s.Handle("DELETE "+base+"/principals/{principal_id}", s.deletePermissionAssignment)
}

// newAssignmentJSON is one permission assignment. Exactly one of the three names is set.
type assignmentJSON struct {
	Principal struct {
		PrincipalID          int64  `json:"principal_id"`
		DisplayName          string `json:"display_name"`
		UserName             string `json:"user_name,omitempty"`
		GroupName            string `json:"group_name,omitempty"`
		ServicePrincipalName string `json:"service_principal_name,omitempty"`
	} `json:"principal"`
	Permissions []string `json:"permissions"`
	Error       string   `json:"error"`
}

// newAssignmentJSON describes an assignment; false when the principal is not there.
func newAssignmentJSON(w *world.World, a world.PermissionAssignment) (assignmentJSON, bool) {
	out := assignmentJSON{Permissions: slices.Clone(a.Permissions)}
	p, ok := w.ByID[a.PrincipalID]
	if !ok {
		return out, false
	}
	if out.Permissions == nil {
		out.Permissions = []string{}
	}
	id, err := strconv.ParseInt(a.PrincipalID, 10, 64)
	out.Principal.PrincipalID = id
	out.Principal.DisplayName = p.Display()
	switch p.Kind {
	case world.KindUser:
		out.Principal.UserName = p.User.UserName
	case world.KindGroup:
		out.Principal.GroupName = p.Group.DisplayName
	case world.KindServicePrincipal:
		out.Principal.ServicePrincipalName = p.SP.ApplicationID // unofficial: the application id
	}
	return out, err == nil
}

// federatedWorkspace resolves {workspace_id} to a workspace that has permission assignments.
func (s workspaceAPI) federatedWorkspace(w *world.World, r *http.Request) (*world.Workspace, *wire.Error) {
	ws, failed := api.FindWorkspace(w, r)
	if failed != nil {
		return nil, failed
	}
	if ws.FederationInfo == nil || !ws.FederationInfo.EnableIdentityFederation {
		return nil, &wire.Error{
			Status:  http.StatusBadRequest,
			Code:    cmp.Or(s.opts.Assumed.Workspaces.NotFederatedCode, "INVALID_PARAMETER_VALUE"),
			Message: "Permission assignment APIs are not available for this workspace.",
		}
	}
	return ws, nil
}

func workspaceKey(ws *world.Workspace) string {
	return "workspace/" + strconv.FormatInt(ws.WorkspaceID, 10)
}

func (s workspaceAPI) listPermissionAssignments(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	list := []assignmentJSON{}
	var failed *wire.Error
	s.View(func(w *world.World) {
		var ws *world.Workspace
		if ws, failed = s.federatedWorkspace(w, r); failed != nil {
			return
		}
		shown, _ := s.Recall(wire.IsStale(r), workspaceKey(ws), ws.PermissionAssignments).([]world.PermissionAssignment)
		for _, a := range shown {
			if entry, ok := newAssignmentJSON(w, a); ok {
				list = append(list, entry)
			}
		}
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	slices.SortFunc(list, func(a, b assignmentJSON) int { return cmp.Compare(a.Principal.PrincipalID, b.Principal.PrincipalID) })
	page, next, err := s.tokenPage(r, list)
	if err != nil {
		wire.WriteError(rw, http.StatusBadRequest, "INVALID_PARAMETER_VALUE", err.Error())
		return
	}
	body := map[string]any{"permission_assignments": page}
	if next != "" {
		body["next_page_token"] = next
	}
	wire.WriteJSON(rw, http.StatusOK, body)
}

// tokenPage cuts the page that page_token asks for and shapes it as the list
// faults want. The token of the next page is "" after the last one.
func (s workspaceAPI) tokenPage(r *http.Request, list []assignmentJSON) ([]assignmentJSON, string, error) {
	size := s.opts.Assumed.Workspaces.PermissionPageSize
	if size <= 0 {
		return list, "", nil
	}
	from, resumed := 0, false
	if token := r.URL.Query().Get("page_token"); token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		position, ok := strings.CutPrefix(string(raw), "assignments:")
		n, convErr := strconv.Atoi(position)
		if err != nil || convErr != nil || !ok || n < 0 {
			return nil, "", errors.New("page_token is not valid.") //nolint:staticcheck // The API's own sentence.
		}
		from, resumed = n, true
	}
	token := func(position int) string {
		return base64.RawURLEncoding.EncodeToString([]byte("assignments:" + strconv.Itoa(position)))
	}
	fault := wire.ListFaultOf(r)
	if fault.EmptyPage {
		return []assignmentJSON{}, token(from), nil
	}
	if resumed {
		from -= fault.Shift
	}
	from = min(max(0, from), len(list))
	to := min(len(list), from+size)
	page := slices.Clone(list[from:to])
	if fault.Duplicate && from > 0 {
		page = slices.Insert(page, 0, list[from-1])
	}
	if to < len(list) {
		return page, token(to + fault.Shift), nil
	}
	return page, "", nil
}

func (s workspaceAPI) listPermissionLevels(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var failed *wire.Error
	s.View(func(w *world.World) { _, failed = s.federatedWorkspace(w, r) })
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"permissions": []map[string]string{
		{"permission_level": world.PermissionUser, "description": "Can use the workspace"},
		{"permission_level": world.PermissionAdmin, "description": "Can administer the workspace"},
	}})
}

// putPermissionAssignment sets the level of a principal: ADMIN wins over USER,
// and a list that is absent, empty or of unsupported values only (they are
// case-sensitive) removes the assignment.
func (s workspaceAPI) putPermissionAssignment(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body struct {
		Permissions []string `json:"permissions"`
	}
	if failed := api.ReadJSON(r, &body); failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wanted := world.PermissionAssignment{PrincipalID: r.PathValue("principal_id")}
	switch {
	case slices.Contains(body.Permissions, world.PermissionAdmin):
		wanted.Permissions = []string{world.PermissionAdmin}
	case slices.Contains(body.Permissions, world.PermissionUser):
		wanted.Permissions = []string{world.PermissionUser}
	}
	var out assignmentJSON
	var failed *wire.Error
	s.Update(func(w *world.World) {
		var ws *world.Workspace
		if ws, failed = s.assignable(w, r); failed != nil {
			return
		}
		s.setAssignment(ws, wanted)
		out, _ = newAssignmentJSON(w, wanted)
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, out)
}

// assignable resolves the path of one assignment: workspace and principal exist.
func (s workspaceAPI) assignable(w *world.World, r *http.Request) (*world.Workspace, *wire.Error) {
	ws, failed := s.federatedWorkspace(w, r)
	if failed != nil {
		return nil, failed
	}
	id := r.PathValue("principal_id")
	if _, ok := w.ByID[id]; !ok {
		return nil, &wire.Error{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Principal not found in account."}
	}
	return ws, nil
}

// setAssignment writes one assignment; one without permissions goes away.
func (s workspaceAPI) setAssignment(ws *world.Workspace, a world.PermissionAssignment) {
	s.RememberValue(workspaceKey(ws), slices.Clone(ws.PermissionAssignments))
	at := slices.IndexFunc(ws.PermissionAssignments, func(old world.PermissionAssignment) bool { return old.PrincipalID == a.PrincipalID })
	switch {
	case len(a.Permissions) == 0:
		if at >= 0 {
			ws.PermissionAssignments = slices.Delete(ws.PermissionAssignments, at, at+1)
		}
	case at >= 0:
		a.Entitlements = ws.PermissionAssignments[at].Entitlements
		ws.PermissionAssignments[at] = a
	default:
		ws.PermissionAssignments = append(ws.PermissionAssignments, a)
		slices.SortFunc(ws.PermissionAssignments, func(a, b world.PermissionAssignment) int { return world.CompareIDs(a.PrincipalID, b.PrincipalID) })
	}
}

func (s workspaceAPI) deletePermissionAssignment(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var failed *wire.Error
	s.Update(func(w *world.World) {
		var ws *world.Workspace
		if ws, failed = s.assignable(w, r); failed != nil {
			return
		}
		id := r.PathValue("principal_id")
		held := slices.ContainsFunc(ws.PermissionAssignments, func(a world.PermissionAssignment) bool { return a.PrincipalID == id })
		if !held && !s.opts.Assumed.Workspaces.DeleteAbsentOK {
			failed = &wire.Error{Status: http.StatusNotFound, Code: "RESOURCE_DOES_NOT_EXIST", Message: "Principal " + id + " not in workspace " + r.PathValue("workspace_id") + "."}
			return
		}
		s.setAssignment(ws, world.PermissionAssignment{PrincipalID: id})
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{})
}
