// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"encoding/json"
	"slices"
	"strings"
)

const (
	maxMemberGroups = 11000 // docs/reference/idp-apis.md 3.3
	maxCheckGroups  = 20
)

// memberGroupRoutes are the actions that answer with ids of groups. k is nil for
// objects of any type.
func memberGroupRoutes(path string, k *graphKind) []graphRoute {
	return []graphRoute{
		{"POST /" + path + "/{id}/getMemberGroups", 1, readMembers, getMemberGroups(k)},
		{"POST /" + path + "/{id}/microsoft.graph.getMemberGroups", 1, readMembers, getMemberGroups(k)},
		{"POST /" + path + "/{id}/checkMemberGroups", 1, readMembers, checkMemberGroups(k)},
		{"POST /" + path + "/{id}/microsoft.graph.checkMemberGroups", 1, readMembers, checkMemberGroups(k)},
	}
}

// getMemberGroups lists the groups above an object, over all levels.
func getMemberGroups(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		var body struct {
			SecurityEnabledOnly bool `json:"securityEnabledOnly"`
		}
		groups, fail := c.groupsOf(k, &body)
		if fail != nil {
			return fail
		}
		groups = slices.DeleteFunc(groups, func(id string) bool {
			return body.SecurityEnabledOnly && !c.d.Groups[strings.ToLower(id)].SecurityEnabled
		})
		if len(groups) > maxMemberGroups {
			return graphBadRequest("Directory_ResultSizeLimitExceeded", "The query specified returns too many results.")
		}
		return c.ok("Collection(Edm.String)", map[string]any{"value": groups})
	}
}

// checkMemberGroups reports which of the named groups are above an object.
func checkMemberGroups(k *graphKind) graphHandler {
	return func(c *graphCall) *graphError {
		var body struct {
			GroupIDs []string `json:"groupIds"`
		}
		groups, fail := c.groupsOf(k, &body)
		if fail != nil {
			return fail
		}
		if n := len(body.GroupIDs); n == 0 || n > maxCheckGroups {
			return graphBadRequest("Request_BadRequest", "The parameter 'groupIds' takes 1 to %d ids, not %d.", maxCheckGroups, n)
		}
		groups = slices.DeleteFunc(groups, func(id string) bool {
			return !slices.ContainsFunc(body.GroupIDs, func(asked string) bool { return strings.EqualFold(asked, id) })
		})
		return c.ok("Collection(Edm.String)", map[string]any{"value": groups})
	}
}

// groupsOf reads the body and returns the ids of the groups above the addressed
// object that the caller may see.
func (c *graphCall) groupsOf(k *graphKind, body any) ([]string, *graphError) {
	var o graphObject
	var fail *graphError
	if k == nil {
		var ok bool
		if o, ok = liveObject(c.d, c.r.PathValue("id")); !ok {
			return nil, graphNotFound(c.r.PathValue("id"))
		}
	} else if o, fail = c.addressed(k); fail != nil {
		return nil, fail
	}
	if err := json.NewDecoder(c.r.Body).Decode(body); err != nil {
		return nil, graphBadRequest("BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return c.visibleGroups(c.d.AncestorIDs(strings.ToLower(o.id()))), nil
}

// visibleGroups leaves out groups whose members the caller must not see.
func (c *graphCall) visibleGroups(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool {
		g := c.d.Groups[strings.ToLower(id)]
		return g == nil || c.hidden(g)
	})
}
