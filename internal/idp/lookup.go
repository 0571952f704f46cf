// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Found is what an IdP says of one id.
type Found struct {
	// Identity is nil when the IdP says that it has none with the id. It may be of
	// another type than the one asked for.
	Identity *audit.Identity
	// Names are all names under which Databricks may know the identity: user name
	// and mail address, name of a group, application id and name of a service principal.
	Names []string
	// Unknown says why the IdP could not tell; everything else is empty then.
	Unknown string
}

// Lookup is a source that can be asked for identities by id. It lists no directory
// for it; the kind file has its directory at hand.
type Lookup interface {
	Source
	// Lookup answers for every id, by the id as it is given. The ids are meant to be
	// of one type. It never fails as a whole: what could not be read is Unknown.
	Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found
}

var (
	_ Lookup = (*entra)(nil)
	_ Lookup = (*okta)(nil)
	_ Lookup = (*file)(nil)
)

func (e *entry) found() Found {
	id := e.identity
	if id.Deleted {
		return Found{}
	}
	out := Found{Identity: &id}
	for _, name := range slices.Concat(id.Names, e.named, e.aliases) {
		if name != "" && !slices.Contains(out.Names, name) {
			out.Names = append(out.Names, name)
		}
	}
	if id.Type != audit.TypeUser && id.DisplayName != "" && !slices.Contains(out.Names, id.DisplayName) {
		out.Names = append(out.Names, id.DisplayName)
	}
	return out
}

// allUnknown is the same reason for every id.
func allUnknown(ids []string, why string) map[string]Found {
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		out[id] = Found{Unknown: why}
	}
	return out
}

// Lookup reads the file, once in a run.
func (f *file) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found {
	d, err := f.read(ctx)
	if err != nil {
		return allUnknown(ids, err.Error())
	}
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		if e := d.find(id); e != nil {
			out[id] = e.found()
		} else {
			out[id] = Found{Unknown: d.unread[t]}
		}
	}
	return out
}

// Lookup asks for the type's own objects by filters of 15 ids, 20 filters a batch,
// and for what is not among them with getByIds, 1,000 a call: it knows the other types,
// and is a second witness, because an object that was just made may not show in a
// filter yet. Ids that are no GUIDs are no Entra object's.
func (e *entra) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found {
	if err := e.creds.check(ctx); err != nil {
		return allUnknown(ids, err.Error())
	}
	r := &entraReader{entra: e, d: newDirectory(), hidden: map[string]bool{}}
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
			if r.d.find(id) == nil && why[id] == "" {
				missing = append(missing, id)
			}
		}
		err = r.lookupAny(ctx, missing, why)
	}
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		key := audit.CanonicalExternalID(id)
		switch found := r.d.find(id); {
		case found != nil:
			out[id] = found.found()
		case err != nil:
			out[id] = Found{Unknown: err.Error()}
		default:
			out[id] = Found{Unknown: why[key]}
		}
	}
	return out
}

// lookupOwn asks for objects of one type; why is the reason for each id that could not
// be asked for.
func (r *entraReader) lookupOwn(ctx context.Context, t audit.PrincipalType, ids []string) (why map[string]string, err error) {
	why = map[string]string{}
	kind := entraTypes()[t.Order()]
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
func (r *entraReader) lookupAny(ctx context.Context, ids []string, why map[string]string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, failed, err := r.getByIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for _, t := range entraTypes() {
			if strings.EqualFold(row.ODataType, t.odata) {
				r.d.add(r.toEntry(t.t, row, false))
			}
		}
	}
	if failed != nil && !isForbidden(failed) {
		for _, id := range ids {
			why[id] = failed.Error()
		}
	}
	return nil
}

// Lookup gets each user or group by its id.
func (o *okta) Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found {
	if t == audit.TypeServicePrincipal {
		return allUnknown(ids, "Okta has no service principals")
	}
	var (
		mu  sync.Mutex
		out = make(map[string]Found, len(ids))
		get errgroup.Group
	)
	get.SetLimit(oktaConcurrency)
	for _, id := range ids {
		get.Go(func() error {
			found := o.lookup(ctx, t, id)
			mu.Lock()
			defer mu.Unlock()
			out[id] = found
			return nil
		})
	}
	_ = get.Wait() // None of them fails.
	return out
}

// oktaID is what ids of Okta may be made of; another text could be another path.
var oktaID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

func (o *okta) lookup(ctx context.Context, t audit.PrincipalType, id string) Found {
	if !oktaID.MatchString(id) {
		return Found{}
	}
	var (
		e   entry
		err error
	)
	switch t {
	case audit.TypeGroup:
		var g oktaGroup
		err = o.get(ctx, "groups", id, &g)
		e = g.toEntry()
	default:
		var u oktaUser
		err = o.get(ctx, "users", id, &u)
		e = u.toEntry()
	}
	var missing *apiError
	switch {
	case errors.As(err, &missing) && missing.Status == http.StatusNotFound && missing.Code == oktaNotFound:
		return Found{}
	case err != nil:
		return Found{Unknown: explainOkta(err, "okta."+string(t)+"s.read")}
	case e.identity.ExternalID == "":
		return Found{Unknown: "the answer for the id " + id + " names no id"}
	case e.identity.ExternalID != id:
		return Found{} // Found by a login, or by "me".
	}
	e.identity.Type = t
	return e.found()
}

// oktaNotFound is the code of "Resource not found".
const oktaNotFound = "E0000007"

func (o *okta) get(ctx context.Context, collection, id string, into any) error {
	resp, err := o.send(ctx, o.base+"/api/v1/"+collection+"/"+url.PathEscape(id), collection)
	if err != nil {
		return err
	}
	return decodeObject(resp.Body, into)
}

// decodeObject refuses what is no object.
func decodeObject(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer is not the object that was asked for: %w", err)
	}
	return nil
}
