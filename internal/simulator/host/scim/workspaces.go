// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Groups that every workspace has.
const (
	localAdmins = "admins"
	localUsers  = "users"
)

// workspaceSCIMRoutes registers the reading part of workspace SCIM and of the
// proxy of account SCIM, which is for workspace admins.
func (s workspaceSCIM) workspaceSCIMRoutes() {
	for _, kind := range []world.Kind{world.KindUser, world.KindGroup, world.KindServicePrincipal} {
		base := "GET /api/2.0/preview/scim/v2/" + string(kind)
		s.workspaceSCIMRoute(base, func(r *http.Request, v api.Visitor) (scimReply, *scimError) { return s.listWorkspaceSCIM(r, v, kind) })
		s.workspaceSCIMRoute(base+"/{id}", func(r *http.Request, v api.Visitor) (scimReply, *scimError) { return s.getWorkspaceSCIM(r, v, kind) })
		base = "GET /api/2.0/account/scim/v2/" + string(kind)
		s.workspaceSCIMRoute(base, forWorkspaceAdmins(func(r *http.Request) (scimReply, *scimError) { return s.scimList(r, kind) }))
		s.workspaceSCIMRoute(base+"/{id}", forWorkspaceAdmins(func(r *http.Request) (scimReply, *scimError) { return s.scimGet(r, kind) }))
	}
	s.workspaceSCIMRoute("GET /api/2.0/preview/scim/v2/Me", s.whoAmI)
}

type workspaceSCIMHandler func(r *http.Request, v api.Visitor) (scimReply, *scimError)

func (s workspaceSCIM) workspaceSCIMRoute(pattern string, h workspaceSCIMHandler) {
	s.HandleWorkspace(pattern, func(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
		reply, failure := h(r, v)
		answerSCIM(rw, r, reply, failure)
	})
}

func forWorkspaceAdmins(h func(r *http.Request) (scimReply, *scimError)) workspaceSCIMHandler {
	return func(r *http.Request, v api.Visitor) (scimReply, *scimError) {
		if !v.Admin {
			return scimReply{}, &scimError{http.StatusForbidden, "", "Only workspace admins can use this API."}
		}
		return h(r)
	}
}

// workspaceMembersOf are the principals that a workspace knows: everyone with an
// assignment, every member of an assigned group, and its local groups. Of the
// groups of the account it knows the assigned ones only (assumed).
type workspaceMembers struct {
	ws       *world.Workspace
	known    map[string]bool // users and service principals
	assigned map[string]*world.PermissionAssignment
	local    map[string]*world.Group
	order    []*world.Group // local groups by id
}

func workspaceMembersOf(w *world.World, ws *world.Workspace) workspaceMembers {
	m := workspaceMembers{ws: ws, known: map[string]bool{}, assigned: map[string]*world.PermissionAssignment{}, local: map[string]*world.Group{}}
	seen := map[string]bool{}
	var queue []string
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			queue = append(queue, id)
		}
	}
	for i := range ws.PermissionAssignments {
		m.assigned[ws.PermissionAssignments[i].PrincipalID] = &ws.PermissionAssignments[i]
		add(ws.PermissionAssignments[i].PrincipalID)
	}
	for i := range ws.LocalGroups {
		g := ws.LocalGroups[i]
		m.local[g.ID] = &g
		m.order = append(m.order, &g)
		for _, member := range g.Members {
			add(member.Value)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		p, ok := w.ByID[queue[0]]
		switch {
		case !ok:
		case p.Kind == world.KindGroup:
			for _, member := range p.Group.Members {
				add(member.Value)
			}
		default:
			m.known[queue[0]] = true
		}
	}
	m.addSystem(w)
	slices.SortFunc(m.order, func(a, b *world.Group) int { return world.CompareIDs(a.ID, b.ID) })
	return m
}

// addSystem adds "admins" and "users", unless the state has them.
func (m *workspaceMembers) addSystem(w *world.World) {
	for _, name := range []string{localAdmins, localUsers} {
		if slices.ContainsFunc(m.order, func(g *world.Group) bool { return g.DisplayName == name }) {
			continue
		}
		g := &world.Group{ID: systemGroupID(m.ws.WorkspaceID, name), DisplayName: name, System: true}
		for id := range m.assigned {
			if name == localUsers || slices.Contains(m.assigned[id].Permissions, world.PermissionAdmin) {
				g.Members = append(g.Members, world.Member{Value: id})
			}
		}
		slices.SortFunc(g.Members, func(a, b world.Member) int { return world.CompareIDs(a.Value, b.Value) })
		if _, taken := w.ByID[g.ID]; !taken && m.local[g.ID] == nil {
			m.local[g.ID] = g
			m.order = append(m.order, g)
		}
	}
}

// systemGroupID is the same in every run, and has 15 digits.
func systemGroupID(workspaceID int64, name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(workspaceID, 10) + "/" + name))
	return strconv.FormatUint(9e14+h.Sum64()%1e14, 10)
}

// all lists the principals of a kind: local groups, then those of the account, by id.
func (m *workspaceMembers) all(w *world.World, kind world.Kind) []world.Principal {
	var out []world.Principal
	if kind == world.KindGroup {
		for _, g := range m.order {
			out = append(out, world.Principal{Kind: kind, Group: g})
		}
	}
	list := w.Everyone(kind)
	for i := range list.Len {
		if p := list.At(i); m.knows(p) {
			out = append(out, p)
		}
	}
	return out
}

// knows reports whether a principal of the account is one of the workspace.
func (m *workspaceMembers) knows(p world.Principal) bool {
	if p.Kind == world.KindGroup {
		return m.assigned[p.ID()] != nil
	}
	return m.known[p.ID()]
}

func (s workspaceSCIM) listWorkspaceSCIM(r *http.Request, v api.Visitor, kind world.Kind) (scimReply, *scimError) {
	q, failure := s.parseQuery(kind, r.URL.Query())
	if failure != nil {
		return scimReply{}, failure
	}
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, "")
	s.View(func(w *world.World) {
		if ws := w.Workspace[v.WorkspaceID]; ws != nil {
			m := workspaceMembersOf(w, ws)
			reply.body, failure = s.scimPage(r, q, q.choose(m.all(w, kind)), func(p world.Principal) map[string]any {
				return s.renderInWorkspace(w, &m, p, q.proj)
			}), nil
		}
	})
	return reply, failure
}

func (s workspaceSCIM) getWorkspaceSCIM(r *http.Request, v api.Visitor, kind world.Kind) (scimReply, *scimError) {
	id := r.PathValue("id")
	proj := parseProjection(kind, r.URL.Query())
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, id)
	s.View(func(w *world.World) {
		ws := w.Workspace[v.WorkspaceID]
		if ws == nil {
			return
		}
		m := workspaceMembersOf(w, ws)
		p, ok := w.Find(kind, id)
		ok = ok && m.knows(p)
		if g := m.local[id]; g != nil && kind == world.KindGroup {
			p, ok = world.Principal{Kind: world.KindGroup, Group: g}, true
		}
		if ok {
			reply.body, failure = s.renderInWorkspace(w, &m, p, proj), nil
		}
	})
	return reply, failure
}

// whoAmI is the caller. A service principal's userName is its application id.
func (s workspaceSCIM) whoAmI(r *http.Request, v api.Visitor) (scimReply, *scimError) {
	body := map[string]any{
		"schemas": []string{schemaURN(world.KindServicePrincipal)}, "id": "0", "userName": api.BuiltInClientID,
		"applicationId": api.BuiltInClientID, "displayName": "built-in credential", "active": true,
	}
	s.View(func(w *world.World) {
		ws, p := w.Workspace[v.WorkspaceID], w.ByID[v.PrincipalID]
		if ws == nil || p.Kind == "" {
			return
		}
		m := workspaceMembersOf(w, ws)
		body = s.renderInWorkspace(w, &m, p, projection{})
		body["userName"] = p.Name()
	})
	return scimReply{status: http.StatusOK, body: parseProjection(world.KindUser, r.URL.Query()).apply(body)}, nil
}

// renderInWorkspace is a principal as its workspace shows it: with members in
// lists too, entitlements, parents within the workspace, and without account
// roles (roles are AWS instance profiles there).
func (s workspaceSCIM) renderInWorkspace(w *world.World, m *workspaceMembers, p world.Principal, proj projection) map[string]any {
	out := s.render(w, p, projection{}, true)
	delete(out, "account_id")
	delete(out, "roles")
	out["meta"] = map[string]any{"resourceType": p.Kind.ResourceName()}
	if g := m.local[p.ID()]; g != nil {
		out["meta"] = map[string]any{"resourceType": "WorkspaceGroup"}
		var entitlements []map[string]any
		for _, e := range g.Entitlements {
			entitlements = append(entitlements, map[string]any{"value": e})
		}
		if len(entitlements) > 0 {
			out["entitlements"] = entitlements
		}
	}
	delete(out, "groups")
	if parents := m.parents(w, p.ID()); len(parents) > 0 {
		out["groups"] = parents
	}
	if a := m.assigned[p.ID()]; a != nil {
		var entitlements []map[string]any
		for _, e := range a.EntitledTo() {
			if e != world.EntitlementAdmin {
				entitlements = append(entitlements, map[string]any{"value": strings.ReplaceAll(strings.ToLower(e), "_", "-")})
			}
		}
		if len(entitlements) > 0 {
			out["entitlements"] = entitlements
		}
	}
	return proj.apply(out)
}

// parents are the groups of the workspace that list a principal directly.
func (m *workspaceMembers) parents(w *world.World, id string) []map[string]any {
	var out []map[string]any
	add := func(g *world.Group) {
		out = append(out, map[string]any{"value": g.ID, "display": g.DisplayName, "$ref": string(world.KindGroup) + "/" + g.ID, "type": "direct"})
	}
	for _, g := range m.order {
		if slices.ContainsFunc(g.Members, func(member world.Member) bool { return member.Value == id }) {
			add(g)
		}
	}
	var account []string
	for parent := range w.Parents[id] {
		if m.assigned[parent] != nil {
			account = append(account, parent)
		}
	}
	slices.SortFunc(account, world.CompareIDs)
	for _, parent := range account {
		add(w.ByID[parent].Group)
	}
	return out
}
