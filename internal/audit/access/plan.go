// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// PlanInput is what a clone plan depends on. Nothing in it is changed.
type PlanInput struct {
	Graph Graph
	Facts Facts
	// Source is who has the access, Target who shall have it.
	Source, Target audit.Principal
	// AllowPrivileged are the ids of privileged groups that may be given (R24).
	AllowPrivileged map[string]bool
	// AllowDifferentTypes lets a user have the access of a service principal, and
	// the like (R25).
	AllowDifferentTypes bool
	// MaxAdditions is the most memberships that may be new; nil is no limit (R25).
	MaxAdditions *int
}

// Plan says what the target needs to have the source's access (R19 to R26).
//
// Memberships is not subtracted: it has every direct, internal, non-system group
// of the source that is effective or that the target holds already, privileged
// ones only when allowed. With any problem it is nil, so that what could not be
// read never makes it smaller.
func Plan(in PlanInput) ClonePlan {
	p, _ := PlanUntil(nil, in) // Nothing stops it.
	return p
}

// PlanUntil is [Plan] that can be stopped.
func PlanUntil(stop audit.Stop, in PlanInput) (ClonePlan, error) {
	x := newIndex(stop, &in.Graph)
	p := planner{in: &in, x: x, source: x.closureOf(in.Source, nil), target: x.closureOf(in.Target, nil)}
	p.judge = newJudge(x, &in.Facts, p.source)
	p.vias = p.source.vias()
	p.out = ClonePlan{Source: in.Source, Target: in.Target, Route: in.Graph.Route, Cycles: x.cycles(around(p.source)), NotLookedAt: p.judge.notLookedAt()}
	p.memberships, p.unjudged, p.why = map[string]Membership{}, map[string]bool{}, map[string]bool{}
	for _, id := range sortedIDs(p.source.must) {
		p.out.DeadMembers += x.dead(id)
		if isFalse(p.source.direct(id)) {
			continue // Follows, once it is known what is pending.
		}
		p.direct(id)
	}
	for _, id := range sortedIDs(in.AllowPrivileged) {
		if isFalse(p.source.direct(id)) {
			p.out.AllowedNothing = append(p.out.AllowedNothing, id)
		}
	}
	p.follows()
	p.notCloned()
	p.guards()
	out := p.finish()
	if x.Err != nil {
		return ClonePlan{}, x.Err
	}
	return out, nil
}

type planner struct {
	in             *PlanInput
	x              *index
	judge          *judge
	source, target *closure
	vias           map[string][]string
	out            ClonePlan

	memberships map[string]Membership
	// additions are memberships that the target does not have.
	additions int
	// unjudged are groups whose verdict depends on a hole, why the holes.
	unjudged, why map[string]bool
	pending       map[string]bool
}

const ownerUnread = "whom the group belongs to could not be read"

// direct classifies one direct group of the source, or one that may be (R19,
// R22, R23).
func (p *planner) direct(id string) {
	e := p.judge.of(id)
	row := p.row(id, e)
	row.Direct = true
	held := p.target.direct(id)
	switch track := p.x.track(id); {
	case p.source.direct(id) == nil:
		p.unverified(row, []string{"whether the source is a direct member could not be read" + p.source.because(id)}, true)
	case track == OriginSystem:
		p.out.System = append(p.out.System, row)
	case isTrue(held):
		switch track {
		case OriginDatabricks:
			row.Reason = p.give(&row, e, true)
		case OriginUnknown:
			row.Reason = ownerUnread
			p.leave(id, ownerUnread)
		default: // The IdP's: nothing to give.
		}
		p.out.AlreadyMember = append(p.out.AlreadyMember, row)
	case held == nil:
		p.unverified(row, []string{"whether the target is a direct member could not be read" + p.target.because(id)}, true)
	case track == OriginIDP:
		if p.pending == nil {
			p.pending = map[string]bool{}
		}
		p.pending[id] = true
		p.out.IDPActions = append(p.out.IDPActions, row)
	case track == OriginUnknown:
		p.unverified(row, []string{ownerUnread}, true)
	case e.state == StateEffective:
		row.Reason = p.give(&row, e, false)
		p.out.DatabricksActions = append(p.out.DatabricksActions, row)
	case e.state == StateNoEffect:
		row.Reason = "verified dead end: neither the group nor any group above it has a workspace assignment, an account role, an entitlement, a grant or an ownership in what the account manages"
		if !p.in.Facts.LocalGroups {
			row.Reason += "; workspace-local groups, which can contain it, were not checked"
		}
		p.out.Skipped = append(p.out.Skipped, row)
	default:
		p.unverified(row, e.reasons(), false)
		if len(e.holes) > 0 {
			p.leave(id, e.holes...)
		}
	}
}

// unverified lists a group without a verdict; a hole makes it a problem. One hole
// in every table of a metastore is the reason of every row, so that not all of them
// are reported: failures has them.
func (p *planner) unverified(row PlanRow, reasons []string, hole bool) {
	row.Reason = firstTexts(reasons)
	p.out.Unverified = append(p.out.Unverified, row)
	if hole {
		p.leave(row.GroupID, reasons...)
	}
}

// leave notes a group whose verdict depends on holes.
func (p *planner) leave(id string, holes ...string) {
	p.unjudged[id] = true
	for _, h := range holes {
		p.why[h] = true
	}
}

// give puts a group into the memberships, unless it is privileged and not
// allowed: then it says so (R24).
func (p *planner) give(row *PlanRow, e *effects, held bool) (reason string) {
	switch {
	case p.in.AllowPrivileged[row.GroupID]:
	case e.privileged == nil:
		p.leave(row.GroupID, e.powerHoles...)
		return "whether the group is privileged could not be read: " + firstTexts(e.powerHoles)
	case *e.privileged:
		return "held back, because the group is privileged: to give it, name its id in allow_privileged_groups"
	}
	if !held {
		p.additions++
	}
	p.memberships[row.GroupID] = Membership{
		GroupID: row.GroupID, GroupName: row.GroupName, MemberID: p.in.Target.ID, MemberName: p.in.Target.Name,
		// The guard of the write looks at more than a plan does. Someone who named the
		// group has decided, also about what only the guard sees.
		Privileged: isTrue(e.privileged) || p.in.AllowPrivileged[row.GroupID],
	}
	return ""
}

// row is what all lists share.
func (p *planner) row(id string, e *effects) PlanRow {
	row := PlanRow{
		GroupID: id, GroupName: p.x.name(id), Source: p.x.source(id), ExternalID: p.x.externalID(id), Origin: p.source.origin(id),
		Path: p.source.names(id), Via: p.vias[id], AlreadyTransitive: p.alreadyTransitive(id),
		Workspaces: e.workspaces, Catalog: e.catalog, Holdings: e.holdings, Privileged: e.privileged, Powers: e.powers,
	}
	return row
}

// alreadyTransitive reports whether the target has the group through others.
func (p *planner) alreadyTransitive(id string) *bool {
	in, direct := p.target.in(id), p.target.direct(id)
	switch {
	case isFalse(in) || isTrue(direct):
		return boolean(false)
	case isTrue(in) && isFalse(direct):
		return boolean(true)
	default:
		return nil
	}
}

// follows lists the transitive groups of the source with the routes to them; a
// route is pending while its first step is an action in the IdP (R19).
func (p *planner) follows() {
	for _, id := range sortedIDs(p.source.must) {
		if !isFalse(p.source.direct(id)) {
			continue
		}
		row := p.row(id, p.judge.of(id))
		for _, via := range row.Via {
			if p.pending[via] {
				row.PendingVia = append(row.PendingVia, via)
			}
		}
		p.out.Follows = append(p.out.Follows, row)
	}
}

// localGroups lists the groups of workspaces that the source is in.
func (p *planner) localGroups(unknown func(kind, place, why string)) {
	if !p.in.Facts.LocalGroups {
		return
	}
	for i := range p.in.Facts.Workspaces {
		w := &p.in.Facts.Workspaces[i]
		if why, _ := p.source.localHole(w); why != "" {
			unknown(KindLocalGroup, w.ID, why+"; the caller must be an admin of the workspace")
		}
		ways := p.source.localWays(w)
		for k := range w.Local {
			g := &w.Local[k]
			if way, in := ways[g.ID]; in {
				p.out.NotCloned = append(p.out.NotCloned, NotCloned{Kind: KindLocalGroup, Place: w.ID, Value: g.Name, Note: moveLocal(w, g, way)})
			}
		}
	}
}

// notCloned lists what the source holds itself (R21), and where it may hold more. It
// has no verdict, so holes only make the plan incomplete.
func (p *planner) notCloned() {
	source := p.in.Source
	add := func(kind, place, value string) {
		p.out.NotCloned = append(p.out.NotCloned, NotCloned{Kind: kind, Place: place, Value: value})
	}
	unknown := func(kind, place, why string) {
		if why != "" {
			p.out.NotCloned = append(p.out.NotCloned, NotCloned{Kind: kind, Place: place, Note: "not known: " + why})
		}
	}
	for i := range p.in.Facts.Workspaces {
		w := &p.in.Facts.Workspaces[i]
		unknown(KindAssignment, w.ID, w.hole())
		for _, level := range w.Levels[source.ID] {
			add(KindAssignment, w.ID, level)
		}
		own := w.Entitlements[source.ID]
		for _, entitlement := range own.Values {
			add(KindEntitlement, w.ID, entitlement)
		}
		unknown(KindEntitlement, w.ID, own.Unknown)
		if len(w.Levels[source.ID]) > 0 {
			unknown(KindEntitlement, w.ID, p.in.Facts.EntitlementsUntold)
		}
	}
	p.localGroups(unknown)
	holding := p.in.Facts.Holdings[source.Ref]
	unknown(KindRole, "", holding.Unknown)
	unknown(KindEntitlement, "", holding.Unknown)
	for _, role := range holding.Roles {
		add(KindRole, "", role)
	}
	for _, entitlement := range holding.Entitlements {
		add(KindEntitlement, "", entitlement)
	}
	for _, h := range p.judge.holds.of(source).effects {
		place := h.SecurableType + " " + h.FullName
		if slices.Equal(h.Privileges, []string{ownerPrivilege}) {
			add(KindOwnership, place, ownerPrivilege)
			continue
		}
		add(KindGrant, place, strings.Join(h.Privileges, ", "))
	}
	slices.SortFunc(p.out.NotCloned, compareNotCloned)
	p.out.NotCloned = slices.Compact(p.out.NotCloned)
}
