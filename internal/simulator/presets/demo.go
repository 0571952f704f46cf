// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// demoPreset is a company small enough to be read as a whole. Two stories live
// in it, and share no principal:
//
//   - The audit: divergences of all six categories; five externalId fixes are
//     ready, one more with link_groups, and the rest is for people.
//   - The clone: what a long-serving user has and a new one lacks (the groups of
//     docs/reference/clone-and-diff-contract.md 0). Nothing in it diverges.
func demoPreset() (world.State, error) {
	b, err := newBuilder(world.State{}, "demo")
	if err != nil {
		return world.State{}, err
	}
	b.number = countingIDs()
	b.account()
	b.reader()
	b.demoUsers()
	b.demoServicePrincipals()
	b.demoGroups()
	clone := b.demoClone()
	b.accountUsers()
	b.demoWorkspaces(clone)
	b.demoCatalog()
	return b.done()
}

// countingIDs numbers the principals of each kind in the order of the preset,
// so that the ids of the demo can be told apart at a glance.
func countingIDs() func(world.Kind, string) string {
	next := map[world.Kind]int64{
		world.KindUser: 100_000_000_001, world.KindServicePrincipal: 500_000_000_001, world.KindGroup: 30_000_000_000_001,
	}
	return func(kind world.Kind, _ string) string {
		id := next[kind]
		next[kind]++
		return strconv.FormatInt(id, 10)
	}
}

// principal finds what the builder has added before by its unique name.
func (b *builder) principal(kind world.Kind, name string) (id, externalID string) {
	switch kind {
	case world.KindUser:
		for _, u := range b.st.Users {
			if u.UserName == name {
				return u.ID, u.ExternalID
			}
		}
	case world.KindGroup:
		for _, g := range b.st.Groups {
			if g.DisplayName == name {
				return g.ID, g.ExternalID
			}
		}
	case world.KindServicePrincipal:
		for _, sp := range b.st.ServicePrincipals {
			if sp.DisplayName == name {
				return sp.ID, sp.ExternalID
			}
		}
	}
	return "", ""
}

// both returns a user's ids on the two sides.
func (b *builder) both(userName string) (id, objectID string) {
	return b.principal(world.KindUser, userName)
}

func (b *builder) demoUsers() {
	for _, name := range []string{"user01", "user02", "user03", "user04", "user05", "user06"} {
		b.linkedUser(name + "@" + presetOwnDomain)
	}
	// Never linked, and the IdP knows the name: two fixes.
	b.user("user11@example.com", "")
	b.idpUser("user11@example.com")
	b.user("user12@example.com", "")
	b.idpUser("user12@example.com")
	// Linked to an object that was deleted and made anew: the third.
	b.user("user13@example.com", b.idpUser("user13-old@example.com", func(u *world.IDPUser) { u.Deleted = true }))
	b.idpUser("user13@example.com")
	// Gone from the IdP, and from a tenant that is not ours.
	b.user("user14@example.com", b.uuid("gone/user14"))
	b.user("user15@example.net", b.uuid("gone/user15"))
	// Same identity, other name: in case only, and after a change of name.
	b.user("User16@example.com", b.idpUser("user16@example.com"))
	b.user("user17@example.com", b.idpUser("user17.renamed@example.com"))
	// The name points at one IdP identity and the link at another.
	b.user("user18@example.com", b.idpUser("user18.contractor@example.com"))
	b.idpUser("user18@example.com")
	// Not divergent: a guest under its mail address, a leaver, Databricks' own
	// accounts. None of the latter's names is known to the IdP.
	b.user("guest01@example.org", b.idpGuest("guest01@example.org"))
	b.user("user20@example.com", b.idpUser("user20@example.com", func(u *world.IDPUser) { u.AccountEnabled = false }),
		func(u *world.User) { u.Active = false })
	b.user("user21@example.com", "")
	b.user("break-glass@example.com", "", func(u *world.User) { u.Roles = []world.Role{{Value: world.RoleAccountAdmin}} })
}

func (b *builder) demoServicePrincipals() {
	// Two fixes: never linked, and linked to an application that was made anew.
	app := b.uuid("application/etl-runner")
	b.idpServicePrincipal("etl-runner", app)
	b.servicePrincipal("etl-runner", app, "")
	app = b.uuid("application/ci-deployer")
	b.idpServicePrincipal("CI deployer", app)
	b.servicePrincipal("ci-deployer", app, b.uuid("gone/ci-deployer"))
	// The link is another application's, and a link to nothing.
	b.servicePrincipal("dashboards", b.uuid("application/dashboards-old"),
		b.idpServicePrincipal("dashboards", b.uuid("application/dashboards")))
	b.servicePrincipal("old-job", b.uuid("application/old-job"), b.uuid("gone/old-job"))
}

func (b *builder) demoGroups() {
	u1, o1 := b.both("user01@example.com")
	u2, o2 := b.both("user02@example.com")
	u3, o3 := b.both("user03@example.com")
	u4, o4 := b.both("user04@example.com")
	u5, _ := b.both("user05@example.com")
	local, _ := b.both("user21@example.com")
	breakGlass, _ := b.both("break-glass@example.com")

	// A linked group with a nested one. user02 is listed flat although the IdP
	// has it through the nested group: confirmed all the same.
	emea := b.idpGroup("finance-analysts-emea", o2, o3)
	child := b.group("finance-analysts-emea", emea, u2, u3)
	b.group("finance-analysts", b.idpGroup("finance-analysts", o1, emea), u1, u2, child)
	// Members that the IdP does not confirm: one without a link, one with.
	b.group("month-end-close", b.idpGroup("month-end-close", o1, o4), u1, u4, local, u5)
	// Another name in the IdP, and a link to nothing.
	b.group("marketing", b.idpGroup("marketing-and-events", o4), u4)
	b.group("old-reporting", b.uuid("gone/old-reporting"), u5)
	// The name is the IdP's too: one candidate, and three.
	b.group("data-science", "", u3)
	b.idpGroup("data-science", o3)
	b.group("test", "", u5)
	for n := range 3 {
		b.idpGroupNumber("test", n+1, o4)
	}
	// Databricks' own, and privileged.
	b.group("local-account-admins", "", breakGlass)
	b.st.Groups[len(b.st.Groups)-1].Roles = []world.Role{{Value: world.RoleAccountAdmin}}
}

// demoGroupIDs are the groups of the clone story that have access somewhere.
type demoGroupIDs struct {
	engineers, platformUsers, scratchAdmins, legacyETL, developers, platformAdmins, metastoreAdmins string
	// source is the user whose own access a clone does not copy.
	source string
}

// demoClone adds the source (user31) and the target (user32), their service
// principal twins, and their groups. The caller owns the metastore with the
// colleague's group, or no scan could tell what no one has been granted.
func (b *builder) demoClone() demoGroupIDs {
	admin, _ := b.principal(world.KindServicePrincipal, presetAdminDisplayName)
	source, sourceObject := b.linkedUser("user31@example.com")
	target, targetObject := b.linkedUser("user32@example.com")
	colleague, colleagueObject := b.linkedUser("user33@example.com")
	job, jobObject := b.linkedServicePrincipal("nightly-export")
	newJob, _ := b.linkedServicePrincipal("nightly-export-v2")

	engineersObject := b.idpGroup("data-engineers", sourceObject, colleagueObject, jobObject)
	engineers := b.group("data-engineers", engineersObject, source, colleague, job)
	b.group("bi-consumers", b.idpGroup("bi-consumers", engineersObject), engineers)
	// In the IdP, but neither provisioned nor anybody's in Databricks.
	b.idpGroup("all-staff", sourceObject, targetObject, colleagueObject)

	ids := demoGroupIDs{
		engineers:       engineers,
		platformUsers:   b.group("npb-platform-users", "", source, colleague, job),
		scratchAdmins:   b.group("scratch-workspace-admins", "", source),
		legacyETL:       b.group("legacy-etl-users", "", target),
		developers:      b.group("npb-developers", "", source, target, colleague, job, newJob),
		platformAdmins:  b.group("npb-platform-admins", "", source),
		metastoreAdmins: b.group(presetMetastoreAdminName, "", colleague, admin),
	}
	// No assignment, no grant, no role: a dead end that a scan can verify.
	b.group("ml-catalog-readers", "", source)
	ids.source = source
	return ids
}

func (b *builder) demoWorkspaces(g demoGroupIDs) {
	level := func(principal, permission string) world.PermissionAssignment {
		return world.PermissionAssignment{PrincipalID: principal, Permissions: []string{permission}}
	}
	admin, _ := b.principal(world.KindServicePrincipal, presetAdminDisplayName)
	federated := &world.FederationInfo{EnableIdentityFederation: true}
	add := func(id int64, name string, info *world.FederationInfo, assignments ...world.PermissionAssignment) {
		ws := world.Workspace{
			WorkspaceID: id, WorkspaceName: name, Status: "RUNNING", Cloud: "azure", Region: "westeurope",
			DeploymentName: "adb-" + strconv.FormatInt(id, 10) + ".1", PricingTier: "PREMIUM",
			FederationInfo: info, PermissionAssignments: assignments,
		}
		if info != nil && info.EnableIdentityFederation {
			ws.MetastoreID = presetMetastoreID
			ws.Warehouses = []world.Warehouse{{ID: presetWarehouseID, Name: "shared", State: "STOPPED"}}
		}
		b.st.Workspaces = append(b.st.Workspaces, ws)
	}
	add(7000000000000001, "prod-workspace", federated, level(g.engineers, "USER"), level(g.platformUsers, "USER"),
		level(g.platformAdmins, "ADMIN"), level(admin, "ADMIN"))
	add(7000000000000002, "dev-workspace", federated, level(g.engineers, "USER"), level(g.developers, "USER"),
		level(g.source, "USER"), level(admin, "ADMIN"))
	add(7000000000000003, "scratch-workspace", federated, level(g.scratchAdmins, "USER"), level(g.legacyETL, "USER"),
		level(admin, "ADMIN"))
	add(7000000000000004, "legacy-workspace", &world.FederationInfo{})
}

func (b *builder) demoCatalog() {
	grant := func(principal string, privileges ...string) world.Grant {
		return world.Grant{Principal: principal, Privileges: privileges}
	}
	b.st.UnityCatalog = world.UnityCatalog{Metastores: []world.Metastore{{
		MetastoreID: presetMetastoreID, Name: "metastore-westeurope", Owner: presetMetastoreAdminName, Region: "westeurope",
		Securables: []world.Securable{
			{Type: "catalog", FullName: "prod", Owner: presetMetastoreAdminName,
				Grants: []world.Grant{grant("data-engineers", "USE_CATALOG"), grant("bi-consumers", "USE_CATALOG")}},
			{Type: "schema", FullName: "prod.sales", Owner: presetMetastoreAdminName,
				Grants: []world.Grant{grant("bi-consumers", "SELECT", "USE_SCHEMA"), grant("data-engineers", "MODIFY", "SELECT", "USE_SCHEMA")}},
			{Type: "table", FullName: "prod.sales.orders", Owner: presetMetastoreAdminName,
				Grants: []world.Grant{grant("user31@example.com", "SELECT")}},
			{Type: "volume", FullName: "prod.sales.exports", Owner: presetMetastoreAdminName},
			{Type: "catalog", FullName: "ml", Owner: presetMetastoreAdminName},
			{Type: "schema", FullName: "ml.features", Owner: presetMetastoreAdminName,
				Grants: []world.Grant{grant("npb-developers", "SELECT", "USE_SCHEMA")}},
			{Type: "model", FullName: "ml.features.churn", Owner: presetMetastoreAdminName},
			{Type: "function", FullName: "ml.features.mask", Owner: presetMetastoreAdminName},
			{Type: "storage_credential", FullName: "lake", Owner: presetMetastoreAdminName},
			{Type: "external_location", FullName: "landing", Owner: presetMetastoreAdminName},
		},
	}}}
	b.st.AccountRoles = []world.RuleSet{{
		Name:       "accounts/" + presetAccountID + "/ruleSets/default",
		GrantRules: []world.GrantRule{{Role: "roles/billing.admin", Principals: []string{"users/user31@example.com"}}},
	}}
}
