// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// projection is what attributes and excludedAttributes ask for. Names are
// lower-cased; "name.givenname" is the sub-attribute of name.
type projection struct {
	include, exclude map[string]bool // nil: not given
}

func parseProjection(kind world.Kind, q url.Values) projection {
	return projection{
		include: attributeSet(kind, q["attributes"]),
		exclude: attributeSet(kind, q["excludedAttributes"]),
	}
}

// attributeSet reads comma lists; nil when nothing is named.
func attributeSet(kind world.Kind, lists []string) map[string]bool {
	var out map[string]bool
	for name := range strings.SplitSeq(strings.Join(lists, ","), ",") {
		name = strings.ToLower(trimURN(kind, strings.TrimSpace(name)))
		if name == "" {
			continue
		}
		if out == nil {
			out = map[string]bool{}
		}
		out[name] = true
	}
	return out
}

// wants reports whether an attribute, or a part of it, is to be returned.
func (p projection) wants(attr string) bool {
	attr = strings.ToLower(attr)
	if attr == "id" || attr == "schemas" || attr == "applicationid" {
		return true // Whatever is asked for (seen).
	}
	if p.exclude[attr] {
		return false
	}
	if p.include == nil || p.include[attr] {
		return true
	}
	for name := range p.include {
		if strings.HasPrefix(name, attr+".") {
			return true
		}
	}
	return false
}

// apply drops from a rendered resource what is not wanted.
func (p projection) apply(m map[string]any) map[string]any {
	if p.include == nil && p.exclude == nil {
		return m
	}
	for attr, value := range m {
		if !p.wants(attr) {
			delete(m, attr)
			continue
		}
		lower := strings.ToLower(attr)
		keep := func(sub string) bool {
			full := lower + "." + strings.ToLower(sub)
			return !p.exclude[full] && (p.include == nil || p.include[lower] || p.include[full])
		}
		switch v := value.(type) {
		case map[string]any:
			maps.DeleteFunc(v, func(sub string, _ any) bool { return !keep(sub) })
		case []map[string]any:
			for _, e := range v {
				maps.DeleteFunc(e, func(sub string, _ any) bool { return !keep(sub) })
			}
		}
	}
	return m
}

// render is a resource as JSON. Blank attributes are left out. It shares
// nothing with the world. With members, a group has those that account SCIM
// shows: not the ones that AIM resolves from the IdP.
func (s accountSCIM) render(w *world.World, p world.Principal, proj projection, members bool) map[string]any {
	out := map[string]any{
		"schemas":    []string{schemaURN(p.Kind)},
		"id":         p.ID(),
		"account_id": w.Account.AccountID,
		"meta":       map[string]any{"resourceType": p.Kind.ResourceName()},
	}
	if p.Kind == world.KindGroup && s.assumed.GroupMeta == "omitted" {
		delete(out, "meta")
	}
	wire.SetText(out, "externalId", p.ExternalID())
	wire.SetText(out, "displayName", p.RawDisplayName())
	if roles := renderRoles(p.Roles()); len(roles) > 0 {
		out["roles"] = roles
	}
	switch p.Kind {
	case world.KindUser:
		renderUser(out, p.User)
	case world.KindServicePrincipal:
		out["applicationId"], out["active"] = p.SP.ApplicationID, p.SP.Active
	case world.KindGroup:
		if members && proj.wants("members") {
			if list := s.renderMembers(w, p.Group); len(list) > 0 {
				out["members"] = list
			}
		}
	}
	if proj.wants("groups") {
		if list := s.renderParents(w, p.ID()); len(list) > 0 && p.Kind != world.KindGroup {
			out["groups"] = list
		}
	}
	return proj.apply(out)
}

func renderUser(out map[string]any, u *world.User) {
	out["userName"], out["active"] = u.UserName, u.Active
	if u.Created != "" {
		out["meta"] = map[string]any{"resourceType": world.KindUser.ResourceName(), "created": u.Created}
	}
	if u.Name != nil {
		name := map[string]any{}
		wire.SetText(name, "givenName", u.Name.GivenName)
		wire.SetText(name, "familyName", u.Name.FamilyName)
		if len(name) > 0 {
			out["name"] = name
		}
	}
	emails := make([]map[string]any, 0, len(u.Emails))
	for _, e := range u.Emails {
		m := map[string]any{"value": e.Value}
		wire.SetText(m, "type", e.Type)
		if e.Primary {
			m["primary"] = true
		}
		emails = append(emails, m)
	}
	if len(emails) > 0 {
		out["emails"] = emails
	}
}

func renderRoles(roles []world.Role) []map[string]any {
	out := make([]map[string]any, 0, len(roles))
	for _, r := range roles {
		m := map[string]any{"value": r.Value}
		wire.SetText(m, "type", r.Type)
		out = append(out, m)
	}
	return out
}

// hidesMember reports whether account SCIM leaves a membership out: it does for
// those that AIM resolves from the IdP.
func (s accountSCIM) hidesMember(m world.Member) bool { return s.AIM && m.Source == world.SourceIDP }

func (s accountSCIM) renderMembers(w *world.World, g *world.Group) []map[string]any {
	out := make([]map[string]any, 0, len(g.Members))
	for _, m := range g.Members {
		if s.hidesMember(m) {
			continue
		}
		e := map[string]any{"value": m.Value}
		if p, ok := w.ByID[m.Value]; ok {
			wire.SetText(e, "display", p.Display())
			e["$ref"] = string(p.Kind) + "/" + m.Value
			if s.assumed.MemberType == "returned" {
				e["type"] = p.Kind.ResourceName()
			}
		}
		out = append(out, e)
	}
	return out
}

// renderParents are the groups that list a principal directly, by id. The
// attribute is not documented for accounts, but was seen.
func (s accountSCIM) renderParents(w *world.World, id string) []map[string]any {
	parents := slices.SortedFunc(maps.Keys(w.Parents[id]), world.CompareIDs)
	out := make([]map[string]any, 0, len(parents))
	for _, parent := range parents {
		g := w.ByID[parent].Group
		if s.AIM && slices.Contains(g.Members, world.Member{Value: id, Source: world.SourceIDP}) {
			continue
		}
		out = append(out, map[string]any{
			"value": parent, "display": g.DisplayName, "$ref": string(world.KindGroup) + "/" + parent, "type": "direct",
		})
	}
	return out
}
