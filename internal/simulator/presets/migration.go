// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// migrationPreset is a company that is about to switch on automatic identity
// management: most people are in order, and each condition of
// docs/reference/aim-migration.md 4 to 8 that an account can violate, and that an API
// shows, is violated once (docs/simulator.md tells the story).
func migrationPreset() (world.State, error) {
	b, err := newBuilder(world.State{}, "migration")
	if err != nil {
		return world.State{}, err
	}
	b.account()
	b.reader()
	for n := 1; n <= 24; n++ {
		b.linkedUser(person(n))
	}
	b.migrationUsers()
	b.migrationServicePrincipals()
	assigned := b.migrationGroups()
	b.accountUsers()
	b.migrationWorkspaces(assigned)
	b.migrationDenylist()
	b.migrationCatalog()
	b.migrationConnectors()
	return b.done()
}

// person is the user name of one who works there.
func person(n int) string { return fmt.Sprintf("person%02d@%s", n, presetOwnDomain) }

func (b *builder) people(from, to int) (here, idp []string) {
	for n := from; n <= to; n++ {
		id, object := b.both(person(n))
		here, idp = append(here, id), append(idp, object)
	}
	return here, idp
}

func (b *builder) migrationUsers() {
	// Linked to an object that was made anew, and never linked.
	b.user("mara@example.com", b.idpUser("mara-old@example.com", func(u *world.IDPUser) { u.Deleted = true }))
	b.idpUser("mara@example.com")
	b.user("noel@example.com", "")
	b.idpUser("noel@example.com")
	// Married, left, left without a trace, of the company that was bought, a guest.
	b.user("olga.old@example.com", b.idpUser("olga.new@example.com"))
	b.user("pavel@example.com", b.idpUser("pavel@example.com", func(u *world.IDPUser) { u.AccountEnabled = false }))
	b.user("quinn@example.com", b.uuid("gone/quinn"))
	b.user("rosa@example.net", b.uuid("gone/rosa"))
	b.user("sven@example.org", b.idpGuest("sven@example.org"))
	// Known to Databricks only.
	b.user("break-glass@example.com", "", func(u *world.User) { u.Roles = []world.Role{{Value: world.RoleAccountAdmin}} })
	b.user("local@example.com", "")
}

func (b *builder) migrationServicePrincipals() {
	b.linkedServicePrincipal("orders-loader")
	// Named otherwise in the tenant; and two that will share one name.
	app := b.uuid("application/nightly-job")
	b.servicePrincipal("nightly-job", app, b.idpServicePrincipal("Nightly Job (prod)", app))
	app = b.uuid("application/reports-b")
	b.servicePrincipal("reports-b", app, b.idpServicePrincipal("reports", app))
	b.linkedServicePrincipal("reports")
}

// migrationAssigned are the groups that are assigned to workspaces.
type migrationAssigned struct{ analysts, engineers string }

func (b *builder) migrationGroups() migrationAssigned {
	here, idp := b.people(1, 24)
	local, _ := b.both("local@example.com")
	quinn, _ := b.both("quinn@example.com")

	// Nested in the tenant, and the nested group is in the workspace through it only.
	emeaObject := b.idpGroup("analysts-emea", idp[4:8]...)
	emea := b.group("analysts-emea", emeaObject, here[4:8]...)
	analysts := b.group("analysts", b.idpGroup("analysts", append([]string{emeaObject}, idp[0:4]...)...), append([]string{emea}, here[0:4]...)...)
	// Edited here: someone without a link, a leaver, and a group that the tenant has elsewhere.
	helpers := b.group("helpers", "", here[20])
	engineers := b.group("engineers", b.idpGroup("engineers", append([]string{b.idpUser("newcomer@example.com")}, idp[8:14]...)...), append([]string{local, quinn, helpers}, here[8:12]...)...)
	// As automatic identity management leaves it.
	b.group("data-platform", b.idpGroup("data-platform", idp[14:18]...), here[14:18]...)
	platform := b.st.Groups[len(b.st.Groups)-1]
	for i := range platform.Members {
		platform.Members[i].Source = world.SourceIDP
	}
	// Account admins by a group of the tenant that has one member more there.
	b.group("account-owners", b.idpGroup("account-owners", idp[0], idp[1]), here[0])
	b.st.Groups[len(b.st.Groups)-1].Roles = []world.Role{{Value: world.RoleAccountAdmin}}
	// Renamed there; and a local group with the name of one.
	b.group("marketing", b.idpGroup("marketing-and-events", idp[18:20]...), here[18:20]...)
	b.group("sales", "", here[20:22]...)
	b.idpGroup("sales", idp[20:22]...)
	b.group("consultants", b.idpGroup("consultants", idp[0], idp[22], idp[23]), here[0], here[22], here[23])
	return migrationAssigned{analysts: analysts, engineers: engineers}
}

func (b *builder) migrationWorkspaces(g migrationAssigned) {
	admin, _ := b.principal(world.KindServicePrincipal, presetAdminDisplayName)
	here, _ := b.people(1, 4)
	level := func(id, permission string) world.PermissionAssignment {
		return world.PermissionAssignment{PrincipalID: id, Permissions: []string{permission}}
	}
	federated := &world.FederationInfo{EnableIdentityFederation: true}
	add := func(id int64, name, tier string, info *world.FederationInfo, local []world.Group, assignments ...world.PermissionAssignment) {
		b.st.Workspaces = append(b.st.Workspaces, world.Workspace{
			WorkspaceID: id, WorkspaceName: name, Status: "RUNNING", Cloud: "azure", Region: "westeurope", PricingTier: tier,
			DeploymentName: fmt.Sprintf("adb-%d.2", id), FederationInfo: info, LocalGroups: local, PermissionAssignments: assignments,
		})
		if info.EnableIdentityFederation {
			ws := &b.st.Workspaces[len(b.st.Workspaces)-1]
			ws.MetastoreID, ws.Warehouses = presetMetastoreID, []world.Warehouse{{ID: presetWarehouseID, Name: "shared", State: "STOPPED"}}
		}
	}
	add(8000000000000001, "analytics", "PREMIUM", federated, []world.Group{
		{ID: "810000000000001", DisplayName: "report-readers", Members: memberList(here), Entitlements: []string{"databricks-sql-access"}},
		{ID: "810000000000002", DisplayName: "engineers", ExternalID: b.uuid("workspace scim/engineers"), Members: memberList(here[:1])},
	}, level(g.analysts, world.PermissionUser), level(admin, world.PermissionAdmin))
	add(8000000000000002, "engineering", "PREMIUM", federated, nil, level(g.engineers, world.PermissionUser), level(admin, world.PermissionAdmin))
	add(8000000000000003, "archive", "STANDARD", &world.FederationInfo{}, nil)
}

// migrationDenylist denies a contractor who is gone, and a group that an account admin
// is in.
func (b *builder) migrationDenylist() {
	_, consultants := b.principal(world.KindGroup, "consultants")
	b.st.Account.AccessRules = []world.AccessRule{
		{ExternalPrincipalID: consultants, DisplayName: "consultants", PrincipalType: "GROUP"},
		{ExternalPrincipalID: b.uuid("idp user/mara-old@example.com"), DisplayName: "mara-old", PrincipalType: "USER"},
	}
}

// migrationCatalog has a row filter that asks for a group of the account, a view that
// asks for one by the name that it had in the tenant, and one that asks for a group that
// no one made.
func (b *builder) migrationCatalog() {
	owned := func(kind, name string, of world.Securable) world.Securable {
		of.Type, of.FullName, of.Owner = kind, name, presetAdminClientID
		return of
	}
	readers := func(privilege string) []world.Grant {
		return []world.Grant{{Principal: "data-platform", Privileges: []string{privilege}}}
	}
	b.st.UnityCatalog = world.UnityCatalog{Metastores: []world.Metastore{{
		MetastoreID: presetMetastoreID, Name: "metastore-westeurope", Owner: presetAdminClientID, Region: "westeurope",
		Securables: []world.Securable{
			owned("catalog", "main", world.Securable{Grants: readers("USE_CATALOG")}),
			owned("schema", "main.sales", world.Securable{Grants: readers("USE_SCHEMA")}),
			owned("table", "main.sales.orders", world.Securable{RowFilter: "main.sales.own_region", Grants: readers("SELECT")}),
			owned("function", "main.sales.own_region", world.Securable{Definition: "is_account_group_member('analysts') OR region = 'EMEA' -- is_member('nobody') was wrong"}),
			owned("table", "main.sales.campaigns", world.Securable{Kind: "VIEW", Definition: campaignsNow}),
			owned("table", "main.sales.forecast", world.Securable{Kind: "VIEW", Definition: forecastNow}),
		},
	}}}
}

// migrationConnectors are the SCIM apps of the tenant. That of the account is in quarantine
// since its token expired. That of analytics went on when the workspace got identity
// federation, with the token of someone who is no admin there any more, as the audit log
// shows. That of archive, which has no identity federation, is right.
func (b *builder) migrationConnectors() {
	b.connector("Databricks account", "https://accounts.azuredatabricks.net/api/2.0/accounts/"+presetAccountID+"/scim/v2", func(job *world.SyncJob) {
		job.Status.Code = "Quarantine"
		job.Status.Quarantine = &world.SyncQuarantine{
			Reason: "EncounteredQuarantineException", SeriesBegan: "-P3D", CurrentBegan: "-P3D", Error: &world.SyncError{Code: "InvalidCredentials", Message: "The credentials are not valid."},
		}
	}, "analysts", "engineers", "data-platform")
	b.connector("Databricks analytics", "https://adb-8000000000000001.2.azuredatabricks.net/api/2.0/preview/scim", nil, "engineers")
	b.connector("Databricks archive", "https://adb-8000000000000003.2.azuredatabricks.net/api/2.0/preview/scim", nil, "consultants")
	b.st.AuditEvents = []world.AuditEvent{{
		EventTime: "2026-11-02T06:00:00Z", AuditLevel: "WORKSPACE_LEVEL", WorkspaceID: 8000000000000001, ActionName: "updateUser",
		RequestParams: map[string]string{"endpoint": "scim", "targetUserName": person(9)}, UserIdentity: world.AuditIdentity{Email: person(20)}, UserAgent: "Azure-AD-Provisioning/1.0",
	}}
}

// connector adds an app that writes to an address by SCIM, in order unless the job is
// edited, with groups that are assigned to it.
func (b *builder) connector(name, address string, edit func(*world.SyncJob), groups ...string) {
	b.idpServicePrincipal(name, b.uuid("application/"+name))
	app := &b.st.IDP.ServicePrincipals[len(b.st.IDP.ServicePrincipals)-1]
	app.Provision(address)
	for _, name := range groups {
		_, object := b.principal(world.KindGroup, name)
		app.AppRoleAssignedTo = append(app.AppRoleAssignedTo, world.AppRoleAssignment{PrincipalID: object})
	}
	if edit != nil {
		edit(&app.Synchronization.Jobs[0])
	}
}

// The views that ask for groups that are not there, or not for long, and what their
// owners make of them.
const (
	campaignsNow   = "SELECT * FROM main.sales.orders WHERE is_account_group_member('marketing')"
	campaignsAfter = campaignsNow + " OR is_account_group_member('marketing-and-events')"
	forecastNow    = "SELECT * FROM main.sales.orders WHERE is_account_group_member('sales-leads')"
	forecastAfter  = "SELECT * FROM main.sales.orders WHERE is_account_group_member('sales')"
)

// SettleMigration is what people do outside of Terraform, in the story of the preset
// migration: Databricks support renames who married, the identity provider's team
// renames an application and takes a second person out of the owners, an account admin
// takes back the rule that denies an admin, and the owners of two views correct the
// groups that they ask for.
func SettleMigration(st *world.State) {
	for i := range st.Users {
		if st.Users[i].UserName == "olga.old@example.com" {
			st.Users[i].UserName = "olga.new@example.com"
		}
	}
	for i := range st.ServicePrincipals {
		for k := range st.IDP.ServicePrincipals {
			if app := &st.IDP.ServicePrincipals[k]; st.ServicePrincipals[i].DisplayName == "reports-b" && app.AppID == st.ServicePrincipals[i].ApplicationID {
				app.DisplayName = "reports-b"
			}
		}
	}
	for i := range st.IDP.Groups {
		if g := &st.IDP.Groups[i]; g.DisplayName == "account-owners" {
			g.Members = g.Members[:1]
		}
	}
	for i := range st.UnityCatalog.Metastores {
		for k := range st.UnityCatalog.Metastores[i].Securables {
			switch view := &st.UnityCatalog.Metastores[i].Securables[k]; view.Definition {
			case campaignsNow:
				view.Definition = campaignsAfter
			case forecastNow:
				view.Definition = forecastAfter
			}
		}
	}
	st.Account.AccessRules = slices.DeleteFunc(st.Account.AccessRules, func(r world.AccessRule) bool { return r.DisplayName == "consultants" })
}
