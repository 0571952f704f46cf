// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// maxSingleGets is how many principals are read one by one before the listing
// is taken instead: a listing of 100 users costs one request, and so does one GET.
const maxSingleGets = 25

// Known reads one principal as cheaply as this run can: from the listing when it
// was taken already, by [Client.Principal] for the first few, and by taking the
// listing once for all the others. A principal that the listing does not have is
// asked for by itself, so ErrNotFound has the same meaning as there.
func (c *Client) Known(ctx context.Context, ref audit.Ref) (audit.Principal, error) {
	inv, listed := c.listedInventory()
	if !listed {
		if c.singleGets.Add(1) <= maxSingleGets {
			return c.Principal(ctx, ref)
		}
		var err error
		if inv, err = c.loadInventory(ctx); err != nil {
			return audit.Principal{}, err
		}
	}
	if p, ok := c.lookup(inv, ref.ID, ref.Type); ok {
		return p, nil
	}
	return c.Principal(ctx, ref)
}

// listedInventory is the listing, if it was taken.
func (c *Client) listedInventory() (*inventory, bool) {
	var out *inventory
	c.inventory.cell.peek(func(inv *inventory) { out = inv })
	return out, out != nil
}
