// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package judge

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"

	"pgregory.net/rapid"
)

// Two thousand worlds a property: swaps, chains and shared claims need several things to
// meet, which a hundred do not always show. Another number can be asked for.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := flag.Lookup("rapid.checks")
	if os.Getenv("DBXIDENTITY_TEST_QUICK") == "" && checks.Value.String() == "100" { // Mutation tests run them once per mutant.
		if err := checks.Value.Set("2000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// world is a small account and directory, from which the matches are made as a
// directory adapter makes them. Ids, names and types are few, so that they
// collide often.
type world struct {
	principals []audit.Principal
	identities []audit.Identity
	unknown    map[audit.Ref]bool
}

func drawWorld(t *rapid.T) world {
	types := rapid.SampledFrom([]audit.PrincipalType{audit.TypeUser, audit.TypeUser, audit.TypeUser, audit.TypeGroup, audit.TypeServicePrincipal})
	names := rapid.SampledFrom([]string{"a", "A", "b", "c", "d@example.com", "e@example.com", "e@example.net", "admins"})
	externalIDs := rapid.SampledFrom([]string{
		"", "i1", "i2", "i3", "I3", "gone",
		"aaaaaaaa-0000-4000-8000-000000000001", "AAAAAAAA-0000-4000-8000-000000000001",
	})
	state := rapid.SampledFrom([]*bool{ptr(true), ptr(true), ptr(true), ptr(true), ptr(true), nil, ptr(false)})
	w := world{unknown: map[audit.Ref]bool{}}
	for i := range rapid.IntRange(0, 7).Draw(t, "principals") + rapid.IntRange(0, 3).Draw(t, "more") {
		p := audit.Principal{
			Ref:  audit.Ref{Type: types.Draw(t, "type"), ID: fmt.Sprint(8 + i)},
			Name: names.Draw(t, "name"), ExternalID: externalIDs.Draw(t, "externalId"), Active: state.Draw(t, "active"),
		}
		w.principals = append(w.principals, p)
		w.unknown[p.Ref] = rapid.IntRange(0, 15).Draw(t, "unknown") == 0
	}
	slices.SortFunc(w.principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	for range rapid.IntRange(0, 7).Draw(t, "identities") + rapid.IntRange(0, 3).Draw(t, "more") {
		id := audit.Identity{
			Type: types.Draw(t, "type"), ExternalID: externalIDs.Draw(t, "id"), Enabled: state.Draw(t, "enabled"),
			Names: []string{names.Draw(t, "name")},
		}
		if rapid.Bool().Draw(t, "second name") {
			id.Names = append(id.Names, names.Draw(t, "name"))
		}
		taken := slices.ContainsFunc(w.identities, func(o audit.Identity) bool { return audit.SameExternalID(o.ExternalID, id.ExternalID) })
		if id.ExternalID != "" && !taken { // a directory has each id once
			w.identities = append(w.identities, id)
		}
	}
	return w
}

// match looks one principal up, without any index.
func (w world) match(p audit.Principal) audit.Match {
	m := audit.Match{Principal: p}
	if w.unknown[p.Ref] {
		m.Unknown = "503"
		return m
	}
	for i := range w.identities {
		id := &w.identities[i]
		if p.ExternalID != "" && audit.SameExternalID(id.ExternalID, p.ExternalID) {
			if id.Type == p.Type {
				m.ByExternalID = id
			} else {
				m.ByExternalIDOtherType = id
			}
		}
		if id.Type == p.Type && slices.ContainsFunc(id.Names, func(n string) bool { return strings.EqualFold(n, p.Name) }) {
			m.ByName = append(m.ByName, *id)
		}
	}
	return m
}

// input gives the match of every principal; all are powerless but those that
// the draw made otherwise.
func (w world) input(powers map[audit.Ref]audit.Privilege) Input {
	in := Input{
		Inventory:  audit.Inventory{Principals: slices.Clone(w.principals), Coverage: fullCoverage},
		Privileges: powers,
	}
	for _, p := range w.principals {
		in.Matches = append(in.Matches, w.match(p))
	}
	return in
}

func drawPowers(t *rapid.T, w world) map[audit.Ref]audit.Privilege {
	powers := map[audit.Ref]audit.Privilege{}
	for _, p := range w.principals {
		switch rapid.IntRange(0, 11).Draw(t, "power") {
		case 11:
			powers[p.Ref] = audit.Privilege{Powers: []string{"account role account_admin"}}
		case 10:
			powers[p.Ref] = audit.Privilege{Unknown: "403"}
		case 9:
		default:
			powers[p.Ref] = audit.Privilege{}
		}
	}
	return powers
}

func drawOptions(t *rapid.T) Options {
	o := directory()
	o.IDP = rapid.SampledFrom([]audit.Capabilities{matchIDP, entraIDP, oktaIDP, fileIDP}).Draw(t, "idp")
	o.LinkGroups = rapid.Bool().Draw(t, "link_groups")
	o.Relink = rapid.Bool().Draw(t, "relink")
	o.SuggestGroupClears = rapid.Bool().Draw(t, "suggest_group_clears")
	o.StrictCase, o.StrictInactive = rapid.Bool().Draw(t, "strict_case"), rapid.Bool().Draw(t, "strict_inactive")
	o.SuggestDeactivations = rapid.Bool().Draw(t, "suggest_deactivations")
	o.SuggestGroupRenames = rapid.Bool().Draw(t, "suggest_group_renames")
	if all, _ := DeactivationCauses(); rapid.Bool().Draw(t, "causes") {
		o.DeactivationCauses = all
	}
	if rapid.Bool().Draw(t, "domains") {
		o.PrimaryDomains = []string{"Example.com"}
	}
	if rapid.Bool().Draw(t, "allow") {
		o.AllowPrivileged = map[string]bool{"9": true, "10": true}
	}
	if rapid.IntRange(0, 3).Draw(t, "waive") == 0 {
		o.Waivers = []audit.Waiver{{
			ID:       rapid.SampledFrom([]string{"", "8", "9"}).Draw(t, "waived id"),
			Category: rapid.SampledFrom(rules.IdentityCategories()).Draw(t, "waived category"),
			Cause:    rapid.SampledFrom([]string{"", "", rules.CauseStale, rules.CauseLinkable, rules.CauseMembers}).Draw(t, "waived cause"),
		}}
	}
	return o
}

// apply carries out what a report offers, as the account would.
func (w world) apply(r Report) world {
	fixed := w
	fixed.principals = slices.Clone(w.principals)
	for i := range fixed.principals {
		p := &fixed.principals[i]
		for _, f := range r.ExternalIDFixes {
			if p.Ref == f.Ref {
				p.ExternalID = f.ExternalID
			}
		}
		for _, d := range r.Deactivations {
			if p.Ref == d.Ref {
				p.Active = ptr(false)
			}
		}
		for _, g := range r.GroupRenames {
			if p.Ref == (audit.Ref{Type: audit.TypeGroup, ID: g.GroupID}) {
				p.Name = g.Name
			}
		}
	}
	return fixed
}

// offers shows what a report offers.
func offers(r Report) string {
	return fmt.Sprintf("fixes %+v, removals %+v, deactivations %+v, renames %+v", r.ExternalIDFixes, r.MemberRemovals, r.Deactivations, r.GroupRenames)
}
