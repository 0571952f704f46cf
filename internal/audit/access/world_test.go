// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// check runs a property on about a thousand worlds.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	for range 10 {
		if t.Failed() {
			return
		}
		rapid.Check(t, property)
	}
}

func groupRef(id string) audit.Ref { return audit.Ref{Type: audit.TypeGroup, ID: id} }
func userRef(id string) audit.Ref  { return audit.Ref{Type: audit.TypeUser, ID: id} }

func user(id, name string) audit.Principal {
	return audit.Principal{Ref: userRef(id), Name: name, DisplayName: name, Active: boolean(true)}
}

// group is an internal group that was read whole. A member "u.." is a user, any
// other is a group.
func group(id, name string, members ...string) Group {
	g := Group{Principal: audit.Principal{Ref: groupRef(id), Name: name, DisplayName: name}}
	for _, m := range members {
		ref := groupRef(m)
		if strings.HasPrefix(m, "u") {
			ref = userRef(m)
		}
		g.Members = append(g.Members, audit.Member{Ref: ref, Source: audit.SourceUnknown})
	}
	return g
}

func external(g Group) Group {
	g.ExternalID = "ext-" + g.ID
	return g
}

func unread(g Group) Group {
	g.MembersUnknown = "403 on group " + g.ID
	return g
}

// listed is the graph of an account whose groups were all listed.
func listed(groups ...Group) Graph { return Graph{Route: RouteSCIM, Listed: true, Groups: groups} }

// drawGraph is a small account: cycles, diamonds, self members, holes and dead
// ends collide often. Users are u1 and u2, groups 1 to 7.
func drawGraph(t *rapid.T) Graph {
	names := rapid.SampledFrom([]string{"alpha", "Alpha", "beta", "gamma", "delta", "admins", "epsilon"})
	sources := rapid.SampledFrom([]audit.MembershipSource{
		audit.SourceUnknown, audit.SourceUnknown, audit.SourceInternal, audit.SourceInternal, audit.SourceIdentityProvider,
	})
	count := rapid.IntRange(0, 7).Draw(t, "groups")
	rare := func(what string) bool { return rapid.IntRange(0, 11).Draw(t, what) == 0 }
	g := Graph{Route: RouteSCIM, Listed: !rare("cut list")}
	holes := rapid.Bool().Draw(t, "holes")
	for i := range count {
		id := fmt.Sprint(i + 1)
		one := group(id, names.Draw(t, "name"))
		one.Unknown, one.MembersUnknown = "", ""
		if rapid.IntRange(0, 2).Draw(t, "external") == 0 {
			one = external(one)
		}
		for _, m := range []string{"u1", "u2"} {
			if rapid.IntRange(0, 2).Draw(t, "member "+m) == 0 {
				one.Members = append(one.Members, audit.Member{Ref: userRef(m), Source: sources.Draw(t, "source")})
			}
		}
		for m := range count {
			if rapid.IntRange(0, 4).Draw(t, "nested") == 0 {
				one.Members = append(one.Members, audit.Member{Ref: groupRef(fmt.Sprint(m + 1)), Source: sources.Draw(t, "source")})
			}
		}
		if holes && rare("unread") {
			one = unread(one)
		}
		if holes && rare("unknown") {
			one.Unknown = "500 on group " + id
			one.Name, one.ExternalID = "", ""
		}
		g.Groups = append(g.Groups, one)
	}
	if holes && rare("hidden") {
		g.Hidden = "automatic identity management is on"
	}
	return g
}

// shuffled is the same graph in another order.
func shuffled(g Graph, seed int64) Graph {
	r := rand.New(rand.NewSource(seed))
	g.Groups = slices.Clone(g.Groups)
	for i := range g.Groups {
		g.Groups[i].Members = slices.Clone(g.Groups[i].Members)
		m := g.Groups[i].Members
		r.Shuffle(len(m), func(a, b int) { m[a], m[b] = m[b], m[a] })
	}
	r.Shuffle(len(g.Groups), func(a, b int) { g.Groups[a], g.Groups[b] = g.Groups[b], g.Groups[a] })
	g.Failures = slices.Clone(g.Failures)
	slices.Reverse(g.Failures)
	return g
}

func bytesOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// oracle answers about one principal by trying: edges are pairs, and every way
// is walked.
type oracle struct {
	subject string
	edges   map[[2]string]bool // member, group
	nodes   []string
}

// oracleOf takes only what is certain, or everything that is possible.
func oracleOf(g Graph, subject audit.Principal, possible bool) oracle {
	o := oracle{subject: subject.ID, edges: map[[2]string]bool{}}
	linked := map[string]bool{subject.ID: subject.ExternalID != ""}
	for _, one := range g.Groups {
		o.nodes = append(o.nodes, one.ID)
		linked[one.ID] = one.ExternalID != "" || one.Unknown != ""
	}
	slices.SortFunc(o.nodes, audit.CompareIDs)
	for _, one := range g.Groups {
		for _, m := range one.Members {
			o.edges[[2]string{m.ID, one.ID}] = true
		}
		if !possible {
			continue
		}
		for _, m := range append(slices.Clone(o.nodes), o.subject) {
			if one.MembersUnknown != "" || g.Hidden != "" && linked[m] && linked[one.ID] {
				o.edges[[2]string{m, one.ID}] = true
			}
		}
	}
	return o
}

// paths are all ways without a repeated node from the subject to the group.
func (o oracle) paths(to string) [][]string {
	var out [][]string
	var walk func(at string, way []string)
	walk = func(at string, way []string) {
		for _, next := range o.nodes {
			if !o.edges[[2]string{at, next}] || next == o.subject || slices.Contains(way, next) {
				continue
			}
			longer := append(slices.Clone(way), next)
			if next == to {
				out = append(out, longer)
				continue
			}
			walk(next, longer)
		}
	}
	walk(o.subject, nil)
	return out
}

// best is the shortest way, of several the one with the smallest ids.
func best(paths [][]string) []string {
	if len(paths) == 0 {
		return nil
	}
	return slices.MinFunc(paths, func(a, b []string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.CompareFunc(a, b, audit.CompareIDs)
	})
}
