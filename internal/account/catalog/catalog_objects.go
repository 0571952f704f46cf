// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// The types of securables (docs/reference/databricks-account-api.md 9). To the permissions API
// a model is a function.
const (
	typeMetastore = "metastore"
	typeCatalog   = "catalog"
	typeSchema    = "schema"
	typeTable     = "table"
	typeVolume    = "volume"
	typeFunction  = "function"
	typeModel     = "model"
	typeLocation  = "external_location"
	typeStorage   = "storage_credential"
	typeService   = "credential"
	typeConn      = "connection"
	typeShare     = "share"
)

// listedObject is an entry of any list of Unity Catalog. Which of the names are
// there differs by list.
type listedObject struct {
	Name      string `json:"name"`
	FullName  string `json:"full_name"`
	Owner     string `json:"owner"`
	Isolation string `json:"isolation_mode"`
	Purpose   string `json:"purpose"`
}

// objectList is one list: of what lies in the metastore, or below a parent.
type objectList struct {
	path, key, kind string
	query           url.Values
	unbound         bool // knows include_unbound
}

// rootLists are the lists of a metastore. credentials has those of storage and
// those of services.
var rootLists = []objectList{
	{path: "catalogs", key: "catalogs", kind: typeCatalog, unbound: true},
	{path: "external-locations", key: "external_locations", kind: typeLocation, unbound: true},
	{path: "credentials", key: "credentials", kind: typeStorage, unbound: true},
	{path: "connections", key: "connections", kind: typeConn},
	{path: "shares", key: "shares", kind: typeShare},
}

// leafLists are the lists of a schema. Models have one list for all.
var leafLists = []objectList{
	{path: "tables", key: "tables", kind: typeTable, query: url.Values{"omit_columns": {"true"}, "omit_properties": {"true"}}},
	{path: "volumes", key: "volumes", kind: typeVolume},
	{path: "functions", key: "functions", kind: typeFunction},
}

// catalogPage is a page of any list of Unity Catalog: each has one of the keys.
type catalogPage struct {
	api.PageEnd

	Catalogs    []listedObject `json:"catalogs"`
	Schemas     []listedObject `json:"schemas"`
	Tables      []listedObject `json:"tables"`
	Volumes     []listedObject `json:"volumes"`
	Functions   []listedObject `json:"functions"`
	Models      []listedObject `json:"registered_models"`
	Locations   []listedObject `json:"external_locations"`
	Credentials []listedObject `json:"credentials"`
	Connections []listedObject `json:"connections"`
	Shares      []listedObject `json:"shares"`
}

func (p *catalogPage) of(key string) []listedObject {
	return map[string][]listedObject{
		"catalogs": p.Catalogs, "schemas": p.Schemas, "tables": p.Tables, "volumes": p.Volumes, "functions": p.Functions,
		"registered_models": p.Models, "external_locations": p.Locations, "credentials": p.Credentials,
		"connections": p.Connections, "shares": p.Shares,
	}[key]
}

// list reads a list to its end, also through empty pages. parent is the full name
// of the schema or catalog, "" for the metastore. With an error the objects are
// those that came before.
func (s *catalogScan) list(ctx context.Context, at *api.Site, l objectList, parent string) ([]*catalogObject, error) {
	query := url.Values{"max_results": {"0"}} // The server's page, as recommended.
	for key, values := range l.query {
		query[key] = values
	}
	if l.unbound {
		query.Set("include_unbound", "true")
	}
	var out []*catalogObject
	var broken error
	list := api.Call{Path: catalogBase + l.path, Query: query, Limit: at.Limit(), At: at}
	shown, err := api.TokenPages(ctx, s.c.api, list, l.key, nil, func(p *catalogPage) (int, error) {
		items := p.of(l.key)
		for i := range items {
			o, err := items[i].object(l.kind, parent)
			if err != nil {
				broken = errors.Join(broken, err)
				continue
			}
			o.at = at
			out = append(out, o)
		}
		return api.SizeOf(items), nil
	})
	if err == nil {
		s.lists.note(shown)
		if broken == nil && !shown && l.key == "catalogs" {
			broken = errors.New("it does not name the list, and every metastore has catalogs")
		}
		if broken != nil {
			err = fmt.Errorf("GET %s of workspace %s: the answer cannot be read: %w", list.Path, at.Workspace, broken)
		}
	}
	return out, err
}

func (l *listedObject) object(kind, parent string) (*catalogObject, error) {
	if kind == typeStorage && l.Purpose == "SERVICE" {
		kind = typeService
	}
	name := cmp.Or(l.FullName, l.Name)
	if l.FullName == "" && l.Name != "" && parent != "" {
		name = parent + "." + l.Name
	}
	if name == "" {
		return nil, fmt.Errorf("a %s without name", kind)
	}
	return &catalogObject{
		Securable: access.Securable{Type: kind, FullName: name, Owner: l.Owner},
		// ISOLATED or ISOLATION_MODE_ISOLATED.
		isolated: strings.HasSuffix(l.Isolation, "ISOLATED"),
	}, nil
}

// each runs f for every item with bounded concurrency; the first error ends it.
func each[T any](ctx context.Context, a *api.Conn, items []T, f func(ctx context.Context, item T) error) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Config.MaxConcurrency)
	for _, item := range items {
		if gctx.Err() != nil {
			break
		}
		group.Go(func() error { return f(gctx, item) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// roots reads the metastore's own grants and what lies in it directly.
func (s *catalogScan) roots(ctx context.Context) error {
	found := make([][]*catalogObject, len(rootLists))
	var mu sync.Mutex
	err := each(ctx, s.c.api, rootLists, func(ctx context.Context, l objectList) error {
		list, err := s.list(ctx, s.via, l, "")
		found[slices.IndexFunc(rootLists, func(r objectList) bool { return r.path == l.path })] = list
		if err != nil && api.IsLost(ctx, err) {
			return err
		}
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			s.hole(oneLine(err))
		}
		return nil
	})
	if err != nil {
		return err
	}
	metastore := &catalogObject{Securable: access.Securable{Type: typeMetastore, FullName: s.out.ID}, at: s.via}
	all := append([]*catalogObject{metastore}, slices.Concat(found...)...)
	s.mark(all)
	return s.take(ctx, all)
}

// take adds objects, each once, and reads their grants.
func (s *catalogScan) take(ctx context.Context, objects []*catalogObject) error {
	seen := map[string]bool{}
	objects = slices.DeleteFunc(objects, func(o *catalogObject) bool {
		key := o.Type + "/" + o.FullName
		defer func() { seen[key] = true }()
		return seen[key]
	})
	s.objects = append(s.objects, objects...)
	s.c.api.Log(ctx, "reading grants", map[string]any{"metastore": s.out.ID, "objects": len(objects)})
	return each(ctx, s.c.api, objects, s.readGrants)
}

// children adds what lists find below parents. What cannot be listed is a hole of
// the parent.
func (s *catalogScan) children(ctx context.Context, parents []*catalogObject, lists []objectList, query func(parent string) url.Values) ([]*catalogObject, error) {
	var mu sync.Mutex
	var out []*catalogObject
	type job struct {
		parent *catalogObject
		list   objectList
	}
	var jobs []job
	for _, p := range parents {
		for _, l := range lists {
			jobs = append(jobs, job{p, l})
		}
	}
	err := each(ctx, s.c.api, jobs, func(ctx context.Context, j job) error {
		l := j.list
		l.query = query(j.parent.FullName)
		for key, values := range j.list.query {
			l.query[key] = values
		}
		found, err := s.list(ctx, j.parent.at, l, j.parent.FullName)
		if err != nil && api.IsLost(ctx, err) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, o := range found {
			o.walk = true
		}
		out = append(out, found...)
		if err != nil {
			j.parent.hole(fmt.Sprintf("its %s could not be listed: %s", l.path, oneLine(err)))
		}
		return nil
	})
	return out, err
}

func (o *catalogObject) hole(reason string) { o.holes = append(o.holes, reason) }

func (s *catalogScan) ofType(kind string) []*catalogObject {
	var out []*catalogObject
	for _, o := range s.objects {
		if o.Type == kind {
			out = append(out, o)
		}
	}
	return out
}

// schemas reads the schemas of every catalog, without information_schema: what
// is granted on it gives nothing, since everyone may read it, and sees in it
// only what he may see anyway.
func (s *catalogScan) schemas(ctx context.Context) ([]*catalogObject, error) {
	list := []objectList{{path: "schemas", key: "schemas", kind: typeSchema}}
	found, err := s.children(ctx, s.walked(s.ofType(typeCatalog)), list, func(catalog string) url.Values {
		return url.Values{"catalog_name": {catalog}}
	})
	if err != nil {
		return nil, err
	}
	if s.rows != nil {
		found = append(found, s.rowsOf(typeSchema)...)
	}
	found = slices.DeleteFunc(found, func(o *catalogObject) bool { return strings.HasSuffix(o.FullName, ".information_schema") })
	return found, s.take(ctx, found)
}

// leaves reads what lies in schemas.
func (s *catalogScan) leaves(ctx context.Context, schemas []*catalogObject) error {
	found, err := s.children(ctx, s.walked(schemas), leafLists, func(schema string) url.Values {
		catalog, name, _ := strings.Cut(schema, ".") // Names of catalogs and schemas have no dots.
		return url.Values{"catalog_name": {catalog}, "schema_name": {name}}
	})
	if err != nil {
		return err
	}
	models, err := s.models(ctx)
	if err != nil {
		return err
	}
	found = append(found, models...)
	if s.rows != nil {
		found = append(found, s.queriedLeaves(models)...)
	}
	return s.take(ctx, found)
}

// queriedLeaves are the leaves that the query shows. It may show models among the
// functions, which have been listed as what they are.
func (s *catalogScan) queriedLeaves(models []*catalogObject) []*catalogObject {
	isModel := map[string]bool{}
	for _, m := range models {
		isModel[m.FullName] = true
	}
	functions := slices.DeleteFunc(s.rowsOf(typeFunction), func(o *catalogObject) bool { return isModel[o.FullName] })
	return slices.Concat(s.rowsOf(typeTable), s.rowsOf(typeVolume), functions)
}

// walked are the parents below which lists have to be read: all without a query.
func (s *catalogScan) walked(parents []*catalogObject) []*catalogObject {
	if s.rows == nil {
		return parents
	}
	return slices.DeleteFunc(slices.Clone(parents), func(o *catalogObject) bool { return !o.walk })
}

// models reads the models of the metastore, by one list through each workspace
// that catalogs are read through. A list shows those of its workspace only.
func (s *catalogScan) models(ctx context.Context) ([]*catalogObject, error) {
	home := map[string]*api.Site{}
	sites := []*api.Site{s.via}
	for _, catalog := range s.ofType(typeCatalog) {
		home[catalog.FullName] = catalog.at
		if !slices.Contains(sites, catalog.at) {
			sites = append(sites, catalog.at)
		}
	}
	var out []*catalogObject
	for _, at := range sites {
		list := objectList{path: "models", key: "registered_models", kind: typeModel, query: url.Values{"max_results": {"1000"}}}
		found, err := s.list(ctx, at, list, "")
		if err != nil && api.IsLost(ctx, err) {
			return nil, err
		}
		if err != nil {
			s.hole(oneLine(err))
		}
		for _, o := range found {
			catalog, _, _ := strings.Cut(o.FullName, ".")
			if home[catalog] == at || home[catalog] == nil {
				out = append(out, o)
			}
		}
	}
	return out, nil
}

// readGrants reads the direct grants on an object. One that belongs to other
// workspaces is read through one of those.
func (s *catalogScan) readGrants(ctx context.Context, o *catalogObject) error {
	if grants, ok := s.rows.of(o); ok {
		o.Grants = grants
		return nil
	}
	grants, err := s.grants(ctx, o.at, o)
	if o.isolated && api.StatusOf(err) == http.StatusForbidden {
		grants, err = s.boundGrants(ctx, o, err)
	}
	if err != nil && api.IsLost(ctx, err) {
		return err
	}
	o.Grants = grants
	if err != nil {
		o.hole(oneLine(err))
	}
	return nil
}

// grants reads GET permissions/{type}/{full_name}. With an error they are those
// that came before.
func (s *catalogScan) grants(ctx context.Context, at *api.Site, o *catalogObject) ([]access.Grant, error) {
	kind := o.Type
	if kind == typeModel {
		kind = typeFunction
	}
	if o.FullName == "." || o.FullName == ".." {
		return nil, fmt.Errorf("the name %q cannot be a part of a path", o.FullName)
	}
	var out []access.Grant
	var broken error
	list := api.Call{
		Path:  catalogBase + "permissions/" + kind + "/" + url.PathEscape(o.FullName),
		Query: url.Values{"max_results": {"0"}}, Limit: at.Limit(), At: at,
	}
	shown, err := api.TokenPages(ctx, s.c.api, list, "privilege_assignments", nil, func(p *grantPage) (int, error) {
		for _, a := range p.Assignments {
			if a.Principal == "" && a.PrincipalID == "" || len(a.Privileges) == 0 || slices.Contains(a.Privileges, "") {
				broken = fmt.Errorf("GET %s: the answer has a grant without principal or without privilege", list.Path)
				continue
			}
			out = append(out, access.Grant{PrincipalID: string(a.PrincipalID), Principal: a.Principal, Privileges: a.Privileges})
		}
		return api.SizeOf(p.Assignments), nil
	})
	if err == nil {
		s.granted.note(shown)
		err = broken
	}
	return out, err
}

// grantPage is a page of the grants on an object.
type grantPage struct {
	api.PageEnd

	Assignments []struct {
		Principal   string   `json:"principal"`
		PrincipalID api.Text `json:"principal_id"`
		Privileges  []string `json:"privileges"`
	} `json:"privilege_assignments"`
}

// boundGrants reads the grants through the workspaces that an object belongs to
// (GET bindings/{type}/{name}), the first that answers; it and what is in it are
// read there from now on.
func (s *catalogScan) boundGrants(ctx context.Context, o *catalogObject, refused error) ([]access.Grant, error) {
	ids, err := s.bindings(ctx, o)
	if err != nil {
		return nil, errors.Join(refused, err)
	}
	reasons := []error{refused}
	for _, w := range s.attached {
		if w.ID == o.at.Workspace || !slices.Contains(ids, w.ID) {
			continue
		}
		at, err := s.enter(ctx, w)
		if err == nil {
			var grants []access.Grant
			if grants, err = s.grants(ctx, at, o); err == nil {
				o.at = at
				return grants, nil
			}
		}
		reasons = append(reasons, fmt.Errorf("through workspace %s, which it is bound to: %w", w.ID, err))
	}
	if len(reasons) == 1 {
		reasons = append(reasons, fmt.Errorf("it is bound to the workspaces %s, none of which can be used", strings.Join(ids, ", ")))
	}
	return nil, errors.Join(reasons...)
}

func (s *catalogScan) bindings(ctx context.Context, o *catalogObject) ([]string, error) {
	type page struct {
		api.PageEnd

		Bindings []struct {
			WorkspaceID api.Text `json:"workspace_id"`
		} `json:"bindings"`
	}
	var out []string
	list := api.Call{
		Path:  catalogBase + "bindings/" + o.Type + "/" + url.PathEscape(o.FullName),
		Query: url.Values{"max_results": {"0"}}, Limit: o.at.Limit(), At: o.at,
	}
	_, err := api.TokenPages(ctx, s.c.api, list, "bindings", nil, func(p *page) (int, error) {
		for _, b := range p.Bindings {
			if b.WorkspaceID == "" {
				return 0, errors.New("a binding without workspace_id")
			}
			out = append(out, string(b.WorkspaceID))
		}
		return api.SizeOf(p.Bindings), nil
	})
	return out, err
}
