// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package accounttest

import (
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Ids and names of [Estate].
const (
	SourceID         = "1"
	TargetID         = "2"
	callerID         = "401"
	DirectID         = "11"
	ParentID         = "12"
	GrandparentID    = "13"
	ownersID         = "31"
	otherID          = "41"
	callerAppID      = "0a000000-0000-4000-8000-000000000401"
	MetastoreID      = "m-1"
	EmptyMetastoreID = "m-2"
	Direct           = "direct"
	Parent           = "parent"
	grandparent      = "grandparent"
	Owners           = "owners"
)

// Estate is an account in which the source is in one group below two others, all
// without any access, and the caller owns the metastore through a group. Tests
// add what they are about.
func Estate() simulator.State {
	on := &simulator.FederationInfo{EnableIdentityFederation: true}
	admins := func() []simulator.PermissionAssignment {
		return []simulator.PermissionAssignment{{PrincipalID: ownersID, Permissions: []string{"ADMIN"}}}
	}
	member := func(id string) []simulator.Member { return []simulator.Member{{Value: id}} }
	return simulator.State{
		Account: simulator.Account{OAuthClients: []simulator.OAuthClient{{ClientID: callerAppID, ClientSecret: "secret"}}},
		Users: []simulator.User{
			{ID: SourceID, UserName: "source@example.com", Active: true}, {ID: TargetID, UserName: "target@example.com", Active: true},
		},
		Groups: []simulator.Group{
			{ID: DirectID, DisplayName: Direct, Members: member(SourceID)},
			{ID: ParentID, DisplayName: Parent, Members: member(DirectID)},
			{ID: GrandparentID, DisplayName: grandparent, Members: member(ParentID)},
			{ID: ownersID, DisplayName: Owners, Members: member(callerID)},
			{ID: otherID, DisplayName: "other"},
		},
		ServicePrincipals: []simulator.ServicePrincipal{{
			ID: callerID, ApplicationID: callerAppID, DisplayName: "auditor", Active: true, Roles: []simulator.Role{{Value: "account_admin"}},
		}},
		Workspaces: []simulator.Workspace{
			{WorkspaceID: 101, WorkspaceName: "one", Status: "RUNNING", FederationInfo: on, MetastoreID: MetastoreID, PermissionAssignments: admins()},
			{WorkspaceID: 102, WorkspaceName: "two", Status: "RUNNING", FederationInfo: on, MetastoreID: MetastoreID, PermissionAssignments: admins()},
		},
		UnityCatalog: simulator.UnityCatalog{Metastores: []simulator.Metastore{{
			MetastoreID: MetastoreID, Name: "main", Owner: Owners,
			Securables: []simulator.Securable{
				{Type: "catalog", FullName: "c", Owner: Owners, Grants: []simulator.Grant{GrantTo("account users", "BROWSE")}},
				{Type: "schema", FullName: "c.s", Owner: Owners},
				{Type: "table", FullName: "c.s.t", Owner: Owners},
				{Type: "table", FullName: "c.s.v", Owner: Owners, Kind: "VIEW"},
				{Type: "volume", FullName: "c.s.files", Owner: Owners},
				{Type: "function", FullName: "c.s.mask", Owner: Owners},
				{Type: "model", FullName: "c.s.churn", Owner: Owners},
				{Type: "external_location", FullName: "landing", Owner: Owners},
				{Type: "storage_credential", FullName: "lake", Owner: Owners},
				{Type: "credential", FullName: "vault", Owner: Owners},
				{Type: "connection", FullName: "erp", Owner: Owners},
				{Type: "share", FullName: "partners", Owner: Owners},
			},
		}}},
	}
}

// GrantOn gives a privilege on an object; that with the name of the metastore is
// the metastore.
func GrantOn(st *simulator.State, name string, grants ...simulator.Grant) {
	m := &st.UnityCatalog.Metastores[0]
	if name == m.Name {
		m.Grants = append(m.Grants, grants...)
	}
	for i := range m.Securables {
		if m.Securables[i].FullName == name {
			m.Securables[i].Grants = append(m.Securables[i].Grants, grants...)
		}
	}
}

// GrantTo is a grant for [GrantOn].
func GrantTo(principal string, privileges ...string) simulator.Grant {
	return simulator.Grant{Principal: principal, Privileges: privileges}
}

// AsCaller logs in as the service principal of estate.
func AsCaller(cfg api.Config) api.Config {
	cfg.SDK.ClientID, cfg.SDK.ClientSecret = callerAppID, "secret"
	return cfg
}

// WholeGraph is the graph of a state, as a crawl of all groups reads it.
func WholeGraph(st *simulator.State) access.Graph {
	g := access.Graph{Route: access.RouteSCIM, Listed: true}
	types := map[string]audit.PrincipalType{}
	for _, u := range st.Users {
		types[u.ID] = audit.TypeUser
	}
	for _, s := range st.ServicePrincipals {
		types[s.ID] = audit.TypeServicePrincipal
	}
	for _, group := range st.Groups {
		types[group.ID] = audit.TypeGroup
	}
	for _, from := range st.Groups {
		out := access.Group{Principal: audit.Principal{Ref: Group(from.ID), Name: from.DisplayName, DisplayName: from.DisplayName, ExternalID: from.ExternalID}}
		for _, m := range from.Members {
			out.Members = append(out.Members, audit.Member{Ref: audit.Ref{Type: types[m.Value], ID: m.Value}, Source: audit.SourceUnknown})
		}
		g.Groups = append(g.Groups, out)
	}
	return g
}

// SourceAndTarget are the two users of Estate.
func SourceAndTarget() (source, target audit.Principal) {
	source = audit.Principal{Ref: User(SourceID), Name: "source@example.com", DisplayName: "source@example.com", Active: new(true)}
	target = audit.Principal{Ref: User(TargetID), Name: "target@example.com", DisplayName: "target@example.com", Active: new(true)}
	return source, target
}

// StatusFault answers with a status; 501 is a failure that no one asks again about.
func StatusFault(code int, path string) simulator.Fault {
	return simulator.Fault{Kind: "status", Path: path, Status: code, Message: "injected"}
}
