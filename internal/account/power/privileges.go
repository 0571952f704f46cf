// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// Privileges are those of each principal: account roles, ADMIN of
// workspaces, ownership of metastores, and roles on groups and service principals
// that are so privileged; directly or through groups, at any depth. What could not
// be read is in Unknown. The map has every ref as a key.
//
// Requests per client: the workspaces and the metastores (one list each), the
// permission assignments of each workspace, and what [Power.powerByRules] reads. A
// single principal is asked for by itself: one account SCIM GET and one IAM v2
// transitive-parent-groups, per group above it one GET; without IAM v2 every group
// of the account is read once. Of several principals the same is asked, or the
// account is read from the side of who is privileged, whichever takes fewer requests:
// see [Power.powerLookup]. None for no refs.
func (pw *Power) Privileges(ctx context.Context, refs []audit.Ref) map[audit.Ref]audit.Privilege {
	out := make(map[audit.Ref]audit.Privilege, len(refs))
	if len(refs) == 0 {
		return out
	}
	refs = slices.CompactFunc(slices.SortedFunc(slices.Values(refs), audit.CompareRefs), func(a, b audit.Ref) bool { return a == b })
	grants, holes := pw.accountGrants(ctx)
	number := map[audit.PrincipalType]int{}
	for _, ref := range refs {
		number[ref.Type]++
	}
	look := pw.powerLookup(ctx, number, &grants)
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(pw.api.Config.MaxConcurrency)
	for _, ref := range refs {
		group.Go(func() error {
			p := look.privilege(ctx, ref, holes)
			mu.Lock()
			defer mu.Unlock()
			out[ref] = p
			return nil
		})
	}
	_ = group.Wait() // No member of the group fails.
	return out
}

// NextPrivilege is [Power.Privileges] for one of many principals that ask one
// after another, as the instances of a plan do, and does not know of the others.
// Each is asked for by itself until so many have been that the readings for all at
// once would have cost no more; from then on they answer.
func (pw *Power) NextPrivilege(ctx context.Context, ref audit.Ref) audit.Privilege {
	grants, holes := pw.accountGrants(ctx)
	return pw.powerLookup(ctx, pw.singles.add(ref), &grants).privilege(ctx, ref, holes)
}

// PrivilegeNow is [Power.NextPrivilege] for one of many writes. What the principal holds
// itself comes from read alone, which is asked after everything that takes long, and in any
// case; the rest is as old as [Power.RenewPower] lets it be.
func (pw *Power) PrivilegeNow(ctx context.Context, ref audit.Ref, read func(context.Context) (*directory.SCIMResource, error)) audit.Privilege {
	grants, holes := pw.accountGrants(ctx)
	look := &powerLookup{pw: pw, grants: &grants, read: read}
	if asked := pw.singles.add(ref); total(asked) > 1 {
		look.holders = pw.powerFromHolders(ctx, total(asked), &grants)
	}
	return look.privilege(ctx, ref, holes)
}

// grants are powers that are listed by place, not by principal.
type grants struct {
	assigned   []workspaceLevels
	metastores []Metastore
	byRules    rulePower
}

// direct are the powers that a principal holds itself, but for those by rules.
// Metastores are owned by name: user name, group name or application id. Case is
// ignored, so that a doubt counts as a privilege.
func (g *grants) direct(r *directory.SCIMResource, name string) []string {
	var out []string
	for _, role := range r.RoleNames() {
		out = append(out, "account role "+role)
	}
	for _, w := range g.assigned {
		if slices.Contains(w.levels[string(r.ID)], access.LevelAdmin) {
			out = append(out, fmt.Sprintf("ADMIN of workspace %q, id %s", w.workspace.Name, w.workspace.ID))
		}
	}
	for _, m := range g.metastores {
		if name != "" && strings.EqualFold(m.Owner, name) {
			out = append(out, fmt.Sprintf("owner of metastore %q, id %s", m.Name, m.ID))
		}
	}
	return out
}

type workspaceLevels struct {
	workspace audit.Workspace
	levels    map[string][]string // by principal
}

// accountGrants reads the permission assignments of every workspace, the owners
// of the metastores and the rules. holes are the reasons for what is missing.
func (pw *Power) accountGrants(ctx context.Context) (grants, []string) {
	var (
		out   grants
		mu    sync.Mutex
		holes []string
		group errgroup.Group
	)
	hole := func(what string, err error) {
		mu.Lock()
		defer mu.Unlock()
		holes = append(holes, what+": "+err.Error())
	}
	group.SetLimit(pw.api.Config.MaxConcurrency)
	group.Go(func() error {
		var err error
		if out.metastores, err = pw.ListMetastores(ctx); err != nil {
			hole("metastores", err)
		}
		return nil
	})
	workspaces, err := pw.dir.Workspaces(ctx)
	if err != nil {
		hole("workspaces", err)
	}
	out.assigned = make([]workspaceLevels, len(workspaces))
	for i, w := range workspaces {
		group.Go(func() error {
			read := pw.dir.WorkspaceAssignments(ctx, w.ID)
			if read.Unknown != nil {
				hole("permission assignments of workspace "+w.ID, read.Unknown)
			}
			out.assigned[i] = workspaceLevels{w, read.Levels}
			return nil
		})
	}
	_ = group.Wait() // No member of the group fails.
	slices.Sort(holes)
	ruled, more := pw.powerByRules(ctx, out, len(holes) == 0)
	out.byRules = ruled
	return out, append(holes, more...)
}

// privilege collects the powers of one principal and of the groups above it.
func (l *powerLookup) privilege(ctx context.Context, ref audit.Ref, holes []string) audit.Privilege {
	holes = slices.Clone(holes)
	powers := map[string]bool{}
	collect := func(r *directory.SCIMResource, t audit.PrincipalType, through string) {
		for _, text := range slices.Concat(l.direct(r, r.NameAs(t)), l.byRules.powers[ruleName(t, r)]) {
			powers[text+through] = true
		}
	}
	var ofGroups []string
	collectAbove := func(above []string, err error) {
		if err != nil {
			ofGroups = append(ofGroups, fmt.Sprintf("groups above %s: %v", ref, err))
		}
		for _, id := range above {
			r, err := l.pw.dir.Resource(ctx, audit.Ref{Type: audit.TypeGroup, ID: id})
			if err != nil {
				ofGroups = append(ofGroups, err.Error())
				continue
			}
			collect(r, audit.TypeGroup, fmt.Sprintf(" (through group %q, id %s)", r.DisplayName, id))
		}
	}
	if l.holders == nil { // What takes long comes first.
		collectAbove(l.pw.dir.Above(ctx, ref, directory.LastTurn))
	}
	self, err := l.self(ctx, ref)
	if err != nil {
		holes = append(holes, err.Error())
	} else {
		collect(self, ref.Type, "")
	}
	if l.holders != nil {
		collectAbove(l.aboveByHolders(ctx, ref, self))
	}
	holes = append(holes, ofGroups...)
	out := audit.Privilege{Unknown: api.Summary(holes)}
	for p := range powers {
		out.Powers = append(out.Powers, p)
	}
	slices.Sort(out.Powers)
	return out
}
