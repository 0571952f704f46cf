// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// Lookup asks for the type's own objects by filters of 15 ids, 20 filters a batch,
// and for what is not among them with getByIds, 1,000 a call: it knows the other types,
// and is a second witness, because an object that was just made may not show in a
// filter yet. Ids that are no GUIDs are no Entra object's.
func (e *source) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]idp.Found {
	if err := e.creds.check(ctx); err != nil {
		return idp.AllUnknown(ids, err.Error())
	}
	r := &reader{source: e, d: directory.New(), hidden: map[string]bool{}}
	keys := map[string]bool{}
	for _, id := range ids {
		if key := audit.CanonicalExternalID(id); guid.MatchString(key) {
			keys[key] = true
		}
	}
	wanted := slices.Sorted(maps.Keys(keys))
	why, err := r.lookupOwn(ctx, t, wanted)
	if err == nil {
		var missing []string
		for _, id := range wanted {
			if r.d.Find(id) == nil && why[id] == "" {
				missing = append(missing, id)
			}
		}
		err = r.lookupAny(ctx, missing, why)
	}
	out := make(map[string]idp.Found, len(ids))
	for _, id := range ids {
		key := audit.CanonicalExternalID(id)
		switch found := r.d.Find(id); {
		case found != nil:
			out[id] = found.Found()
		case err != nil:
			out[id] = idp.Found{Unknown: err.Error()}
		default:
			out[id] = idp.Found{Unknown: why[key]}
		}
	}
	return out
}

// lookupOwn asks for objects of one type; why is the reason for each id that could not
// be asked for.
func (r *reader) lookupOwn(ctx context.Context, t audit.PrincipalType, ids []string) (why map[string]string, err error) {
	why = map[string]string{}
	kind := objectTypes()[t.Order()]
	var urls []string
	asked := map[string][]string{}
	for some := range slices.Chunk(ids, inList) {
		u := "/" + kind.collection + query("$filter", inFilters("id", some)[0], "$select", kind.fields, "$top", strconv.Itoa(graphPage))
		urls, asked[u] = append(urls, u), some
	}
	found, failed, err := r.batchRows(ctx, "v1.0", urls)
	if err != nil {
		return nil, err
	}
	for _, u := range urls {
		r.take(kind, found[u])
		if err := failed[u]; err != nil {
			for _, id := range asked[u] {
				why[id] = explain(err, kind.permission)
			}
		}
	}
	return why, nil
}

// lookupAny asks for objects of any type. That takes a permission which the audit can
// do without: refused, it leaves the first answer as it is.
func (r *reader) lookupAny(ctx context.Context, ids []string, why map[string]string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, failed, err := r.getByIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for _, t := range objectTypes() {
			if strings.EqualFold(row.ODataType, t.odata) {
				r.d.Add(r.toEntry(t.t, row, false))
			}
		}
	}
	if failed != nil && !directory.IsForbidden(failed) {
		for _, id := range ids {
			why[id] = failed.Error()
		}
	}
	return nil
}
