// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// typed is a principal by its type and id, in words.
func typed(r audit.Ref) string { return strings.ReplaceAll(string(r.Type), "_", " ") + " " + r.ID }

// State is the verdict on what a group gives (R17).
type State string

// The states. StateNoEffect needs every place to be read.
const (
	StateEffective State = "effective"
	StateNoEffect  State = "no_effect_found"
	StateUnknown   State = "unknown"
)

// effects are what one group gives, by itself and through every group above it
// (R16).
type effects struct {
	state      State
	workspaces []WorkspaceEffect
	catalog    []CatalogEffect
	holdings   []HoldingEffect
	// powers make the group privileged (R24); privileged is nil when a hole hides
	// whether there are any.
	powers     []string
	privileged *bool
	// holes are reads that failed and could change the state; limits are places
	// that were not checked, by choice or for want of rights. Both are sorted.
	holes, limits []string
	// powerHoles are reads that failed and could make the group privileged.
	powerHoles []string
}

// reasons are why the state is unknown.
func (e *effects) reasons() []string { return slices.Concat(e.holes, e.limits) }

// judge finds the effects of groups.
type judge struct {
	x      *index
	facts  *Facts
	source *closure
	holds  holders
	// within bounds what can be above a group; nil where every group is listed.
	within map[string]bool
	// levels are the assignments by the principal's id, in the order of the workspaces.
	levels map[string][]assignment
	// places are the holes and limits that are the same for every group.
	holes, limits, powerHoles []string
	// local are the workspaces' own groups that list each member, in words.
	local map[string][]string
	// elsewhere are those of limits that the reach of a principal reports in another way.
	elsewhere []string
}

// assignment is what one principal has in a workspace.
type assignment struct {
	in     *WorkspaceAccess
	levels []string
}

func newJudge(x *index, f *Facts, source *closure) *judge {
	j := &judge{x: x, facts: f, source: source, holds: newHolders(f)}
	if !x.graph.Listed {
		j.within = source.may
	}
	j.levels = map[string][]assignment{}
	for i := range f.Workspaces {
		for id, levels := range f.Workspaces[i].Levels {
			j.levels[id] = append(j.levels[id], assignment{&f.Workspaces[i], levels})
		}
	}
	j.local = localOf(f.Workspaces)
	for i := range f.Workspaces {
		if why, _ := source.localHole(&f.Workspaces[i]); f.LocalGroups && why != "" {
			j.elsewhere = append(j.elsewhere, fmt.Sprintf("the groups that workspace %s has of its own are not known: %s; the caller must be an admin of the workspace", f.Workspaces[i].ID, why))
		}
	}
	j.workspaceHoles()
	j.catalogHoles()
	j.limits = append(j.limits, j.elsewhere...)
	for _, list := range []*[]string{&j.holes, &j.limits, &j.powerHoles} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return j
}

// workspaceHoles rest on: the list of workspaces, one list of assignments per
// workspace (R11).
func (j *judge) workspaceHoles() {
	both := func(reason string) {
		j.holes, j.powerHoles = append(j.holes, reason), append(j.powerHoles, reason)
	}
	switch {
	case j.facts.WorkspacesUnknown != "":
		both("workspaces: " + j.facts.WorkspacesUnknown)
	case len(j.facts.Workspaces) == 0:
		j.limits = append(j.limits, "no workspace is visible: the caller must be an account admin to see them")
	}
	for _, w := range j.facts.Workspaces {
		if why := w.hole(); why != "" {
			both("permission assignments of workspace " + w.ID + ": " + why)
		}
	}
}

// catalogHoles rest on: the list of metastores; per metastore a scan to the end
// by a proven metastore admin; per securable its grants and owner (R11, R18).
func (j *judge) catalogHoles() {
	if j.facts.MetastoresUnknown != "" {
		j.holes = append(j.holes, "metastores: "+j.facts.MetastoresUnknown)
		j.powerHoles = append(j.powerHoles, "metastores: "+j.facts.MetastoresUnknown)
	}
	switch j.facts.Depth {
	case DepthAll:
	case DepthCatalog, DepthSchema:
		j.elsewhere = append(j.elsewhere, fmt.Sprintf("Unity Catalog was scanned to the depth %q only: set unity_catalog_depth = \"all\"", j.facts.Depth))
	default:
		j.elsewhere = append(j.elsewhere, "Unity Catalog was not scanned: set scan_unity_catalog = true")
	}
	if !j.facts.scanned() {
		return
	}
	if j.facts.MetastoresUnknown == "" && len(j.facts.Metastores) == 0 {
		j.limits = append(j.limits, "no metastore is visible: the caller must be an account admin to see them")
	}
	for _, m := range j.facts.Metastores {
		where := "metastore " + m.ID
		switch {
		case m.Unknown != "":
			j.holes = append(j.holes, where+": "+m.Unknown)
		case !m.Scanned:
			j.limits = append(j.limits, strings.TrimSuffix(where+" was not scanned: "+m.NotScanned, ": "))
		case !m.AdminProven:
			j.limits = append(j.limits, "the caller is not proven to be admin of "+where+", so it may not see every grant: make it the owner, or put it into the group that owns it")
		}
		for _, s := range m.Securables {
			if s.Unknown != "" {
				j.holes = append(j.holes, fmt.Sprintf("%s %s of %s: %s", s.Type, s.FullName, where, s.Unknown))
			}
		}
	}
}

// notLookedAt are the places that were not checked by choice, or for which there is
// no API, sorted.
func (j *judge) notLookedAt() []string {
	var out []string
	if !j.facts.LocalGroups {
		out = append(out, localNotLookedAt)
	} else if text := unfederated(j.facts.Workspaces, j.source); text != "" {
		out = append(out, text)
	}
	if why := j.facts.EntitlementsUntold; why != "" {
		out = append(out, "entitlements in workspaces: "+why+".")
	}
	switch j.facts.Depth {
	case DepthAll:
	case DepthCatalog, DepthSchema:
		out = append(out, fmt.Sprintf("Unity Catalog below the depth %q: set unity_catalog_depth = \"all\" to look at every object.", j.facts.Depth))
	default:
		out = append(out, "Unity Catalog: set scan_unity_catalog = true to look at grants and ownership.")
	}
	slices.Sort(out)
	return out
}

// of judges one group.
func (j *judge) of(id string) *effects {
	p := j.principal(id)
	return j.through(p, j.x.closureOf(p, j.within))
}

// through judges a principal with the groups above it.
func (j *judge) through(p audit.Principal, above *closure) *effects {
	e := &effects{}
	j.collect(e, p)
	for _, id := range sortedIDs(above.must) {
		j.collect(e, j.principal(id))
	}
	if !above.whole() {
		reason := "the groups above it could not be read in full"
		e.holes, e.powerHoles = append(e.holes, reason), append(e.powerHoles, reason)
	}
	e.finish(j)
	return e
}

// union is a sorted list with what another sorted one has besides. Where there is
// nothing besides it is the list itself: of a hole in each of 100,000 tables no group
// needs a copy.
func union(common, own []string) []string {
	if len(own) == 0 {
		return common
	}
	all := slices.Concat(common, own)
	slices.Sort(all)
	return slices.Compact(all)
}

func (j *judge) principal(id string) audit.Principal {
	if group := j.x.groups[id]; group != nil {
		return group.Principal
	}
	return audit.Principal{Ref: audit.Ref{Type: audit.TypeGroup, ID: id}}
}

// collect adds what one principal of the chain holds itself.
func (j *judge) collect(e *effects, p audit.Principal) {
	id, name, through := p.ID, shownName(p), ""
	if p.Type == audit.TypeGroup {
		name = j.x.name(id)
		through = fmt.Sprintf(" (group %q, id %s)", name, id)
	}
	for _, a := range j.levels[id] {
		w := a.in
		for _, level := range a.levels {
			if level == LevelAdmin {
				e.powers = append(e.powers, fmt.Sprintf("ADMIN of workspace %q, id %s%s", w.Name, w.ID, through))
			}
			if w.Status != "" && w.Status != "RUNNING" {
				e.limits = append(e.limits, fmt.Sprintf("it has %s in workspace %q, id %s, which is not running (%s)", level, w.Name, w.ID, w.Status))
				continue
			}
			e.workspaces = append(e.workspaces, WorkspaceEffect{WorkspaceID: w.ID, WorkspaceName: w.Name, Level: level, GroupID: id, GroupName: name})
		}
	}
	holding, looked := j.facts.Holdings[p.Ref]
	if !looked {
		holding.Unknown = "not read"
	}
	if holding.Unknown != "" {
		reason := fmt.Sprintf("roles and entitlements of %s: %s", typed(p.Ref), holding.Unknown)
		e.holes, e.powerHoles = append(e.holes, reason), append(e.powerHoles, reason)
	}
	for _, role := range holding.Roles {
		e.holdings = append(e.holdings, HoldingEffect{Kind: KindRole, Value: role, GroupID: id, GroupName: name})
		e.powers = append(e.powers, "account role "+role+through)
	}
	for _, entitlement := range holding.Entitlements {
		e.holdings = append(e.holdings, HoldingEffect{Kind: KindEntitlement, Value: entitlement, GroupID: id, GroupName: name})
	}
	e.limits = append(e.limits, j.local[p.ID]...)
	j.collectCatalog(e, p, name, through)
}

func (j *judge) collectCatalog(e *effects, p audit.Principal, name, through string) {
	if p.Name == "" {
		reason := fmt.Sprintf("the name of %s, by which Unity Catalog grants, could not be read", typed(p.Ref))
		e.holes, e.powerHoles = append(e.holes, reason), append(e.powerHoles, reason)
	}
	held := j.holds.of(p)
	for _, h := range held.effects {
		h.GroupID, h.GroupName = p.ID, name
		e.catalog = append(e.catalog, h)
	}
	if held.hole != "" {
		e.holes = append(e.holes, held.hole)
	}
	if held.limit != "" {
		e.limits = append(e.limits, held.limit)
	}
	for _, m := range j.holds.metastores(p) {
		e.powers = append(e.powers, fmt.Sprintf("owner of metastore %q, id %s%s", m.Name, m.ID, through))
	}
}

// finish sorts, and draws the conclusions (R17, R24).
func (e *effects) finish(j *judge) {
	slices.SortFunc(e.workspaces, compareWorkspaceEffects)
	slices.SortFunc(e.catalog, compareCatalogEffects)
	slices.SortFunc(e.holdings, compareHoldingEffects)
	for _, list := range []*[]string{&e.powers, &e.holes, &e.limits, &e.powerHoles} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	e.holes, e.limits, e.powerHoles = union(j.holes, e.holes), union(j.limits, e.limits), union(j.powerHoles, e.powerHoles)
	switch {
	case len(e.workspaces)+len(e.catalog)+len(e.holdings) > 0:
		e.state = StateEffective
	case len(e.holes)+len(e.limits) == 0:
		e.state = StateNoEffect
	default:
		e.state = StateUnknown
	}
	switch {
	case len(e.powers) > 0:
		e.privileged = boolean(true)
	case len(e.powerHoles) == 0:
		e.privileged = boolean(false)
	}
}

func compareWorkspaceEffects(a, b WorkspaceEffect) int {
	return cmp.Or(audit.CompareIDs(a.WorkspaceID, b.WorkspaceID), strings.Compare(a.Level, b.Level), audit.CompareIDs(a.GroupID, b.GroupID))
}

func compareCatalogEffects(a, b CatalogEffect) int {
	return cmp.Or(
		strings.Compare(a.MetastoreID, b.MetastoreID), strings.Compare(a.SecurableType, b.SecurableType), strings.Compare(a.FullName, b.FullName),
		audit.CompareIDs(a.GroupID, b.GroupID), slices.Compare(a.Privileges, b.Privileges),
	)
}

func compareHoldingEffects(a, b HoldingEffect) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value), audit.CompareIDs(a.GroupID, b.GroupID))
}
