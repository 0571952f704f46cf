// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package scim

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// maxPage is the largest page of account SCIM, documented for users and groups;
// larger values of count are clamped to it.
const maxPage = 100

// scimQuery is a parsed list request.
type scimQuery struct {
	start, count int // start is 1-based
	filter       func(world.Principal) bool
	// exactName, if set, is the lower-cased unique name that a filter of one
	// comparison asks for: the index answers it.
	exactName string
	sortBy    scimAttr
	sorted    bool
	descend   bool
	proj      projection
}

func (s accountSCIM) parseQuery(kind world.Kind, q url.Values) (scimQuery, *scimError) {
	a := s.assumed
	out := scimQuery{proj: parseProjection(kind, q)}
	var failure *scimError
	if out.start, failure = intParam(q, "startIndex", 1); failure != nil {
		return out, failure
	}
	if out.count, failure = intParam(q, "count", maxPage); failure != nil {
		return out, failure
	}
	// RFC 7644 3.4.2.4: a startIndex below 1 is 1, a negative count is 0.
	out.start, out.count = max(out.start, 1), min(max(out.count, 0), maxPage)
	if text := q.Get("filter"); text != "" {
		e, err := parseFilter(text, a.FilterOperators == "rfc")
		if err == nil {
			out.filter, err = a.compileFilter(kind, e)
		}
		if err != nil {
			return out, badRequest("invalidFilter", "%s", err)
		}
		out.exactName = exactName(kind, e)
	}
	if name := q.Get("sortBy"); name != "" {
		// Assumed: an unknown attribute does not sort, as RFC 7644 allows.
		out.sortBy, out.sorted = a.filterable(kind, name)
	}
	switch strings.ToLower(q.Get("sortOrder")) {
	case "", "ascending":
	case "descending":
		out.descend = true
	default:
		return out, badRequest("invalidValue", "sortOrder must be ascending or descending, not %q.", q.Get("sortOrder"))
	}
	return out, nil
}

func intParam(q url.Values, name string, absent int) (int, *scimError) {
	text := q.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		return n, nil // Clamped by Atoi.
	}
	if err != nil {
		return 0, badRequest("invalidValue", "%s must be a number, not %q.", name, text)
	}
	return n, nil
}

// exactName is the lower-cased name when a filter is "unique name eq text".
func exactName(kind world.Kind, e filterExpr) string {
	c, ok := e.(filterCompare)
	if !ok || c.op != "eq" {
		return ""
	}
	unique := map[world.Kind]string{world.KindUser: "username", world.KindGroup: "displayname", world.KindServicePrincipal: "applicationid"}
	name, ok := c.value.(string)
	if !ok || strings.ToLower(trimURN(kind, c.attr)) != unique[kind] {
		return ""
	}
	return strings.ToLower(name)
}

// scimList answers a page.
func (s accountSCIM) scimList(r *http.Request, kind world.Kind) (scimReply, *scimError) {
	q, failure := s.parseQuery(kind, r.URL.Query())
	if failure != nil {
		return scimReply{}, failure
	}
	var body map[string]any
	listed := s.assumed.GroupListMembers != "omitted"
	s.View(func(w *world.World) {
		body = s.scimPage(r, q, s.selection(r, w, kind, q), func(p world.Principal) map[string]any {
			return s.assumed.listedMembers(s.render(w, p, q.proj, listed))
		})
	})
	return scimReply{status: http.StatusOK, body: body}, nil
}

// listedMembers is an entry of a list with those members that lists show.
func (a Assumptions) listedMembers(entry map[string]any) map[string]any {
	members, _ := entry["members"].([]map[string]any)
	most := len(members)
	switch a.GroupListMembers {
	case "cut_100":
		most = 100
	case "cut_1000":
		most = 1000
	case "some":
		if id, _ := entry["id"].(string); strings.HasSuffix(id, "1") || strings.HasSuffix(id, "3") || strings.HasSuffix(id, "5") {
			most = 0
		}
	case "stale":
		most--
	}
	if most = min(most, len(members)); most > 0 {
		entry["members"] = members[:most]
	} else {
		delete(entry, "members")
	}
	return entry
}

// scimPage is the page of a list that a query asks for, shaped as the list
// faults want.
func (s accountSCIM) scimPage(r *http.Request, q scimQuery, list world.List, render func(world.Principal) map[string]any) map[string]any {
	start, first, count, total := q.start, q.start-1, s.Paging.Size(q.count), list.Len
	if fault := wire.ListFaultOf(r); first > 0 {
		// An insertion or deletion at the front since the first page.
		first, total = max(0, first-fault.Shift), max(0, total+fault.Shift)
		if fault.Duplicate && first > 0 && first < list.Len && count > 0 {
			// The page starts one earlier and says so: neither clients that add
			// up resources nor those that add up count lose an element.
			first, start, count = first-1, start-1, count+1
		}
	}
	page := make([]map[string]any, 0, max(0, min(count, list.Len-first)))
	for i := first; i < list.Len && len(page) < count; i++ {
		page = append(page, render(list.At(i)))
	}
	out := map[string]any{
		"schemas": []string{schemaList}, "totalResults": total, "startIndex": start, "itemsPerPage": len(page),
	}
	if len(page) > 0 || s.assumed.EmptyResources == "returned" {
		out["Resources"] = page
	}
	return out
}

func listOf(principals []world.Principal) world.List {
	return world.List{Len: len(principals), At: func(i int) world.Principal { return principals[i] }}
}

// selection is what a query lists, in its order.
func (s accountSCIM) selection(r *http.Request, w *world.World, kind world.Kind, q scimQuery) world.List {
	all, stale := s.VisibleAll(wire.IsStale(r), w, kind)
	if !stale {
		switch {
		case q.exactName != "":
			all = w.Named(kind, q.exactName)
		case q.filter == nil && !q.sorted:
			return w.Everyone(kind)
		default:
			all = w.All(kind)
		}
	}
	return q.choose(all)
}

// choose filters and sorts a list that no one else holds.
func (q scimQuery) choose(all []world.Principal) world.List {
	if q.filter != nil {
		all = slices.DeleteFunc(all, func(p world.Principal) bool { return !q.filter(p) })
	}
	if q.sorted {
		slices.SortStableFunc(all, q.compare)
	}
	return listOf(all)
}

// compare orders by the first value, those without one last; descending is the
// reverse (RFC 7644 3.4.2.3). Equal ones stay in order of ids.
func (q scimQuery) compare(a, b world.Principal) int {
	va, vb := q.sortBy.values(a), q.sortBy.values(b)
	c := cmp.Compare(min(len(vb), 1), min(len(va), 1))
	if len(va) > 0 && len(vb) > 0 {
		c = cmp.Compare(sortKey(va[0], q.sortBy.exact), sortKey(vb[0], q.sortBy.exact))
	}
	if q.descend {
		return -c
	}
	return c
}

func sortKey(v any, exact bool) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		if exact {
			return v
		}
		return strings.ToLower(v)
	default:
		return ""
	}
}
