// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// UnityCatalogAssumptions are the switches of Unity Catalog.
type UnityCatalogAssumptions struct {
	// MetastoreAdmin is who is a metastore admin: the owner of the metastore and
	// the members of a group that owns it, everyone or no one.
	MetastoreAdmin string `words:"owner everybody nobody"`
	// PageSize is the page of lists with max_results=0; 0 is 100. Those of
	// permissions have 150.
	PageSize int
	// EmptyPages begins every paged list with an empty page that has a next token.
	EmptyPages bool
	// ForbiddenLists answers 403 to lists below a catalog or schema that the
	// caller may not use; the default is an empty list.
	ForbiddenLists bool
	// NullInheritedFrom leaves INHERITED_FROM of direct grants in
	// information_schema null; the default is NONE.
	NullInheritedFrom bool
	// ModelsAsRoutines shows models among the routines of information_schema; the
	// default is that it does not know them.
	ModelsAsRoutines bool
	// Definitions are the texts of views and functions in information_schema that are
	// shown: those of which the caller is the owner, as documented for views, or all.
	Definitions string `words:"owner everybody"`
	// FilterTables is how row_filters and column_masks name the columns of the table:
	// CATALOG_NAME as documented, or TABLE_CATALOG as public queries have it.
	FilterTables string `words:"catalog_name table_catalog"`
}

// privilegeReach is on which types a privilege that is granted above has an
// effect; privileges that are not here have one on all. Grants are inherited
// downwards, and what each privilege applies to is documented.
var privilegeReach = map[string][]string{
	"USE_CATALOG": {}, "CREATE_SCHEMA": {},
	"USE_SCHEMA": {world.TypeSchema}, "CREATE_TABLE": {world.TypeSchema}, "CREATE_VOLUME": {world.TypeSchema},
	"CREATE_FUNCTION": {world.TypeSchema}, "CREATE_MODEL": {world.TypeSchema}, "CREATE_MATERIALIZED_VIEW": {world.TypeSchema},
	"EXTERNAL_USE_SCHEMA": {world.TypeSchema},
	"SELECT":              {world.TypeSchema, world.TypeTable}, "MODIFY": {world.TypeSchema, world.TypeTable}, "REFRESH": {world.TypeSchema, world.TypeTable},
	"READ_VOLUME": {world.TypeSchema, world.TypeVolume}, "WRITE_VOLUME": {world.TypeSchema, world.TypeVolume},
	"EXECUTE": {world.TypeSchema, world.TypeFunction, world.TypeModel},
}

func reaches(privilege, kind string) bool {
	types, limited := privilegeReach[privilege]
	return !limited || slices.Contains(types, kind)
}

// catalogView is a metastore as one caller sees it from one workspace.
type catalogView struct {
	*world.MetastoreIndex
	workspaceID int64
	admin       bool // metastore admin
	names       map[string]bool
}

// catalogView refuses with 404 when the workspace has no metastore.
func (s catalogAPI) catalogView(w *world.World, v api.Visitor) (*catalogView, *wire.Error) {
	ws := w.Workspace[v.WorkspaceID]
	if ws == nil || ws.MetastoreID == "" || w.Catalogs[ws.MetastoreID] == nil {
		return nil, &wire.Error{
			Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST",
			Message: "No metastore assigned for the current workspace.",
		}
	}
	out := &catalogView{MetastoreIndex: w.Catalogs[ws.MetastoreID], workspaceID: v.WorkspaceID, names: grantNames(w, v.PrincipalID)}
	switch s.assumed.UnityCatalog.MetastoreAdmin {
	case "everybody":
		out.admin = true
	case "nobody":
	default:
		out.admin = v.PrincipalID == "" || out.isName(out.Doc.Owner)
	}
	return out, nil
}

// grantNames are the names under which a principal can hold something: its own,
// lower-cased, and those of its groups.
func grantNames(w *world.World, principalID string) map[string]bool {
	out := map[string]bool{}
	if p, ok := w.ByID[principalID]; ok {
		out[p.Name()] = true
		if p.Kind != world.KindGroup {
			out["own "+strings.ToLower(p.Name())] = true
		}
	}
	for _, id := range w.TransitiveParents(principalID) {
		out[w.ByID[id].Name()] = true
	}
	return out
}

func (c *catalogView) isName(name string) bool {
	return name != "" && (c.names[name] || c.names["own "+strings.ToLower(name)])
}

// manages reports whether the caller may read the grants of a securable: metastore
// admins, its owner, the owners above it, and holders of MANAGE on any of them.
func (c *catalogView) manages(s *world.Securable) bool {
	if c.admin {
		return true
	}
	for _, at := range append([]*world.Securable{s}, c.Ancestors(s)...) {
		if c.isName(at.Owner) || c.holds(at.Grants, func(p string) bool { return p == "MANAGE" }) {
			return true
		}
	}
	return false
}

// holds reports whether the caller has a privilege among the grants that counts.
func (c *catalogView) holds(grants []world.Grant, counts func(privilege string) bool) bool {
	return slices.ContainsFunc(grants, func(g world.Grant) bool {
		return c.isName(g.Principal) && slices.ContainsFunc(g.Privileges, counts)
	})
}

// sees reports whether a securable is in the caller's lists: with BROWSE alone
// only if the caller asks for it.
func (c *catalogView) sees(s *world.Securable, browse bool) bool {
	if c.manages(s) {
		return true
	}
	if c.holds(s.Grants, func(p string) bool { return browse || p != "BROWSE" }) {
		return true
	}
	for _, above := range c.Ancestors(s) {
		if c.holds(above.Grants, func(p string) bool { return reaches(p, s.Type) && (browse || p != "BROWSE") }) {
			return true
		}
	}
	return false
}

// isBound reports whether the workspace may use a securable at all.
func (c *catalogView) isBound(s *world.Securable) bool {
	for _, at := range append([]*world.Securable{s}, c.Ancestors(s)...) {
		if len(at.WorkspaceIDs) > 0 && !slices.Contains(at.WorkspaceIDs, c.workspaceID) {
			return false
		}
	}
	return true
}

// securableTitle is how messages call a type.
func securableTitle(kind string) string {
	words := strings.Split(kind, "_")
	for i, word := range words {
		if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, " ")
}

// securable finds what a path names, for a caller who sees it. That what may
// not be seen answers 403, and not 404, is assumed; so are the wordings.
func (c *catalogView) securable(kind, fullName string) (*world.Securable, *wire.Error) {
	s := c.Find(kind, fullName)
	title := securableTitle(strings.ToLower(kind))
	switch {
	case s == nil:
		return nil, &wire.Error{
			Status: http.StatusNotFound, Code: strings.ToUpper(kind) + "_DOES_NOT_EXIST",
			Message: title + " '" + fullName + "' does not exist.",
		}
	case !c.isBound(s):
		return nil, &wire.Error{
			Status: http.StatusForbidden, Code: "PERMISSION_DENIED",
			Message: title + " '" + fullName + "' is not accessible in current workspace",
		}
	case !c.sees(s, true):
		return nil, &wire.Error{
			Status: http.StatusForbidden, Code: "PERMISSION_DENIED",
			Message: "User does not have any privileges on " + title + " '" + fullName + "'.",
		}
	}
	return s, nil
}
