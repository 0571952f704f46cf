// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package world is what the simulated account and its identity provider hold: the
// state document, the same indexed, and [Store], which keeps it behind a lock with what
// it was before its last writes.
package world

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
	SourceInternal = "INTERNAL"
	SourceIDP      = "IDENTITY_PROVIDER"
)

// RoleAccountAdmin is the role of an account admin.
const RoleAccountAdmin = "account_admin"

// Kind is the SCIM resource that a principal id belongs to.
type Kind string

// The kinds, as SCIM names their resources.
const (
	KindUser             Kind = "Users"
	KindGroup            Kind = "Groups"
	KindServicePrincipal Kind = "ServicePrincipals"
)

// Principal is where a principal id leads.
type Principal struct {
	Kind  Kind
	User  *User
	Group *Group
	SP    *ServicePrincipal
}

// ExternalID reads the externalId of whichever kind the reference holds.
func (p Principal) ExternalID() string {
	switch p.Kind {
	case KindUser:
		return p.User.ExternalID
	case KindGroup:
		return p.Group.ExternalID
	default:
		return p.SP.ExternalID
	}
}

// Name is the unique name: userName, displayName of a group, application id.
func (p Principal) Name() string {
	switch p.Kind {
	case KindUser:
		return p.User.UserName
	case KindGroup:
		return p.Group.DisplayName
	default:
		return p.SP.ApplicationID
	}
}

// Display is the name that lists of members show.
func (p Principal) Display() string {
	switch p.Kind {
	case KindUser:
		return cmp.Or(p.User.DisplayName, p.User.UserName)
	case KindGroup:
		return p.Group.DisplayName
	default:
		return p.SP.DisplayName
	}
}

// World is the indexed state. It does no locking: [Store] holds one lock for
// all of it. The slices are sorted by id (by value) and are the order of lists;
// additions get ids above every existing one, so they are appended.
type World struct {
	Account      Account
	Workspaces   []*Workspace
	Users        []*User
	Groups       []*Group
	SPs          []*ServicePrincipal
	UnityCatalog UnityCatalog
	Catalogs     map[string]*MetastoreIndex // by metastore id
	AccountRoles []RuleSet
	IDP          *Directory

	ByID      map[string]Principal
	ByName    map[Kind]map[string][]string // lower-cased unique name -> ids
	Parents   map[string]map[string]bool   // member id -> ids of groups that list it
	Workspace map[int64]*Workspace
	lastID    int64

	AuditEvents []AuditEvent
	Writes      []AuditEvent // of this run
	writer      *auditWriter // nil: not logged
}

// New indexes a state document. The error names the first entry that
// cannot be: an id that is empty, not decimal or used twice, an empty name, or a
// word that the API does not have.
func New(st State) (*World, error) {
	if err := st.checkWords(); err != nil {
		return nil, err
	}
	w := &World{
		Account:      st.Account,
		AccountRoles: CloneRuleSets(st.AccountRoles),
		ByID:         map[string]Principal{},
		ByName:       map[Kind]map[string][]string{KindUser: {}, KindGroup: {}, KindServicePrincipal: {}},
		Parents:      map[string]map[string]bool{},
		Workspace:    map[int64]*Workspace{},
		AuditEvents:  st.AuditEvents,
	}
	for i := range st.Users {
		u := st.Users[i]
		if err := w.Add(Principal{Kind: KindUser, User: &u}); err != nil {
			return nil, fmt.Errorf("users[%d]: %w", i, err)
		}
	}
	for i := range st.Groups {
		g := st.Groups[i]
		g.Members = slices.Clone(g.Members)
		if err := w.Add(Principal{Kind: KindGroup, Group: &g}); err != nil {
			return nil, fmt.Errorf("groups[%d]: %w", i, err)
		}
	}
	for i := range st.ServicePrincipals {
		sp := st.ServicePrincipals[i]
		if err := w.Add(Principal{Kind: KindServicePrincipal, SP: &sp}); err != nil {
			return nil, fmt.Errorf("service_principals[%d]: %w", i, err)
		}
	}
	slices.SortFunc(w.Users, func(a, b *User) int { return CompareIDs(a.ID, b.ID) })
	slices.SortFunc(w.Groups, func(a, b *Group) int { return CompareIDs(a.ID, b.ID) })
	slices.SortFunc(w.SPs, func(a, b *ServicePrincipal) int { return CompareIDs(a.ID, b.ID) })
	for i := range st.Workspaces {
		ws := st.Workspaces[i]
		ws.PermissionAssignments = slices.Clone(ws.PermissionAssignments)
		if ws.WorkspaceID == 0 || w.Workspace[ws.WorkspaceID] != nil {
			return nil, fmt.Errorf("workspaces[%d]: workspace_id %d is zero or used twice", i, ws.WorkspaceID)
		}
		ws.Warehouses = slices.Clone(ws.Warehouses)
		for j, g := range ws.LocalGroups {
			if g.ID == "" || g.DisplayName == "" || w.ByID[g.ID].Kind != "" {
				return nil, fmt.Errorf("workspaces[%d].local_groups[%d]: id %q is empty or that of a principal of the account, or the name is empty", i, j, g.ID)
			}
		}
		w.Workspaces = append(w.Workspaces, &ws)
		w.Workspace[ws.WorkspaceID] = &ws
	}
	if err := w.indexCatalogs(st.UnityCatalog); err != nil {
		return nil, err
	}
	var err error
	w.IDP, err = newDirectory(st.IDP)
	return w, err
}

// Add indexes a principal that has an id.
func (w *World) Add(p Principal) error {
	id, name := p.ID(), p.Name()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return fmt.Errorf("id %q is not a positive decimal number", id)
	}
	if _, taken := w.ByID[id]; taken {
		return fmt.Errorf("id %s is used twice", id)
	}
	if name == "" {
		return fmt.Errorf("principal %s has no name", id)
	}
	w.lastID = max(w.lastID, n)
	w.ByID[id] = p
	lower := strings.ToLower(name)
	w.ByName[p.Kind][lower] = append(w.ByName[p.Kind][lower], id)
	switch p.Kind {
	case KindUser:
		w.Users = append(w.Users, p.User)
	case KindGroup:
		w.Groups = append(w.Groups, p.Group)
		for _, m := range p.Group.Members {
			w.indexMember(m.Value, id)
		}
	case KindServicePrincipal:
		w.SPs = append(w.SPs, p.SP)
	}
	w.Logged(createdActions[p.Kind], p, nil)
	return nil
}

// ID is the Databricks id.
func (p Principal) ID() string {
	switch p.Kind {
	case KindUser:
		return p.User.ID
	case KindGroup:
		return p.Group.ID
	default:
		return p.SP.ID
	}
}

// NextID is an id that no one has had.
func (w *World) NextID() string {
	w.lastID++
	return strconv.FormatInt(w.lastID, 10)
}

// Find returns the principal of that kind and id.
func (w *World) Find(kind Kind, id string) (Principal, bool) {
	p, ok := w.ByID[id]
	return p, ok && p.Kind == kind
}

// Rename keeps the name index true; set writes the new name into the object.
func (w *World) Rename(p Principal, set func()) {
	w.dropName(p)
	before := p.Name()
	set()
	w.renameInGrants(p.Kind, before, p.Name())
	lower := strings.ToLower(p.Name())
	w.ByName[p.Kind][lower] = append(w.ByName[p.Kind][lower], p.ID())
}

func (w *World) dropName(p Principal) {
	lower := strings.ToLower(p.Name())
	ids := slices.DeleteFunc(w.ByName[p.Kind][lower], func(id string) bool { return id == p.ID() })
	if len(ids) == 0 {
		delete(w.ByName[p.Kind], lower)
		return
	}
	w.ByName[p.Kind][lower] = ids
}

// Remove deletes a principal, its memberships and its workspace assignments.
func (w *World) Remove(p Principal) {
	id := p.ID()
	w.Logged(removedActions[p.Kind], p, nil)
	for parent := range w.Parents[id] {
		g := w.ByID[parent].Group
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Value == id })
	}
	delete(w.Parents, id)
	for _, ws := range w.Workspaces {
		ws.PermissionAssignments = slices.DeleteFunc(ws.PermissionAssignments,
			func(a PermissionAssignment) bool { return a.PrincipalID == id })
	}
	w.dropName(p)
	w.orphanGrants(p)
	delete(w.ByID, id)
	switch p.Kind {
	case KindUser:
		w.Users = slices.DeleteFunc(w.Users, func(u *User) bool { return u == p.User })
	case KindGroup:
		for _, m := range p.Group.Members {
			delete(w.Parents[m.Value], id)
		}
		w.Groups = slices.DeleteFunc(w.Groups, func(g *Group) bool { return g == p.Group })
	case KindServicePrincipal:
		w.SPs = slices.DeleteFunc(w.SPs, func(s *ServicePrincipal) bool { return s == p.SP })
	}
}

func (w *World) indexMember(member, group string) {
	if w.Parents[member] == nil {
		w.Parents[member] = map[string]bool{}
	}
	w.Parents[member][group] = true
}

// AddMember adds a direct member; a member that is there stays as it is.
func (w *World) AddMember(g *Group, member, source string) {
	if w.Parents[member][g.ID] {
		return
	}
	if source == SourceInternal {
		source = "" // The default is left out of the document.
	}
	g.Members = append(g.Members, Member{Value: member, Source: source})
	w.indexMember(member, g.ID)
	w.Logged("addPrincipalToGroup", w.ByID[member], g)
}

// RemoveMember removes a direct member; one that is not there is no matter.
func (w *World) RemoveMember(g *Group, member string) {
	if !w.Parents[member][g.ID] {
		return
	}
	g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Value == member })
	delete(w.Parents[member], g.ID)
	w.Logged("removePrincipalFromGroup", w.ByID[member], g)
}

// TransitiveParents are the ids of every group above a principal, sorted, never
// the principal itself even inside a cycle.
func (w *World) TransitiveParents(id string) []string {
	seen := map[string]bool{id: true}
	var out []string
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for parent := range w.Parents[queue[0]] {
			if !seen[parent] {
				seen[parent] = true
				out = append(out, parent)
				queue = append(queue, parent)
			}
		}
	}
	slices.SortFunc(out, CompareIDs)
	return out
}

// Dump is the state document: a deep copy, sorted.
func (w *World) Dump() (State, error) {
	st := State{
		Account: w.Account, UnityCatalog: w.UnityCatalog, AccountRoles: w.AccountRoles,
		Workspaces: []Workspace{}, Users: []User{}, Groups: []Group{}, ServicePrincipals: []ServicePrincipal{},
		IDP: w.IDP.dump(), AuditEvents: w.AuditEvents,
	}
	for _, ws := range w.Workspaces {
		st.Workspaces = append(st.Workspaces, *ws)
	}
	slices.SortFunc(st.Workspaces, func(a, b Workspace) int { return cmp.Compare(a.WorkspaceID, b.WorkspaceID) })
	for _, u := range w.Users {
		st.Users = append(st.Users, *u)
	}
	for _, g := range w.Groups {
		c := *g
		c.Members = slices.Clone(g.Members)
		slices.SortFunc(c.Members, func(a, b Member) int { return CompareIDs(a.Value, b.Value) })
		st.Groups = append(st.Groups, c)
	}
	for _, sp := range w.SPs {
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

// CompareIDs orders decimal ids by value and other ids by length and text.
func CompareIDs(a, b string) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// List is a list by position, so that a page costs a page.
type List struct {
	Len int
	At  func(i int) Principal
}

// Everyone is every principal of a kind, in order of ids, without copying.
func (w *World) Everyone(kind Kind) List {
	switch kind {
	case KindUser:
		return List{len(w.Users), func(i int) Principal { return Principal{Kind: kind, User: w.Users[i]} }}
	case KindGroup:
		return List{len(w.Groups), func(i int) Principal { return Principal{Kind: kind, Group: w.Groups[i]} }}
	default:
		return List{len(w.SPs), func(i int) Principal { return Principal{Kind: kind, SP: w.SPs[i]} }}
	}
}

// All copies the list of [World.Everyone].
func (w *World) All(kind Kind) []Principal {
	list := w.Everyone(kind)
	out := make([]Principal, list.Len)
	for i := range out {
		out[i] = list.At(i)
	}
	return out
}

// Clone shares nothing with the original.
func (p Principal) Clone() Principal {
	out := Principal{Kind: p.Kind}
	switch p.Kind {
	case KindUser:
		u := *p.User
		if u.Name != nil {
			name := *u.Name
			u.Name = &name
		}
		u.Emails, u.Roles = slices.Clone(u.Emails), slices.Clone(u.Roles)
		out.User = &u
	case KindGroup:
		g := *p.Group
		g.Members, g.Roles = slices.Clone(g.Members), slices.Clone(g.Roles)
		out.Group = &g
	case KindServicePrincipal:
		sp := *p.SP
		sp.Roles = slices.Clone(sp.Roles)
		out.SP = &sp
	}
	return out
}

// ServicePrincipal finds one by its application id, in any case.
func (w *World) ServicePrincipal(applicationID string) (*ServicePrincipal, bool) {
	for _, id := range w.ByName[KindServicePrincipal][strings.ToLower(applicationID)] {
		return w.ByID[id].SP, true
	}
	return nil, false
}

// IsAccountAdmin reports whether a principal holds account_admin itself or
// through a group.
func (w *World) IsAccountAdmin(id string) bool {
	for _, holder := range append([]string{id}, w.TransitiveParents(id)...) {
		p, ok := w.ByID[holder]
		if !ok {
			continue
		}
		var roles []Role
		switch p.Kind {
		case KindUser:
			roles = p.User.Roles
		case KindGroup:
			roles = p.Group.Roles
		case KindServicePrincipal:
			roles = p.SP.Roles
		}
		if slices.ContainsFunc(roles, func(r Role) bool { return r.Value == "account_admin" }) {
			return true
		}
	}
	return false
}

// IsActive reports whether a principal exists and may sign in.
func (w *World) IsActive(id string) bool {
	p, ok := w.ByID[id]
	return ok && (p.Kind == KindUser && p.User.Active || p.Kind == KindServicePrincipal && p.SP.Active)
}

// WithExternalID finds the principal of a kind that holds an external id in any
// case, the lowest internal id first. It looks at all of them: the index would
// have to be kept by every writer.
func (w *World) WithExternalID(kind Kind, externalID string) (Principal, bool) {
	if externalID == "" {
		return Principal{}, false
	}
	switch kind {
	case KindUser:
		for _, u := range w.Users {
			if strings.EqualFold(u.ExternalID, externalID) {
				return Principal{Kind: kind, User: u}, true
			}
		}
	case KindGroup:
		for _, g := range w.Groups {
			if strings.EqualFold(g.ExternalID, externalID) {
				return Principal{Kind: kind, Group: g}, true
			}
		}
	case KindServicePrincipal:
		for _, sp := range w.SPs {
			if strings.EqualFold(sp.ExternalID, externalID) {
				return Principal{Kind: kind, SP: sp}, true
			}
		}
	}
	return Principal{}, false
}

// Warehouse is one of a workspace, or nil. The pointer is into the workspace.
func (w *World) Warehouse(workspaceID int64, id string) *Warehouse {
	ws := w.Workspace[workspaceID]
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

// Named are the principals whose unique name is the lower-cased one, by id.
func (w *World) Named(kind Kind, lower string) []Principal {
	ids := slices.SortedFunc(slices.Values(w.ByName[kind][lower]), CompareIDs)
	out := make([]Principal, 0, len(ids))
	for _, id := range ids {
		out = append(out, w.ByID[id])
	}
	return out
}

// Roles are those that it holds itself.
func (p Principal) Roles() []Role {
	switch p.Kind {
	case KindUser:
		return p.User.Roles
	case KindGroup:
		return p.Group.Roles
	default:
		return p.SP.Roles
	}
}

// RawDisplayName is the displayName attribute itself, with nothing in its place.
func (p Principal) RawDisplayName() string {
	switch p.Kind {
	case KindUser:
		return p.User.DisplayName
	case KindGroup:
		return p.Group.DisplayName
	default:
		return p.SP.DisplayName
	}
}

// PersonName is never nil.
func (p Principal) PersonName() PersonName {
	if p.User == nil || p.User.Name == nil {
		return PersonName{}
	}
	return *p.User.Name
}

// SetExternalID writes into the object itself.
func (p Principal) SetExternalID(id string) {
	switch p.Kind {
	case KindUser:
		p.User.ExternalID = id
	case KindGroup:
		p.Group.ExternalID = id
	default:
		p.SP.ExternalID = id
	}
}

// Assignment is the direct one of a principal, or nil. The pointer is into the
// workspace and holds until its assignments change.
func (ws *Workspace) Assignment(id string) *PermissionAssignment {
	for i := range ws.PermissionAssignments {
		if ws.PermissionAssignments[i].PrincipalID == id {
			return &ws.PermissionAssignments[i]
		}
	}
	return nil
}

// Levels of a permission assignment.
const (
	PermissionUser  = "USER"
	PermissionAdmin = "ADMIN"
)

// Entitlements that go with a level: EntitlementAccess with USER, EntitlementAdmin
// with ADMIN.
const (
	EntitlementAccess = "WORKSPACE_ACCESS"
	EntitlementAdmin  = "WORKSPACE_ADMIN"
)

// EntitledTo are the entitlements of an assignment, sorted: those that it names,
// and what its levels stand for.
func (a *PermissionAssignment) EntitledTo() []string {
	out := slices.Clone(a.Entitlements)
	if slices.Contains(a.Permissions, PermissionAdmin) {
		out = append(out, EntitlementAdmin)
	}
	if len(out) == 0 {
		out = append(out, EntitlementAccess)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ResourceName is the SCIM resource type: User, Group, ServicePrincipal.
func (k Kind) ResourceName() string { return strings.TrimSuffix(string(k), "s") }
