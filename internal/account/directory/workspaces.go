// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// rawWorkspace is an entry of the workspace list with the key that no SDK type
// has (docs/reference/databricks-account-api.md 3.1).
type rawWorkspace struct {
	ID         api.Text        `json:"workspace_id"`
	Name       string          `json:"workspace_name"`
	Deployment string          `json:"deployment_name"`
	Status     string          `json:"workspace_status"`
	Federation json.RawMessage `json:"identity_federation_info"`
	Tier       string          `json:"pricing_tier"`
	Cloud      string          `json:"cloud"`
}

// Workspaces lists the workspaces of the account, sorted by id, in one request
// (GET /api/2.0/accounts/{account}/workspaces, a bare array). It is read once
// per client.
//
// Federation is nil where the key is missing; null and an object without the
// switch are false, as the prep script reads them.
func (d *workspaces) Workspaces(ctx context.Context) ([]audit.Workspace, error) {
	all, err := d.workspaces.Get(ctx, d.listWorkspaces)
	if err != nil {
		return nil, fmt.Errorf("listing the workspaces: %w", err)
	}
	return slices.Clone(all), nil
}

func (d *workspaces) listWorkspaces(ctx context.Context) ([]audit.Workspace, error) {
	var raw []rawWorkspace
	path := "/api/2.0/accounts/" + d.api.AccountID + "/workspaces"
	if err := d.api.Do(ctx, api.Call{Method: http.MethodGet, Path: path, Limit: api.LimitAccount}, &raw); err != nil {
		return nil, err
	}
	out := make([]audit.Workspace, 0, len(raw))
	seen := map[string]bool{}
	for _, w := range raw {
		id := string(w.ID)
		if id == "" {
			return nil, errors.New("the account sent a workspace without workspace_id")
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		federation, err := w.federation()
		if err != nil {
			return nil, fmt.Errorf("workspace %s: identity_federation_info cannot be read: %w", id, err)
		}
		out = append(out, audit.Workspace{
			ID: id, Name: w.Name, Status: w.Status, Host: d.api.WorkspaceHost(id, w.Deployment), Federation: federation,
			Tier: w.Tier, Cloud: strings.ToLower(w.Cloud),
		})
	}
	slices.SortFunc(out, func(a, b audit.Workspace) int { return audit.CompareIDs(a.ID, b.ID) })
	return out, nil
}

func (w *rawWorkspace) federation() (*bool, error) {
	if w.Federation == nil {
		return nil, nil
	}
	var info struct {
		Enabled bool `json:"enable_identity_federation"`
	}
	if !bytes.Equal(w.Federation, []byte("null")) {
		if err := json.Unmarshal(w.Federation, &info); err != nil {
			return nil, err
		}
	}
	return &info.Enabled, nil
}
