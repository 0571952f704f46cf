// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// drawInput is a small account with access in few places; holes of every kind
// come up when holes is set.
func drawInput(t *rapid.T, holes bool) PlanInput {
	g := drawGraph(t)
	if !holes {
		g.Listed, g.Hidden = true, ""
		for i := range g.Groups {
			g.Groups[i].Unknown, g.Groups[i].MembersUnknown = "", ""
			if g.Groups[i].Name == "" {
				g.Groups[i].Name = "gamma"
			}
		}
	}
	in := PlanInput{Graph: g, Facts: factsOf(g)}
	in.Source, in.Target = sourceAndTarget()
	some := func(what string) bool { return rapid.IntRange(0, 4).Draw(t, what) == 0 }
	f := &in.Facts
	f.Workspaces = append(f.Workspaces, workspace("101", "dev", nil))
	for i := range f.Workspaces {
		f.Workspaces[i].Levels = map[string][]string{}
	}
	for _, one := range g.Groups {
		if some("assigned") {
			at := rapid.IntRange(0, 1).Draw(t, "workspace")
			f.Workspaces[at].Levels[one.ID] = []string{rapid.SampledFrom([]string{LevelUser, LevelUser, LevelAdmin}).Draw(t, "level")}
		}
		if some("grant") {
			f.Metastores[0].Securables = append(f.Metastores[0].Securables,
				Securable{Type: "schema", FullName: "a.s" + one.ID, Grants: []Grant{{Principal: one.Name, Privileges: []string{"SELECT"}}}})
		}
		if some("role") && some("role again") {
			f.Holdings[one.Ref] = Holding{Roles: []string{"account_admin"}}
		}
	}
	if some("depth") {
		f.Depth = DepthSchema
	}
	return in
}

// hole makes one read fail, of any kind.
func hole(t *rapid.T, in PlanInput) PlanInput {
	in.Graph = shuffled(in.Graph, 1)
	f := in.Facts
	f.Workspaces, f.Metastores = slices.Clone(f.Workspaces), slices.Clone(f.Metastores)
	f.Holdings = map[audit.Ref]Holding{}
	for ref, h := range in.Facts.Holdings {
		f.Holdings[ref] = h
	}
	at := 0
	if n := len(in.Graph.Groups); n > 0 {
		at = rapid.IntRange(0, n-1).Draw(t, "group")
	}
	switch kind := rapid.IntRange(0, 7).Draw(t, "hole"); {
	case kind == 0:
		f.Workspaces[0].Unknown, f.Workspaces[0].Levels = "500", nil
	case kind == 1:
		f.WorkspacesUnknown, f.Workspaces = "403", f.Workspaces[:1]
	case kind == 2:
		f.Metastores[0].Unknown, f.Metastores[0].Securables = "503", nil
	case kind == 3:
		f.MetastoresUnknown, f.Metastores = "403", nil
	case kind == 4 || len(in.Graph.Groups) == 0:
		in.Graph.Listed = false
	case kind == 5:
		ref := in.Graph.Groups[at].Ref
		f.Holdings[ref] = Holding{Unknown: "429"}
	case kind == 6:
		in.Graph.Groups[at].MembersUnknown, in.Graph.Groups[at].Members = "500", nil
	default:
		in.Graph.Groups[at].Unknown, in.Graph.Groups[at].Name, in.Graph.Groups[at].ExternalID = "500", "", ""
	}
	in.Facts = f
	return in
}

// The classification against an oracle that walks every way (R19, R22, R23,
// R24), on facts without holes.
func TestPlanEqualsTheOracle(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		in := drawInput(t, false)
		if len(in.Graph.Groups) > 0 && rapid.Bool().Draw(t, "allowed") {
			in.AllowPrivileged = map[string]bool{"1": true, "3": true}
		}
		want := map[string][]string{}
		for i := range in.Graph.Groups {
			one := &in.Graph.Groups[i]
			if list := oracleVerdict(in, one); list != "" {
				want[list] = append(want[list], one.ID)
			}
			if oracleGiven(in, one) {
				want["memberships"] = append(want["memberships"], one.ID)
			}
		}
		p := Plan(in)
		got := map[string][]string{}
		for list, rows := range map[string][]PlanRow{
			"idp": p.IDPActions, "databricks": p.DatabricksActions, "skipped": p.Skipped, "unverified": p.Unverified,
			"already": p.AlreadyMember, "follows": p.Follows, "system": p.System,
		} {
			for _, r := range rows {
				got[list] = append(got[list], r.GroupID)
			}
			slices.Sort(got[list])
		}
		for id := range p.Memberships {
			got["memberships"] = append(got["memberships"], id)
		}
		slices.Sort(got["memberships"])
		for list, ids := range got {
			if len(ids) == 0 {
				delete(got, list)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\nproblems %v", diff, p.Problems)
		}
		if len(p.Problems) > 0 || !p.Complete {
			t.Errorf("problems %v, failures %v", p.Problems, p.Failures)
		}
	})
}

// oracleChain is the group and everything above it.
func oracleChain(in PlanInput, id string) []string {
	o := oracleOf(in.Graph, audit.Principal{Ref: groupRef(id)}, false)
	out := []string{id}
	for _, other := range o.nodes {
		if other != id && len(o.paths(other)) > 0 {
			out = append(out, other)
		}
	}
	return out
}

func lists(g *Group, id string) bool {
	return slices.ContainsFunc(g.Members, func(m audit.Member) bool { return m.ID == id })
}

func oracleVerdict(in PlanInput, g *Group) string {
	o := oracleOf(in.Graph, in.Source, false)
	switch {
	case len(o.paths(g.ID)) == 0:
		return ""
	case !lists(g, "u1"):
		return "follows"
	case g.Name == "admins":
		return "system"
	case lists(g, "u2"):
		return "already"
	case oracleIDP(g):
		return "idp"
	}
	effect, doubt, _ := oracleEffect(in, g.ID)
	switch {
	case effect:
		return "databricks"
	case doubt || in.Facts.Depth != DepthAll:
		return "unverified"
	default:
		return "skipped"
	}
}

func oracleIDP(g *Group) bool {
	return g.ExternalID != "" || slices.ContainsFunc(g.Members, func(m audit.Member) bool { return m.Source == audit.SourceIdentityProvider })
}

func oracleEffect(in PlanInput, id string) (effect, doubt, power bool) {
	names := map[string]string{}
	folded := map[string]int{}
	for _, g := range in.Graph.Groups {
		names[g.ID] = g.Name
		folded[NameKey(g.Name)]++
	}
	for _, one := range oracleChain(in, id) {
		for _, w := range in.Facts.Workspaces {
			effect = effect || len(w.Levels[one]) > 0
			power = power || slices.Contains(w.Levels[one], LevelAdmin)
		}
		roles := len(in.Facts.Holdings[groupRef(one)].Roles) > 0
		effect, power = effect || roles, power || roles
		for _, s := range in.Facts.Metastores[0].Securables {
			name := s.Grants[0].Principal
			switch {
			case NameKey(name) != NameKey(names[one]):
			case folded[NameKey(name)] > 1:
				doubt = true
			default:
				effect = true
			}
		}
	}
	return effect, doubt, power
}

func oracleGiven(in PlanInput, g *Group) bool {
	if !lists(g, "u1") || g.Name == "admins" || oracleIDP(g) {
		return false
	}
	effect, _, power := oracleEffect(in, g.ID)
	return (effect || lists(g, "u2")) && (!power || in.AllowPrivileged[g.ID])
}

// A hole never turns anything into skipped, and never makes the memberships
// smaller: they are the same, or there is a problem (R11, R17).
func TestHolesNeverSkipOrShrink(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		before := drawInput(t, rapid.Bool().Draw(t, "holes before"))
		after := hole(t, before)
		was, is := Plan(before), Plan(after)
		skipped := map[string]bool{}
		for _, r := range was.Skipped {
			skipped[r.GroupID] = true
		}
		for _, r := range is.Skipped {
			if !skipped[r.GroupID] {
				t.Errorf("group %s is skipped since a read failed", r.GroupID)
			}
		}
		// The name of a group that neither is in does not matter.
		nameless := func(g Group) bool { return g.Unknown != "" }
		if is.Complete && !slices.ContainsFunc(after.Graph.Groups, nameless) {
			t.Errorf("complete with a hole")
		}
		switch {
		case is.Memberships == nil:
		case was.Memberships == nil:
			t.Errorf("a hole made memberships: %v", is.Memberships)
		default:
			if diff := cmp.Diff(sortedKeys(was.Memberships), sortedKeys(is.Memberships)); diff != "" {
				t.Errorf("memberships changed without a problem: %s", diff)
			}
		}
		if (is.Memberships == nil) != (len(is.Problems) > 0) {
			t.Errorf("memberships %v with problems %v", is.Memberships, is.Problems)
		}
	})
}

// Any order of the facts gives the same bytes (R15; part 4, group 3).
func TestPlanIsBlindToOrder(t *testing.T) {
	t.Parallel()
	check(t, func(t *rapid.T) {
		in := drawInput(t, true)
		other := in
		other.Graph = shuffled(in.Graph, rapid.Int64().Draw(t, "seed"))
		other.Facts.Workspaces = slices.Clone(in.Facts.Workspaces)
		slices.Reverse(other.Facts.Workspaces)
		other.Facts.Metastores = slices.Clone(in.Facts.Metastores)
		other.Facts.Metastores[0].Securables = slices.Clone(in.Facts.Metastores[0].Securables)
		slices.Reverse(other.Facts.Metastores[0].Securables)
		if diff := cmp.Diff(fmt.Sprint(bytesOf(Plan(in))), bytesOf(Plan(other))); diff != "" {
			t.Error(diff)
		}
	})
}
