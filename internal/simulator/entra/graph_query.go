// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Page sizes of directory objects (docs/reference/idp-apis.md 3.1 and 3.3).
const (
	graphDefaultTop = 100
	graphMaxTop     = 999
	graphMaxExpand  = 20
)

// graphQuery is the OData part of a request.
type graphQuery struct {
	kind     *graphKind // nil for lists of several types
	selected []string
	filter   *graphFilter
	order    string
	down     bool
	expand   bool // members
	count    bool
	// advanced is the pair of $count=true and ConsistencyLevel: eventual.
	advanced bool
	top      int
	start    int
}

// query reads and checks the options. kind is nil for lists of several types.
func (c *graphCall) query(kind *graphKind) (graphQuery, *graphError) {
	q := graphQuery{kind: kind, top: graphDefaultTop}
	values := c.r.URL.Query()
	eventual := strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual")
	q.count = strings.EqualFold(values.Get("$count"), "true")
	q.advanced = eventual && q.count
	if q.advanced && len(c.r.URL.RequestURI()) > 2048 && !wire.IsNested(c.r) {
		return q, graphBadRequest("Request_UnsupportedQuery", "The URL of an advanced query is limited to 2048 characters.")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if fail := c.option(&q, key, values.Get(key)); fail != nil {
			return q, fail
		}
	}
	if q.order != "" && q.filter != nil && !q.advanced {
		return q, graphBadRequest("Request_UnsupportedQuery", "Sorting not supported for current query.")
	}
	return q, nil
}

func (c *graphCall) option(q *graphQuery, key, value string) *graphError {
	switch key {
	case "$top":
		top, err := strconv.Atoi(value)
		if err != nil || top < 1 || top > graphMaxTop {
			return graphBadRequest("Request_UnsupportedQuery", "Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", value, graphMaxTop)
		}
		q.top = top
	case "$select":
		return q.readSelect(value)
	case "$filter":
		if q.kind == graphSP && c.s.Assumed.TemplateFilterRefused && strings.Contains(value, "applicationTemplateId") {
			return graphBadRequest("Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'applicationTemplateId' of resource 'ServicePrincipal'.")
		}
		filter, fail := parseGraphFilter(q, value)
		q.filter = filter
		return fail
	case "$orderby":
		return q.readOrder(value)
	case "$expand":
		if q.kind != graphGroup || !strings.EqualFold(strings.TrimSpace(value), "members") {
			return graphBadRequest("Request_UnsupportedQuery", "Unsupported $expand '%s': the simulator expands members of groups.", value)
		}
		q.expand = true
	case "$count", "$format":
	case "$skiptoken":
		start, err := readSkipToken(value)
		if err != nil {
			return graphBadRequest("Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be used.")
		}
		q.start = start
	case "$skip":
		return graphBadRequest("Request_BadRequest", "'$skip' is not supported by the service.")
	case "$search":
		return graphBadRequest("Request_UnsupportedQuery", "The simulator does not know $search; use $filter.")
	default:
		// OData refuses unknown system options and ignores everything else.
		if strings.HasPrefix(key, "$") {
			return graphBadRequest("BadRequest", "The query parameter '%s' is not supported.", key)
		}
	}
	return nil
}

func (q *graphQuery) readSelect(value string) *graphError {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		proper, known := "", false
		kinds := graphKinds
		if q.kind != nil {
			kinds = []*graphKind{q.kind}
		}
		for _, k := range kinds {
			if p, ok := k.prop(name); ok {
				proper, known = p, true
				break
			}
		}
		if !known {
			of := "directoryObject"
			if q.kind != nil {
				of = q.kind.odata
			}
			return graphBadRequest("BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, of)
		}
		if !slices.Contains(q.selected, proper) {
			q.selected = append(q.selected, proper)
		}
	}
	return nil
}

func (q *graphQuery) readOrder(value string) *graphError {
	name, direction, _ := strings.Cut(strings.TrimSpace(value), " ")
	if !slices.Contains([]string{"displayName", "userPrincipalName"}, name) || q.kind == nil || q.kind.props[name] == nil ||
		!slices.Contains([]string{"", "asc", "desc"}, strings.ToLower(strings.TrimSpace(direction))) {
		return graphBadRequest("Request_UnsupportedQuery", "Unsupported sort property '%s'.", value)
	}
	q.order, q.down = name, strings.EqualFold(strings.TrimSpace(direction), "desc")
	return nil
}

// A skip token is a position. It is opaque to clients, and only good for the
// query that it came from, which the next link repeats.
func skipToken(position int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "dbx1.%d.page", position))
}

func readSkipToken(token string) (int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	middle, ok := strings.CutPrefix(string(raw), "dbx1.")
	middle, end := strings.CutSuffix(middle, ".page")
	n, err := strconv.Atoi(middle)
	if !ok || !end || err != nil || n < 0 {
		return 0, fmt.Errorf("skip token %q is none of ours", token)
	}
	return n, nil
}

// nextLink is the absolute URL of the next page: the same query from position on.
func (c *graphCall) nextLink(position int) string {
	return c.linkWith(c.r.URL.EscapedPath(), skipToken(position))
}

func (c *graphCall) linkWith(path, token string) string {
	host := c.s.Assumed.NextLinkHost
	if host == "" {
		host = c.origin()
	}
	values := c.r.URL.Query()
	values.Set("$skiptoken", token)
	// Graph leaves the dollar signs of the option names as they are.
	return strings.TrimSuffix(host, "/") + path + "?" + strings.NewReplacer("?%24", "?$", "&%24", "&$").Replace("?" + values.Encode())[1:]
}

// page reads one page. next is the position that goes on, -1 at the end.
func (c *graphCall) page(q graphQuery, seq graphSeq) (items []graphObject, next int) {
	top := c.s.Paging.Size(q.top)
	if c.s.Assumed.ShortPages {
		top = (top + 1) / 2
	}
	at, fault := q.start, wire.ListFaultOf(c.r)
	if fault.EmptyPage {
		return nil, at
	}
	if at > 0 {
		at = max(0, at-fault.Shift)
		if fault.Duplicate {
			at = max(0, at-1)
		}
	}
	for ; at < seq.n; at++ {
		o, ok := seq.at(at)
		if !ok || q.filter != nil && !q.filter.match(o) {
			continue
		}
		if len(items) == top {
			return items, at
		}
		items = append(items, o)
	}
	return items, -1
}

// ordered sorts the whole sequence when the query asks for it. Filters with
// indexed properties read the index in place of everything.
func (c *graphCall) ordered(q graphQuery, seq graphSeq, whole bool) graphSeq {
	if whole && q.filter != nil {
		if found, ok := candidates(c.d, q.kind, q.filter); ok {
			seq = seqOf(found)
		}
	}
	if q.order == "" {
		return seq
	}
	var all []graphObject
	for i := range seq.n {
		if o, ok := seq.at(i); ok {
			all = append(all, o)
		}
	}
	get := q.kind.props[q.order]
	slices.SortStableFunc(all, func(a, b graphObject) int {
		x, _ := get(a).(string)
		y, _ := get(b).(string)
		order := cmp.Compare(strings.ToLower(x), strings.ToLower(y))
		if q.down {
			return -order
		}
		return order
	})
	return seqOf(all)
}

// candidates are the objects that indexes offer for a filter, sorted by id: a
// superset of the matches. ok is false where no index helps.
func candidates(d *world.Directory, k *graphKind, f *graphFilter) ([]graphObject, bool) {
	var out []graphObject
	switch f.op {
	case "eq", "in":
		for _, value := range f.values {
			s, isText := value.(string)
			if !isText {
				return nil, false
			}
			if f.prop == "id" {
				if o, ok := liveObject(d, s); ok && o.kind() == k {
					out = append(out, o)
				}
				continue
			}
			found, ok := k.index(d, f.prop, s)
			if !ok {
				return nil, false
			}
			out = append(out, found...)
		}
	case "or":
		for _, kid := range f.kids {
			found, ok := candidates(d, k, kid)
			if !ok {
				return nil, false
			}
			out = append(out, found...)
		}
	case "and":
		for _, kid := range f.kids {
			if found, ok := candidates(d, k, kid); ok {
				return found, true
			}
		}
		return nil, false
	default:
		return nil, false
	}
	slices.SortFunc(out, func(a, b graphObject) int { return cmp.Compare(a.id(), b.id()) })
	return slices.CompactFunc(out, func(a, b graphObject) bool { return a == b }), true
}

// countAll is the number of matches over all pages.
func countAll(q graphQuery, seq graphSeq) int {
	n := 0
	for i := range seq.n {
		if o, ok := seq.at(i); ok && (q.filter == nil || q.filter.match(o)) {
			n++
		}
	}
	return n
}

// sendPage answers with a page; render makes the rows.
func (c *graphCall) sendPage(context string, q graphQuery, seq graphSeq, render func(o graphObject) map[string]any) *graphError {
	items, next := c.page(q, seq)
	rows := make([]any, 0, len(items))
	for _, o := range items {
		rows = append(rows, render(o))
	}
	body := map[string]any{"value": rows}
	if next >= 0 {
		body["@odata.nextLink"] = c.nextLink(next)
	}
	// Without ConsistencyLevel $count=true is ignored (assumed).
	if q.advanced {
		body["@odata.count"] = countAll(q, seq)
	}
	return c.ok(context, body)
}

// sendCount answers a /$count segment, which needs ConsistencyLevel.
func (c *graphCall) sendCount(q graphQuery, seq graphSeq) *graphError {
	if !strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual") {
		return graphBadRequest("Request_BadRequest", "$count is not currently supported.")
	}
	c.rw.Header().Set("Content-Type", "text/plain")
	c.rw.WriteHeader(http.StatusOK)
	_, _ = fmt.Fprint(c.rw, countAll(q, seq))
	return nil
}

// selection is the context of a response with $select.
func selection(path string, q graphQuery) string {
	if len(q.selected) == 0 {
		return path
	}
	return path + "(" + strings.Join(q.selected, ",") + ")"
}
