// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
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
				world.Metastore{MetastoreID: id, Name: name, Owner: owner, Region: "westeurope"})
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
		ws.Warehouses = append(ws.Warehouses, world.Warehouse{ID: strings.ReplaceAll(g.uuid("warehouse/"+ws.WorkspaceName), "-", "")[:16], Name: "shared"})
		users[ws.MetastoreID] = append(users[ws.MetastoreID], ws.WorkspaceID)
		if caller != "" && ws.Assignment(caller) == nil {
			ws.PermissionAssignments = append(ws.PermissionAssignments, world.PermissionAssignment{PrincipalID: caller, Permissions: []string{world.PermissionAdmin}})
			slices.SortFunc(ws.PermissionAssignments, func(a, b world.PermissionAssignment) int { return world.CompareIDs(a.PrincipalID, b.PrincipalID) })
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

func (g *generator) fillMetastore(m *world.Metastore, catalogs int, workspaces []int64) {
	add := func(kind, name string, grants ...world.Grant) *world.Securable {
		m.Securables = append(m.Securables, world.Securable{Type: kind, FullName: name, Owner: m.Owner, Grants: grants})
		return &m.Securables[len(m.Securables)-1]
	}
	m.Grants = g.grantsTo(1, "CREATE_CATALOG")
	for n := range catalogs {
		catalog := fmt.Sprintf("catalog_%04d", n+1)
		c := add(world.TypeCatalog, catalog, g.grantsTo(3, "USE_CATALOG")...)
		if owner := g.grantsTo(1, ""); len(owner) > 0 && g.rng.IntN(4) == 0 {
			c.Owner = owner[0].Principal
		}
		if !g.clean {
			g.oddCatalog(c, workspaces)
		}
		for s := range schemasPerCatalog {
			schema := fmt.Sprintf("%s.schema_%d", catalog, s+1)
			add(world.TypeSchema, schema, g.grantsTo(2, "SELECT", "USE_SCHEMA")...)
			for t := range tablesPerSchema {
				add(world.TypeTable, fmt.Sprintf("%s.table_%d", schema, t+1), g.grantsTo(t, "MODIFY")...)
			}
			add(world.TypeVolume, schema+".files")
			add(world.TypeFunction, schema+".mask")
			add(world.TypeModel, schema+".model")
		}
		if n%20 == 0 {
			number := fmt.Sprintf("_%04d", n+1)
			add(world.TypeStorage, "credential"+number)
			add(world.TypeLocation, "location"+number, g.grantsTo(1, "READ_FILES")...)
			add("connection", "connection"+number, g.grantsTo(1, "USE_CONNECTION")...)
		}
	}
}

// oddCatalog adds what real metastores have now and then: the grant of a
// principal that is gone, one to a user, a catalog bound to a single workspace.
func (g *generator) oddCatalog(c *world.Securable, workspaces []int64) {
	switch draw := g.rng.IntN(50); {
	case draw < 2:
		c.Grants = append(c.Grants, world.Grant{PrincipalID: fmt.Sprintf("99%010d", g.rng.IntN(1e9)), Privileges: []string{"USE_CATALOG"}})
	case draw < 5 && len(g.st.Users) > 0:
		user := g.st.Users[g.rng.IntN(len(g.st.Users))]
		c.Grants = append(c.Grants, world.Grant{Principal: user.UserName, Privileges: []string{"ALL_PRIVILEGES"}})
	case draw == 5 && len(workspaces) > 0:
		c.WorkspaceIDs = []int64{workspaces[g.rng.IntN(len(workspaces))]}
	}
}

// grantsTo are up to n grants to different groups.
func (g *generator) grantsTo(n int, privileges ...string) []world.Grant {
	var out []world.Grant
	for range min(n, len(g.st.Groups)) {
		group := g.st.Groups[g.rng.IntN(len(g.st.Groups))]
		if group.System || slices.ContainsFunc(out, func(o world.Grant) bool { return o.Principal == group.DisplayName }) {
			continue
		}
		out = append(out, world.Grant{Principal: group.DisplayName, Privileges: slices.Clone(privileges)})
	}
	return out
}
