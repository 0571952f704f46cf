// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// entitlementAdmin goes with the ADMIN level, entitlementAccess with USER.
const (
	entitlementAdmin  = "WORKSPACE_ADMIN"
	entitlementAccess = "WORKSPACE_ACCESS"
)

func entitlements() []string {
	return []string{
		"ALLOW_CLUSTER_CREATE", "ALLOW_INSTANCE_POOL_CREATE", "DATABRICKS_SQL_ACCESS",
		entitlementAccess, entitlementAdmin, "WORKSPACE_CONSUME",
	}
}

// iamAssignment is a workspace assignment, and its detail, which has the same
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

func (s *Server) identityWorkspaceRoutes() {
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
func (w *world) federatedWorkspace(r *http.Request) (*Workspace, *apiError) {
	text := r.PathValue("workspace_id")
	id, err := strconv.ParseInt(text, 10, 64)
	ws := w.workspace[id]
	if err != nil || ws == nil {
		return nil, refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Workspace "+text+" does not exist.")
	}
	if ws.FederationInfo == nil || !ws.FederationInfo.EnableIdentityFederation {
		return nil, invalid("Permission assignment APIs are not available for this workspace.")
	}
	return ws, nil
}

// assigned finds the workspace and the principal of a request.
func (w *world) assigned(r *http.Request, id string) (*Workspace, principalRef, *apiError) {
	ws, refusal := w.federatedWorkspace(r)
	if refusal != nil {
		return nil, principalRef{}, refusal
	}
	p, ok := w.byID[id]
	if !ok {
		return nil, p, refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "Principal "+id+" does not exist.")
	}
	return ws, p, nil
}

// assignment is the direct one of a principal, or nil. The pointer is into the
// workspace and holds until its assignments change.
func (ws *Workspace) assignment(id string) *PermissionAssignment {
	for i := range ws.PermissionAssignments {
		if ws.PermissionAssignments[i].PrincipalID == id {
			return &ws.PermissionAssignments[i]
		}
	}
	return nil
}

// entitled are the entitlements of an assignment, sorted: those that it names,
// and what its levels stand for.
func (a *PermissionAssignment) entitled() []string {
	out := slices.Clone(a.Entitlements)
	if slices.Contains(a.Permissions, "ADMIN") {
		out = append(out, entitlementAdmin)
	}
	if len(out) == 0 {
		out = append(out, entitlementAccess)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// effective are the entitlements and permissions of a principal in a
// workspace, through its groups too.
func (w *world) effective(ws *Workspace, id string) (entitled, permissions []string) {
	for _, holder := range append([]string{id}, w.transitiveParents(id)...) {
		a := ws.assignment(holder)
		if a == nil {
			continue
		}
		entitled = append(entitled, a.entitled()...)
		for _, level := range a.Permissions {
			permissions = append(permissions, level+"_PERMISSION")
		}
	}
	slices.Sort(entitled)
	slices.Sort(permissions)
	return slices.Compact(entitled), slices.Compact(permissions)
}

func (s *Server) accessGet(rw http.ResponseWriter, r *http.Request, _ caller) {
	id, view := r.PathValue("principal_id"), r.URL.Query().Get("view")
	if !slices.Contains([]string{"", "BASIC", "FULL"}, view) {
		writeInvalid(rw, "view must be BASIC or FULL.")
		return
	}
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		ws, p, refused := w.assigned(r, id)
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
func (s *Server) accessOf(w *world, ws *Workspace, p principalRef, view string) (iamAccess, bool) {
	id := p.id()
	_, permissions := w.effective(ws, id)
	out := iamAccess{
		AccessType: "INDIRECT", AccountID: w.account.AccountID, PrincipalID: json.Number(id),
		PrincipalType: iamType(p.kind), WorkspaceID: ws.WorkspaceID,
	}
	if ws.assignment(id) != nil {
		out.AccessType = "DIRECT"
	}
	if view == "FULL" || s.opts.Assumed.Identity.FullAccessView {
		out.Permissions = permissions
	}
	if p.kind != kindGroup {
		out.Status = iamStatus(w.isActive(id))
	}
	return out, len(permissions) > 0
}

// accessList has every principal of the account with access to the workspace, in the
// order of ids (the order is assumed).
func (s *Server) accessList(rw http.ResponseWriter, r *http.Request, _ caller) {
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		ws, refused := w.federatedWorkspace(r)
		if refusal = refused; refusal != nil {
			return
		}
		var items []any
		for _, kind := range []principalKind{kindUser, kindGroup, kindServicePrincipal} {
			list := w.selection(kind)
			for i := range list.len {
				if one, has := s.accessOf(w, ws, list.at(i), ""); has {
					items = append(items, one)
				}
			}
		}
		part, refused := s.page(r, len(items))
		if refusal = refused; refusal == nil {
			reply = part.reply("workspace_access_details", items[part.from:part.to])
		}
	})
	finish(rw, reply, refusal)
}

func noAssignment(id string, ws *Workspace) *apiError {
	return refuse(http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST",
		"Principal "+id+" has no access to workspace "+strconv.FormatInt(ws.WorkspaceID, 10)+".")
}

func (w *world) iamAssignment(ws *Workspace, id string) iamAssignment {
	return iamAssignment{
		AccountID: w.account.AccountID, WorkspaceID: ws.WorkspaceID,
		PrincipalID: json.Number(id), PrincipalType: iamType(w.byID[id].kind),
	}
}

func (w *world) fullAssignment(ws *Workspace, a *PermissionAssignment) iamAssignment {
	out := w.iamAssignment(ws, a.PrincipalID)
	out.Entitlements = a.entitled()
	out.Effective, _ = w.effective(ws, a.PrincipalID)
	return out
}

func (s *Server) assignmentList(key string) apiHandler {
	return func(rw http.ResponseWriter, r *http.Request, _ caller) {
		var reply any
		var refusal *apiError
		s.view(func(w *world) {
			ws, refused := w.federatedWorkspace(r)
			if refusal = refused; refusal != nil {
				return
			}
			var items []any
			for _, a := range ws.PermissionAssignments {
				if _, ok := w.byID[a.PrincipalID]; ok {
					items = append(items, w.iamAssignment(ws, a.PrincipalID))
				}
			}
			var part tokenPage
			if part, refusal = s.page(r, len(items)); refusal == nil {
				reply = part.reply(key, items[part.from:part.to])
			}
		})
		finish(rw, reply, refusal)
	}
}

func (s *Server) assignmentGet(rw http.ResponseWriter, r *http.Request, _ caller) {
	id := r.PathValue("principal_id")
	var reply any
	var refusal *apiError
	s.view(func(w *world) {
		ws, _, refused := w.assigned(r, id)
		if refusal = refused; refusal != nil {
			return
		}
		a := ws.assignment(id)
		if a == nil {
			refusal = noAssignment(id, ws)
			return
		}
		reply = w.fullAssignment(ws, a)
	})
	finish(rw, reply, refusal)
}

// iamAssignmentBody is what create and update take; an empty set of
// entitlements is refused (documented).
type iamAssignmentBody struct {
	PrincipalID  json.RawMessage `json:"principal_id"`
	Entitlements []string        `json:"entitlements"`
}

func (b iamAssignmentBody) check() *apiError {
	if len(b.Entitlements) == 0 {
		return invalid("entitlements must not be empty: delete the assignment to remove it.")
	}
	for _, e := range b.Entitlements {
		if !slices.Contains(entitlements(), e) {
			return invalid("There is no entitlement \"" + e + "\".")
		}
	}
	return nil
}

// apply writes the entitlements and the level that goes with them.
func (b iamAssignmentBody) apply(a *PermissionAssignment) {
	a.Entitlements = slices.Clone(b.Entitlements)
	slices.Sort(a.Entitlements)
	a.Permissions = []string{"USER"}
	if slices.Contains(a.Entitlements, entitlementAdmin) {
		a.Permissions = []string{"ADMIN"}
	}
}

func (s *Server) assignmentCreate(rw http.ResponseWriter, r *http.Request, _ caller) {
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
	s.update(func(w *world) {
		ws, _, refused := w.assigned(r, id)
		if refusal = refused; refusal != nil {
			return
		}
		if ws.assignment(id) != nil {
			refusal = refuse(http.StatusConflict, "ALREADY_EXISTS",
				"Principal "+id+" is already assigned to workspace "+r.PathValue("workspace_id")+".")
			return
		}
		a := PermissionAssignment{PrincipalID: id}
		body.apply(&a)
		ws.PermissionAssignments = append(slices.Clone(ws.PermissionAssignments), a)
		slices.SortFunc(ws.PermissionAssignments, func(a, b PermissionAssignment) int { return compareIDs(a.PrincipalID, b.PrincipalID) })
		reply = w.fullAssignment(ws, ws.assignment(id))
	})
	finish(rw, reply, refusal)
}

func (s *Server) assignmentUpdate(rw http.ResponseWriter, r *http.Request, _ caller) {
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
	s.changeAssignment(rw, r, func(ws *Workspace, a *PermissionAssignment) { body.apply(a) })
}

func (s *Server) assignmentDelete(rw http.ResponseWriter, r *http.Request, _ caller) {
	s.changeAssignment(rw, r, func(ws *Workspace, a *PermissionAssignment) {
		id := a.PrincipalID
		ws.PermissionAssignments = slices.DeleteFunc(slices.Clone(ws.PermissionAssignments),
			func(a PermissionAssignment) bool { return a.PrincipalID == id })
	})
}

// changeAssignment changes an assignment that exists and answers with what is
// there afterwards, an empty object when it is gone.
func (s *Server) changeAssignment(rw http.ResponseWriter, r *http.Request, change func(*Workspace, *PermissionAssignment)) {
	id := r.PathValue("principal_id")
	var reply any = struct{}{}
	var refusal *apiError
	s.update(func(w *world) {
		ws, _, refused := w.assigned(r, id)
		if refusal = refused; refusal != nil {
			return
		}
		a := ws.assignment(id)
		if a == nil {
			refusal = noAssignment(id, ws)
			return
		}
		change(ws, a)
		if a = ws.assignment(id); a != nil {
			reply = w.fullAssignment(ws, a)
		}
	})
	finish(rw, reply, refusal)
}
