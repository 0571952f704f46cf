// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// metastore is an entry of GET /api/2.0/accounts/{account}/metastores
// (databricks-account-api.md 9). Owner is a name: e-mail, group name or
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
		err := c.follow(ctx, "/api/2.0/accounts/"+c.accountID+"/metastores", &reply, func() text {
			out = append(out, reply.Metastores...)
			next := reply.Next
			reply.Metastores, reply.Next = nil, ""
			return next
		})
		return out, err
	})
}

// notAvailable is what a workspace without identity federation answers
// (databricks-account-api.md 3.2; the error_code is not known).
const notAvailable = "Permission assignment APIs are not available"

// workspaceAdmins are the ids of the principals with ADMIN in a workspace, by
// direct assignment. A workspace without permission assignments has none: that
// is a fact.
//
// The list is read raw, because the SDK's type has no page token.
func (c *Client) workspaceAdmins(ctx context.Context, workspace string) (map[string]bool, error) {
	return c.power.admins.get(ctx, workspace, func(ctx context.Context) (map[string]bool, error) {
		out := map[string]bool{}
		var reply struct {
			Assignments []struct {
				Principal struct {
					ID text `json:"principal_id"`
				} `json:"principal"`
				Permissions []string `json:"permissions"`
				Error       string   `json:"error"`
			} `json:"permission_assignments"`
			Next text `json:"next_page_token"`
		}
		var failed error
		path := "/api/2.0/accounts/" + c.accountID + "/workspaces/" + url.PathEscape(workspace) + "/permissionassignments"
		err := c.follow(ctx, path, &reply, func() text {
			for _, a := range reply.Assignments {
				switch {
				case a.Error != "" && len(a.Permissions) == 0:
					failed = errors.New("the account could not tell the permissions of principal " + string(a.Principal.ID) + ": " + a.Error)
				case slices.Contains(a.Permissions, "ADMIN"):
					out[string(a.Principal.ID)] = true
				}
			}
			next := reply.Next
			reply.Assignments, reply.Next = nil, ""
			return next
		})
		var e *APIError
		if errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.Contains(e.Message, notAvailable) {
			return nil, nil
		}
		return out, errors.Join(err, failed)
	})
}

// follow reads a list that may have pages; take empties the reply and gives the
// token of the next page.
func (c *Client) follow(ctx context.Context, path string, reply any, take func() text) error {
	query := url.Values{}
	var tokens tokenCounts
	for {
		if err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, limit: limitAccount}, reply); err != nil {
			return err
		}
		token := take()
		if token == "" {
			return nil
		}
		if err := tokens.count(path, token); err != nil {
			return err
		}
		query.Set("page_token", string(token))
	}
}
