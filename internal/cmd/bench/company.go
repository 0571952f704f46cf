// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// What the data sources are asked for in the company of [config.company].
const (
	companyWarehouse = "3f2a9c41d07be586"
	connectorID      = "00000000-0000-4000-b000-000000000001"
)

// company is the preset migration with twenty times as many people, groups, service principals
// and workspaces, which the caller administers: a connector in its tenant, a warehouse and a
// log in one workspace, and local groups in each. What is added does not diverge.
func (c config) company() (st simulator.State, workspace string, err error) {
	if st, err = presets.New("migration"); err != nil {
		return st, "", err
	}
	caller := st.ServicePrincipals[0].ID
	const more = 19
	users, groups, sps, workspaces := len(st.Users), len(st.Groups), len(st.ServicePrincipals), len(st.Workspaces)
	st, err = presets.Generate(st, presets.GenerateOptions{
		Users: c.of(more * users), Groups: c.of(more * groups), ServicePrincipals: c.of(more * sps), Workspaces: c.of(more * workspaces),
		Metastores: 1, Catalogs: c.of(20), Seed: 7, Clean: true,
	})
	if err != nil {
		return st, "", err
	}
	st.Workspaces = slices.DeleteFunc(st.Workspaces, func(w simulator.Workspace) bool { // No one can enter these.
		return w.FederationInfo == nil || !w.FederationInfo.EnableIdentityFederation
	})
	for i := range st.Workspaces {
		w := &st.Workspaces[i]
		if !slices.ContainsFunc(w.PermissionAssignments, func(a simulator.PermissionAssignment) bool { return a.PrincipalID == caller }) {
			w.PermissionAssignments = append(w.PermissionAssignments, simulator.PermissionAssignment{PrincipalID: caller, Permissions: []string{"ADMIN"}})
		}
		if len(w.LocalGroups) == 0 {
			w.LocalGroups = []simulator.Group{{ID: fmt.Sprint(820000000000000 + i), DisplayName: "readers", Members: []simulator.Member{{Value: st.Users[i].ID}}}}
		}
		if workspace == "" && w.MetastoreID != "" {
			workspace, w.Warehouses = fmt.Sprint(w.WorkspaceID), []simulator.Warehouse{{ID: companyWarehouse, Name: "shared"}}
		}
	}
	if workspace == "" {
		return st, "", errors.New("no workspace has a metastore")
	}
	for i := range 200 {
		u := &st.Users[i%len(st.Users)]
		st.AuditEvents = append(st.AuditEvents, simulator.AuditEvent{
			EventTime: fmt.Sprintf("2026-11-%02dT%02d:00:00Z", 1+i%28, i%24), ActionName: "updateUser",
			RequestParams: map[string]string{"endpoint": "scim", "targetUserId": u.ID, "targetUserName": u.UserName}, UserAgent: "Azure-AD-Provisioning/1.0",
		})
	}
	st.IDP.ServicePrincipals = append(st.IDP.ServicePrincipals, connector(st))
	return st, workspace, nil
}

// connector is a healthy connector of the account, to which all its groups are assigned.
func connector(st simulator.State) simulator.IDPServicePrincipal {
	sp := simulator.IDPServicePrincipal{ID: connectorID, AppID: "00000000-0000-4000-b000-000000000002", DisplayName: "Databricks SCIM", AccountEnabled: true}
	sp.Provision("https://accounts.azuredatabricks.net/api/2.0/accounts/" + st.Account.AccountID + "/scim/v2")
	for _, g := range st.IDP.Groups {
		if !g.Deleted {
			sp.AppRoleAssignedTo = append(sp.AppRoleAssignedTo, simulator.AppRoleAssignment{PrincipalID: g.ID})
		}
	}
	return sp
}

// census is what of the company decides how many requests an answer takes.
type census struct {
	size
	linked, assigned, idpUsers, idpGroups int
	workspaces, locals, securables        int
	connectors                            int
}

func censusOf(st simulator.State) census {
	c := census{
		size: size{users: len(st.Users), groups: len(st.Groups), sps: len(st.ServicePrincipals)}, idpUsers: len(st.IDP.Users), idpGroups: len(st.IDP.Groups),
		workspaces: len(st.Workspaces),
	}
	for _, g := range st.Groups {
		if g.ExternalID != "" {
			c.linked++
		}
	}
	for i := range st.IDP.ServicePrincipals {
		c.assigned += len(st.IDP.ServicePrincipals[i].AppRoleAssignedTo)
		if st.IDP.ServicePrincipals[i].Synchronization != nil {
			c.connectors++
		}
	}
	for i := range st.Workspaces {
		c.locals += len(st.Workspaces[i].LocalGroups)
	}
	c.securables = securablesAbove(st)
	return c
}

// part is what a data source has to read, and how many requests that takes at least.
type part struct {
	n    int
	what string
}

// Parts that several data sources read; each is read once in a run.
func (c census) pages1000() part     { return part{c.size.pages(1000), "pages"} }
func (c census) members() part       { return part{c.linked, "member reads"} }
func (c census) workspaceList() part { return part{1, "list of workspaces"} }
func (c census) log() part           { return part{4, "for the audit log"} }
func (c census) oneToken() part      { return part{1, "sign-in to a workspace"} }
func (c census) tokens() part        { return part{c.workspaces, "sign-ins to workspaces"} }
func (c census) localGroups() part {
	return part{c.workspaces + c.locals, "lists of local groups and their members"}
}
func (c census) details() part     { return part{c.workspaces, "workspace access details"} }
func (c census) assignments() part { return part{c.workspaces, "permission assignments"} }
func (c census) graph() part {
	return part{pages(c.idpUsers, 999) + pages(c.idpGroups, 20) + 2, "pages and batches of Graph"}
}
func (c census) deleted() part  { return part{1, "list of deleted users"} }
func (c census) settings() part { return part{2, "denylist and settings"} }

// feeds: the gallery's template, the applications made from it, and the jobs, schema and secrets of each.
func (c census) feeds() part { return part{2 + 3*c.connectors, "for connectors"} }
func (c census) scope() part {
	return part{c.connectors + pages(c.assigned, 20), "for whom the connectors cover"}
}
func (c census) rolesOfUsers() part { return part{pages(c.users, 100), "pages of users with roles"} }
func (c census) roles() part {
	return part{pages(c.groups, 100) + pages(c.sps, 100), "pages of groups and service principals with roles"}
}

// power: metastores, the rule sets of the account, of two groups and of a service principal.
func (c census) power() part { return part{5, "for who is privileged"} }

// people are two people: the search for each, the groups above, who they are, and the five
// groups between them with their members.
func (c census) people() part { return part{2*4 + 2*5, "for two people"} }

// catalog is the metastore, its lists, and the permissions of each securable.
func (c census) catalog() part { return part{3 + 5 + c.securables, "for Unity Catalog"} }

// sum is the least number of the union of some data sources.
func sum(parts ...part) (n int, how string) {
	var words []string
	seen := map[string]bool{}
	for _, p := range parts {
		if !seen[p.what] {
			seen[p.what] = true
			n += p.n
			words = append(words, fmt.Sprint(p.n, " ", p.what))
		}
	}
	return n, strings.Join(words, " + ")
}

// source is one data source, or several, in the company.
type source struct {
	name string
	// config is the blocks, and kinds their data sources, which all have to be complete.
	config string
	kinds  []string
	parts  func(c census) []part
}

func companyScenarios() []scenario {
	goal := fmt.Sprintf("at most the least possible number of requests + %d", above)
	var out []scenario
	for _, s := range sources {
		out = append(out, scenario{
			name: s.name, goal: goal, quick: true, limit: 10 * time.Minute,
			run: func(ctx context.Context, b *bench) ([]result, error) {
				res, err := b.inCompany(ctx, s)
				res.Goal, res.OK = goal, res.Requests <= res.Least+above
				return one(res, err)
			},
		})
	}
	return out
}

func (b *bench) inCompany(ctx context.Context, s source) (result, error) {
	st, workspace, err := b.company()
	if err != nil {
		return result{}, err
	}
	server, err := b.startServer(ctx, st, "-assume", "graph.secrets_readable=true")
	if err != nil {
		return result{}, err
	}
	defer server.stop()
	w, err := b.workspace(server)
	if err != nil {
		return result{}, err
	}
	if err := w.enterWorkspaces(); err != nil {
		return result{}, err
	}
	config := strings.NewReplacer("WORKSPACE", workspace, "WAREHOUSE", companyWarehouse).Replace(s.config)
	for _, kind := range s.kinds {
		config += fmt.Sprintf("output %q { value = join(\"\\n\", [for f in data.dbxidentity_%s.this.failures : \"${f.call}: ${f.reason}\"]) }\n", kind, kind)
	}
	if err := w.configure(ctx, server.idp("entra", ""), config); err != nil {
		return result{}, err
	}
	u, n, out, err := w.plan(ctx)
	if err != nil {
		return result{}, err
	}
	for _, kind := range s.kinds {
		if out[kind] != "" {
			return result{}, fmt.Errorf("%s is not complete: %v", kind, out[kind])
		}
	}
	res := u.result(s.name, n)
	res.Least, res.How = sum(s.parts(censusOf(st))...)
	res.Reached = fmt.Sprintf("+ %d, %d of them asked again", res.Requests-res.Least, n.again())
	return res, nil
}
