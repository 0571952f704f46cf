// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package host

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func entitlements() []string {
	return []string{
		"ALLOW_CLUSTER_CREATE", "ALLOW_INSTANCE_POOL_CREATE", "DATABRICKS_SQL_ACCESS",
		world.EntitlementAccess, world.EntitlementAdmin, "WORKSPACE_CONSUME",
	}
}

// assignmentOf is a workspace assignment, and its detail, which has the same
// fields. A list leaves the entitlements out.
type iamAssignment struct {
	AccountID     string      `json:"account_id"`
	WorkspaceID   int64       `json:"workspace_id"`
	PrincipalID   json.Number `json:"principal_id"`
	PrincipalType string      `json:"principal_type"`
	Entitlements  []string    `json:"entitlements,omitempty"`
	Effective     []string    `json:"effective_entitlements,omitempty"`
}

type iamAccess struct {
	AccessType    string      `json:"access_type"`
	AccountID     string      `json:"account_id"`
	Permissions   []string    `json:"permissions,omitempty"`
	PrincipalID   json.Number `json:"principal_id"`
	PrincipalType string      `json:"principal_type"`
	Status        string      `json:"status,omitempty"` // not for groups
	WorkspaceID   int64       `json:"workspace_id"`
}

func (s iamAPI) identityWorkspaceRoutes() {
	base := identityPath + "/workspaces/{workspace_id}/"
	s.identity("GET "+base+"workspace-access-details", s.accessList)
	s.identity("GET "+base+"workspace-access-details/{principal_id}", s.accessGet)
	for _, name := range []string{"workspace-assignments", "workspace-assignment-details"} {
		key := strings.ReplaceAll(name, "-", "_")
		s.identity("GET "+base+name, s.assignmentList(key))
		s.identity("POST "+base+name, s.assignmentCreate)
		s.identity("GET "+base+name+"/{principal_id}", s.assignmentGet)
		s.identity("PATCH "+base+name+"/{principal_id}", s.assignmentUpdate)
		s.identity("DELETE "+base+name+"/{principal_id}", s.assignmentDelete)
	}
}

// federatedWorkspace finds the workspace of a request. Assumed: one without
// identity federation refuses as the permission assignments do.
func federatedWorkspace(w *world.World, r *http.Request) (*world.Workspace, *wire.Error) {
	text := r.PathValue("workspace_id")
	id, err := strconv.ParseInt(text, 10, 64)
	ws := w.Workspace[id]
	if err != nil || ws == nil {
		return nil, api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Workspace "+text+" does not exist.")
	}
	if ws.FederationInfo == nil || !ws.FederationInfo.EnableIdentityFederation {
		return nil, api.Invalid("Permission assignment APIs are not available for this workspace.")
	}
	return ws, nil
}

// assigned finds the workspace and the principal of a request.
func assigned(w *world.World, r *http.Request, id string) (*world.Workspace, world.Principal, *wire.Error) {
	ws, refusal := federatedWorkspace(w, r)
	if refusal != nil {
		return nil, world.Principal{}, refusal
	}
	p, ok := w.ByID[id]
	if !ok {
		return nil, p, api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+id+" does not exist.")
	}
	return ws, p, nil
}

// effective are the entitlements and permissions of a principal in a
// workspace, through its groups too.
func effective(w *world.World, ws *world.Workspace, id string) (entitled, permissions []string) {
	for _, holder := range append([]string{id}, w.TransitiveParents(id)...) {
		a := ws.Assignment(holder)
		if a == nil {
			continue
		}
		entitled = append(entitled, a.EntitledTo()...)
		for _, level := range a.Permissions {
			permissions = append(permissions, level+"_PERMISSION")
		}
	}
	slices.Sort(entitled)
	slices.Sort(permissions)
	return slices.Compact(entitled), slices.Compact(permissions)
}

func (s iamAPI) accessGet(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id, view := r.PathValue("principal_id"), r.URL.Query().Get("view")
	if !slices.Contains([]string{"", "BASIC", "FULL"}, view) {
		writeInvalid(rw, "view must be BASIC or FULL.")
		return
	}
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		ws, p, refused := assigned(w, r, id)
		if refusal = refused; refusal != nil {
			return
		}
		out, has := s.accessOf(w, ws, p, view)
		if !has {
			refusal = noAssignment(id, ws)
			return
		}
		reply = out
	})
	finish(rw, reply, refusal)
}

// accessOf is the access of a principal to a workspace; false when it has none.
func (s iamAPI) accessOf(w *world.World, ws *world.Workspace, p world.Principal, view string) (iamAccess, bool) {
	id := p.ID()
	_, permissions := effective(w, ws, id)
	out := iamAccess{
		AccessType: "INDIRECT", AccountID: w.Account.AccountID, PrincipalID: json.Number(id),
		PrincipalType: iamType(p.Kind), WorkspaceID: ws.WorkspaceID,
	}
	if ws.Assignment(id) != nil {
		out.AccessType = "DIRECT"
	}
	if view == "FULL" || s.opts.Assumed.Identity.FullAccessView {
		out.Permissions = permissions
	}
	if p.Kind != world.KindGroup {
		out.Status = iamStatus(w.IsActive(id))
	}
	return out, len(permissions) > 0
}

// accessList has every principal of the account with access to the workspace, in the
// order of ids (the order is assumed).
func (s iamAPI) accessList(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		ws, refused := federatedWorkspace(w, r)
		if refusal = refused; refusal != nil {
			return
		}
		var items []any
		for _, kind := range []world.Kind{world.KindUser, world.KindGroup, world.KindServicePrincipal} {
			list := w.Everyone(kind)
			for i := range list.Len {
				if one, has := s.accessOf(w, ws, list.At(i), ""); has {
					items = append(items, one)
				}
			}
		}
		part, refused := s.Page(r, len(items))
		if refusal = refused; refusal == nil {
			reply = part.Reply("workspace_access_details", items[part.From:part.To])
		}
	})
	finish(rw, reply, refusal)
}

func noAssignment(id string, ws *world.Workspace) *wire.Error {
	return api.Refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
		"Principal "+id+" has no access to workspace "+strconv.FormatInt(ws.WorkspaceID, 10)+".")
}

func assignmentOf(w *world.World, ws *world.Workspace, id string) iamAssignment {
	return iamAssignment{
		AccountID: w.Account.AccountID, WorkspaceID: ws.WorkspaceID,
		PrincipalID: json.Number(id), PrincipalType: iamType(w.ByID[id].Kind),
	}
}

func fullAssignment(w *world.World, ws *world.Workspace, a *world.PermissionAssignment) iamAssignment {
	out := assignmentOf(w, ws, a.PrincipalID)
	out.Entitlements = a.EntitledTo()
	out.Effective, _ = effective(w, ws, a.PrincipalID)
	return out
}

func (s iamAPI) assignmentList(key string) api.Handler {
	return func(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
		var reply any
		var refusal *wire.Error
		s.View(func(w *world.World) {
			ws, refused := federatedWorkspace(w, r)
			if refusal = refused; refusal != nil {
				return
			}
			var items []any
			for _, a := range ws.PermissionAssignments {
				if _, ok := w.ByID[a.PrincipalID]; ok {
					items = append(items, assignmentOf(w, ws, a.PrincipalID))
				}
			}
			var part api.Page
			if part, refusal = s.Page(r, len(items)); refusal == nil {
				reply = part.Reply(key, items[part.From:part.To])
			}
		})
		finish(rw, reply, refusal)
	}
}

func (s iamAPI) assignmentGet(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	id := r.PathValue("principal_id")
	var reply any
	var refusal *wire.Error
	s.View(func(w *world.World) {
		ws, _, refused := assigned(w, r, id)
		if refusal = refused; refusal != nil {
			return
		}
		a := ws.Assignment(id)
		if a == nil {
			refusal = noAssignment(id, ws)
			return
		}
		reply = fullAssignment(w, ws, a)
	})
	finish(rw, reply, refusal)
}

// iamAssignmentBody is what create and update take; an empty set of
// entitlements is refused (documented).
type iamAssignmentBody struct {
	PrincipalID  json.RawMessage `json:"principal_id"`
	Entitlements []string        `json:"entitlements"`
}

func (b iamAssignmentBody) check() *wire.Error {
	if len(b.Entitlements) == 0 {
		return api.Invalid("entitlements must not be empty: delete the assignment to remove it.")
	}
	for _, e := range b.Entitlements {
		if !slices.Contains(entitlements(), e) {
			return api.Invalid("There is no entitlement \"" + e + "\".")
		}
	}
	return nil
}

// apply writes the entitlements and the level that goes with them.
func (b iamAssignmentBody) apply(a *world.PermissionAssignment) {
	a.Entitlements = slices.Clone(b.Entitlements)
	slices.Sort(a.Entitlements)
	a.Permissions = []string{"USER"}
	if slices.Contains(a.Entitlements, world.EntitlementAdmin) {
		a.Permissions = []string{"ADMIN"}
	}
}

func (s iamAPI) assignmentCreate(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body iamAssignmentBody
	refusal := decode(r, &body)
	if refusal == nil {
		refusal = body.check()
	}
	if refusal != nil {
		finish(rw, nil, refusal)
		return
	}
	id := strings.Trim(string(body.PrincipalID), `"`)
	var reply any
	s.Update(func(w *world.World) {
		ws, _, refused := assigned(w, r, id)
		if refusal = refused; refusal != nil {
			return
		}
		if ws.Assignment(id) != nil {
			refusal = api.Refuse(http.StatusConflict, "ALREADY_EXISTS",
				"Principal "+id+" is already assigned to workspace "+r.PathValue("workspace_id")+".")
			return
		}
		a := world.PermissionAssignment{PrincipalID: id}
		body.apply(&a)
		ws.PermissionAssignments = append(slices.Clone(ws.PermissionAssignments), a)
		slices.SortFunc(ws.PermissionAssignments, func(a, b world.PermissionAssignment) int { return world.CompareIDs(a.PrincipalID, b.PrincipalID) })
		reply = fullAssignment(w, ws, ws.Assignment(id))
	})
	finish(rw, reply, refusal)
}

func (s iamAPI) assignmentUpdate(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	var body iamAssignmentBody
	_, refusal := updateMask(r, []string{"entitlements"})
	if refusal == nil {
		refusal = decode(r, &body)
	}
	if refusal == nil {
		refusal = body.check()
	}
	if refusal != nil {
		finish(rw, nil, refusal)
		return
	}
	s.changeAssignment(rw, r, func(ws *world.Workspace, a *world.PermissionAssignment) { body.apply(a) })
}

func (s iamAPI) assignmentDelete(rw http.ResponseWriter, r *http.Request, _ api.Caller) {
	s.changeAssignment(rw, r, func(ws *world.Workspace, a *world.PermissionAssignment) {
		id := a.PrincipalID
		ws.PermissionAssignments = slices.DeleteFunc(slices.Clone(ws.PermissionAssignments),
			func(a world.PermissionAssignment) bool { return a.PrincipalID == id })
	})
}

// changeAssignment changes an assignment that exists and answers with what is
// there afterwards, an empty object when it is gone.
func (s iamAPI) changeAssignment(rw http.ResponseWriter, r *http.Request, change func(*world.Workspace, *world.PermissionAssignment)) {
	id := r.PathValue("principal_id")
	var reply any = struct{}{}
	var refusal *wire.Error
	s.Update(func(w *world.World) {
		ws, _, refused := assigned(w, r, id)
		if refusal = refused; refusal != nil {
			return
		}
		a := ws.Assignment(id)
		if a == nil {
			refusal = noAssignment(id, ws)
			return
		}
		change(ws, a)
		if a = ws.Assignment(id); a != nil {
			reply = fullAssignment(w, ws, a)
		}
	})
	finish(rw, reply, refusal)
}
