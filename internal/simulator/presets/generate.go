// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// GenerateOptions say how much to add. The numbers are of Databricks
// principals; the IdP half grows along.
type GenerateOptions struct {
	Users, Groups, ServicePrincipals, Workspaces int
	// Metastores are shared by the added workspaces that have identity
	// federation; each has that many Catalogs, with schemas, tables and the rest.
	Metastores, Catalogs int
	// Seed selects the world: the same state, numbers and seed give the same
	// bytes.
	Seed uint64
	// Clean links everything and makes it consistent: what is added has no
	// divergence. Without it the additions have the shape of a real account.
	Clean bool
	// Tidy leaves out what makes accounts untidy beside their divergences: members
	// in no order, names in another normal form or case or with spaces, ids with
	// spaces around them, further stale and doubly held ids, twins in case. A clean
	// account is tidy.
	Tidy bool
}

// Generate adds principals and workspaces to a copy of a state. Without Clean
// about 40 % of the users have a stale externalId, 3 % are blank but matchable, 1 %
// drifted, under 1 % foreign; some share an externalId; and what real scans
// rarely show is there too: members that the IdP does not confirm, nested
// groups, guests, disabled identities, odd names. It takes linear time.
//
// The error names a negative number, or what is wrong with the given state.
func Generate(st world.State, g GenerateOptions) (world.State, error) {
	for _, n := range []struct {
		what string
		n    int
	}{{"users", g.Users}, {"groups", g.Groups}, {"service principals", g.ServicePrincipals}, {"workspaces", g.Workspaces}, {"metastores", g.Metastores}, {"catalogs", g.Catalogs}} {
		if n.n < 0 {
			return world.State{}, fmt.Errorf("cannot generate %d %s: the number must not be negative", n.n, n.what)
		}
	}
	if g.Catalogs > 0 && g.Metastores == 0 {
		return world.State{}, fmt.Errorf("cannot generate %d catalogs without a metastore: catalogs are counted per generated metastore", g.Catalogs)
	}
	b, err := newBuilder(st, fmt.Sprintf("generated/%d", g.Seed))
	if err != nil {
		return world.State{}, err
	}
	gen := &generator{builder: b, clean: g.Clean, rng: rand.New(rand.NewPCG(g.Seed, 0x6462786964656e74))}
	if b.st.Account.AccountID == "" {
		b.account()
	}
	gen.users(g.Users)
	gen.servicePrincipals(g.ServicePrincipals)
	gen.groups(g.Groups)
	before := len(gen.st.Workspaces)
	gen.workspaces(g.Workspaces)
	var added []int
	for at := before; at < len(gen.st.Workspaces); at++ {
		added = append(added, at)
	}
	gen.metastores(g.Metastores, g.Catalogs, added)
	if g.Clean || g.Tidy {
		return b.done()
	}
	gen.untidy(g.Seed, st)
	out, err := b.done()
	gen.shuffleMembers(out) // After done, which sorts them.
	return out, err
}

// generator adds to a builder at random, in a fixed order.
type generator struct {
	*builder
	rng   *rand.Rand
	clean bool

	pool  []fieldMember // linked, for consistent groups
	blank []string      // without externalId, for category 4
	stale []string      // internal ids with an externalId that is in no IdP group
	// lastStale is the latest stale externalId, for twins that share it.
	lastStale string
}

// names counts up from the first free number.
func (g *generator) names(kind world.Kind, format string) func() string {
	n := 0
	return func() string {
		for {
			n++
			if name := fmt.Sprintf(format, n); !g.taken(kind, name) {
				return name
			}
		}
	}
}

func (g *generator) users(count int) {
	next := g.names(world.KindUser, "member%06d@"+presetOwnDomain)
	for range count {
		name := next()
		if g.clean {
			g.addLinked(name)
			continue
		}
		if g.rng.IntN(500) == 0 {
			name = oddName(name, g.rng.IntN(4))
		}
		g.addUser(name, g.rng.IntN(1000))
	}
	if len(g.pool) > 0 {
		return
	}
	// Nothing was added that a group could hold: take what is there.
	live := map[string]bool{}
	for _, u := range g.st.IDP.Users {
		live[u.ID] = !u.Deleted
	}
	for _, u := range g.st.Users {
		if live[u.ExternalID] {
			g.pool = append(g.pool, fieldMember{u.ID, u.ExternalID})
		}
	}
}

func oddName(name string, kind int) string {
	switch kind {
	case 0:
		return "o'" + name
	case 1:
		return "größe-" + name
	case 2:
		return `"` + strings.Replace(name, "@", `, a;b"@`, 1)
	default:
		return "+" + name
	}
}

func (g *generator) addLinked(name string) {
	id, objectID := g.linkedUser(name)
	g.pool = append(g.pool, fieldMember{id, objectID})
}

// addUser adds one user; draw, of 0 to 999, decides what it is.
func (g *generator) addUser(name string, draw int) {
	switch {
	case draw < 400:
		g.addStale(name)
	case draw < 430: // Blank, and the name is known: linkable.
		g.blank = append(g.blank, g.user(name, ""))
		g.idpUser(name, func(u *world.IDPUser) { u.AccountEnabled = draw != 429 })
	case draw < 440:
		g.addDrifted(name, draw)
	case draw < 448: // Of another tenant.
		name = strings.Replace(name, "@"+presetOwnDomain, "@"+presetForeignDomain, 1)
		g.user(name, g.uuid("gone/"+name))
	case draw < 453: // The name leads to one identity, the link to another.
		g.user(name, g.idpUser("other-"+name))
		g.idpUser(name)
	case draw < 458: // A stale link, and the name is known.
		g.user(name, g.uuid("gone/"+name))
		g.idpUser(name)
	case draw < 468: // Databricks' own.
		g.blank = append(g.blank, g.user(name, ""))
	case draw < 483:
		mail := "guest-" + strings.Replace(name, "@"+presetOwnDomain, "@example.org", 1)
		g.user(mail, g.idpGuest(mail))
	case draw < 503:
		g.user(name, g.idpUser(name, func(u *world.IDPUser) { u.AccountEnabled = false }), func(u *world.User) { u.Active = draw > 500 })
	case draw < 505: // The right id, spelled otherwise.
		g.user(name, strings.ToUpper(g.idpUser(name)))
	default:
		g.addLinked(name)
	}
}

func (g *generator) addStale(name string) {
	stored := g.uuid("gone/" + name)
	switch draw := g.rng.IntN(100); {
	case draw == 0 && g.lastStale != "": // Two users with one id.
		stored = g.lastStale
	case draw == 1: // The id of a group.
		stored = g.idpGroup("list-" + name)
	case draw < 20: // In the recycle bin still.
		stored = g.idpUser("left-"+name, func(u *world.IDPUser) { u.Deleted, u.AccountEnabled = true, false })
	}
	g.lastStale = stored
	id := g.user(name, stored, func(u *world.User) { u.Active = g.rng.IntN(9) != 0 })
	g.stale = append(g.stale, id)
}

func (g *generator) addDrifted(name string, draw int) {
	switch draw % 3 {
	case 0:
		g.user(strings.ToUpper(name[:1])+name[1:], g.idpUser(name))
	case 1:
		g.user(name, g.idpUser("upn-"+name, func(u *world.IDPUser) { u.Mail = name }))
	default:
		g.user(name, g.idpUser("renamed-"+name))
	}
}

func (g *generator) servicePrincipals(count int) {
	n := 0
	for range count {
		n++
		display := fmt.Sprintf("application-%06d", n)
		for g.taken(world.KindServicePrincipal, g.uuid("application/"+display)) {
			n++
			display = fmt.Sprintf("application-%06d", n)
		}
		app := g.uuid("application/" + display)
		draw := g.rng.IntN(100)
		switch {
		case g.clean || draw < 60:
			g.linkedServicePrincipal(display)
		case draw < 63: // Linkable.
			g.idpServicePrincipal(display, app)
			g.servicePrincipal(display, app, "")
		case draw < 64: // A stale link, and the application is known.
			g.idpServicePrincipal(display, app)
			g.servicePrincipal(display, app, g.uuid("gone/"+display))
		case draw < 65: // Another application's object.
			g.servicePrincipal(display, app, g.idpServicePrincipal(display, g.uuid("application/other "+display)))
		case draw < 69:
			g.servicePrincipal(display, app, g.uuid("gone/"+display))
		case draw < 71: // AIM would change the display name.
			g.servicePrincipal(display, app, g.idpServicePrincipal("renamed "+display, app))
		default: // Databricks-managed.
			g.servicePrincipal(display, app, "")
		}
	}
}

func (g *generator) workspaces(count int) {
	taken := map[int64]bool{}
	for _, ws := range g.st.Workspaces {
		taken[ws.WorkspaceID] = true
	}
	id := int64(8_000_000_000_000_000)
	for n := range count {
		for id++; taken[id]; id++ {
		}
		ws := world.Workspace{
			WorkspaceID: id, WorkspaceName: fmt.Sprintf("generated-workspace-%05d", n+1), Status: "RUNNING", Cloud: "azure",
			Region: "westeurope", PricingTier: "PREMIUM", DeploymentName: fmt.Sprintf("adb-%d.%d", id, n%20),
		}
		switch draw := g.rng.IntN(20); {
		case g.clean || draw < 12:
			ws.FederationInfo = &world.FederationInfo{EnableIdentityFederation: true}
			g.assign(&ws)
		case draw < 17:
			ws.FederationInfo = &world.FederationInfo{}
		}
		g.st.Workspaces = append(g.st.Workspaces, ws)
	}
}

// assign gives up to ten groups access to a federated workspace.
func (g *generator) assign(ws *world.Workspace) {
	has := map[string]bool{}
	for range min(10, len(g.st.Groups)) {
		group := g.st.Groups[g.rng.IntN(len(g.st.Groups))]
		if group.System || has[group.ID] {
			continue
		}
		has[group.ID] = true
		ws.PermissionAssignments = append(ws.PermissionAssignments,
			world.PermissionAssignment{PrincipalID: group.ID, Permissions: []string{"USER"}})
	}
}
