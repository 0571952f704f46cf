// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// Calls as they are named in [audit.Failure].
const (
	callGetByIDs = "look up IdP objects by id"
	callFilter   = "look up IdP objects by name"
)

const (
	graphPage = 999  // $top of a list, its maximum (idp-apis, section 3.1)
	graphIDs  = 1000 // ids of one getByIds call, its maximum (section 3.2)
	binPages  = 10   // pages of a recycle bin that are read as evidence
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// asked is what the principals of one type need.
type asked struct {
	objectType
	names []string // as they are spelled, once in any case
	ids   []string // canonical, GUIDs only
	// long is true when a name cannot be looked for by a filter: it is too long,
	// or Graph refused it.
	long bool
}

// looked is what became of it.
type looked struct {
	rows  []graphObject
	whole bool
	err   error             // the type could not be read at all
	holes map[string]string // folded names that could not be looked for, and why
}

// Read fills the directory with what the request needs of it.
func (r *reader) read(ctx context.Context) error {
	var wanted []asked
	for _, t := range objectTypes() {
		if directory.AsksFor(r.req, t.t) {
			wanted = append(wanted, r.ask(t))
		}
	}
	found := make([]looked, len(wanted))
	group, inner := errgroup.WithContext(ctx)
	for i, a := range wanted {
		group.Go(func() error {
			found[i] = r.look(inner, a)
			if idp.EndsAll(inner, found[i].err) {
				return found[i].err
			}
			if a.t == audit.TypeGroup {
				r.prefetchMembers(ctx, found[i])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, a := range wanted {
		r.settle(a, found[i])
	}
	if !allWhole(found) {
		if err := r.readByID(ctx, wanted, found); err != nil {
			return err
		}
	}
	return r.readDeleted(ctx, wanted)
}

// Prefetch begins to read the Databricks members of the groups that are linked,
// where the list of groups reports which ones that are.
func (r *reader) prefetchMembers(ctx context.Context, f looked) {
	if r.req.Members == nil || f.err != nil || !f.whole {
		return
	}
	there := make(map[string]bool, len(f.rows))
	for _, o := range f.rows {
		there[audit.CanonicalExternalID(o.ID)] = true
	}
	var groups []string
	for _, p := range r.req.Principals {
		if p.Type == audit.TypeGroup && p.ExternalID != "" && there[audit.CanonicalExternalID(p.ExternalID)] {
			groups = append(groups, p.ID)
		}
	}
	r.prefetched = directory.Prefetch(ctx, r.req, groups)
}

// settle takes in what was found of a type.
func (r *reader) settle(a asked, f looked) {
	if f.err != nil {
		r.d.Unread[a.t] = explain(f.err, a.permission)
		return
	}
	r.take(a.objectType, f.rows)
	for name, why := range f.holes {
		r.d.MarkHole(a.t, directory.NameHole, name, callFilter, why)
	}
}

// ask collects the names and ids of one type. Names are asked for trimmed and
// in the composed form as well, so that near names are found.
func (r *reader) ask(t objectType) asked {
	out := asked{objectType: t}
	names, ids := map[string]bool{}, map[string]bool{}
	for _, p := range r.req.Principals {
		if p.Type != t.t {
			continue
		}
		for _, name := range []string{p.Name, norm.NFC.String(strings.TrimSpace(p.Name))} {
			key := audit.FoldName(name)
			// An application id that is no GUID is refused as a filter, and no one's.
			if key == "" || names[key] || t.t == audit.TypeServicePrincipal && !guid.MatchString(key) {
				continue
			}
			names[key] = true
			out.names = append(out.names, name)
			out.long = out.long || utf8.RuneCountInString(name) > maxLiteral
		}
		if key := audit.CanonicalExternalID(p.ExternalID); guid.MatchString(key) && !ids[key] {
			ids[key] = true
			out.ids = append(out.ids, key)
		}
	}
	return out
}

// batchesByName is what looking up the names costs.
func (a *asked) batchesByName() int {
	filters := len(a.names) + inList - 1
	filters = filters / inList * len(a.objectType.names)
	return (filters + maxParts - 1) / maxParts
}

// look lists the type or looks up the names, whichever costs fewer requests. The
// request alone decides which, never what other audits of the run have read: its
// Result must not depend on them.
func (r *reader) look(ctx context.Context, a asked) looked {
	least := (max(len(a.names), 1) + graphPage - 1) / graphPage
	byName := a.batchesByName()
	if byName <= least && !a.long {
		return r.lookByName(ctx, a)
	}
	if size, known := r.lists.pages.Peek(a.collection); known && !a.long && size.Value-least > byName {
		return r.lookByName(ctx, a)
	}
	var out looked
	key := r.key("list " + a.collection)
	found, err := r.readRows(ctx, []string{key}, func(ctx context.Context, _ []string, take func(string, time.Time, []graphObject)) error {
		began := time.Now()
		rows, whole, err := r.list(ctx, a, least, byName)
		if err == nil && whole {
			take(key, began, rows)
		}
		out.err = err
		return nil
	})
	if err != nil {
		out.err = err
	}
	if out.rows, out.whole = found[key]; out.err == nil && !out.whole {
		return r.lookByName(ctx, a)
	}
	return out
}

// list lists a type. The tenant has at least the size of the account as far as
// anybody knows, so listing is tried for so many pages before its size is asked,
// and given up when names are cheaper then.
func (r *reader) list(ctx context.Context, a asked, least, byName int) (rows []graphObject, whole bool, err error) {
	pages := 0
	link := r.graph.base + "/v1.0/" + a.collection + query("$select", a.fields, "$top", strconv.Itoa(graphPage))
	err = listPages(ctx, r.graph, link, func(some []graphObject, more bool) bool {
		rows = append(rows, some...)
		pages++
		whole = !more
		return !more || pages != least || a.long || r.pagesOf(ctx, a)-pages <= byName
	})
	if err == nil && whole && pages > 1 && r.misses(a.objectType, rows) {
		err = listPages(ctx, r.graph, link, func(some []graphObject, _ bool) bool {
			rows = append(rows, some...)
			return true
		})
	}
	return rows, whole, err
}

func (r *reader) misses(t objectType, rows []graphObject) bool {
	return directory.Misses(r.req.Principals, t.t, func(add func(directory.Entry)) {
		for _, o := range rows {
			add(r.toEntry(t.t, o, false))
		}
	})
}

// pagesOf asks for the size of the tenant, once in a run. A refusal counts as a
// huge one. $count is answered from an index that may lag, which only the choice
// of the route depends on.
func (r *reader) pagesOf(ctx context.Context, a asked) int {
	const huge = 1 << 30
	found, err := r.lists.pages.Read(ctx, nil, "", []string{a.collection}, func(ctx context.Context, _ []string, take func(string, time.Time, int)) error {
		began := time.Now()
		link := r.graph.base + "/v1.0/" + a.collection + "/$count"
		resp, err := r.graph.send(ctx, http.MethodGet, link, http.Header{"Consistencylevel": {"eventual"}}, nil)
		if err != nil {
			return err
		}
		total, err := strconv.Atoi(string(bytes.TrimSpace(bytes.TrimPrefix(resp.Body, []byte("\xef\xbb\xbf")))))
		if err == nil {
			take(a.collection, began, (total+graphPage-1)/graphPage)
		}
		return err
	})
	if err != nil {
		return huge
	}
	return found[a.collection]
}

// lookByName asks for every name. A filter that fails leaves a hole for its
// names only, unless the type may not be read at all; where Graph refuses one
// as wrong, the type is listed.
func (r *reader) lookByName(ctx context.Context, a asked) looked {
	out := looked{holes: map[string]string{}}
	var urls []string
	names := map[string][]string{}
	for _, property := range a.objectType.names {
		for i, filter := range inFilters(property, a.names) {
			u := "/" + a.collection + query("$filter", filter, "$select", a.fields, "$top", strconv.Itoa(graphPage))
			urls, names[u] = append(urls, u), a.names[i*inList:min((i+1)*inList, len(a.names))]
		}
	}
	found, failed, err := r.batchRows(ctx, "v1.0", urls)
	if err != nil {
		out.err = err
		return out
	}
	for _, u := range urls {
		out.rows = append(out.rows, found[u]...)
		err := failed[u]
		switch {
		case err == nil:
		case directory.IsForbidden(err):
			out.err = err
			return out
		case directory.IsBadRequest(err):
			// Some name is one that filters do not take; listing needs none.
			a.long = true
			return r.look(ctx, a)
		default:
			for _, name := range names[u] {
				out.holes[audit.FoldName(name)] = err.Error()
			}
		}
	}
	return out
}

// missing are the stored ids of one type that were not met yet.
func (r *reader) missing(a asked) []string {
	var out []string
	for _, id := range a.ids {
		if r.d.Find(id) == nil {
			out = append(out, id)
		}
	}
	return out
}

// readByID looks up stored ids that were not met. Where a type was looked up by
// name, its verdict depends on it; where it was listed, only the evidence does
// that an id belongs to an object of another type.
func (r *reader) readByID(ctx context.Context, wanted []asked, found []looked) error {
	needs := map[string]bool{}
	for i, a := range wanted {
		if found[i].err == nil {
			for _, id := range r.missing(a) {
				needs[id] = true
			}
		}
	}
	if len(needs) == 0 {
		return nil
	}
	rows, failed, err := r.getByIDs(ctx, slices.Sorted(maps.Keys(needs)))
	if err != nil {
		return err
	}
	for i, a := range wanted {
		if found[i].err != nil {
			continue
		}
		why := failed
		if directory.IsForbidden(why) && !found[i].whole {
			// Listing needs no more than the permission for the type.
			if why, err = nil, r.listInstead(ctx, a, found, i); err != nil {
				return err
			}
		}
		if err := r.settleIDs(ctx, a, rows, why, found[i].whole); err != nil {
			return err
		}
	}
	if failed != nil && !allWhole(found) {
		r.failures = append(r.failures, audit.Failure{Call: callGetByIDs, Reason: explain(failed, "Directory.Read.All")})
	}
	// What is left is of a type that no one asked for by that id.
	for _, t := range objectTypes() {
		for _, row := range rows {
			if strings.EqualFold(row.ODataType, t.odata) {
				// Not taken as a whole: getByIds may leave out any field.
				r.d.Add(r.toEntry(t.t, row, false))
			}
		}
	}
	return nil
}

// allWhole reports whether every type there is was listed, so that an id that was
// not met is no one's.
func allWhole(found []looked) bool {
	whole := 0
	for _, f := range found {
		if f.whole {
			whole++
		}
	}
	return whole == len(objectTypes())
}

func (r *reader) listInstead(ctx context.Context, a asked, found []looked, i int) error {
	a.long = true
	listed := r.look(ctx, a)
	if idp.EndsAll(ctx, listed.err) {
		return listed.err
	}
	found[i] = listed
	r.settle(a, listed)
	return nil
}

// settleIDs reads the objects of the own type among the rows again, since
// getByIds leaves out most of their properties, and marks what could not be
// read.
func (r *reader) settleIDs(ctx context.Context, a asked, rows []graphObject, failed error, whole bool) error {
	missing := r.missing(a)
	if failed != nil {
		if !whole {
			for _, id := range missing {
				r.d.MarkHole(a.t, directory.IDHole, id, callGetByIDs, explain(failed, "Directory.Read.All"))
			}
		}
		return nil
	}
	own := map[string]bool{}
	for _, row := range rows {
		if strings.EqualFold(row.ODataType, a.odata) {
			own[audit.CanonicalExternalID(row.ID)] = true
		}
	}
	missing = slices.DeleteFunc(missing, func(id string) bool { return !own[id] })
	return r.readDetails(ctx, a.objectType, missing)
}

// readDetails reads objects whose ids and type are known.
func (r *reader) readDetails(ctx context.Context, t objectType, ids []string) error {
	var urls []string
	for _, filter := range inFilters("id", ids) {
		urls = append(urls, "/"+t.collection+query("$filter", filter, "$select", t.fields, "$top", strconv.Itoa(graphPage)))
	}
	found, failed, err := r.batchRows(ctx, "v1.0", urls)
	if err != nil {
		return err
	}
	for i, u := range urls {
		r.take(t, found[u])
		if err := failed[u]; err != nil {
			for _, id := range ids[i*inList : min((i+1)*inList, len(ids))] {
				r.d.MarkHole(t.t, directory.IDHole, id, callGetByIDs, explain(err, t.permission))
			}
		}
	}
	return nil
}

// readDeleted looks into the recycle bin for stored ids that no one has. It is
// evidence for the cause only: a bin that may not be read or is too large says
// nothing, and is no failure.
func (r *reader) readDeleted(ctx context.Context, wanted []asked) error {
	for _, a := range wanted {
		stale := map[string]bool{}
		for _, id := range r.missing(a) {
			stale[id] = true
		}
		if len(stale) == 0 || r.d.Unread[a.t] != "" {
			continue
		}
		rows, err := r.bin(ctx, a)
		if err != nil {
			return err
		}
		for _, o := range rows {
			if stale[audit.CanonicalExternalID(o.ID)] {
				r.d.Add(r.toEntry(a.t, o, true))
			}
		}
	}
	return nil
}

// bin reads the first pages of a recycle bin; none when it may not be read.
func (r *reader) bin(ctx context.Context, a asked) ([]graphObject, error) {
	key := r.key("bin " + a.odata)
	found, err := r.readRows(ctx, []string{key}, func(ctx context.Context, _ []string, take func(string, time.Time, []graphObject)) error {
		began, pages := time.Now(), 0
		var rows []graphObject
		link := r.graph.base + "/v1.0/directory/deletedItems/" + strings.TrimPrefix(a.odata, "#") +
			query("$select", "id,displayName", "$top", strconv.Itoa(graphPage))
		err := listPages(ctx, r.graph, link, func(some []graphObject, _ bool) bool {
			rows = append(rows, some...)
			pages++
			return pages < binPages
		})
		switch {
		case err == nil:
			take(key, began, rows)
		case idp.EndsAll(ctx, err):
			return err
		}
		return nil
	})
	return found[key], err
}
