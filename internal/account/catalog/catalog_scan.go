// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// scanKey is what makes a scan another one.
type scanKey struct {
	metastore string
	depth     access.Depth
	warehouse string
}

// scan reads the metastores to the depth of the request.
func (r *factsReader) scan(ctx context.Context) error {
	if r.out.Depth == access.DepthNone {
		return nil
	}
	if r.out.WorkspacesUnknown != "" {
		// There is nothing to read through, and what is missing was reported. A scan
		// is kept: a caller who can list the workspaces must not find this one.
		for i := range r.out.Metastores {
			r.out.Metastores[i].NotScanned = "the workspaces could not be listed"
		}
		return nil
	}
	base := catalogScan{c: r.c, depth: r.out.Depth, warehouse: r.req.WarehouseID}
	if base.warehouse != "" {
		var err error
		if base.queried, err = r.c.findWarehouse(ctx, base.warehouse, r.out.Workspaces); err != nil {
			return err
		}
	}
	var group errgroup.Group
	group.SetLimit(r.c.api.Config.MaxConcurrency)
	for i := range r.out.Metastores {
		m := &r.out.Metastores[i]
		group.Go(func() error {
			scanned, err := r.c.scanMetastore(ctx, base.of(*m), r.out.Workspaces)
			if err != nil {
				return err
			}
			*m = scanned
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failures = append(r.failures, scanFailures(&scanned)...)
			return nil
		})
	}
	return group.Wait()
}

func scanFailures(m *access.Metastore) []audit.Failure {
	var out []audit.Failure
	if m.Unknown != "" {
		out = append(out, audit.Failure{Call: "scan metastore " + m.ID, Reason: m.Unknown})
	}
	for _, s := range m.Securables {
		if s.Unknown != "" {
			out = append(out, audit.Failure{Call: fmt.Sprintf("read grants on %s %s of metastore %s", s.Type, s.FullName, m.ID), Reason: s.Unknown})
		}
	}
	return out
}

// scanMetastore reads the objects of one metastore with owners and grants, once
// per client and depth, through one workspace that is attached to it and lets the
// caller in. What fails is in the result; the error is for what makes everything
// else worthless.
func (c *Catalog) scanMetastore(ctx context.Context, s *catalogScan, workspaces []access.WorkspaceAccess) (access.Metastore, error) {
	return c.scans.Get(ctx, scanKey{s.out.ID, s.depth, s.warehouse}, func(ctx context.Context) (access.Metastore, error) {
		begin := time.Now()
		if err := s.run(ctx, workspaces); err != nil && api.IsLost(ctx, err) {
			return s.out, err
		}
		if ctx.Err() != nil {
			return s.out, context.Cause(ctx) // Half a scan is not kept.
		}
		s.finish()
		c.api.Log(ctx, "scanned a metastore", map[string]any{
			"metastore": s.out.ID, "depth": string(s.depth), "objects": len(s.out.Securables), "holes": len(scanFailures(&s.out)),
			"by_sql": s.rows != nil, "admin_proven": s.out.AdminProven, "milliseconds": time.Since(begin).Milliseconds(),
		})
		return s.out, nil
	})
}

// catalogScan is one scan under way.
type catalogScan struct {
	c         *Catalog
	depth     access.Depth
	warehouse string
	queried   string // the workspace of the warehouse
	out       access.Metastore

	// attached are the running workspaces of the metastore, those that the caller
	// is assigned to first; via is the one that everything is read through.
	attached []audit.Workspace
	via      *api.Site
	entered  once.Map[string, *api.Site]
	objects  []*catalogObject
	// rows is what SQL returned; nil where the metastore is walked.
	rows *sqlRows
	// lists and granted are the answers of the lists of objects, and of grants.
	lists, granted answers
	// holes are why the scan may have missed objects.
	holes []string
}

// answers counts those that named their list, and those that left it out. Unity
// Catalog answers an empty list with {} (seen: spiceai/spiceai#1991), and so does
// whatever answers {} to everything.
type answers struct{ named, blank atomic.Int64 }

func (a *answers) note(named bool) {
	if named {
		a.named.Add(1)
	} else {
		a.blank.Add(1)
	}
}

// sayNothing says that nothing but {} came, more than once: a metastore in which there
// is nothing is asked for its own grants only.
func (a *answers) sayNothing() bool { return a.blank.Load() > 1 && a.named.Load() == 0 }

// catalogObject is a securable of which not everything may be read yet.
type catalogObject struct {
	access.Securable
	// isolated objects belong to some workspaces only.
	isolated bool
	// walk is true for what a query does not report.
	walk bool
	// at is where it can be read; that of its catalog, for what is in one.
	at *api.Site
	// holes are why not everything of it could be read.
	holes []string
}

// of is the same scan of another metastore, not begun.
func (s *catalogScan) of(m access.Metastore) *catalogScan {
	return &catalogScan{c: s.c, depth: s.depth, warehouse: s.warehouse, queried: s.queried, out: m}
}

// hole notes that the scan may have missed objects.
func (s *catalogScan) hole(reason string) { s.holes = append(s.holes, reason) }

// together are reasons as one, in an order that does not depend on which call
// came back first.
func together(reasons []string) string {
	slices.Sort(reasons)
	return strings.Join(slices.Compact(reasons), "; ")
}

// run reads everything; the error is one that IsLost knows.
func (s *catalogScan) run(ctx context.Context, workspaces []access.WorkspaceAccess) error {
	if err := s.attach(ctx, workspaces); err != nil || s.via == nil {
		return err
	}
	s.out.Scanned = true
	if err := s.prove(ctx); err != nil {
		return err
	}
	if s.via.Workspace == s.queried {
		if err := s.querySchema(ctx); err != nil {
			s.hole(fmt.Sprintf("the SQL warehouse %s of workspace %s did not return its grants: %s. Without a warehouse it would be walked",
				s.warehouse, s.queried, oneLine(err)))
			return err
		}
	}
	if err := s.roots(ctx); err != nil {
		return err
	}
	if s.depth == access.DepthCatalog {
		return nil
	}
	schemas, err := s.schemas(ctx)
	if err != nil || s.depth == access.DepthSchema {
		return err
	}
	return s.leaves(ctx, schemas)
}

// attach chooses the workspace. Where none is attached, or none runs, there is
// nothing to read the metastore through: a limit. Where some are and none lets
// the caller in, that is a hole.
func (s *catalogScan) attach(ctx context.Context, workspaces []access.WorkspaceAccess) error {
	ids, err := s.c.metastoreWorkspaces(ctx, s.out.ID)
	if err != nil {
		s.hole("its workspaces could not be listed: " + oneLine(err))
		return err
	}
	s.attached = s.c.usable(ctx, workspaces, func(w audit.Workspace) bool { return slices.Contains(ids, w.ID) })
	// The workspace of the warehouse is the first choice.
	if at := slices.IndexFunc(s.attached, func(w audit.Workspace) bool { return w.ID == s.queried }); at > 0 {
		chosen := s.attached[at]
		s.attached = slices.Insert(slices.Delete(s.attached, at, at+1), 0, chosen)
	}
	if len(s.attached) == 0 {
		s.out.NotScanned = fmt.Sprintf("%d workspaces are attached to it, and none of those that are visible is running", len(ids))
		return nil
	}
	return s.choose(ctx)
}

// usable are the running workspaces that count, those that the caller is assigned
// to first: a workspace lets no one else in.
func (c *Catalog) usable(ctx context.Context, workspaces []access.WorkspaceAccess, counts func(audit.Workspace) bool) []audit.Workspace {
	mine := c.dir.CallerIDs(ctx)
	var first, rest []audit.Workspace
	for _, w := range workspaces {
		switch {
		case !counts(w.Workspace) || w.Status != "" && w.Status != "RUNNING":
		case slices.ContainsFunc(mine, func(id string) bool { return len(w.Levels[id]) > 0 }):
			first = append(first, w.Workspace)
		default:
			rest = append(rest, w.Workspace)
		}
	}
	return append(first, rest...)
}

// mostSilent is how many hosts may not answer before the others are left alone:
// each takes its time.
const mostSilent = 3

// choose tries the attached workspaces one after the other.
func (s *catalogScan) choose(ctx context.Context) error {
	var reasons []string
	silent := 0
	for _, w := range s.attached {
		at, err := s.enter(ctx, w)
		if err == nil {
			s.via = at
			return nil
		}
		if api.IsLost(ctx, err) {
			return err
		}
		reasons = append(reasons, fmt.Sprintf("workspace %s: %s", w.ID, oneLine(err)))
		s.c.api.Log(ctx, "a workspace cannot be used for the scan of its metastore", map[string]any{"metastore": s.out.ID, "workspace": w.ID, "status": api.StatusOf(err)})
		var te *transport.Error
		if errors.As(err, &te) {
			silent++
		}
		if silent == mostSilent {
			reasons = append(reasons, "others were not tried")
			break
		}
	}
	s.hole("none of its workspaces could be used. " + api.Summary(reasons))
	return nil
}

// enter asks a workspace, once per scan, which metastore it has
// (docs/reference/databricks-account-api.md 9): it may be another one by now.
func (s *catalogScan) enter(ctx context.Context, w audit.Workspace) (*api.Site, error) {
	return s.entered.Get(ctx, w.ID, func(ctx context.Context) (*api.Site, error) {
		at, err := s.c.api.SiteOf(ctx, w)
		if err != nil {
			return nil, err
		}
		var reply struct {
			ID api.Text `json:"metastore_id"`
		}
		if err := s.get(ctx, at, "metastore_summary", &reply); err != nil {
			return nil, err
		}
		if string(reply.ID) != s.out.ID {
			return nil, fmt.Errorf("it says that its metastore is %q", string(reply.ID))
		}
		return at, nil
	})
}

const catalogBase = "/api/2.1/unity-catalog/"

func (s *catalogScan) get(ctx context.Context, at *api.Site, path string, reply any) error {
	return s.c.api.Do(ctx, api.Call{Method: http.MethodGet, Path: catalogBase + path, Limit: at.Limit(), At: at}, reply)
}

// prove finds out whether the caller is metastore admin, by two witnesses: the
// owner of the metastore is the caller, or a group that has it; and the workspace
// answers metastores/{id}, which is for metastore admins ("The caller must be a
// metastore admin", SDK). Everyone else sees less, without an error.
func (s *catalogScan) prove(ctx context.Context) error {
	if !s.c.isCaller(ctx, s.out.Owner) {
		return nil
	}
	var reply struct {
		ID api.Text `json:"metastore_id"`
	}
	err := s.get(ctx, s.via, "metastores/"+url.PathEscape(s.out.ID), &reply)
	switch {
	case err == nil && string(reply.ID) != s.out.ID:
		s.hole("whether the caller is its admin could not be read: the answer is not about this metastore")
	case err == nil:
		s.out.AdminProven = true
	case api.IsLost(ctx, err):
		return err
	case api.StatusOf(err) != http.StatusForbidden:
		s.hole("whether the caller is its admin could not be read: " + oneLine(err))
	}
	return nil
}

// isCaller reports whether an owner's name is proven to be the caller's, or that of
// a group which has the caller at any depth.
func (c *Catalog) isCaller(ctx context.Context, owner string) bool {
	caller, err := c.dir.Caller(ctx)
	if err != nil || owner == "" {
		return false
	}
	names, unknown, err := c.dir.PrincipalNames(ctx)
	refs := names[access.NameKey(owner)]
	if err != nil || unknown != "" || len(refs) != 1 {
		return false
	}
	if refs[0] == caller.Ref {
		return true
	}
	if refs[0].Type != audit.TypeGroup || !slices.Contains(c.dir.CallerIDs(ctx), refs[0].ID) {
		return false
	}
	inv, err := c.dir.Listing(ctx)
	if err != nil {
		return false
	}
	group, ok := c.dir.Lookup(inv, refs[0].ID, audit.TypeGroup)
	return ok && group.Name == owner
}

// metastoreWorkspaces are the ids of the workspaces of a metastore
// (docs/reference/databricks-account-api.md 9).
func (c *Catalog) metastoreWorkspaces(ctx context.Context, metastore string) ([]string, error) {
	type page struct {
		api.PageEnd

		IDs []api.Text `json:"workspace_ids"`
	}
	var out []string
	list := api.Call{Path: "/api/2.0/accounts/" + c.api.AccountID + "/metastores/" + url.PathEscape(metastore) + "/workspaces", Limit: api.LimitAccount}
	err := api.WholeList(ctx, c.api, list, "workspace_ids", func(p *page) (int, error) {
		for _, id := range p.IDs {
			if id == "" {
				return 0, errors.New("a workspace without id")
			}
			out = append(out, string(id))
		}
		return api.SizeOf(p.IDs), nil
	})
	return out, err
}

// finish brings objects and reasons in order.
func (s *catalogScan) finish() {
	if len(s.holes) == 0 && s.lists.sayNothing() {
		s.hole("every list of its objects was answered with {}, which says nothing")
	}
	if len(s.holes) == 0 && s.granted.sayNothing() && (s.rows == nil || len(s.rows.grants) == 0) {
		s.hole("every question for grants was answered with {}, which says nothing")
	}
	s.out.Unknown = together(s.holes)
	for _, o := range s.objects {
		o.Unknown = together(o.holes)
		s.out.Securables = append(s.out.Securables, o.Securable)
	}
	slices.SortFunc(s.out.Securables, func(a, b access.Securable) int {
		if c := strings.Compare(a.Type, b.Type); c != 0 {
			return c
		}
		return strings.Compare(a.FullName, b.FullName)
	})
}
