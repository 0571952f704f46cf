// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Groups that every workspace has.
const (
	localAdmins = "admins"
	localUsers  = "users"
)

// workspaceSCIMRoutes registers the reading part of workspace SCIM and of the
// proxy of account SCIM, which is for workspace admins.
func (s workspaceSCIM) workspaceSCIMRoutes() {
	for _, kind := range []principalKind{kindUser, kindGroup, kindServicePrincipal} {
		base := "GET /api/2.0/preview/scim/v2/" + string(kind)
		s.workspaceSCIMRoute(base, func(r *http.Request, v visitor) (scimReply, *scimError) { return s.listWorkspaceSCIM(r, v, kind) })
		s.workspaceSCIMRoute(base+"/{id}", func(r *http.Request, v visitor) (scimReply, *scimError) { return s.getWorkspaceSCIM(r, v, kind) })
		base = "GET /api/2.0/account/scim/v2/" + string(kind)
		s.workspaceSCIMRoute(base, forWorkspaceAdmins(func(r *http.Request) (scimReply, *scimError) { return s.scimList(r, kind) }))
		s.workspaceSCIMRoute(base+"/{id}", forWorkspaceAdmins(func(r *http.Request) (scimReply, *scimError) { return s.scimGet(r, kind) }))
	}
	s.workspaceSCIMRoute("GET /api/2.0/preview/scim/v2/Me", s.whoAmI)
}

type workspaceSCIMHandler func(r *http.Request, v visitor) (scimReply, *scimError)

func (s workspaceSCIM) workspaceSCIMRoute(pattern string, h workspaceSCIMHandler) {
	s.handleWorkspace(pattern, func(rw http.ResponseWriter, r *http.Request, v visitor) {
		reply, failure := h(r, v)
		answerSCIM(rw, r, reply, failure)
	})
}

func forWorkspaceAdmins(h func(r *http.Request) (scimReply, *scimError)) workspaceSCIMHandler {
	return func(r *http.Request, v visitor) (scimReply, *scimError) {
		if !v.admin {
			return scimReply{}, &scimError{http.StatusForbidden, "", "Only workspace admins can use this API."}
		}
		return h(r)
	}
}

// workspaceMembersOf are the principals that a workspace knows: everybody with an
// assignment and whoever is in an assigned group, and its local groups. Of the
// groups of the account it knows the assigned ones only (assumed).
type workspaceMembers struct {
	ws       *Workspace
	known    map[string]bool // users and service principals
	assigned map[string]*PermissionAssignment
	local    map[string]*Group
	order    []*Group // local groups by id
}

func workspaceMembersOf(w *world, ws *Workspace) workspaceMembers {
	m := workspaceMembers{ws: ws, known: map[string]bool{}, assigned: map[string]*PermissionAssignment{}, local: map[string]*Group{}}
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
		p, ok := w.byID[queue[0]]
		switch {
		case !ok:
		case p.kind == kindGroup:
			for _, member := range p.group.Members {
				add(member.Value)
			}
		default:
			m.known[queue[0]] = true
		}
	}
	m.addSystem(w)
	slices.SortFunc(m.order, func(a, b *Group) int { return compareIDs(a.ID, b.ID) })
	return m
}

// addSystem adds "admins" and "users", unless the state has them.
func (m *workspaceMembers) addSystem(w *world) {
	for _, name := range []string{localAdmins, localUsers} {
		if slices.ContainsFunc(m.order, func(g *Group) bool { return g.DisplayName == name }) {
			continue
		}
		g := &Group{ID: systemGroupID(m.ws.WorkspaceID, name), DisplayName: name, System: true}
		for id := range m.assigned {
			if name == localUsers || slices.Contains(m.assigned[id].Permissions, permissionAdmin) {
				g.Members = append(g.Members, Member{Value: id})
			}
		}
		slices.SortFunc(g.Members, func(a, b Member) int { return compareIDs(a.Value, b.Value) })
		if _, taken := w.byID[g.ID]; !taken && m.local[g.ID] == nil {
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
func (m *workspaceMembers) all(w *world, kind principalKind) []principalRef {
	var out []principalRef
	if kind == kindGroup {
		for _, g := range m.order {
			out = append(out, principalRef{kind: kind, group: g})
		}
	}
	list := everyoneOf(w, kind)
	for i := range list.len {
		if p := list.at(i); m.knows(p) {
			out = append(out, p)
		}
	}
	return out
}

// knows tells whether a principal of the account is one of the workspace.
func (m *workspaceMembers) knows(p principalRef) bool {
	if p.kind == kindGroup {
		return m.assigned[p.id()] != nil
	}
	return m.known[p.id()]
}

func (s workspaceSCIM) listWorkspaceSCIM(r *http.Request, v visitor, kind principalKind) (scimReply, *scimError) {
	q, failure := s.parseQuery(kind, r.URL.Query())
	if failure != nil {
		return scimReply{}, failure
	}
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, "")
	s.view(func(w *world) {
		if ws := w.workspace[v.workspaceID]; ws != nil {
			m := workspaceMembersOf(w, ws)
			reply.body, failure = s.scimPage(r, q, q.choose(m.all(w, kind)), func(p principalRef) map[string]any {
				return s.renderInWorkspace(w, &m, p, q.proj)
			}), nil
		}
	})
	return reply, failure
}

func (s workspaceSCIM) getWorkspaceSCIM(r *http.Request, v visitor, kind principalKind) (scimReply, *scimError) {
	id := r.PathValue("id")
	proj := parseProjection(kind, r.URL.Query())
	reply, failure := scimReply{status: http.StatusOK}, notFound(kind, id)
	s.view(func(w *world) {
		ws := w.workspace[v.workspaceID]
		if ws == nil {
			return
		}
		m := workspaceMembersOf(w, ws)
		p, ok := w.find(kind, id)
		ok = ok && m.knows(p)
		if g := m.local[id]; g != nil && kind == kindGroup {
			p, ok = principalRef{kind: kindGroup, group: g}, true
		}
		if ok {
			reply.body, failure = s.renderInWorkspace(w, &m, p, proj), nil
		}
	})
	return reply, failure
}

// whoAmI is the caller. A service principal's userName is its application id.
func (s workspaceSCIM) whoAmI(r *http.Request, v visitor) (scimReply, *scimError) {
	body := map[string]any{
		"schemas": []string{schemaURN(kindServicePrincipal)}, "id": "0", "userName": builtInClientID,
		"applicationId": builtInClientID, "displayName": "built-in credential", "active": true,
	}
	s.view(func(w *world) {
		ws, p := w.workspace[v.workspaceID], w.byID[v.PrincipalID]
		if ws == nil || p.kind == "" {
			return
		}
		m := workspaceMembersOf(w, ws)
		body = s.renderInWorkspace(w, &m, p, projection{})
		body["userName"] = p.name()
	})
	return scimReply{status: http.StatusOK, body: parseProjection(kindUser, r.URL.Query()).apply(body)}, nil
}

// renderInWorkspace is a principal as its workspace shows it: with members in
// lists too, entitlements, parents within the workspace, and without account
// roles (roles are AWS instance profiles there).
func (s workspaceSCIM) renderInWorkspace(w *world, m *workspaceMembers, p principalRef, proj projection) map[string]any {
	out := s.render(w, p, projection{}, true)
	delete(out, "account_id")
	delete(out, "roles")
	out["meta"] = map[string]any{"resourceType": p.kind.resourceName()}
	if g := m.local[p.id()]; g != nil {
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
	if parents := m.parents(w, p.id()); len(parents) > 0 {
		out["groups"] = parents
	}
	if a := m.assigned[p.id()]; a != nil {
		var entitlements []map[string]any
		for _, e := range entitledBy(a) {
			if e != entitlementAdmin {
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
func (m *workspaceMembers) parents(w *world, id string) []map[string]any {
	var out []map[string]any
	add := func(g *Group) {
		out = append(out, map[string]any{"value": g.ID, "display": g.DisplayName, "$ref": string(kindGroup) + "/" + g.ID, "type": "direct"})
	}
	for _, g := range m.order {
		if slices.ContainsFunc(g.Members, func(member Member) bool { return member.Value == id }) {
			add(g)
		}
	}
	var account []string
	for parent := range w.parents[id] {
		if m.assigned[parent] != nil {
			account = append(account, parent)
		}
	}
	slices.SortFunc(account, compareIDs)
	for _, parent := range account {
		add(w.byID[parent].group)
	}
	return out
}
