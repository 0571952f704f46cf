// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
)

// attributeName is what may be a property of Graph.
var attributeName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// Attribute reads one property of objects by filters of 15 ids, 20 filters a batch.
func (e *source) Attribute(ctx context.Context, t audit.PrincipalType, name string, ids []string) (values map[string]string, known bool, err error) {
	values = map[string]string{}
	if name == "objectId" {
		name = "id"
	}
	if !attributeName.MatchString(name) {
		return values, false, nil
	}
	var wanted, urls []string
	for _, id := range ids {
		if key := audit.CanonicalExternalID(id); guid.MatchString(key) {
			wanted = append(wanted, key)
		}
	}
	slices.Sort(wanted)
	kind := objectTypes()[t.Order()]
	for some := range slices.Chunk(slices.Compact(wanted), inList) {
		urls = append(urls, "/"+kind.collection+query("$filter", inFilters("id", some)[0], "$select", "id,"+name, "$top", strconv.Itoa(graphPage)))
	}
	known = true
	var mu sync.Mutex
	err = e.graph.batch(ctx, "v1.0", urls, func(_ string, _ time.Time, p part) error {
		mu.Lock()
		defer mu.Unlock()
		if directory.IsBadRequest(p.err) {
			known = false
			return nil
		}
		if p.err != nil {
			return errors.New(explain(p.err, kind.permission))
		}
		rows, err := parsePage[entry](e.graph, p.body)
		if err != nil {
			return err
		}
		objects, err := decodeAll[map[string]any](kind.collection, rows.Value)
		for _, o := range objects {
			id, isText := o["id"].(string)
			if !isText {
				return errors.New("the list of " + kind.collection + " has an entry without id")
			}
			if value, isText := o[name].(string); isText {
				values[audit.CanonicalExternalID(id)] = value
			}
		}
		return err
	})
	return values, known, err
}
