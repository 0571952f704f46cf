// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"math/rand/v2"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"

	"golang.org/x/text/unicode/norm"
)

// untidy spells what was added as real accounts and directories have it: names in
// another normal form, case or with spaces, ids with spaces around them, stale
// and doubly held ids, and twins. from is what was there before. The draws are
// its own, so that a tidy account of the same seed differs in nothing else.
func (g *generator) untidy(seed uint64, from world.State) {
	g.rng = rand.New(rand.NewPCG(seed, 0x756e74696479))
	idpUser, idpGroup := map[string]*world.IDPUser{}, map[string]*world.IDPGroup{}
	for i := range g.st.IDP.Users {
		idpUser[g.st.IDP.Users[i].ID] = &g.st.IDP.Users[i]
	}
	for i := range g.st.IDP.Groups {
		idpGroup[g.st.IDP.Groups[i].ID] = &g.st.IDP.Groups[i]
	}
	held := ""
	for i := len(from.Users); i < len(g.st.Users); i++ {
		u := &g.st.Users[i]
		held = g.untidyID(&u.ExternalID, held)
		if there := idpUser[u.ExternalID]; there != nil && there.UserPrincipalName == u.UserName {
			g.untidyUser(u, there)
		}
	}
	held = ""
	for i := len(from.Groups); i < len(g.st.Groups); i++ {
		group := &g.st.Groups[i]
		held = g.untidyID(&group.ExternalID, held)
		if there := idpGroup[group.ExternalID]; there != nil && there.DisplayName == group.DisplayName {
			g.untidyGroup(group, there)
		}
	}
	held = ""
	for i := len(from.ServicePrincipals); i < len(g.st.ServicePrincipals); i++ {
		held = g.untidyID(&g.st.ServicePrincipals[i].ExternalID, held)
	}
	g.twins(len(from.Users))
}

// untidyID changes few of the ids that are there: spaces around it, one that is
// stale, one that the principal before holds. It returns the id for the next.
func (g *generator) untidyID(id *string, before string) string {
	if *id == "" {
		return before
	}
	switch draw := g.rng.IntN(100); {
	case draw == 0:
		*id = " " + *id + " "
	case draw == 1:
		*id += "\t"
	case draw == 2:
		*id = g.uuid("gone/" + *id)
	case draw == 3 && before != "":
		*id = before
	}
	return *id
}

// untidyUser spells the name that a user and its IdP identity share.
func (g *generator) untidyUser(u *world.User, there *world.IDPUser) {
	switch g.rng.IntN(25) {
	case 0: // Decomposed on both sides, or in the account only.
		there.UserPrincipalName = "zoë." + there.UserPrincipalName
		u.UserName = norm.NFD.String(there.UserPrincipalName)
		if g.rng.IntN(2) == 0 {
			there.UserPrincipalName = u.UserName
		}
	case 1: // The account stores lower case.
		there.UserPrincipalName = strings.ToUpper(there.UserPrincipalName[:1]) + there.UserPrincipalName[1:]
	default:
		return
	}
	there.Mail = there.UserPrincipalName
}

// untidyGroup is the like for groups, whose names may hold spaces.
func (g *generator) untidyGroup(group *world.Group, there *world.IDPGroup) {
	name := group.DisplayName
	switch g.rng.IntN(12) {
	case 0:
		there.DisplayName = "équipe " + name
		group.DisplayName = norm.NFD.String(there.DisplayName)
		if g.rng.IntN(2) == 0 {
			there.DisplayName = group.DisplayName
		}
	case 1: // Spaces in it and around it, on both sides or in the account only.
		group.DisplayName = " " + strings.ReplaceAll(name, "-", "  ") + " "
		if g.rng.IntN(2) == 0 {
			there.DisplayName = group.DisplayName
		}
	case 2:
		there.DisplayName = strings.ToUpper(name)
	}
}

// twins gives few users the name of the one before, in another case: older
// accounts have both spellings. A twin is blank, or holds the same id.
func (g *generator) twins(from int) {
	for i := from + 1; i < len(g.st.Users); i++ {
		first := g.st.Users[i-1]
		if g.rng.IntN(60) > 0 || strings.ToLower(first.UserName) != first.UserName {
			continue
		}
		twin := &g.st.Users[i]
		twin.UserName, twin.ExternalID = strings.ToUpper(first.UserName[:1])+first.UserName[1:], ""
		if g.rng.IntN(2) == 0 {
			twin.ExternalID = first.ExternalID
		}
	}
}

// shuffleMembers leaves the members of every group in no order.
func (g *generator) shuffleMembers(st world.State) {
	for i := range st.Groups {
		shuffle(g.rng, st.Groups[i].Members)
	}
	for i := range st.IDP.Groups {
		shuffle(g.rng, st.IDP.Groups[i].Members)
	}
}

func shuffle[T any](rng *rand.Rand, list []T) {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
