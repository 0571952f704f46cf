// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Membership sources in the words of IAM v2.
const (
	sourceInternal = "INTERNAL"
	sourceIDP      = "IDENTITY_PROVIDER"
)

// principalKind is the SCIM resource that a principal id belongs to.
type principalKind string

const (
	kindUser             principalKind = "Users"
	kindGroup            principalKind = "Groups"
	kindServicePrincipal principalKind = "ServicePrincipals"
)

// principalRef is where a principal id leads.
type principalRef struct {
	kind  principalKind
	user  *User
	group *Group
	sp    *ServicePrincipal
}

// externalID reads the externalId of whichever kind the reference holds.
func (p principalRef) externalID() string {
	switch p.kind {
	case kindUser:
		return p.user.ExternalID
	case kindGroup:
		return p.group.ExternalID
	default:
		return p.sp.ExternalID
	}
}

// name is the unique name: userName, displayName of a group, application id.
func (p principalRef) name() string {
	switch p.kind {
	case kindUser:
		return p.user.UserName
	case kindGroup:
		return p.group.DisplayName
	default:
		return p.sp.ApplicationID
	}
}

// display is the name that lists of members show.
func (p principalRef) display() string {
	switch p.kind {
	case kindUser:
		return cmp.Or(p.user.DisplayName, p.user.UserName)
	case kindGroup:
		return p.group.DisplayName
	default:
		return p.sp.DisplayName
	}
}

// world is the indexed state. It does no locking: [Server] holds one lock for
// all of it. The slices are sorted by id (by value) and are the order of lists;
// additions get ids above every existing one, so they are appended.
type world struct {
	account      Account
	workspaces   []*Workspace
	users        []*User
	groups       []*Group
	sps          []*ServicePrincipal
	unityCatalog UnityCatalog
	catalogs     map[string]*metastoreIndex // by metastore id
	accountRoles []RuleSet
	idp          *directory

	byID      map[string]principalRef
	byName    map[principalKind]map[string][]string // lower-cased unique name -> ids
	parents   map[string]map[string]bool            // member id -> ids of groups that list it
	workspace map[int64]*Workspace
	lastID    int64

	auditEvents []AuditEvent
	writes      []AuditEvent // of this run
	writer      *auditWriter // nil: not logged
}

// newWorld indexes a state document. The error names the first entry that
// cannot be: an id that is empty, not decimal or used twice, an empty name, or a
// word that the API does not have.
func newWorld(st State) (*world, error) {
	if err := st.checkWords(); err != nil {
		return nil, err
	}
	w := &world{
		account:      st.Account,
		accountRoles: cloneRuleSets(st.AccountRoles),
		byID:         map[string]principalRef{},
		byName:       map[principalKind]map[string][]string{kindUser: {}, kindGroup: {}, kindServicePrincipal: {}},
		parents:      map[string]map[string]bool{},
		workspace:    map[int64]*Workspace{},
		auditEvents:  st.AuditEvents,
	}
	for i := range st.Users {
		u := st.Users[i]
		if err := w.add(principalRef{kind: kindUser, user: &u}); err != nil {
			return nil, fmt.Errorf("users[%d]: %w", i, err)
		}
	}
	for i := range st.Groups {
		g := st.Groups[i]
		g.Members = slices.Clone(g.Members)
		if err := w.add(principalRef{kind: kindGroup, group: &g}); err != nil {
			return nil, fmt.Errorf("groups[%d]: %w", i, err)
		}
	}
	for i := range st.ServicePrincipals {
		sp := st.ServicePrincipals[i]
		if err := w.add(principalRef{kind: kindServicePrincipal, sp: &sp}); err != nil {
			return nil, fmt.Errorf("service_principals[%d]: %w", i, err)
		}
	}
	slices.SortFunc(w.users, func(a, b *User) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(w.groups, func(a, b *Group) int { return compareIDs(a.ID, b.ID) })
	slices.SortFunc(w.sps, func(a, b *ServicePrincipal) int { return compareIDs(a.ID, b.ID) })
	for i := range st.Workspaces {
		ws := st.Workspaces[i]
		ws.PermissionAssignments = slices.Clone(ws.PermissionAssignments)
		if ws.WorkspaceID == 0 || w.workspace[ws.WorkspaceID] != nil {
			return nil, fmt.Errorf("workspaces[%d]: workspace_id %d is zero or used twice", i, ws.WorkspaceID)
		}
		ws.Warehouses = slices.Clone(ws.Warehouses)
		for j, g := range ws.LocalGroups {
			if g.ID == "" || g.DisplayName == "" || w.byID[g.ID].kind != "" {
				return nil, fmt.Errorf("workspaces[%d].local_groups[%d]: id %q is empty or that of a principal of the account, or the name is empty", i, j, g.ID)
			}
		}
		w.workspaces = append(w.workspaces, &ws)
		w.workspace[ws.WorkspaceID] = &ws
	}
	if err := w.indexCatalogs(st.UnityCatalog); err != nil {
		return nil, err
	}
	var err error
	w.idp, err = newDirectory(st.IDP)
	return w, err
}

// add indexes a principal that has an id.
func (w *world) add(p principalRef) error {
	id, name := p.id(), p.name()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return fmt.Errorf("id %q is not a positive decimal number", id)
	}
	if _, taken := w.byID[id]; taken {
		return fmt.Errorf("id %s is used twice", id)
	}
	if name == "" {
		return fmt.Errorf("principal %s has no name", id)
	}
	w.lastID = max(w.lastID, n)
	w.byID[id] = p
	lower := strings.ToLower(name)
	w.byName[p.kind][lower] = append(w.byName[p.kind][lower], id)
	switch p.kind {
	case kindUser:
		w.users = append(w.users, p.user)
	case kindGroup:
		w.groups = append(w.groups, p.group)
		for _, m := range p.group.Members {
			w.indexMember(m.Value, id)
		}
	case kindServicePrincipal:
		w.sps = append(w.sps, p.sp)
	}
	w.logged(createdActions[p.kind], p, nil)
	return nil
}

func (p principalRef) id() string {
	switch p.kind {
	case kindUser:
		return p.user.ID
	case kindGroup:
		return p.group.ID
	default:
		return p.sp.ID
	}
}

// nextID is an id that nobody has had.
func (w *world) nextID() string {
	w.lastID++
	return strconv.FormatInt(w.lastID, 10)
}

// find returns the principal of that kind and id.
func (w *world) find(kind principalKind, id string) (principalRef, bool) {
	p, ok := w.byID[id]
	return p, ok && p.kind == kind
}

// rename keeps the name index true; set writes the new name into the object.
func (w *world) rename(p principalRef, set func()) {
	w.dropName(p)
	before := p.name()
	set()
	w.renameInGrants(p.kind, before, p.name())
	lower := strings.ToLower(p.name())
	w.byName[p.kind][lower] = append(w.byName[p.kind][lower], p.id())
}

func (w *world) dropName(p principalRef) {
	lower := strings.ToLower(p.name())
	ids := slices.DeleteFunc(w.byName[p.kind][lower], func(id string) bool { return id == p.id() })
	if len(ids) == 0 {
		delete(w.byName[p.kind], lower)
		return
	}
	w.byName[p.kind][lower] = ids
}

// remove deletes a principal, its memberships and its workspace assignments.
func (w *world) remove(p principalRef) {
	id := p.id()
	w.logged(removedActions[p.kind], p, nil)
	for parent := range w.parents[id] {
		g := w.byID[parent].group
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Value == id })
	}
	delete(w.parents, id)
	for _, ws := range w.workspaces {
		ws.PermissionAssignments = slices.DeleteFunc(ws.PermissionAssignments,
			func(a PermissionAssignment) bool { return a.PrincipalID == id })
	}
	w.dropName(p)
	w.orphanGrants(p)
	delete(w.byID, id)
	switch p.kind {
	case kindUser:
		w.users = slices.DeleteFunc(w.users, func(u *User) bool { return u == p.user })
	case kindGroup:
		for _, m := range p.group.Members {
			delete(w.parents[m.Value], id)
		}
		w.groups = slices.DeleteFunc(w.groups, func(g *Group) bool { return g == p.group })
	case kindServicePrincipal:
		w.sps = slices.DeleteFunc(w.sps, func(s *ServicePrincipal) bool { return s == p.sp })
	}
}

func (w *world) indexMember(member, group string) {
	if w.parents[member] == nil {
		w.parents[member] = map[string]bool{}
	}
	w.parents[member][group] = true
}

// addMember adds a direct member; a member that is there stays as it is.
func (w *world) addMember(g *Group, member, source string) {
	if w.parents[member][g.ID] {
		return
	}
	if source == sourceInternal {
		source = "" // The default is left out of the document.
	}
	g.Members = append(g.Members, Member{Value: member, Source: source})
	w.indexMember(member, g.ID)
	w.logged("addPrincipalToGroup", w.byID[member], g)
}

// removeMember removes a direct member; one that is not there is no matter.
func (w *world) removeMember(g *Group, member string) {
	if !w.parents[member][g.ID] {
		return
	}
	g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Value == member })
	delete(w.parents[member], g.ID)
	w.logged("removePrincipalFromGroup", w.byID[member], g)
}

// transitiveParents are the ids of every group above a principal, sorted, never
// the principal itself even inside a cycle.
func (w *world) transitiveParents(id string) []string {
	seen := map[string]bool{id: true}
	var out []string
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for parent := range w.parents[queue[0]] {
			if !seen[parent] {
				seen[parent] = true
				out = append(out, parent)
				queue = append(queue, parent)
			}
		}
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// dump is the state document: a deep copy, sorted.
func (w *world) dump() (State, error) {
	st := State{
		Account: w.account, UnityCatalog: w.unityCatalog, AccountRoles: w.accountRoles,
		Workspaces: []Workspace{}, Users: []User{}, Groups: []Group{}, ServicePrincipals: []ServicePrincipal{},
		IDP: w.idp.dump(), AuditEvents: w.auditEvents,
	}
	for _, ws := range w.workspaces {
		st.Workspaces = append(st.Workspaces, *ws)
	}
	slices.SortFunc(st.Workspaces, func(a, b Workspace) int { return cmp.Compare(a.WorkspaceID, b.WorkspaceID) })
	for _, u := range w.users {
		st.Users = append(st.Users, *u)
	}
	for _, g := range w.groups {
		c := *g
		c.Members = slices.Clone(g.Members)
		slices.SortFunc(c.Members, func(a, b Member) int { return compareIDs(a.Value, b.Value) })
		st.Groups = append(st.Groups, c)
	}
	for _, sp := range w.sps {
		st.ServicePrincipals = append(st.ServicePrincipals, *sp)
	}
	if st.AccountRoles == nil {
		st.AccountRoles = []RuleSet{}
	}
	// Through JSON, so that the caller shares no slice with the world.
	raw, err := json.Marshal(st)
	if err != nil {
		return State{}, fmt.Errorf("encoding the state: %w", err)
	}
	var out State
	if err := json.Unmarshal(raw, &out); err != nil {
		return State{}, fmt.Errorf("decoding the state: %w", err)
	}
	return out, nil
}

// compareIDs orders decimal ids by value and other ids by length and text.
func compareIDs(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// all lists the principals of a kind, in order of ids.
func (w *world) all(kind principalKind) []principalRef {
	var out []principalRef
	switch kind {
	case kindUser:
		for _, u := range w.users {
			out = append(out, principalRef{kind: kind, user: u})
		}
	case kindGroup:
		for _, g := range w.groups {
			out = append(out, principalRef{kind: kind, group: g})
		}
	case kindServicePrincipal:
		for _, sp := range w.sps {
			out = append(out, principalRef{kind: kind, sp: sp})
		}
	}
	return out
}

// clone shares nothing with the original.
func (p principalRef) clone() principalRef {
	out := principalRef{kind: p.kind}
	switch p.kind {
	case kindUser:
		u := *p.user
		if u.Name != nil {
			name := *u.Name
			u.Name = &name
		}
		u.Emails, u.Roles = slices.Clone(u.Emails), slices.Clone(u.Roles)
		out.user = &u
	case kindGroup:
		g := *p.group
		g.Members, g.Roles = slices.Clone(g.Members), slices.Clone(g.Roles)
		out.group = &g
	case kindServicePrincipal:
		sp := *p.sp
		sp.Roles = slices.Clone(sp.Roles)
		out.sp = &sp
	}
	return out
}

// servicePrincipal finds one by its application id, in any case.
func (w *world) servicePrincipal(applicationID string) (*ServicePrincipal, bool) {
	for _, id := range w.byName[kindServicePrincipal][strings.ToLower(applicationID)] {
		return w.byID[id].sp, true
	}
	return nil, false
}

// isAccountAdmin tells whether a principal holds account_admin itself or
// through a group.
func (w *world) isAccountAdmin(id string) bool {
	for _, holder := range append([]string{id}, w.transitiveParents(id)...) {
		p, ok := w.byID[holder]
		if !ok {
			continue
		}
		var roles []Role
		switch p.kind {
		case kindUser:
			roles = p.user.Roles
		case kindGroup:
			roles = p.group.Roles
		case kindServicePrincipal:
			roles = p.sp.Roles
		}
		if slices.ContainsFunc(roles, func(r Role) bool { return r.Value == "account_admin" }) {
			return true
		}
	}
	return false
}

// isActive tells whether a principal exists and may sign in.
func (w *world) isActive(id string) bool {
	p, ok := w.byID[id]
	return ok && (p.kind == kindUser && p.user.Active || p.kind == kindServicePrincipal && p.sp.Active)
}

// withExternalID finds the principal of a kind that holds an external id in any
// case, the lowest internal id first. It looks at all of them: the index would
// have to be kept by every writer.
func (w *world) withExternalID(kind principalKind, externalID string) (principalRef, bool) {
	if externalID == "" {
		return principalRef{}, false
	}
	switch kind {
	case kindUser:
		for _, u := range w.users {
			if strings.EqualFold(u.ExternalID, externalID) {
				return principalRef{kind: kind, user: u}, true
			}
		}
	case kindGroup:
		for _, g := range w.groups {
			if strings.EqualFold(g.ExternalID, externalID) {
				return principalRef{kind: kind, group: g}, true
			}
		}
	case kindServicePrincipal:
		for _, sp := range w.sps {
			if strings.EqualFold(sp.ExternalID, externalID) {
				return principalRef{kind: kind, sp: sp}, true
			}
		}
	}
	return principalRef{}, false
}

// warehouse is one of a workspace, or nil. The pointer is into the workspace.
func (w *world) warehouse(workspaceID int64, id string) *Warehouse {
	ws := w.workspace[workspaceID]
	if ws == nil {
		return nil
	}
	for i := range ws.Warehouses {
		if ws.Warehouses[i].ID == id {
			return &ws.Warehouses[i]
		}
	}
	return nil
}

// named are the principals whose unique name is the lower-cased one, by id.
func (w *world) named(kind principalKind, lower string) []principalRef {
	ids := slices.SortedFunc(slices.Values(w.byName[kind][lower]), compareIDs)
	out := make([]principalRef, 0, len(ids))
	for _, id := range ids {
		out = append(out, w.byID[id])
	}
	return out
}

func (p principalRef) roles() []Role {
	switch p.kind {
	case kindUser:
		return p.user.Roles
	case kindGroup:
		return p.group.Roles
	default:
		return p.sp.Roles
	}
}

// rawDisplayName is the displayName attribute itself, with nothing in its place.
func (p principalRef) rawDisplayName() string {
	switch p.kind {
	case kindUser:
		return p.user.DisplayName
	case kindGroup:
		return p.group.DisplayName
	default:
		return p.sp.DisplayName
	}
}

// personName is never nil.
func (p principalRef) personName() PersonName {
	if p.user == nil || p.user.Name == nil {
		return PersonName{}
	}
	return *p.user.Name
}

func (p principalRef) setExternalID(id string) {
	switch p.kind {
	case kindUser:
		p.user.ExternalID = id
	case kindGroup:
		p.group.ExternalID = id
	default:
		p.sp.ExternalID = id
	}
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

// Levels of a permission assignment.
const (
	permissionUser  = "USER"
	permissionAdmin = "ADMIN"
)

// resourceName is the SCIM resource type: User, Group, ServicePrincipal.
func (k principalKind) resourceName() string { return strings.TrimSuffix(string(k), "s") }
