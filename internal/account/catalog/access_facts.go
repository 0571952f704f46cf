// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/power"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// AccessRequest says what facts a clone plan needs.
type AccessRequest struct {
	Graph          access.Graph
	Source, Target audit.Principal
	// Depth is how deep Unity Catalog is scanned; access.DepthNone (also "") does
	// without a scan.
	Depth access.Depth
	// GroupEntitlements asks for the entitlements in workspaces of the groups above the
	// source too, not of the source alone: one request per assignment.
	GroupEntitlements bool
	// EntitlementsIn are the workspaces in which entitlements are read; nil is all.
	EntitlementsIn map[string]bool
	// WarehouseID names a SQL warehouse. The metastore of its workspace is asked by
	// one query over system.information_schema, instead of a request per object;
	// other metastores are walked.
	WarehouseID string
}

// AccessFacts reads what the groups above source and target give, and what the
// source holds itself. Whatever fails is a hole with its reason in the result.
// The error is for what makes everything else worthless: credentials that are
// refused, and the end of ctx.
//
// Requests per client, however many ask: the list of workspaces and the
// permission assignments of each; the list of metastores; the account's rule
// set; one account SCIM GET per principal in question, which [power.Power.Privileges]
// and the graph share. The listing of the account where a name has to be judged.
//
// With a scan, per metastore: the workspaces attached to it; login and
// metastore_summary at each of these until one answers; metastores/{id} to prove
// the caller metastore admin; five lists of the metastore; by depth one list per
// catalog, three per schema and one of models; one request for the grants of each
// object. Objects that are bound to other workspaces cost their bindings and one
// more try. Pages come on top.
//
// Roles are those of account SCIM and of the account's rule set. Entitlements in a
// workspace come with an assignment, which has an effect by itself: no verdict
// needs them, and they are read for the source's own assignments, of which a
// clone copies nothing, and with GroupEntitlements for those of the groups (one IAM v2 GET each; account SCIM shows none of a
// workspace). Those that account SCIM may show are taken too.
func (c *Catalog) AccessFacts(ctx context.Context, req AccessRequest) (access.Facts, error) {
	r := factsReader{c: c, req: req, above: access.GroupsAbove(&req.Graph, req.Source, req.Target)}
	r.out.Depth = req.Depth
	if req.Depth == "" {
		r.out.Depth = access.DepthNone
	}
	var group errgroup.Group
	for _, read := range []func(context.Context) error{r.workspaces, r.metastores, r.resources, r.rules} {
		group.Go(func() error { return read(ctx) })
	}
	if err := group.Wait(); err != nil {
		return access.Facts{}, fmt.Errorf("reading what groups give: %w", err)
	}
	if err := r.scan(ctx); err != nil {
		return access.Facts{}, fmt.Errorf("scanning Unity Catalog: %w", err)
	}
	if err := r.names(ctx); err != nil {
		return access.Facts{}, err
	}
	r.holdings()
	r.out.Failures = audit.SortedFailures(r.failures)
	c.api.Log(ctx, "read what groups give", map[string]any{
		"groups": len(r.above), "workspaces": len(r.out.Workspaces), "metastores": len(r.out.Metastores), "holes": len(r.out.Failures),
	})
	return r.out, nil
}

// factsReader fills the facts of one request.
type factsReader struct {
	c     *Catalog
	req   AccessRequest
	above []audit.Principal
	out   access.Facts

	mu       sync.Mutex
	failures []audit.Failure
	known    map[audit.Ref]resourceRead
	ruled    []power.GrantRule
	unruled  error
}

// resourceRead is an account SCIM GET, or why there is none.
type resourceRead struct {
	resource *directory.SCIMResource
	err      error
}

// failed notes a hole. What makes everything else worthless comes back.
func (r *factsReader) failed(ctx context.Context, f audit.Failure, err error) (string, error) {
	if api.IsLost(ctx, err) {
		return "", err
	}
	f.Reason = oneLine(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, f)
	return f.Reason, nil
}

// oneLine is the text of joined errors as one reason.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// workspaces depend on: the list of workspaces, one list of assignments each (R11).
func (r *factsReader) workspaces(ctx context.Context) error {
	list, err := r.c.dir.Workspaces(ctx)
	if err != nil {
		r.out.WorkspacesUnknown, err = r.failed(ctx, audit.Failure{Call: "list workspaces"}, err)
		return err
	}
	r.out.Workspaces = make([]access.WorkspaceAccess, len(list))
	var group errgroup.Group
	group.SetLimit(r.c.api.Config.MaxConcurrency)
	for i, w := range list {
		group.Go(func() error {
			read := r.c.dir.WorkspaceAssignments(ctx, w.ID)
			out := access.WorkspaceAccess{Workspace: w, Levels: read.Levels}
			var lost error
			if read.Unknown != nil {
				out.Unknown, lost = r.failed(ctx, audit.Failure{Call: "read permission assignments of workspace " + w.ID}, read.Unknown)
			}
			if lost == nil {
				lost = r.entitlements(ctx, &out)
			}
			r.out.Workspaces[i] = out
			return lost
		})
	}
	return group.Wait()
}

// entitlements depend on: the assignment of each principal in question.
func (r *factsReader) entitlements(ctx context.Context, w *access.WorkspaceAccess) error {
	if in := r.req.EntitlementsIn; in != nil && !in[w.ID] {
		return nil
	}
	of := []audit.Principal{r.req.Source}
	if r.req.GroupEntitlements {
		of = r.principals()
	}
	w.Entitlements = map[string]access.Entitlements{}
	for _, p := range of {
		if len(w.Levels[p.ID]) == 0 {
			continue
		}
		values, err := r.c.dir.EntitlementsIn(ctx, w.ID, p.ID)
		one := access.Entitlements{Values: values}
		switch {
		case errors.Is(err, api.ErrNoIAMv2):
			r.mu.Lock()
			r.out.EntitlementsUntold = noEntitlements
			r.mu.Unlock()
			return nil
		case err != nil:
			if one.Unknown, err = r.failed(ctx, audit.Failure{Type: p.Type, ID: p.ID, Call: "read entitlements in workspace " + w.ID}, err); err != nil {
				return err
			}
		}
		w.Entitlements[p.ID] = one
	}
	return nil
}

// noEntitlements says what shows entitlements in workspaces.
const noEntitlements = `without IAM v2 no API of the account shows entitlements in a workspace: set identity_api = "auto" on an account that has IAM v2, ` +
	"else look at the settings of the workspace"

// AccessAssignments reads the permission assignments of every workspace: the list of
// workspaces and one request each, once per client, which [Catalog.AccessFacts]
// shares. Whatever fails is a hole with its reason in the result. The error is for
// what makes everything else worthless.
func (c *Catalog) AccessAssignments(ctx context.Context) (access.Assignments, error) {
	r := factsReader{c: c}
	if err := r.workspaces(ctx); err != nil {
		return access.Assignments{}, fmt.Errorf("reading permission assignments: %w", err)
	}
	return access.Assignments{
		Workspaces: r.out.Workspaces, Unknown: r.out.WorkspacesUnknown, Failures: audit.SortedFailures(r.failures),
	}, nil
}

// metastores depend on the list of metastores.
func (r *factsReader) metastores(ctx context.Context) error {
	list, err := r.c.power.ListMetastores(ctx)
	if err != nil {
		r.out.MetastoresUnknown, err = r.failed(ctx, audit.Failure{Call: "list metastores"}, err)
		return err
	}
	seen := map[string]bool{}
	for _, m := range list {
		if !seen[m.ID] {
			seen[m.ID] = true
			r.out.Metastores = append(r.out.Metastores, access.Metastore{ID: m.ID, Name: m.Name, Owner: m.Owner})
		}
	}
	slices.SortFunc(r.out.Metastores, func(a, b access.Metastore) int { return strings.Compare(a.ID, b.ID) })
	return nil
}

// principals are those whose holdings count: the source, and all groups above.
func (r *factsReader) principals() []audit.Principal {
	return append([]audit.Principal{r.req.Source}, slices.DeleteFunc(slices.Clone(r.above), func(p audit.Principal) bool {
		return p.Ref == r.req.Source.Ref
	})...)
}

// resources are the principals as account SCIM has them, one GET each.
func (r *factsReader) resources(ctx context.Context) error {
	r.known = map[audit.Ref]resourceRead{}
	var group errgroup.Group
	group.SetLimit(r.c.api.Config.MaxConcurrency)
	for _, p := range r.principals() {
		group.Go(func() error {
			got, err := r.c.dir.Resource(ctx, p.Ref)
			if err != nil && api.IsLost(ctx, err) {
				return err
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.known[p.Ref] = resourceRead{got, err}
			return nil
		})
	}
	return group.Wait()
}

func (r *factsReader) rules(ctx context.Context) error {
	rules, err := r.c.power.AccountRules(ctx)
	if err != nil && api.IsLost(ctx, err) {
		return err
	}
	r.ruled, r.unruled = rules, err
	return nil
}

// holdings depend on: account SCIM for the principal, the account's rule set, and
// for roles of that the names (R11).
func (r *factsReader) holdings() {
	r.out.Holdings = map[audit.Ref]access.Holding{}
	for _, p := range r.principals() {
		read := r.known[p.Ref]
		var h access.Holding
		holes := []error{read.err}
		if read.resource != nil {
			h.Roles, h.Entitlements = read.resource.RoleNames(), read.resource.EntitlementNames()
		}
		ruled, doubt := power.RuledRoles(r.ruled, p)
		if len(ruled) > 0 && !r.isOnly(p) {
			doubt, ruled = fmt.Sprintf("the account's rule set gives roles to %q, and whether that is this principal alone is not known", p.Name), nil
		}
		if doubt != "" {
			holes = append(holes, errors.New(doubt))
		}
		h.Roles = append(h.Roles, ruled...)
		slices.Sort(h.Roles)
		h.Roles = slices.Compact(h.Roles)
		if err := errors.Join(holes...); err != nil {
			r.failures = append(r.failures, audit.Failure{Type: p.Type, ID: p.ID, Call: "read roles and entitlements", Reason: oneLine(err)})
		}
		if err := errors.Join(append(holes, r.unruled)...); err != nil {
			h.Unknown = oneLine(err)
		}
		r.out.Holdings[p.Ref] = h
	}
	if r.unruled != nil {
		r.failures = append(r.failures, audit.Failure{Call: "read the rule set of the account", Reason: oneLine(r.unruled)})
	}
}

// isOnly reports whether a name is known to be that of the principal and of no one
// else.
func (r *factsReader) isOnly(p audit.Principal) bool {
	refs := r.out.Names[access.NameKey(p.Name)]
	return r.out.NamesUnknown == "" && len(refs) == 1 && refs[0] == p.Ref
}

// names depend on the listing of the account. It is read only where a grant, an
// owner or a role has the name of a principal in question.
func (r *factsReader) names(ctx context.Context) error {
	if !r.namesNeeded() {
		return nil
	}
	names, unknown, err := r.c.dir.PrincipalNames(ctx)
	if err != nil {
		r.out.NamesUnknown, err = r.failed(ctx, audit.Failure{Call: "list principals"}, err)
		return err
	}
	r.out.Names, r.out.NamesUnknown = names, unknown
	if unknown != "" {
		r.failures = append(r.failures, audit.Failure{Call: "list principals", Reason: unknown})
	}
	return nil
}

func (r *factsReader) namesNeeded() bool {
	asked := map[string]bool{}
	for _, p := range r.principals() {
		asked[access.NameKey(p.Name)] = p.Name != ""
		if roles, _ := power.RuledRoles(r.ruled, p); len(roles) > 0 {
			return true
		}
	}
	for _, m := range r.out.Metastores {
		if asked[access.NameKey(m.Owner)] {
			return true
		}
		for _, s := range m.Securables {
			if asked[access.NameKey(s.Owner)] || slices.ContainsFunc(s.Grants, func(g access.Grant) bool { return asked[access.NameKey(g.Principal)] }) {
				return true
			}
		}
	}
	return false
}
