// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// groups adds groups of 5 to 45 members, as far as there are users.
func (g *generator) groups(count int) {
	next := g.names(world.KindGroup, "team-%06d")
	var previous fieldMember // the linked group before, for nesting
	for range count {
		name := next()
		if !g.clean && g.rng.IntN(500) == 0 {
			name = fmt.Sprintf("%s, \"Süd\"; Pilot", name)
		}
		draw := 99
		if !g.clean {
			draw = g.rng.IntN(100)
		}
		ids, objects := g.pick()
		switch {
		case draw < 10: // Databricks' own, with anyone in it.
			g.group(name, "", distinct(append(ids, g.some(g.stale, 3)...))...)
		case draw < 11: // Linkable: one candidate, or several.
			for n := range 1 + g.rng.IntN(3)/2*2 {
				g.idpGroupNumber(name, n+1, objects...)
			}
			g.group(name, "", ids...)
		case draw < 12:
			g.group(name, g.idpGroup("renamed-"+name, objects...), ids...)
		case draw < 13:
			g.group(name, g.uuid("gone/"+name), ids...)
		default:
			previous = g.linkedGroup(name, draw, ids, objects, previous)
		}
	}
}

// linkedGroup adds a group with its IdP twin. draw adds what the IdP does not
// confirm: members without externalId (13 to 15), with one (16 to 18).
func (g *generator) linkedGroup(name string, draw int, ids, objects []string, previous fieldMember) fieldMember {
	switch {
	case draw < 16:
		ids = append(ids, g.some(g.blank, 2)...)
	case draw < 19:
		ids = append(ids, g.some(g.stale, 2)...)
	case previous.id != "" && g.rng.IntN(10) == 0:
		ids, objects = append(ids, previous.id), append(objects, previous.objectID)
	}
	objectID := g.idpGroup(name, objects...)
	return fieldMember{g.group(name, objectID, distinct(ids)...), objectID}
}

// pick takes 5 to 45 different users of the pool, or all when there are fewer.
func (g *generator) pick() (ids, objects []string) {
	size := min(5+g.rng.IntN(41), len(g.pool))
	if size == 0 {
		return nil, nil
	}
	// Steps of one from a random place: different without a set.
	from := g.rng.IntN(len(g.pool))
	for k := range size {
		m := g.pool[(from+k)%len(g.pool)]
		ids, objects = append(ids, m.id), append(objects, m.objectID)
	}
	return ids, objects
}

// some takes up to n of a list, at random.
func (g *generator) some(list []string, n int) []string {
	var out []string
	for range min(n, len(list)) {
		out = append(out, list[g.rng.IntN(len(list))])
	}
	return out
}

func distinct(ids []string) []string {
	seen := map[string]bool{}
	out := ids[:0:0]
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
