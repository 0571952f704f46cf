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

// grantChange is what one principal gains and loses on a securable.
type grantChange struct {
	Principal string   `json:"principal"`
	Add       []string `json:"add"`
	Remove    []string `json:"remove"`
}

// patchGrants changes who holds what on one securable, all changes or none, and
// answers the grants after it. Who may read them may change them.
func (s catalogAPI) patchGrants(rw http.ResponseWriter, r *http.Request, v api.Visitor) {
	var body struct {
		Changes []grantChange `json:"changes"`
	}
	failed := api.ReadJSON(r, &body)
	var list []grantJSON
	if failed == nil {
		s.Update(func(w *world.World) { list, failed = s.changeGrants(w, r, v, body.Changes) })
	}
	if failed != nil {
		wire.WriteJSON(rw, failed.Status, failed)
		return
	}
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"privilege_assignments": list})
}

func (s catalogAPI) changeGrants(w *world.World, r *http.Request, v api.Visitor, changes []grantChange) ([]grantJSON, *wire.Error) {
	c, failed := s.catalogView(w, v)
	if failed != nil {
		return nil, failed
	}
	held, failed := c.managedGrants(r.PathValue("type"), r.PathValue("full_name"))
	if failed != nil {
		return nil, failed
	}
	after := slices.Clone(*held)
	for _, change := range changes {
		name, failed := grantee(w, change.Principal, after)
		if failed != nil {
			return nil, failed
		}
		after = applyGrant(after, name, privilegeNames(change.Add), privilegeNames(change.Remove))
	}
	*held = after
	return mergeGrants(after, nil, "", false), nil
}

// managedGrants are the grants on what a path names, for a caller who manages it.
func (c *catalogView) managedGrants(kind, name string) (*[]world.Grant, *wire.Error) {
	kind = strings.ToLower(kind)
	switch _, known := world.SecurableDepth[kind]; {
	case kind == world.TypeMetastore && !strings.EqualFold(name, c.Doc.MetastoreID):
		return nil, &wire.Error{Status: http.StatusNotFound, Code: "METASTORE_DOES_NOT_EXIST", Message: "Metastore '" + name + "' does not exist."}
	case kind == world.TypeMetastore && !c.admin:
		return nil, notManaged(&world.Securable{Type: kind, FullName: c.Doc.Name})
	case kind == world.TypeMetastore:
		return &c.Doc.Grants, nil
	case !known || kind == world.TypeModel:
		return nil, api.Invalid("'" + kind + "' is not a valid securable type.")
	}
	sec, failed := c.securable(kind, name)
	if failed != nil {
		return nil, failed
	}
	if !c.manages(sec) {
		return nil, notManaged(sec)
	}
	return &sec.Grants, nil
}

// grantee is a principal in its own spelling: one of the account (local groups of
// a workspace are not found) or one that holds something already. The wording is
// what users of the Terraform provider report, status and code are assumed.
func grantee(w *world.World, name string, held []world.Grant) (string, *wire.Error) {
	for _, kind := range []world.Kind{world.KindUser, world.KindGroup, world.KindServicePrincipal} {
		for _, p := range w.Named(kind, strings.ToLower(name)) {
			if world.SameGrantee(kind, p.Name(), name) {
				return p.Name(), nil
			}
		}
	}
	if slices.ContainsFunc(held, func(g world.Grant) bool { return name != "" && g.Principal == name }) {
		return name, nil
	}
	return "", &wire.Error{Status: http.StatusNotFound, Code: "PRINCIPAL_DOES_NOT_EXIST", Message: "Could not find principal with name " + name}
}

// privilegeNames writes privileges with underscores, as Unity Catalog does.
func privilegeNames(list []string) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
	}
	return out
}

// applyGrant returns the grants after one change; nothing is written in place. A
// principal without privileges is gone.
func applyGrant(grants []world.Grant, name string, add, remove []string) []world.Grant {
	at := slices.IndexFunc(grants, func(g world.Grant) bool { return g.Principal == name })
	var privileges []string
	if at >= 0 {
		privileges = slices.Clone(grants[at].Privileges)
	}
	for _, p := range add {
		if p != "" && !slices.Contains(privileges, p) {
			privileges = append(privileges, p)
		}
	}
	privileges = slices.DeleteFunc(privileges, func(p string) bool { return slices.Contains(remove, p) && !slices.Contains(add, p) })
	switch {
	case at < 0 && len(privileges) > 0:
		return append(grants, world.Grant{Principal: name, Privileges: privileges})
	case at >= 0 && len(privileges) == 0:
		return slices.Delete(grants, at, at+1)
	case at >= 0:
		grants[at] = world.Grant{Principal: name, Privileges: privileges}
	}
	return grants
}
