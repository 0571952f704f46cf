// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Page sizes (docs/reference/idp-apis.md 5.2).
const (
	oktaUsersLimit   = 200
	oktaSearchLimit  = 10
	oktaGroupsLimit  = 10000
	oktaMembersLimit = 1000
	oktaAppsLimit    = 200

	oktaAppUsersLimit, oktaAppUsersMax   = 50, 500
	oktaPushLimit, oktaPushMax           = 100, 1000 // assumed
	oktaAppGroupsLimit, oktaAppGroupsMax = 20, 200   // The limit is the least that can be asked for too.
)

// oktaDate stands for every date: the state holds none.
const oktaDate = "2024-01-01T00:00:00.000Z"

// oktaStatus is the status of a user.
func (c *oktaCall) oktaStatus(u *world.IDPUser) string {
	switch {
	case u.OktaStatus != "":
		return u.OktaStatus
	case u.AccountEnabled:
		return "ACTIVE"
	case c.s.Assumed.DisabledAsSuspended:
		return "SUSPENDED"
	default:
		return "DEPROVISIONED"
	}
}

func (c *oktaCall) user(u *world.IDPUser) map[string]any {
	first, last := u.DisplayName, ""
	if i := strings.LastIndex(u.DisplayName, " "); i > 0 {
		first, last = u.DisplayName[:i], u.DisplayName[i+1:]
	}
	mail := u.Mail
	if mail == "" {
		mail = u.UserPrincipalName
	}
	return map[string]any{
		"id": u.ID, "status": c.oktaStatus(u), "created": oktaDate, "activated": oktaDate, "statusChanged": oktaDate,
		"lastLogin": nil, "lastUpdated": oktaDate, "passwordChanged": nil,
		"type": map[string]any{"id": "otysimulatedusertype"},
		"profile": map[string]any{
			"login": u.UserPrincipalName, "email": mail, "firstName": wire.OrNull(first), "lastName": wire.OrNull(last),
			"displayName": wire.OrNull(u.DisplayName), "secondEmail": nil, "mobilePhone": nil,
		},
		"credentials": map[string]any{"provider": map[string]any{"type": "OKTA", "name": "OKTA"}},
		"_links":      map[string]any{"self": map[string]any{"href": oktaOrg(c.r) + "/api/v1/users/" + u.ID}},
	}
}

func (c *oktaCall) group(g *world.IDPGroup) map[string]any {
	return map[string]any{
		"id": g.ID, "created": oktaDate, "lastUpdated": oktaDate, "lastMembershipUpdated": oktaDate,
		"objectClass": []string{"okta:user_group"}, "type": "OKTA_GROUP",
		"profile": map[string]any{"name": g.DisplayName, "description": nil},
		"_links":  map[string]any{"users": map[string]any{"href": oktaOrg(c.r) + "/api/v1/groups/" + g.ID + "/users"}},
	}
}

// listUsers leaves out deprovisioned users unless they are asked for, by a
// filter on that status or by any search.
func (c *oktaCall) listUsers() *oktaError {
	query := c.r.URL.Query()
	standard := oktaUsersLimit
	if query.Get("q") != "" {
		standard = oktaSearchLimit
	}
	limit, fail := c.limit(standard, oktaUsersLimit)
	if fail != nil {
		return fail
	}
	match, fail := c.filter(userFilterAttributes, userSearchAttributes)
	if fail != nil {
		return fail
	}
	prefix := strings.ToLower(query.Get("q"))
	withDeprovisioned := query.Get("search") != "" || strings.Contains(query.Get("filter"), `"DEPROVISIONED"`)
	all := c.d.Doc.Users
	return c.sorted(query.Get("search") != "", limit, len(all), func(i int) map[string]any {
		u := &all[i]
		if u.Deleted || !withDeprovisioned && c.oktaStatus(u) == "DEPROVISIONED" {
			return nil
		}
		body := c.user(u)
		if !match(body) || !hasNamePrefix(body, prefix) {
			return nil
		}
		return body
	})
}

// hasNamePrefix is the q parameter: first name, last name or email begin so.
func hasNamePrefix(user map[string]any, prefix string) bool {
	if prefix == "" {
		return true
	}
	for _, attribute := range []string{"profile.firstName", "profile.lastName", "profile.email"} {
		value, _ := oktaValue(user, attribute).(string)
		if value != "" && strings.HasPrefix(strings.ToLower(value), prefix) {
			return true
		}
	}
	return false
}

// findUser looks up by id, login, or login without its domain if that is unique.
func (c *oktaCall) findUser(name string) *world.IDPUser {
	if u := c.d.Users[strings.ToLower(name)]; u != nil && u.ID == name && !u.Deleted {
		return u // Okta ids are case-sensitive.
	}
	if named := c.d.UsersByName[world.NameKey(name)]; len(named) > 0 {
		return named[0]
	}
	var found *world.IDPUser
	for i := range c.d.Doc.Users {
		u := &c.d.Doc.Users[i]
		short, _, _ := strings.Cut(u.UserPrincipalName, "@")
		if u.Deleted || !strings.EqualFold(short, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = u
	}
	return found
}

// me is the user that an API token belongs to, which the Terraform provider reads
// before anything else: the first one who can sign in (assumed, like that a
// service app is no user).
func (c *oktaCall) me() *world.IDPUser {
	if scopes, _ := c.s.oktaScopes(c.r); scopes != nil {
		return nil
	}
	for i := range c.d.Doc.Users {
		if u := &c.d.Doc.Users[i]; !u.Deleted && c.oktaStatus(u) == "ACTIVE" {
			return u
		}
	}
	return nil
}

func (c *oktaCall) addressedUser() (*world.IDPUser, *oktaError) {
	id := c.r.PathValue("id")
	u := c.findUser(id)
	if u == nil && id == "me" {
		u = c.me()
	}
	if u == nil {
		return nil, oktaNotFound(id, "User")
	}
	return u, nil
}

func (c *oktaCall) getUser() *oktaError {
	u, fail := c.addressedUser()
	if fail != nil {
		return fail
	}
	wire.WriteJSON(c.rw, http.StatusOK, c.user(u))
	return nil
}

// userGroups is not paged (docs/reference/idp-apis.md 5.2).
func (c *oktaCall) userGroups() *oktaError {
	u, fail := c.addressedUser()
	if fail != nil {
		return fail
	}
	rows := []any{}
	for _, g := range c.d.Parents[strings.ToLower(u.ID)] {
		rows = append(rows, c.group(g))
	}
	wire.WriteJSON(c.rw, http.StatusOK, rows)
	return nil
}

// userRoles are administrator roles of the org: the state has none.
func (c *oktaCall) userRoles() *oktaError {
	if _, fail := c.addressedUser(); fail != nil {
		return fail
	}
	wire.WriteJSON(c.rw, http.StatusOK, []any{})
	return nil
}

func (c *oktaCall) listGroups() *oktaError {
	limit, fail := c.limit(oktaGroupsLimit, oktaGroupsLimit)
	if fail != nil {
		return fail
	}
	match, fail := c.filter(groupFilterAttributes, groupSearchAttributes)
	if fail != nil {
		return fail
	}
	prefix := strings.ToLower(c.r.URL.Query().Get("q"))
	all := c.d.Doc.Groups
	return c.sorted(c.r.URL.Query().Get("search") != "", limit, len(all), func(i int) map[string]any {
		g := &all[i]
		if g.Deleted || !strings.HasPrefix(strings.ToLower(g.DisplayName), prefix) {
			return nil
		}
		if body := c.group(g); match(body) {
			return body
		}
		return nil
	})
}

func (c *oktaCall) findGroup() (*world.IDPGroup, *oktaError) {
	id := c.r.PathValue("id")
	g := c.d.Groups[strings.ToLower(id)]
	if g == nil || g.Deleted || g.ID != id {
		return nil, oktaNotFound(id, "UserGroup")
	}
	return g, nil
}

func (c *oktaCall) getGroup() *oktaError {
	g, fail := c.findGroup()
	if fail != nil {
		return fail
	}
	wire.WriteJSON(c.rw, http.StatusOK, c.group(g))
	return nil
}

func (c *oktaCall) groupUsers() *oktaError {
	limit, fail := c.limit(oktaMembersLimit, oktaMembersLimit)
	if fail != nil {
		return fail
	}
	g, fail := c.findGroup()
	if fail != nil {
		return fail
	}
	match, fail := c.filter(nil, userSearchAttributes)
	if fail != nil {
		return fail
	}
	return c.sorted(true, limit, len(g.Members), func(i int) map[string]any {
		u := c.d.Users[strings.ToLower(g.Members[i])]
		if u == nil || u.Deleted {
			return nil
		}
		if body := c.user(u); match(body) {
			return body
		}
		return nil
	})
}

// sorted lists in the order of sortBy and sortOrder where they may be asked for:
// in searches and among the users of a group.
func (c *oktaCall) sorted(may bool, limit, n int, row func(i int) map[string]any) *oktaError {
	by := c.r.URL.Query().Get("sortBy")
	if !may || by == "" {
		return c.list(limit, n, row)
	}
	var all []map[string]any
	for i := range n {
		if body := row(i); body != nil {
			all = append(all, body)
		}
	}
	sign := 1
	if strings.EqualFold(c.r.URL.Query().Get("sortOrder"), "desc") {
		sign = -1
	}
	slices.SortStableFunc(all, func(a, b map[string]any) int {
		x, _ := oktaValue(a, by).(string)
		y, _ := oktaValue(b, by).(string)
		return sign * cmp.Compare(strings.ToLower(x), strings.ToLower(y))
	})
	return c.list(limit, len(all), func(i int) map[string]any { return all[i] })
}
