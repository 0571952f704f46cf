// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Details are the facts of principals that lists do not have, by one GET each that is
// kept. What could not be read, or is not in the answer, is not known. That users and service
// principals have "groups" is not documented (docs/reference/databricks-account-api.md 4.1),
// so that no one counts as being in none before one of them is in some. The error is that of the
// context.
func (d *Directory) Details(ctx context.Context, refs []audit.Ref) (map[audit.Ref]audit.Details, error) {
	read := make([]*SCIMResource, len(refs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(d.api.Readers())
	for i, ref := range refs {
		g.Go(func() error {
			if r, err := d.Resource(ctx, ref); err == nil {
				read[i] = r
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	shown := false
	for _, r := range read {
		shown = shown || r != nil && len(r.Groups) > 0
	}
	out := make(map[audit.Ref]audit.Details, len(refs))
	for i, r := range read {
		if r == nil {
			continue
		}
		var details audit.Details
		if shown && refs[i].Type != audit.TypeGroup {
			n := len(r.Groups)
			details.Groups = &n
		}
		var meta struct {
			Created string `json:"created"`
		}
		if json.Unmarshal(r.Meta, &meta) == nil {
			if at, err := time.Parse(time.RFC3339, meta.Created); err == nil {
				details.Created = at
			}
		}
		out[refs[i]] = details
	}
	return out, nil
}
