// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"fmt"
	"slices"
	"strings"
)

// What a generated catalog holds.
const (
	schemasPerCatalog = 2
	tablesPerSchema   = 2
)

// metastores adds metastores, gives them to the generated workspaces in turn
// (and a SQL warehouse to each of these), and fills them. The calling service principal owns them and administers their
// workspaces, so that everything in them can be read.
func (g *generator) metastores(count, catalogs int, added []int) {
	if count == 0 {
		return
	}
	caller, owner := g.callingPrincipal()
	var ids []string
	taken := map[string]bool{}
	for _, m := range g.st.UnityCatalog.Metastores {
		taken[m.MetastoreID] = true
	}
	for n := 1; len(ids) < count; n++ {
		name := fmt.Sprintf("generated-metastore-%02d", n)
		if id := g.uuid("metastore/" + name); !taken[id] {
			ids = append(ids, id)
			g.st.UnityCatalog.Metastores = append(g.st.UnityCatalog.Metastores,
				Metastore{MetastoreID: id, Name: name, Owner: owner, Region: "westeurope"})
		}
	}
	users := map[string][]int64{} // workspaces by metastore
	next := 0
	for _, at := range added {
		ws := &g.st.Workspaces[at]
		if ws.FederationInfo == nil || !ws.FederationInfo.EnableIdentityFederation {
			continue
		}
		ws.MetastoreID = ids[next%len(ids)]
		next++
		ws.Warehouses = append(ws.Warehouses, Warehouse{ID: strings.ReplaceAll(g.uuid("warehouse/"+ws.WorkspaceName), "-", "")[:16], Name: "shared"})
		users[ws.MetastoreID] = append(users[ws.MetastoreID], ws.WorkspaceID)
		if caller != "" && ws.Assignment(caller) == nil {
			ws.PermissionAssignments = append(ws.PermissionAssignments, PermissionAssignment{PrincipalID: caller, Permissions: []string{PermissionAdmin}})
			slices.SortFunc(ws.PermissionAssignments, func(a, b PermissionAssignment) int { return CompareIDs(a.PrincipalID, b.PrincipalID) })
		}
	}
	for i := range g.st.UnityCatalog.Metastores {
		if m := &g.st.UnityCatalog.Metastores[i]; slices.Contains(ids, m.MetastoreID) {
			g.fillMetastore(m, catalogs, users[m.MetastoreID])
		}
	}
}

// callingPrincipal is the first client with a secret: its id and application id.
func (g *generator) callingPrincipal() (id, applicationID string) {
	if len(g.st.Account.OAuthClients) == 0 {
		return "", ""
	}
	applicationID = g.st.Account.OAuthClients[0].ClientID
	for _, sp := range g.st.ServicePrincipals {
		if sp.ApplicationID == applicationID {
			return sp.ID, applicationID
		}
	}
	return "", applicationID
}

func (g *generator) fillMetastore(m *Metastore, catalogs int, workspaces []int64) {
	add := func(kind, name string, grants ...Grant) *Securable {
		m.Securables = append(m.Securables, Securable{Type: kind, FullName: name, Owner: m.Owner, Grants: grants})
		return &m.Securables[len(m.Securables)-1]
	}
	m.Grants = g.grantsTo(1, "CREATE_CATALOG")
	for n := range catalogs {
		catalog := fmt.Sprintf("catalog_%04d", n+1)
		c := add(TypeCatalog, catalog, g.grantsTo(3, "USE_CATALOG")...)
		if owner := g.grantsTo(1, ""); len(owner) > 0 && g.rng.IntN(4) == 0 {
			c.Owner = owner[0].Principal
		}
		if !g.clean {
			g.oddCatalog(c, workspaces)
		}
		for s := range schemasPerCatalog {
			schema := fmt.Sprintf("%s.schema_%d", catalog, s+1)
			add(TypeSchema, schema, g.grantsTo(2, "SELECT", "USE_SCHEMA")...)
			for t := range tablesPerSchema {
				add(TypeTable, fmt.Sprintf("%s.table_%d", schema, t+1), g.grantsTo(t, "MODIFY")...)
			}
			add(TypeVolume, schema+".files")
			add(TypeFunction, schema+".mask")
			add(TypeModel, schema+".model")
		}
		if n%20 == 0 {
			number := fmt.Sprintf("_%04d", n+1)
			add(TypeStorage, "credential"+number)
			add(TypeLocation, "location"+number, g.grantsTo(1, "READ_FILES")...)
			add("connection", "connection"+number, g.grantsTo(1, "USE_CONNECTION")...)
		}
	}
}

// oddCatalog adds what real metastores have now and then: the grant of a
// principal that is gone, one to a user, a catalog bound to a single workspace.
func (g *generator) oddCatalog(c *Securable, workspaces []int64) {
	switch draw := g.rng.IntN(50); {
	case draw < 2:
		c.Grants = append(c.Grants, Grant{PrincipalID: fmt.Sprintf("99%010d", g.rng.IntN(1e9)), Privileges: []string{"USE_CATALOG"}})
	case draw < 5 && len(g.st.Users) > 0:
		user := g.st.Users[g.rng.IntN(len(g.st.Users))]
		c.Grants = append(c.Grants, Grant{Principal: user.UserName, Privileges: []string{"ALL_PRIVILEGES"}})
	case draw == 5 && len(workspaces) > 0:
		c.WorkspaceIDs = []int64{workspaces[g.rng.IntN(len(workspaces))]}
	}
}

// grantsTo are up to n grants to different groups.
func (g *generator) grantsTo(n int, privileges ...string) []Grant {
	var out []Grant
	for range min(n, len(g.st.Groups)) {
		group := g.st.Groups[g.rng.IntN(len(g.st.Groups))]
		if group.System || slices.ContainsFunc(out, func(o Grant) bool { return o.Principal == group.DisplayName }) {
			continue
		}
		out = append(out, Grant{Principal: group.DisplayName, Privileges: slices.Clone(privileges)})
	}
	return out
}
