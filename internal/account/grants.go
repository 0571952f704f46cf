// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"net/http"
	"net/url"
)

// metastore is an entry of GET /api/2.0/accounts/{account}/metastores
// (docs/reference/databricks-account-api.md 9). Owner is a name: e-mail, group name or
// application id.
type metastore struct {
	ID    string `json:"metastore_id"`
	Name  string `json:"name"`
	Owner string `json:"owner"`
}

func (c *Client) listMetastores(ctx context.Context) ([]metastore, error) {
	return c.power.metastores.get(ctx, func(ctx context.Context) ([]metastore, error) {
		var out []metastore
		var reply struct {
			Metastores []metastore `json:"metastores"`
			Next       text        `json:"next_page_token"`
		}
		list := call{path: "/api/2.0/accounts/" + c.accountID + "/metastores", limit: limitAccount}
		err := c.follow(ctx, list, &reply, func() text {
			out = append(out, reply.Metastores...)
			next := reply.Next
			reply.Metastores, reply.Next = nil, ""
			return next
		})
		return out, err
	})
}

// follow reads a list that may have pages, from the path, query and place of
// list; take empties the reply and gives the token of the next page. A page may
// be empty and name a next one: only a missing token ends the list.
func (c *Client) follow(ctx context.Context, list call, reply any, take func() text) error {
	query := url.Values{}
	for key, values := range list.query {
		query[key] = values
	}
	list.method, list.query = http.MethodGet, query
	var tokens tokenCounts
	for {
		if err := c.do(ctx, list, reply); err != nil {
			return err
		}
		token := take()
		if token == "" {
			return nil
		}
		if err := tokens.count(list.path, token); err != nil {
			return err
		}
		query.Set("page_token", string(token))
	}
}
