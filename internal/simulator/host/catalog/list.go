// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Server page sizes of Unity Catalog lists (assumed: not published).
const (
	catalogPageSize     = 100
	permissionsPageSize = 150
)

const catalogBase = "/api/2.1/unity-catalog"

// catalogList is a list of one type of securable, and the reading of one of them.
type catalogList struct {
	path, key string
	types     []string
	nested    int  // how many of catalog_name and schema_name have to be given
	optional  bool // none of them may be given too
	unbound   bool // knows include_unbound
	summary   bool // of all schemas of a catalog, names only, no reading of one
}

var catalogLists = []catalogList{
	{path: "catalogs", key: "catalogs", types: []string{world.TypeCatalog}, unbound: true},
	{path: "schemas", key: "schemas", types: []string{world.TypeSchema}, nested: 1},
	{path: "tables", key: "tables", types: []string{world.TypeTable}, nested: 2},
	{path: "table-summaries", key: "tables", types: []string{world.TypeTable}, nested: 1, summary: true},
	{path: "volumes", key: "volumes", types: []string{world.TypeVolume}, nested: 2},
	{path: "functions", key: "functions", types: []string{world.TypeFunction}, nested: 2},
	{path: "models", key: "registered_models", types: []string{world.TypeModel}, nested: 2, optional: true},
	{path: "external-locations", key: "external_locations", types: []string{world.TypeLocation}, unbound: true},
	{path: "storage-credentials", key: "storage_credentials", types: []string{world.TypeStorage}, unbound: true},
	{path: "credentials", key: "credentials", types: []string{world.TypeService, world.TypeStorage}, unbound: true},
	{path: "connections", key: "connections", types: []string{"connection"}},
	{path: "shares", key: "shares", types: []string{"share"}},
}

func (s catalogAPI) catalogRoutes() {
	for _, list := range catalogLists {
		s.HandleWorkspace("GET "+catalogBase+"/"+list.path, func(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
			s.listSecurables(rw, r, v, list)
		})
		if !list.summary {
			s.HandleWorkspace("GET "+catalogBase+"/"+list.path+"/{full_name}", func(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
				s.getSecurable(rw, r, v, list)
			})
		}
	}
	s.HandleWorkspace("GET "+catalogBase+"/metastores", s.listWorkspaceMetastores)
	s.HandleWorkspace("GET "+catalogBase+"/metastores/{metastore_id}", s.getWorkspaceMetastoreByID)
	s.HandleWorkspace("GET "+catalogBase+"/metastores/{metastore_id}/systemschemas", s.listSystemSchemas)
	s.HandleWorkspace("GET "+catalogBase+"/metastore_summary", s.metastoreSummary)
	s.HandleWorkspace("GET "+catalogBase+"/current-metastore-assignment", s.currentMetastore)
	s.HandleWorkspace("GET "+catalogBase+"/bindings/{type}/{full_name}", s.getBindings)
	s.grantRoutes()
}

// catalogAnswer runs a read of the caller's metastore and answers what it returns.
func (s catalogAPI) catalogAnswer(rw http.ResponseWriter, v api.Visitor, read func(c *catalogView) (any, *wire.Error)) {
	var body any
	var failed *wire.Error
	s.View(func(w *world.World) {
		var c *catalogView
		if c, failed = s.catalogView(w, v); failed == nil {
			body, failed = read(c)
		}
	})
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, body)
}

func (s catalogAPI) listSecurables(rw http.ResponseWriter, r *http.Request, v api.Visitor, list catalogList) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		all, failed := s.candidates(r, c, list)
		if failed != nil {
			return nil, failed
		}
		page, failed := s.catalogPage(r, len(all), 1, cmp.Or(s.assumed.UnityCatalog.PageSize, catalogPageSize))
		if failed != nil {
			return nil, failed
		}
		query := r.URL.Query()
		browse := query.Get("include_browse") == "true"
		unbound := list.unbound && query.Get("include_unbound") == "true"
		// Pages are cut first and what the caller may not see is left out then, so
		// that pages come short and empty.
		items := []any{}
		for _, sec := range all[page.From:page.To] {
			if c.sees(sec, browse) && (unbound || c.isBound(sec)) {
				items = append(items, c.securableJSON(sec, list.summary))
			}
		}
		reply := page.Reply(list.key, items)
		if list.path == "catalogs" {
			// A real metastore has some at least, so that this list is never left out.
			reply[list.key] = items
		}
		return reply, nil
	})
}

// candidates are the securables that a list is about.
func (s catalogAPI) candidates(r *http.Request, c *catalogView, list catalogList) ([]*world.Securable, *wire.Error) {
	query := r.URL.Query()
	catalog, schema := query.Get("catalog_name"), query.Get("schema_name")
	if list.optional && catalog == "" && schema == "" {
		return c.EveryOf(list.types[0]), nil
	}
	var parent *world.Securable
	for _, need := range []struct{ parameter, kind, name string }{
		{"catalog_name", world.TypeCatalog, catalog}, {"schema_name", world.TypeSchema, catalog + "." + schema},
	}[:list.nested] {
		if query.Get(need.parameter) == "" {
			return nil, api.Invalid(need.parameter + " is required.")
		}
		found, failed := c.securable(need.kind, need.name)
		if failed != nil && failed.Status == http.StatusForbidden && !s.assumed.UnityCatalog.ForbiddenLists {
			return nil, nil
		}
		if failed != nil {
			return nil, failed
		}
		parent = found
	}
	if list.summary {
		return slices.DeleteFunc(c.EveryOf(world.TypeTable), func(t *world.Securable) bool {
			return !strings.EqualFold(world.NameParts(t)[0], catalog)
		}), nil
	}
	name := ""
	if parent != nil {
		name = parent.FullName
	}
	var out []*world.Securable
	for _, kind := range list.types {
		out = append(out, c.Below[world.SecurableKey(kind, name)]...)
	}
	return out, nil
}

// catalogPage reads max_results and page_token: without max_results everything
// comes at once, 0 is the server's page, and what is negative, or positive and
// below the least, is refused.
func (s catalogAPI) catalogPage(r *http.Request, count, least, size int) (api.Page, *wire.Error) {
	text := r.URL.Query().Get("max_results")
	if text == "" {
		if r.URL.Query().Get("page_token") == "" {
			return api.Page{From: 0, To: count}, nil
		}
		text = "0"
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 0 && n < least {
		return api.Page{}, api.Invalid("max_results must be 0 or at least " + strconv.Itoa(least) + ", not \"" + text + "\".")
	}
	if n > 0 {
		size = min(n, size)
	}
	if s.assumed.UnityCatalog.EmptyPages && r.URL.Query().Get("page_token") == "" {
		return api.Page{Next: api.PageToken(r.URL.Path, 0)}, nil
	}
	return s.PageOf(r, count, size)
}

func (s catalogAPI) getSecurable(rw http.ResponseWriter, r *http.Request, v api.Visitor, list catalogList) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		for _, kind := range list.types {
			if c.ByName[world.SecurableKey(kind, r.PathValue("full_name"))] != nil {
				sec, failed := c.securable(kind, r.PathValue("full_name"))
				if failed != nil {
					return nil, failed
				}
				return c.securableJSON(sec, false), nil
			}
		}
		_, failed := c.securable(list.types[0], r.PathValue("full_name"))
		return nil, failed
	})
}

// kindKeys are the fields that hold the Kind of a type, and its usual value.
var kindKeys = map[string][2]string{
	world.TypeCatalog: {"catalog_type", "MANAGED_CATALOG"}, world.TypeTable: {"table_type", "MANAGED"},
	world.TypeVolume: {"volume_type", "MANAGED"}, "connection": {"connection_type", "POSTGRESQL"},
}

// securableJSON has what the APIs have in common and what a client needs to walk.
func (c *catalogView) securableJSON(s *world.Securable, summary bool) map[string]any {
	parts := world.NameParts(s)
	out := map[string]any{"full_name": s.FullName}
	if key, ok := kindKeys[s.Type]; ok {
		out[key[0]] = cmp.Or(s.Kind, key[1])
	}
	if summary {
		return out
	}
	out["name"], out["metastore_id"] = parts[len(parts)-1], c.Doc.MetastoreID
	wire.SetText(out, "owner", s.Owner)
	if len(parts) > 1 {
		out["catalog_name"] = parts[0]
	}
	if len(parts) > 2 {
		out["schema_name"] = parts[1]
	}
	if !c.sees(s, false) {
		out["browse_only"] = true
	}
	switch s.Type {
	case world.TypeCatalog:
		out["isolation_mode"] = isolationMode(s, "OPEN", "ISOLATED")
		out["securable_type"] = "CATALOG"
	case world.TypeLocation, world.TypeStorage, world.TypeService:
		out["isolation_mode"] = isolationMode(s, "ISOLATION_MODE_OPEN", "ISOLATION_MODE_ISOLATED")
	}
	switch s.Type {
	case world.TypeStorage:
		out["purpose"] = "STORAGE"
	case world.TypeService:
		out["purpose"] = "SERVICE"
	}
	return out
}

func isolationMode(s *world.Securable, open, isolated string) string {
	if len(s.WorkspaceIDs) > 0 {
		return isolated
	}
	return open
}

func (s catalogAPI) listWorkspaceMetastores(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		if !c.admin && !v.AccountAdmin {
			return nil, &wire.Error{Status: http.StatusForbidden, Code: "PERMISSION_DENIED", Message: "Only account admins and metastore admins can list metastores."}
		}
		page, failed := s.catalogPage(r, 1, 1, catalogPageSize)
		if failed != nil {
			return nil, failed
		}
		return page.Reply("metastores", []any{c.metastoreJSON()}[page.From:page.To]), nil
	})
}

func (s catalogAPI) getWorkspaceMetastoreByID(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		switch {
		case r.PathValue("metastore_id") != c.Doc.MetastoreID:
			return nil, &wire.Error{Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST", Message: "Metastore '" + r.PathValue("metastore_id") + "' does not exist."}
		case !c.admin:
			return nil, &wire.Error{Status: http.StatusForbidden, Code: "PERMISSION_DENIED", Message: "User is not a metastore admin for Metastore '" + c.Doc.Name + "'."}
		}
		return c.metastoreJSON(), nil
	})
}

func (c *catalogView) metastoreJSON() map[string]any {
	out := map[string]any{"metastore_id": c.Doc.MetastoreID, "name": c.Doc.Name, "owner": c.Doc.Owner, "privilege_model_version": "1.0"}
	wire.SetText(out, "region", c.Doc.Region)
	return out
}

func (s catalogAPI) metastoreSummary(rw http.ResponseWriter, _ *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) { return c.metastoreJSON(), nil })
}

func (s catalogAPI) currentMetastore(rw http.ResponseWriter, _ *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		return map[string]any{"metastore_id": c.Doc.MetastoreID, "workspace_id": v.WorkspaceID}, nil
	})
}

func (s catalogAPI) getBindings(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
		sec := c.Find(r.PathValue("type"), r.PathValue("full_name"))
		if sec == nil || !c.manages(sec) {
			_, failed := c.securable(r.PathValue("type"), r.PathValue("full_name"))
			if failed == nil {
				failed = notManaged(sec)
			}
			return nil, failed
		}
		items := []any{}
		for _, id := range sec.WorkspaceIDs {
			items = append(items, map[string]any{"workspace_id": id, "binding_type": "BINDING_TYPE_READ_WRITE"})
		}
		page, failed := s.catalogPage(r, len(items), 1, catalogPageSize)
		if failed != nil {
			return nil, failed
		}
		return page.Reply("bindings", items[page.From:page.To]), nil
	})
}
