// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Counts of the published scan (README and data files of
// databricks-solutions/aim-divergence-fix, read through the prep script's
// contract, section 7). The number of workspaces in all was not published.
const (
	fieldUsers             = 2504
	fieldUsersLinkable     = 69 // of which 9 have a stale link too
	fieldUsersStaleAndName = 9
	fieldUsersDrift        = 31
	fieldUsersForeign      = 17
	fieldUsersStale        = 1012

	fieldGroups           = 341
	fieldServicePrincipal = 173
	fieldWorkspaces       = 40
)

// fieldScan is the builder of the preset with what its steps hand on.
type fieldScan struct {
	*builder
	pool   []fieldMember // active linked members, for groups
	locals []string      // Databricks' own and stale users, for local groups
	// otherTypeIDs are object ids of groups, for links to an object of another type.
	otherTypeIDs []string
	linkedGroups []string
}

// fieldMember is a user on both sides.
type fieldMember struct{ id, objectID string }

// fieldScanPreset has the shape of a published scan of a real account: the
// counts of the prep script are exactly those, and what the totals leave open
// is filled with the oddities that the reference names, without changing them.
// All 69 + 3 linkable principals, and the six groups with one candidate, are
// ready to be fixed: candidates are enabled members, held by no one else, and
// the principals are not privileged.
func fieldScanPreset() (world.State, error) {
	b, err := newBuilder(world.State{}, "field-scan")
	if err != nil {
		return world.State{}, err
	}
	b.account()
	b.reader()
	f := &fieldScan{builder: b}
	for n := range 2 {
		f.otherTypeIDs = append(f.otherTypeIDs, f.idpGroup(fmt.Sprintf("distribution-list-%d", n+1)))
	}
	f.linkableUsers()
	f.driftedUsers()
	f.staleUsers()
	f.cleanUsers()
	f.serviceCounts()
	f.localGroups()
	f.divergentGroups()
	f.cleanGroups()
	f.accountUsers()
	f.workspaces()
	return f.done()
}

// fieldUser is the name of the n-th user, counted from 1 over all categories.
func fieldUser(n int) string { return fmt.Sprintf("user%04d@%s", n, presetOwnDomain) }

// next is the name of the user to be added; the state already has the
// users before it.
func (f *fieldScan) next() string { return fieldUser(len(f.st.Users) + 1) }

// linkableUsers: category 3, the last nine of them 1 and 3.
func (f *fieldScan) linkableUsers() {
	shared := f.uuid("gone/shared by two linkable users")
	for n := range fieldUsersLinkable {
		name, stored := f.next(), ""
		switch n {
		case 10:
			name = "o'" + name // A quote inside an OData literal.
		case 11:
			name = "bürö-" + name
		}
		if n >= fieldUsersLinkable-fieldUsersStaleAndName {
			stored = f.uuid("gone/" + name)
		}
		// Two users that share one stale id although their names lead to two
		// identities; the real scan has such pairs.
		if n >= fieldUsersLinkable-2 {
			stored = shared
		}
		f.user(name, stored)
		f.idpUser(name)
	}
}

// driftedUsers: category 2. Eight differ in case and four use their mail
// address, so the IdP finds the stored identity by name; the others were renamed.
func (f *fieldScan) driftedUsers() {
	for n := range fieldUsersDrift {
		name := f.next()
		switch {
		case n < 8:
			f.user("U"+name[1:], f.idpUser(name))
		case n < 12:
			f.user(name, f.idpUser("upn-"+name, func(u *world.IDPUser) { u.Mail = name }))
		default:
			f.user(name, f.idpUser("renamed-"+name))
		}
	}
}

// staleUsers: category 1 only, 17 of a foreign domain and 1,012 of the own one.
func (f *fieldScan) staleUsers() {
	for range fieldUsersForeign {
		n := len(f.st.Users) + 1
		f.user(fmt.Sprintf("user%04d@%s", n, presetForeignDomain), f.uuid(fmt.Sprintf("gone/user%04d", n)))
	}
	for n := range fieldUsersStale {
		name := f.next()
		stored := f.uuid("gone/" + name)
		switch {
		case n == 0: // The other half of a linkable user's stale id.
			stored = f.st.Users[fieldUsersLinkable-3].ExternalID
		case n == 2:
			stored = f.st.Users[len(f.st.Users)-1].ExternalID
		case n == 3 || n == 4:
			stored = f.otherTypeIDs[n-3]
		case n == 5:
			name = fmt.Sprintf("\"user%04d, a;b\"@%s", len(f.st.Users)+1, presetOwnDomain)
		case n == 6:
			name = "zürich-" + name
		case n >= 100 && n < 300: // In the recycle bin still.
			f.idpUser("left-"+name, func(u *world.IDPUser) { u.ID, u.Deleted, u.AccountEnabled = stored, true, false })
		}
		id := f.user(name, stored, func(u *world.User) { u.Active = n%9 != 0 })
		if n%6 == 0 {
			f.locals = append(f.locals, id)
		}
	}
}

// cleanUsers are the rest: linked ones, guests, leavers, and Databricks' own.
func (f *fieldScan) cleanUsers() {
	for n := 0; len(f.st.Users) < fieldUsers; n++ {
		name := f.next()
		switch {
		case n < 25:
			id := f.user(name, "")
			if n == 0 {
				f.st.Users[len(f.st.Users)-1].Roles = []world.Role{{Value: world.RoleAccountAdmin}}
				continue
			}
			f.locals = append(f.locals, id)
		case n < 65:
			mail := fmt.Sprintf("guest_%02d@example.org", n-24)
			f.user(mail, f.idpGuest(mail))
		case n < 125:
			f.user(name, f.idpUser(name, func(u *world.IDPUser) { u.AccountEnabled = false }), func(u *world.User) { u.Active = false })
		case n < 135: // Disabled in the IdP, still active here.
			f.user(name, f.idpUser(name, func(u *world.IDPUser) { u.AccountEnabled = false }))
		default:
			id, objectID := f.linkedUser(name)
			f.pool = append(f.pool, fieldMember{id, objectID})
		}
	}
	for n := range 400 { // Known to the IdP only.
		f.idpUser(fmt.Sprintf("staff%04d@%s", n+1, presetOwnDomain))
	}
}

// serviceCounts adds the service principals: 3 linkable, 2 drifted, 3 stale,
// as the published scan illustrates them, and the clean rest.
func (f *fieldScan) serviceCounts() {
	for n := range 3 {
		display := fmt.Sprintf("pipeline-linkable-%d", n+1)
		app, stored := f.uuid("application/"+display), ""
		if n == 2 {
			stored = f.uuid("gone/" + display)
		}
		f.idpServicePrincipal(display, app)
		f.servicePrincipal(display, app, stored)
	}
	for n := range 2 {
		display := fmt.Sprintf("dashboard-drifted-%d", n+1)
		object := f.idpServicePrincipal(display, f.uuid("application/"+display))
		f.servicePrincipal(display, f.uuid("application/other "+display), object)
	}
	for n := range 3 {
		display := fmt.Sprintf("job-stale-%d", n+1)
		f.servicePrincipal(display, f.uuid("application/"+display), f.uuid("gone/"+display))
	}
	for n := 0; len(f.st.ServicePrincipals) < fieldServicePrincipal; n++ {
		display := fmt.Sprintf("service-%03d", n+1)
		if n%5 == 4 { // Databricks-managed.
			f.servicePrincipal(display, f.uuid("application/"+display), "")
			continue
		}
		f.linkedServicePrincipal(display)
	}
}

// workspaces: 16 without federation, six of them without the key.
func (f *fieldScan) workspaces() {
	admin, _ := f.principal(world.KindServicePrincipal, presetAdminDisplayName)
	admins, _ := f.principal(world.KindGroup, "workspace-admins")
	for n := range fieldWorkspaces {
		id := 6_000_000_000_000_001 + int64(n)*1013
		ws := world.Workspace{
			WorkspaceID: id, WorkspaceName: fmt.Sprintf("workspace-%02d", n+1), Status: "RUNNING", Cloud: "azure",
			Region: "westeurope", PricingTier: "PREMIUM", DeploymentName: fmt.Sprintf("adb-%d.%d", id, n%20),
		}
		switch {
		case n%5 == 1 || n%20 == 3: // 8 + 2 = 10
			ws.FederationInfo = &world.FederationInfo{}
		case n%7 == 0 || n == 38: // 5 + 1 = 6, without the key
		default:
			ws.FederationInfo = &world.FederationInfo{EnableIdentityFederation: true}
			ws.MetastoreID = presetMetastoreID
			ws.PermissionAssignments = []world.PermissionAssignment{
				{PrincipalID: admin, Permissions: []string{"ADMIN"}}, {PrincipalID: admins, Permissions: []string{"ADMIN"}},
			}
			for k := range 5 {
				ws.PermissionAssignments = append(ws.PermissionAssignments, world.PermissionAssignment{
					PrincipalID: f.linkedGroups[(n*7+k)%len(f.linkedGroups)], Permissions: []string{"USER"}})
			}
		}
		if n == 13 {
			ws.Status = "FAILED"
		}
		f.st.Workspaces = append(f.st.Workspaces, ws)
	}
	f.st.UnityCatalog = world.UnityCatalog{Metastores: []world.Metastore{{
		MetastoreID: presetMetastoreID, Name: "metastore-westeurope", Owner: presetMetastoreAdminName, Region: "westeurope",
		Securables: []world.Securable{{Type: "catalog", FullName: "main", Owner: presetMetastoreAdminName, Grants: []world.Grant{{Principal: presetMetastoreAdminName, Privileges: []string{"USE_CATALOG"}}}}},
	}}}
	f.st.AccountRoles = []world.RuleSet{{
		Name:       "accounts/" + presetAccountID + "/ruleSets/default",
		GrantRules: []world.GrantRule{{Role: "roles/billing.admin", Principals: []string{"groups/account-admins"}}},
	}}
}
