// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"errors"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
)

// Metastore is an entry of GET /api/2.0/accounts/{account}/metastores
// (docs/reference/databricks-account-api.md 9). Owner is a name: e-mail, group name or
// application id.
type Metastore struct {
	ID    string `json:"metastore_id"`
	Name  string `json:"name"`
	Owner string `json:"owner"`
}

// ListMetastores are the metastores of the account, read once.
func (pw *Power) ListMetastores(ctx context.Context) ([]Metastore, error) {
	type page struct {
		api.PageEnd

		Metastores []Metastore `json:"metastores"`
	}
	return pw.metastores.Get(ctx, func(ctx context.Context) ([]Metastore, error) {
		var out []Metastore
		list := api.Call{Path: "/api/2.0/accounts/" + pw.api.AccountID + "/metastores", Limit: api.LimitAccount}
		err := api.WholeList(ctx, pw.api, list, "metastores", func(p *page) (int, error) {
			for _, m := range p.Metastores {
				if m.ID == "" {
					return 0, errors.New("a metastore without metastore_id")
				}
			}
			out = append(out, p.Metastores...)
			return api.SizeOf(p.Metastores), nil
		})
		return out, err
	})
}
