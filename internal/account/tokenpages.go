// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// pageEnd is what every page of a list of IAM v2 has beside its items
// (docs/reference/databricks-account-api.md 5.2).
type pageEnd struct {
	Next text `json:"next_page_token"`
}

func (p pageEnd) next() text { return p.Next }

// principalPage is a page of one of the lists of principals.
type principalPage struct {
	pageEnd

	Users             []iamPrincipal `json:"users"`
	Groups            []iamPrincipal `json:"groups"`
	ServicePrincipals []iamPrincipal `json:"service_principals"`
}

func (p *principalPage) of(t audit.PrincipalType) []iamPrincipal {
	switch t {
	case audit.TypeGroup:
		return p.Groups
	case audit.TypeServicePrincipal:
		return p.ServicePrincipals
	default:
		return p.Users
	}
}

// tokenPages reads every page of a list of IAM v2, and calls more before every one
// but the first. A page may be empty and still name the next one, or itself again;
// only a missing token ends the list. One that comes again and again would never
// end, and is an error.
//
// A page is decoded into its type at once: an audit reads thousands of them, and
// taking them apart by key first was a third of its time in JSON.
func tokenPages[P interface{ next() text }](ctx context.Context, c *Client, path string, more func(), each func(*P) error) error {
	query := url.Values{"page_size": {strconv.Itoa(iamPage)}}
	var tokens tokenCounts
	for {
		var page P
		if err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, limit: limitIAM}, &page); err != nil {
			return err
		}
		if err := each(&page); err != nil {
			return fmt.Errorf("GET %s: the account sent %w", path, err)
		}
		token := page.next()
		if token == "" {
			return nil
		}
		if err := tokens.count(path, token); err != nil {
			return err
		}
		query.Set("page_token", string(token))
		more()
	}
}

// tokenCounts finds lists that never end.
type tokenCounts map[text]int

func (t *tokenCounts) count(path string, token text) error {
	const most = 5
	if *t == nil {
		*t = tokenCounts{}
	}
	if (*t)[token]++; (*t)[token] > most {
		return fmt.Errorf("GET %s: the account names the same next page again and again, so the list has no end; run again later", path)
	}
	return nil
}
