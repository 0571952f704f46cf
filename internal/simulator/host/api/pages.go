// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
)

// iamPageSize is both the default and the maximum page size of IAM v2; larger
// values are clamped (documented).
const iamPageSize = 1000

// Page is the part of a list that one answer shows: [from, to), and the
// token of the next part, empty at the end.
type Page struct {
	From, To int
	Next     string
}

// Reply is the part under its key, which an empty one leaves out.
func (p Page) Reply(key string, items []any) map[string]any {
	reply := map[string]any{}
	if len(items) > 0 {
		reply[key] = items
	}
	if p.Next != "" {
		reply["next_page_token"] = p.Next
	}
	return reply
}

// Page reads page_size and page_token of a request for a list of that length.
// A token belongs to one path and holds a position (assumed: so a list that
// changes while it is being read can repeat and skip, which hurts more than a
// token that holds the last id).
func (s *Base) Page(r *http.Request, count int) (Page, *wire.Error) {
	query := r.URL.Query()
	size := iamPageSize
	if text := query.Get("page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return Page{}, Invalid("page_size must be a number that is not negative, not \"" + text + "\".")
		}
		if n > 0 {
			size = min(n, iamPageSize)
		}
	}
	if s.ShortPages {
		size = (size + 1) / 2
	}
	return s.PageOf(r, count, size)
}

// PageOf is the page of that size that page_token asks for, shaped as the list
// faults want.
func (s *Base) PageOf(r *http.Request, count, size int) (Page, *wire.Error) {
	offset := 0
	if token := r.URL.Query().Get("page_token"); token != "" {
		var ok bool
		if offset, ok = parsePageToken(r.URL.Path, token); !ok {
			return Page{}, Invalid("page_token is not one of this list.")
		}
	}
	fault := wire.ListFaultOf(r)
	if fault.EmptyPage {
		return Page{From: 0, To: 0, Next: PageToken(r.URL.Path, offset)}, nil
	}
	from, to := offset, offset+s.Paging.Size(size)
	if offset > 0 {
		from, to = max(0, from-fault.Shift), max(0, to-fault.Shift)
		if fault.Duplicate {
			from = max(0, from-1)
		}
	}
	from, to = min(from, count), min(to, count)
	p := Page{From: from, To: to}
	if to < count {
		p.Next = PageToken(r.URL.Path, to)
	}
	return p, nil
}

// PageToken is opaque to clients.
func PageToken(path string, offset int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(offset) + ":" + path))
}

func parsePageToken(path, token string) (offset int, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	position, of, found := strings.Cut(string(raw), ":")
	offset, err = strconv.Atoi(position)
	return offset, found && err == nil && of == path && offset >= 0
}
