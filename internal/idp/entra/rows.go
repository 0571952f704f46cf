// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
)

// keptLists are what an audit keeps of this kind in a checkpoint.
const keptLists = "lists of Microsoft Graph"

// graphLists are the lists that the audits of one run share.
type graphLists struct {
	rows  once.Batch[[]graphObject]
	pages once.Batch[int] // a type's size in pages
}

// key names what is read within the tenant that the token is of: a checkpoint may
// be of a run that logged in elsewhere.
func (r *reader) key(what string) string { return r.creds.tenant() + " " + what }

// readRows reads by key through what this run and the checkpoint hold.
func (r *reader) readRows(ctx context.Context, keys []string, f once.Fetch[[]graphObject]) (map[string][]graphObject, error) {
	return r.lists.rows.Read(ctx, r.req.Kept, keptLists, keys, f)
}

// batchRows reads the lists that GET requests below a version answer with, each
// to its end, by URL. A list that cannot be read is in failed; err ends the audit.
func (r *reader) batchRows(ctx context.Context, version string, urls []string) (found map[string][]graphObject, failed map[string]error, err error) {
	b := batchReading{r: r, version: version, prefix: r.key(version), failed: map[string]error{}}
	keys := make([]string, len(urls))
	for i, u := range urls {
		keys[i] = b.prefix + u
	}
	rows, err := r.readRows(ctx, keys, b.fetch)
	if err != nil {
		return nil, nil, err
	}
	found = make(map[string][]graphObject, len(rows))
	for key, list := range rows {
		found[strings.TrimPrefix(key, b.prefix)] = list
	}
	return found, b.failed, nil
}

// batchReading is one reading of many lists.
type batchReading struct {
	r               *reader
	version, prefix string

	mu     sync.Mutex
	failed map[string]error // by URL
	long   []longList
}

// longList is a list of which the batch gave the first page only.
type longList struct {
	url   string
	began time.Time
	first page[graphObject]
}

// Fetch reads in batches, and hands over each list when it is there. Most lists
// fit one page; the others page on by themselves.
func (b *batchReading) fetch(ctx context.Context, keys []string, take func(string, time.Time, []graphObject)) error {
	urls := make([]string, len(keys))
	for i, key := range keys {
		urls[i] = strings.TrimPrefix(key, b.prefix)
	}
	b.long = nil
	err := b.r.graph.batch(ctx, b.version, urls, func(u string, began time.Time, p part) error {
		var first page[graphObject]
		err := p.err
		if err == nil {
			first, err = parsePage[graphObject](b.r.graph, p.body)
		}
		switch {
		case err != nil:
			return b.fail(ctx, u, err)
		case first.NextLink == "":
			take(b.prefix+u, began, first.Value)
		default:
			b.mu.Lock()
			defer b.mu.Unlock()
			b.long = append(b.long, longList{u, began, first})
		}
		return nil
	})
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(b.r.graph.batches)
	for _, l := range b.long {
		group.Go(func() error {
			rows := slices.Clone(l.first.Value)
			err := listPages(inner, b.r.graph, string(l.first.NextLink), func(more []graphObject, _ bool) bool {
				rows = append(rows, more...)
				return true
			})
			if err != nil {
				return b.fail(inner, l.url, err)
			}
			take(b.prefix+l.url, l.began, rows)
			return nil
		})
	}
	return group.Wait()
}

func (b *batchReading) fail(ctx context.Context, u string, err error) error {
	if idp.EndsAll(ctx, err) {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed[u] = err
	return nil
}

// getByIDs answers with the rows, and with failed when a call did not succeed;
// Err ends the audit.
func (r *reader) getByIDs(ctx context.Context, ids []string) (rows []graphObject, failed, err error) {
	prefix := r.key("id ")
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = prefix + id
	}
	found, err := r.readRows(ctx, keys, func(ctx context.Context, mine []string, take func(string, time.Time, []graphObject)) error {
		for part := range slices.Chunk(mine, graphIDs) {
			began := time.Now()
			got, err := r.postIDs(ctx, prefix, part)
			if idp.EndsAll(ctx, err) {
				return err
			}
			if err != nil {
				failed = err
				return nil
			}
			for _, key := range part {
				take(key, began, got[key]) // None is an answer too.
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, key := range keys {
		rows = append(rows, found[key]...)
	}
	return rows, failed, nil
}

// postIDs is one call of getByIds; its answer is by key.
func (r *reader) postIDs(ctx context.Context, prefix string, keys []string) (map[string][]graphObject, error) {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = strings.TrimPrefix(key, prefix)
	}
	body, err := json.Marshal(map[string]any{"ids": ids, "types": []string{"user", "group", "servicePrincipal"}})
	if err != nil {
		return nil, fmt.Errorf("encoding ids: %w", err)
	}
	resp, err := r.graph.send(ctx, http.MethodPost, r.graph.base+"/v1.0/directoryObjects/getByIds", nil, body)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]graphObject, len(keys))
	typeless := false
	err = rowsOf(ctx, r.graph, part{body: resp.Body}, func(rows []graphObject) {
		for _, o := range rows {
			typeless = typeless || o.ODataType == ""
			key := prefix + audit.CanonicalExternalID(o.ID)
			out[key] = append(out[key], o)
		}
	})
	if err == nil && typeless {
		err = errors.New("POST getByIds: the answer has an entry without @odata.type, so that what it is is not known")
	}
	return out, err
}
