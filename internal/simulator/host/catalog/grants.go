// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/host/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

func (s catalogAPI) grantRoutes() {
	s.HandleWorkspace("PATCH "+catalogBase+"/permissions/{type}/{full_name}", s.patchGrants)
	for _, form := range []struct {
		path      string
		effective bool
		newer     bool
	}{
		{path: "permissions"},
		{path: "effective-permissions", effective: true},
		{path: "privilege-assignments", newer: true},
		{path: "effective-privilege-assignments", effective: true, newer: true},
	} {
		s.HandleWorkspace("GET "+catalogBase+"/"+form.path+"/{type}/{full_name}", func(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
			s.catalogAnswer(rw, v, func(c *catalogView) (any, *wire.Error) {
				list, failed := c.grants(r, form.effective)
				if failed != nil {
					return nil, failed
				}
				page, failed := s.grantPage(r, len(list), form.newer)
				if failed != nil {
					return nil, failed
				}
				key := "privilege_assignments"
				if form.effective && form.newer {
					key = "effective_privilege_assignments"
				}
				items := []any{}
				for _, entry := range list[page.From:page.To] {
					items = append(items, entry)
				}
				return page.Reply(key, items), nil
			})
		})
	}
}

func (s catalogAPI) grantPage(r *http.Request, count int, newer bool) (api.Page, *wire.Error) {
	if !newer {
		return s.catalogPage(r, count, permissionsPageSize, permissionsPageSize)
	}
	size := permissionsPageSize
	if text := r.URL.Query().Get("page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return api.Page{}, api.Invalid("page_size must be a number that is not negative, not \"" + text + "\".")
		}
		if n > 0 {
			size = min(n, size)
		}
	}
	return s.PageOf(r, count, size)
}

// grantJSON is all that one principal holds on one securable.
type grantJSON struct {
	Principal   string `json:"principal"`
	PrincipalID string `json:"principal_id,omitempty"`
	Privileges  []any  `json:"privileges"`
}

type effectivePrivilege struct {
	Privilege         string `json:"privilege"`
	InheritedFromType string `json:"inherited_from_type,omitempty"`
	InheritedFromName string `json:"inherited_from_name,omitempty"`
}

func notManaged(s *world.Securable) *wire.Error {
	return &wire.Error{
		Status: http.StatusForbidden, Code: "PERMISSION_DENIED",
		Message: "User does not have MANAGE on " + securableTitle(s.Type) + " '" + s.FullName + "'.",
	}
}

// grants answers who holds what, for a caller who may know it: metastore admins
// and owners, and everyone about themselves.
func (c *catalogView) grants(r *http.Request, effective bool) ([]grantJSON, *wire.Error) {
	kind, name, principal := strings.ToLower(r.PathValue("type")), r.PathValue("full_name"), r.URL.Query().Get("principal")
	own := c.isName(principal)
	if kind == world.TypeMetastore {
		if !strings.EqualFold(name, c.Doc.MetastoreID) {
			return nil, &wire.Error{Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST", Message: "Metastore '" + name + "' does not exist."}
		}
		if !c.admin && !own {
			return nil, notManaged(&world.Securable{Type: kind, FullName: c.Doc.Name})
		}
		return mergeGrants(c.Doc.Grants, nil, principal, effective), nil
	}
	if _, known := world.SecurableDepth[kind]; !known || kind == world.TypeModel {
		return nil, api.Invalid("'" + r.PathValue("type") + "' is not a valid securable type.")
	}
	sec, failed := c.securable(kind, name)
	if failed != nil {
		return nil, failed
	}
	if !own && !c.manages(sec) {
		return nil, notManaged(sec)
	}
	var inherited []inheritedGrants
	if effective {
		for _, above := range c.Ancestors(sec) {
			inherited = append(inherited, inheritedGrants{above, sec.Type})
		}
	}
	return mergeGrants(sec.Grants, inherited, principal, effective), nil
}

// inheritedGrants are those of an ancestor, as far as they reach the type.
type inheritedGrants struct {
	from *world.Securable
	to   string
}

// mergeGrants is one entry per principal, in the order in which they turn up.
// With a principal, only that one's.
func mergeGrants(direct []world.Grant, inherited []inheritedGrants, principal string, effective bool) []grantJSON {
	var out []grantJSON
	add := func(g world.Grant, privilege any) {
		if principal != "" && !strings.EqualFold(g.Principal, principal) {
			return
		}
		at := slices.IndexFunc(out, func(e grantJSON) bool { return e.Principal == g.Principal && e.PrincipalID == g.PrincipalID })
		if at < 0 {
			at = len(out)
			out = append(out, grantJSON{Principal: g.Principal, PrincipalID: g.PrincipalID})
		}
		out[at].Privileges = append(out[at].Privileges, privilege)
	}
	for _, g := range direct {
		for _, p := range g.Privileges {
			if effective {
				add(g, effectivePrivilege{Privilege: p})
				continue
			}
			add(g, p)
		}
	}
	for _, in := range inherited {
		for _, g := range in.from.Grants {
			for _, p := range g.Privileges {
				if reaches(p, in.to) {
					add(g, effectivePrivilege{p, strings.ToUpper(in.from.Type), in.from.FullName})
				}
			}
		}
	}
	return out
}
