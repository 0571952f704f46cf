// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package access

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ReachInput is what the reach of one principal depends on. Nothing in it is changed.
type ReachInput struct {
	Graph Graph
	// Facts are those of a clone plan whose source is the principal, with the
	// entitlements of the groups.
	Facts     Facts
	Principal audit.Principal
	// WorkspaceIDs are the workspaces of which rows are wanted; nil is all.
	WorkspaceIDs map[string]bool
}

// Way is how a principal comes to something.
type Way struct {
	// Direct is true when the principal holds it itself.
	Direct bool
	// Via are the ids of the groups that the principal is in and that hold it, sorted.
	Via []string
	// Path are the names on the shortest way to one of Via, the principal's first;
	// empty when the principal holds it itself, or no way is known.
	Path []string
}

// ReachGroup is a group that the principal is in.
type ReachGroup struct {
	GroupID, GroupName string
	// Source and Origin are as in [DiffRow].
	Source string
	Origin Origin
	// Direct is nil when a hole hides it.
	Direct *bool
	Path   []string
	// Via are the direct groups that lead there, sorted by id.
	Via []string
}

// ReachWorkspace is an assignment to a workspace.
type ReachWorkspace struct {
	// Status is that of the workspace: in one that does not run no one can do anything.
	WorkspaceID, WorkspaceName, Status, Level string
	Way
}

// ReachEntitlement is an entitlement in a workspace, or in the whole account where
// WorkspaceID is empty.
type ReachEntitlement struct {
	WorkspaceID, WorkspaceName, Entitlement string
	Way
}

// ReachGrant is one privilege on one object of Unity Catalog; an owner has "OWNER".
type ReachGrant struct {
	MetastoreID, SecurableType, FullName, Privilege string
	Way
}

// Owner reports whether it is ownership.
func (g ReachGrant) Owner() bool { return g.Privilege == ownerPrivilege }

// ReachRole is an account role.
type ReachRole struct {
	Role string
	Way
}

// ReachLocalGroup is a group that a workspace has of its own, and that the principal is in.
type ReachLocalGroup struct {
	WorkspaceID, WorkspaceName, GroupID, GroupName string
	Entitlements                                   []string
	Way
}

// Reach is everything that one principal can reach. Every row is certain; what a hole
// may hide is in Failures, and Complete is false then.
type Reach struct {
	Principal    audit.Principal
	Groups       []ReachGroup
	Workspaces   []ReachWorkspace
	Entitlements []ReachEntitlement
	// Grants are nil when Unity Catalog was not scanned.
	Grants []ReachGrant
	Roles  []ReachRole
	// LocalGroups are groups that workspaces have of their own; nil when they were not
	// asked for.
	LocalGroups []ReachLocalGroup

	// Privileged is nil when a hole hides it; Powers say why it is true.
	Privileged *bool
	Powers     []string

	Route       Route
	Cycles      [][]string
	DeadMembers int
	Complete    bool
	Failures    []audit.Failure
	// NotLookedAt are places that give access and were not checked by choice, or for
	// which there is no API.
	NotLookedAt []string
}

// ReachOf lists what a principal can reach, with the way to it.
func ReachOf(in ReachInput) Reach {
	out, _ := ReachUntil(nil, in) // Nothing stops it.
	return out
}

// ReachUntil is [ReachOf] that can be stopped.
func ReachUntil(stop audit.Stop, in ReachInput) (Reach, error) {
	x := newIndex(stop, &in.Graph)
	c := x.closureOf(in.Principal, nil)
	r := reacher{in: &in, x: x, closure: c, judge: newJudge(x, &in.Facts, c)}
	r.holders = []audit.Principal{in.Principal}
	for _, id := range sortedIDs(c.must) {
		r.holders = append(r.holders, r.judge.principal(id))
	}
	power := r.judge.through(in.Principal, c)
	r.out = Reach{
		Principal: in.Principal, Privileged: power.privileged, Powers: power.powers, Route: in.Graph.Route, Cycles: x.cycles(around(c)),
		NotLookedAt: r.notLookedAt(),
	}
	r.groups()
	r.workspaces()
	r.holdings()
	r.catalog()
	r.localGroups()
	reported := slices.Concat(x.graph.Failures, in.Facts.Failures)
	r.out.Failures = mergeFailures(reported, slices.Concat(x.holes(c), r.judge.factHoles(c), r.blind(), r.doubts, c.localFailures(in.Facts.LocalGroups, r.wantedOf(in.Facts.Workspaces))))
	r.out.Complete = len(r.out.Failures) == 0
	if x.Err != nil {
		return Reach{}, x.Err
	}
	return r.out, nil
}

type reacher struct {
	in      *ReachInput
	x       *index
	closure *closure
	judge   *judge
	// holders are the principal and the groups above it, sorted.
	holders []audit.Principal
	doubts  []audit.Failure
	out     Reach
}

func (r *reacher) groups() {
	vias := r.closure.vias()
	for _, p := range r.holders[1:] {
		r.out.DeadMembers += r.x.dead(p.ID)
		r.out.Groups = append(r.out.Groups, ReachGroup{
			GroupID: p.ID, GroupName: r.x.name(p.ID), Source: r.x.source(p.ID), Origin: r.closure.origin(p.ID),
			Direct: r.closure.direct(p.ID), Path: r.closure.names(p.ID), Via: vias[p.ID],
		})
	}
	slices.SortFunc(r.out.Groups, func(a, b ReachGroup) int { return compareNames(a.GroupName, a.GroupID, b.GroupName, b.GroupID) })
}

// holdersByKey are the ids of the holders of something, by what it is, in the order of
// the holders.
type holdersByKey map[[4]string][]string

func (h holdersByKey) add(holder string, key ...string) {
	k := [4]string{}
	copy(k[:], key)
	if ids := h[k]; len(ids) == 0 || ids[len(ids)-1] != holder {
		h[k] = append(ids, holder)
	}
}

// each gives what is held in order, with the way to it.
func (r *reacher) each(h holdersByKey, row func(key [4]string, way Way)) {
	for _, key := range slices.SortedFunc(maps.Keys(h), func(a, b [4]string) int {
		return cmp.Or(audit.CompareIDs(a[0], b[0]), slices.Compare(a[1:], b[1:]))
	}) {
		row(key, r.way(h[key]))
	}
}

// way is how the principal comes to what some of the holders hold.
func (r *reacher) way(holders []string) Way {
	out := Way{Via: slices.Clone(holders)}
	if out.Via[0] == r.in.Principal.ID { // The first of the holders.
		out.Direct, out.Via = true, out.Via[1:]
		return out
	}
	var shortest []string
	for _, id := range out.Via {
		ids := r.closure.path(id)
		if shortest == nil || ids != nil && cmp.Or(len(ids)-len(shortest), slices.CompareFunc(ids, shortest, audit.CompareIDs)) < 0 {
			shortest = ids
		}
	}
	if shortest != nil {
		out.Path = r.closure.names(shortest[len(shortest)-1])
	}
	return out
}

// workspaces are rows of the assignments.
func (r *reacher) workspaces() {
	levels := holdersByKey{}
	for _, p := range r.holders {
		for _, a := range r.judge.levels[p.ID] {
			for _, level := range a.levels {
				if r.wanted(a.in) {
					levels.add(p.ID, a.in.ID, level, a.in.Name, a.in.Status)
				}
			}
		}
	}
	r.each(levels, func(k [4]string, way Way) {
		r.out.Workspaces = append(r.out.Workspaces, ReachWorkspace{WorkspaceID: k[0], Level: k[1], WorkspaceName: k[2], Status: k[3], Way: way})
	})
}

// localGroups are rows of the groups that workspaces have of their own.
func (r *reacher) localGroups() {
	if !r.in.Facts.LocalGroups {
		return
	}
	r.out.LocalGroups = []ReachLocalGroup{}
	workspaces := r.wantedOf(r.in.Facts.Workspaces)
	for i := range workspaces {
		w := &workspaces[i]
		ways := r.closure.localWays(w)
		for _, g := range w.Local {
			if way, in := ways[g.ID]; in {
				r.out.LocalGroups = append(r.out.LocalGroups, ReachLocalGroup{
					WorkspaceID: w.ID, WorkspaceName: w.Name, GroupID: g.ID, GroupName: g.Name, Entitlements: g.Entitlements, Way: way,
				})
			}
		}
	}
	slices.SortFunc(r.out.LocalGroups, func(a, b ReachLocalGroup) int {
		return cmp.Or(audit.CompareIDs(a.WorkspaceID, b.WorkspaceID), audit.CompareIDs(a.GroupID, b.GroupID))
	})
}

// wantedOf are the workspaces of which rows are wanted.
func (r *reacher) wantedOf(all []WorkspaceAccess) []WorkspaceAccess {
	return slices.DeleteFunc(slices.Clone(all), func(w WorkspaceAccess) bool { return !r.wanted(&w) })
}

func (r *reacher) wanted(w *WorkspaceAccess) bool {
	return r.in.WorkspaceIDs == nil || r.in.WorkspaceIDs[w.ID]
}

// holdings are rows of roles and of entitlements, in the account and in workspaces.
func (r *reacher) holdings() {
	roles, entitlements := holdersByKey{}, holdersByKey{}
	for _, p := range r.holders {
		h := r.in.Facts.Holdings[p.Ref]
		for _, role := range h.Roles {
			roles.add(p.ID, role)
		}
		for _, e := range h.Entitlements {
			entitlements.add(p.ID, "", e)
		}
		for i := range r.in.Facts.Workspaces {
			w := &r.in.Facts.Workspaces[i]
			for _, e := range w.Entitlements[p.ID].Values {
				if r.wanted(w) {
					entitlements.add(p.ID, w.ID, e, w.Name)
				}
			}
		}
	}
	r.each(roles, func(k [4]string, way Way) { r.out.Roles = append(r.out.Roles, ReachRole{Role: k[0], Way: way}) })
	r.each(entitlements, func(k [4]string, way Way) {
		r.out.Entitlements = append(r.out.Entitlements, ReachEntitlement{WorkspaceID: k[0], Entitlement: k[1], WorkspaceName: k[2], Way: way})
	})
}

// catalog are rows of grants and ownerships. A name that proves nothing is a doubt.
func (r *reacher) catalog() {
	if !r.in.Facts.scanned() {
		return
	}
	grants := holdersByKey{}
	for _, p := range r.holders {
		held := r.judge.holds.of(p)
		for _, e := range held.effects {
			for _, privilege := range e.Privileges {
				grants.add(p.ID, e.MetastoreID, e.SecurableType, e.FullName, privilege)
			}
		}
		for _, why := range []string{held.hole, held.limit} {
			if why != "" {
				r.doubts = append(r.doubts, audit.Failure{Type: p.Type, ID: p.ID, Call: "attribute grants and ownership in Unity Catalog", Reason: why})
			}
		}
	}
	r.out.Grants = []ReachGrant{}
	r.each(grants, func(k [4]string, way Way) {
		r.out.Grants = append(r.out.Grants, ReachGrant{MetastoreID: k[0], SecurableType: k[1], FullName: k[2], Privilege: k[3], Way: way})
	})
}

// blind are the places that could not be seen whole for want of rights: no one chose
// that, so that the result is not complete.
func (r *reacher) blind() []audit.Failure {
	var out []audit.Failure
	for _, limit := range r.judge.limits {
		if !slices.Contains(r.judge.elsewhere, limit) {
			out = append(out, audit.Failure{Call: "see what gives access", Reason: limit})
		}
	}
	return out
}

func (r *reacher) notLookedAt() []string {
	out := r.judge.notLookedAt()
	for i := range r.in.Facts.Workspaces {
		w := &r.in.Facts.Workspaces[i]
		if why, failed := r.closure.localHole(w); r.in.Facts.LocalGroups && why != "" && !failed && r.wanted(w) {
			out = append(out, fmt.Sprintf("the groups that workspace %q, id %s, has of its own: %s.", w.Name, w.ID, why))
		}
	}
	if r.in.WorkspaceIDs != nil {
		out = append(out, "other workspaces: workspace_ids names those that were checked.")
	}
	if r.in.Principal.Type != audit.TypeGroup && !slices.ContainsFunc(r.holders, isEveryone) {
		out = append(out, "the group \"account users\": every user and service principal is in it, and the account does not list this one as its member, so that what it holds is not shown.")
	}
	slices.Sort(out)
	return out
}

// isEveryone reports whether it is the group of all users and service principals.
func isEveryone(p audit.Principal) bool {
	return audit.IsSystemGroup(p) && strings.EqualFold(p.Name, "account users")
}
