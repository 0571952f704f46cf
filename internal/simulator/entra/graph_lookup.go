// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// maxGetByIDs is the limit of one call (docs/reference/idp-apis.md 3.2).
const maxGetByIDs = 1000

// listOf lists a kind.
func listOf(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		q, fail := c.query(k)
		if fail != nil {
			return fail
		}
		return c.sendPage(selection(k.path, q), q, c.ordered(q, k.all(c.d), true), c.renderer(q))
	}
}

// renderer makes the rows of one kind.
func (c *graphCall) renderer(q graphQuery) func(o graphObject) map[string]any {
	return func(o graphObject) map[string]any {
		row := q.kind.render(o, q.selected)
		if q.expand && o.group != nil {
			row["members"] = c.expanded(o.group)
		}
		return row
	}
}

// expanded are the members under $expand: service principals included, at most
// 20, without a next link (docs/reference/idp-apis.md 3.1 and 3.3).
func (c *graphCall) expanded(g *world.IDPGroup) []any {
	out := []any{}
	if c.hidden(g) {
		return out
	}
	for _, id := range g.Members {
		if o, ok := liveObject(c.d, id); ok && len(out) < graphMaxExpand {
			out = append(out, c.mixedRow(o, nil))
		}
	}
	return out
}

// mixedRow is a row of a list of several types: it names its type, and shows
// only the id of a type that the caller must not read.
func (c *graphCall) mixedRow(o graphObject, selected []string) map[string]any {
	k := o.kind()
	var row map[string]any
	if c.may(k.needs...) {
		row = k.render(o, selected)
	} else {
		row = k.bare(o, selected)
	}
	row["@odata.type"] = "#microsoft.graph." + k.odata
	return row
}

// oneOf gets one object of a kind by id, a user also by userPrincipalName.
func oneOf(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		id := c.r.PathValue("id")
		q, fail := c.query(k)
		if fail != nil {
			return fail
		}
		if id == "$count" {
			return c.sendCount(q, k.all(c.d))
		}
		o, fail := c.addressed(k)
		if fail != nil {
			return fail
		}
		return c.sendOne(q, o)
	}
}

// addressed is the object of a kind that the path names by id, a user also by
// userPrincipalName.
func (c *graphCall) addressed(k *graphKind) (graphObject, *graphError) {
	id := c.r.PathValue("id")
	o, ok := liveObject(c.d, id)
	if !ok && k == graphUser {
		if named := c.d.UsersByName[world.NameKey(id)]; len(named) > 0 {
			o, ok = graphObject{user: named[0]}, true
		}
	}
	switch {
	case ok && o.kind() == k:
		return o, nil
	case k != graphUser && !guidPattern.MatchString(id):
		return o, graphBadRequest("Request_BadRequest", "Invalid object identifier '%s'.", id)
	}
	return o, graphNotFound(id)
}

func (c *graphCall) sendOne(q graphQuery, o graphObject) *graphError {
	return c.ok(selection(q.kind.path, q)+"/$entity", c.renderer(q)(o))
}

// byKey gets a service principal by its alternate key, servicePrincipals(appId='..').
func (c *graphCall) byKey() *graphError {
	segment := c.r.PathValue("resource")
	name, rest, found := strings.Cut(segment, "(")
	key, closed := strings.CutSuffix(rest, ")")
	prop, value, equals := strings.Cut(key, "=")
	if !found || !closed || !equals || name != graphSP.path || !strings.EqualFold(strings.TrimSpace(prop), "appId") {
		return graphBadRequest("BadRequest", "Resource not found for the segment '%s'.", segment)
	}
	if !c.may(readSPs...) {
		return graphForbidden
	}
	appID, end, ok := quoted(strings.TrimSpace(value), 0)
	if !ok || end != len(strings.TrimSpace(value)) {
		return graphBadRequest("BadRequest", "Bad Request - Error in query syntax.")
	}
	q, fail := c.query(graphSP)
	if fail != nil {
		return fail
	}
	matches := c.d.SPsByAppID[strings.ToLower(appID)]
	if len(matches) == 0 {
		return graphNotFound(appID)
	}
	return c.sendOne(q, graphObject{sp: matches[0]})
}

func (c *graphCall) directoryObject() *graphError {
	id := c.r.PathValue("id")
	q, fail := c.query(nil)
	if fail != nil {
		return fail
	}
	o, ok := liveObject(c.d, id)
	if !ok {
		return graphNotFound(id)
	}
	return c.ok("directoryObjects/$entity", c.mixedRow(o, q.selected))
}

// getByIDs resolves ids of any type; those that do not exist, are deleted or
// are of another type than asked for are missing without a word.
func (c *graphCall) getByIDs() *graphError {
	if fail := c.mayGetByIDs(); fail != nil {
		return fail
	}
	var body struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&body); err != nil {
		return graphBadRequest("BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	switch {
	case len(body.IDs) == 0:
		return graphBadRequest("Request_BadRequest", "The collection parameter 'ids' must not be empty.")
	case len(body.IDs) > maxGetByIDs:
		return graphBadRequest("Request_BadRequest", "Too many elements in parameter 'ids': %d. Max allowed: %d.", len(body.IDs), maxGetByIDs)
	}
	for _, id := range body.IDs {
		if !guidPattern.MatchString(id) {
			return graphBadRequest("Request_BadRequest", "Invalid object identifier '%s'.", id)
		}
	}
	for _, name := range body.Types {
		known := func(k *graphKind) bool { return strings.EqualFold(k.odata, name) }
		_, other := castKind("microsoft.graph." + name)
		if !slices.ContainsFunc(graphKinds, known) && !other && !strings.EqualFold(name, "directoryObject") {
			return graphBadRequest("Request_BadRequest", "Invalid type name '%s'.", name)
		}
	}
	var found []string
	seen := map[string]bool{}
	for _, id := range body.IDs {
		o, ok := liveObject(c.d, id)
		wanted := func(name string) bool {
			return strings.EqualFold(name, "directoryObject") || ok && strings.EqualFold(o.kind().odata, name)
		}
		if ok && !seen[o.id()] && (len(body.Types) == 0 || slices.ContainsFunc(body.Types, wanted)) {
			seen[o.id()] = true
			found = append(found, o.id())
		}
	}
	return c.sendByIDs(found)
}

func (c *graphCall) mayGetByIDs() *graphError {
	allowed := readAll
	if c.s.Assumed.LookupAnyPermission {
		allowed = slices.Concat(readAll, readUsers, readMembers, readSPs)
	}
	if !c.may(allowed...) {
		return graphForbidden
	}
	return nil
}

// sendByIDs answers with the first page and keeps the rest for the next link.
func (c *graphCall) sendByIDs(ids []string) *graphError {
	var selected []string
	if c.s.Assumed.LookupSelect {
		q, fail := c.query(nil)
		if fail != nil {
			return fail
		}
		selected = q.selected
	}
	body := map[string]any{}
	if size := c.s.Assumed.LookupPageSize; size > 0 && len(ids) > size {
		body["@odata.nextLink"] = c.linkWith(c.root+"/directoryObjects/getByIds", c.s.owe(c.s.IDs.Next(), ids[size:]))
		ids = ids[:size]
	}
	rows := make([]any, 0, len(ids))
	for _, id := range ids {
		if o, ok := liveObject(c.d, id); ok {
			rows = append(rows, c.mixedRow(o, selected))
		}
	}
	body["value"] = rows
	return c.ok("directoryObjects", body)
}

// maxOwed is how many continuations of getByIds are kept.
const maxOwed = 1000

func (s *Face) owe(token string, ids []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later[token] = ids
	s.laterOrder = append(s.laterOrder, token)
	if len(s.laterOrder) > maxOwed {
		delete(s.later, s.laterOrder[0])
		s.laterOrder = s.laterOrder[1:]
	}
	return token
}

// getByIDsNext is the rest of a getByIds call.
func (c *graphCall) getByIDsNext() *graphError {
	if fail := c.mayGetByIDs(); fail != nil {
		return fail
	}
	c.s.mu.Lock()
	ids, ok := c.s.later[c.r.URL.Query().Get("$skiptoken")]
	c.s.mu.Unlock()
	if !ok {
		return graphBadRequest("Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be used.")
	}
	c.r.URL.RawQuery = strings.Join(slices.DeleteFunc(strings.Split(c.r.URL.RawQuery, "&"), func(part string) bool {
		return strings.HasPrefix(part, "$skiptoken=") || strings.HasPrefix(part, "%24skiptoken=")
	}), "&")
	return c.sendByIDs(ids)
}

// deletedItems lists the recycle bin for one type, or gets one object of it by
// id. The cast is mandatory for lists.
func (c *graphCall) deletedItems() *graphError {
	segment := c.r.PathValue("cast")
	if guidPattern.MatchString(segment) {
		return c.deletedItem(segment)
	}
	k, ok := castKind(segment)
	if !ok {
		return graphBadRequest("BadRequest", "Resource not found for the segment '%s'.", segment)
	}
	if k == nil {
		return c.ok("directoryObjects", map[string]any{"value": []any{}})
	}
	if !c.may(deletedNeeds(k)...) {
		return graphForbidden
	}
	q, fail := c.query(k)
	if fail != nil {
		return fail
	}
	all := c.inBin(k)
	return c.sendPage(selection(k.path, q), q, c.ordered(q, seqOf(all), false), c.renderer(q))
}

// deletedNeeds are the permissions of the recycle bin (docs/reference/idp-apis.md 3.6).
func deletedNeeds(k *graphKind) []string {
	if k == graphGroup {
		return readGroups
	}
	return k.needs
}

func (c *graphCall) inBin(k *graphKind) []graphObject {
	var all []graphObject
	keep := c.s.Assumed.DeletedSecurityGroups
	switch k {
	case graphUser:
		for i := range c.d.Doc.Users {
			all = append(all, graphObject{user: &c.d.Doc.Users[i]})
		}
	case graphGroup:
		for i := range c.d.Doc.Groups {
			if g := &c.d.Doc.Groups[i]; keep || !g.SecurityEnabled {
				all = append(all, graphObject{group: g})
			}
		}
	default:
		for i := range c.d.Doc.ServicePrincipals {
			all = append(all, graphObject{sp: &c.d.Doc.ServicePrincipals[i]})
		}
	}
	return slices.DeleteFunc(all, func(o graphObject) bool { return !o.deleted() })
}

func (c *graphCall) deletedItem(id string) *graphError {
	o, ok := objectOf(c.d, id)
	if !ok || !slices.Contains(c.inBin(o.kind()), o) {
		return graphNotFound(id)
	}
	if !c.may(deletedNeeds(o.kind())...) {
		return graphForbidden
	}
	return c.ok("directoryObjects/$entity", c.mixedRow(o, nil))
}

func (c *graphCall) organization() *graphError {
	var verified []any
	for i, name := range c.d.Domains() {
		verified = append(verified, map[string]any{
			"name": name, "isDefault": i == 0, "isInitial": strings.HasSuffix(name, ".onmicrosoft.com"),
			"type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline",
		})
	}
	return c.ok("organization", map[string]any{"value": []any{map[string]any{
		"id": c.d.TenantID(), "displayName": "Simulated tenant", "tenantType": "AAD", "createdDateTime": longAgo,
		"verifiedDomains": verified,
	}}})
}

func (c *graphCall) domains() *graphError {
	var all []any
	for i, name := range c.d.Domains() {
		all = append(all, map[string]any{
			"id": name, "isVerified": true, "isDefault": i == 0, "isRoot": true, "isAdminManaged": true,
			"isInitial": strings.HasSuffix(name, ".onmicrosoft.com"), "authenticationType": "Managed",
			"supportedServices": []string{"Email"},
		})
	}
	return c.ok("domains", map[string]any{"value": all})
}
