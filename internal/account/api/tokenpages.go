// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// PageEnd is what every page of a list by tokens has beside its items
// (docs/reference/databricks-account-api.md 5.2).
type PageEnd struct {
	Next pageToken `json:"next_page_token"`
}

func (p PageEnd) next() pageToken { return p.Next }

// pageToken is a text, and "" or missing at the end of a list. Anything else, null
// too, is not understood: taken for the end it would cut the list short.
type pageToken string

func (t *pageToken) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '"' {
		return errors.New("next_page_token is not a text")
	}
	return (*Text)(t).UnmarshalJSON(raw)
}

// noList is the size of a list that a page does not have.
const noList = -1

// SizeOf is the number of items, or noList. A list that is null is none.
func SizeOf[T any](items []T) int {
	if items == nil {
		return noList
	}
	return len(items)
}

// Bounds of a list by tokens. They are those of lists by number: far beyond every
// account, and passed by a server whose list has no end.
const (
	mostPages  = MostEntries / SCIMPage
	mostRepeat = 5 // times that one token may come
)

// TokenPages reads every page of a list by tokens, from the path, query and place of
// list, and calls more before every one but the first. each takes a page and gives
// the number of its items, or noList. A page may be empty and still name the next
// one, or itself again; only a missing token ends the list.
//
// key is the name of the list. A page may leave it out, since APIs leave out empty
// lists; shown is false when every page did, so that nothing but the status says
// that there is nothing. A page with other keys in its place is an error.
//
// A page is decoded into its type at once: an audit reads thousands of them, and
// taking them apart by key first was a third of its time in JSON.
func TokenPages[P interface{ next() pageToken }](
	ctx context.Context, a *Conn, list Call, key string, more func(), each func(*P) (int, error),
) (shown bool, err error) {
	query := url.Values{}
	for name, values := range list.Query {
		query[name] = values
	}
	list.Method, list.Query = http.MethodGet, query
	seen := map[pageToken]int{}
	for pages, items := 1, 0; ; pages++ {
		var page P
		body, err := a.Answer(ctx, list, &page)
		if err != nil {
			return shown, err
		}
		n, err := each(&page)
		if err != nil {
			return shown, fmt.Errorf("GET %s: the account sent %w", list.Path, err)
		}
		if n == noList {
			if keys := slices.DeleteFunc(KeysOf(body), func(k string) bool { return k == "next_page_token" }); len(keys) > 0 {
				return shown, fmt.Errorf("GET %s: the answer has no list %q, but %s", list.Path, key, Quoted(keys))
			}
		}
		shown = shown || n != noList
		items += max(n, 0)
		token := page.next()
		if token == "" {
			return shown, nil
		}
		if seen[token]++; seen[token] > mostRepeat || pages >= mostPages || items > MostEntries {
			return shown, fmt.Errorf("GET %s: the account names a next page again and again, so the list has no end; run again later", list.Path)
		}
		query.Set("page_token", string(token))
		if more != nil {
			more()
		}
	}
}

// WholeList is TokenPages of a list that has to be named: that it is left out says
// nothing.
func WholeList[P interface{ next() pageToken }](ctx context.Context, a *Conn, list Call, key string, each func(*P) (int, error)) error {
	shown, err := TokenPages(ctx, a, list, key, nil, each)
	if err == nil && !shown {
		err = fmt.Errorf("GET %s: the answer has no list %q, and no other key", list.Path, key)
	}
	return err
}

// Sizes of pages and lists.
const (
	SCIMPage = 100  // Documented maximum (docs/reference/databricks-account-api.md 4.2).
	iamPage  = 1000 // Documented default and maximum (5.2).
	// MostEntries is beyond every account: a list that announces more is not
	// believed, since its pages are asked for by that number.
	MostEntries = 10_000_000
)
