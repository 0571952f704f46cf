// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// findWarehouse finds the workspace of a warehouse: one GET each, those that the
// caller is assigned to first, until one has it. Once per client.
func (c *Catalog) findWarehouse(ctx context.Context, id string, workspaces []access.WorkspaceAccess) (string, error) {
	return c.warehouses.Get(ctx, id, func(ctx context.Context) (string, error) {
		failed := &WarehouseError{ID: id}
		silent := 0
		for _, w := range c.usable(ctx, workspaces, func(audit.Workspace) bool { return true }) {
			at, err := c.api.SiteOf(ctx, w)
			if err == nil {
				err = c.hasWarehouse(ctx, at, id)
			}
			var te *transport.Error
			switch {
			case err == nil:
				return w.ID, nil
			case api.IsLost(ctx, err):
				return "", err
			case api.IsMissing(err):
				failed.Asked++
				continue
			case errors.As(err, &te):
				silent++
			}
			failed.Failures = append(failed.Failures, fmt.Sprintf("workspace %s: %s", w.ID, oneLine(err)))
			if silent == mostSilent {
				failed.Failures = append(failed.Failures, "the rest was not asked")
				break
			}
		}
		return "", failed
	})
}

// hasWarehouse is nil where the workspace shows the warehouse.
func (c *Catalog) hasWarehouse(ctx context.Context, at *api.Site, id string) error {
	var reply struct {
		ID api.Text `json:"id"`
	}
	path := "/api/2.0/sql/warehouses/" + url.PathEscape(id)
	err := c.api.Do(ctx, api.Call{Method: http.MethodGet, Path: path, Limit: at.Limit(), At: at}, &reply)
	if err == nil && string(reply.ID) != id {
		err = fmt.Errorf("GET %s: the answer is for the warehouse %q", path, string(reply.ID))
	}
	return err
}

// WarehouseError is a SQL warehouse that cannot be used: none of the running
// workspaces that answered has it.
type WarehouseError struct {
	ID string
	// Asked is the number of workspaces that say that they do not have it;
	// Failures are those that did not say.
	Asked    int
	Failures []string
}

func (e *WarehouseError) Error() string {
	text := fmt.Sprintf("the SQL warehouse %q was not found: %d running workspaces of the account were asked and do not have it", e.ID, e.Asked)
	if len(e.Failures) > 0 {
		text += ", others could not be asked. " + api.Summary(e.Failures)
	}
	return text + ". Use the id that the page of the warehouse shows, of a workspace that the caller is in; or leave it out to have Unity Catalog walked"
}
