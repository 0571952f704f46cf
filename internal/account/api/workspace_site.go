// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// workspaceHeader chooses the workspace on a host that serves several
// (docs/reference/databricks-account-api.md 3.4).
const workspaceHeader = "X-Databricks-Workspace-Id"

// Site is one workspace as a place to send calls to. Its host is derived from
// the deployment name within the DNS zone of the account host, or is that of
// workspace_hosts: what the account answers names no other host, and nor does
// what a workspace answers, since links and redirects are not followed.
type Site struct {
	Workspace string // id
	host      string // with scheme, without path
	header    bool   // the host is the account's own, and a header chooses
	auth      authorizer
}

// id of the workspace; "" for the account.
func (s *Site) id() string {
	if s == nil {
		return ""
	}
	return s.Workspace
}

func (s *Site) choose(h http.Header) {
	if s != nil && s.header {
		h.Set(workspaceHeader, s.Workspace)
	}
}

// Limit is the family of calls that the workspace counts together.
func (s *Site) Limit() string { return "workspace " + s.Workspace }

// SiteOf is the place of a workspace. One per workspace and client, so that its
// token is had once.
func (a *Conn) SiteOf(ctx context.Context, w audit.Workspace) (*Site, error) {
	if w.Host == "" {
		return nil, errors.New("its host is not known: the account names no deployment that could be a part of one. Set workspace_hosts")
	}
	// No matter who wrote the list, credentials go nowhere else.
	if err := checkHostURL(w.Host); err != nil {
		return nil, fmt.Errorf("its host cannot be used: %w", err)
	}
	return a.sites.Get(ctx, w.ID, func(context.Context) (*Site, error) {
		s := &Site{Workspace: w.ID, host: w.Host, header: w.Host == a.Host, auth: a.auth}
		if m, ok := a.auth.(*machine); ok && !s.header {
			// docs/reference/databricks-account-api.md 1.2: the workspace's token endpoint.
			s.auth = &workspaceAuth{
				workspace: w.ID, account: m,
				own: &machine{transport: m.transport, id: m.id, secret: m.secret, endpoint: w.Host + "/oidc/v1/token"},
			}
		}
		return s, nil
	})
}

// workspaceAuth logs in at the workspace, and where that does not know the
// client, goes on with the account's token: a workspace knows its own service
// principals only, and some tools got in with the other token
// (docs/reference/databricks-account-api.md 3.4, unofficial).
type workspaceAuth struct {
	workspace    string
	own, account *machine
	refusedOwn   atomic.Bool
}

func (w *workspaceAuth) kind() string          { return w.account.kind() }
func (w *workspaceAuth) applicationID() string { return w.account.applicationID() }

func (w *workspaceAuth) authorize(ctx context.Context, r *http.Request) error {
	if !w.refusedOwn.Load() {
		err := w.own.authorize(ctx, r)
		var (
			e    *Error
			auth *AuthError
		)
		switch {
		case err == nil:
			return nil
		case errors.As(err, &e) && e.Status >= 400 && e.Status <= 499 && e.Status != http.StatusTooManyRequests:
			// Refused there: on with the account's token.
		case errors.As(err, &auth):
			// Not an AuthError: it is about one workspace, not about the account.
			return fmt.Errorf("logging in to workspace %s: %w", w.workspace, auth.Err)
		default:
			return err
		}
		w.refusedOwn.Store(true)
	}
	return w.account.authorize(ctx, r)
}

func (w *workspaceAuth) refused(h http.Header) bool {
	if w.refusedOwn.Load() {
		return w.account.refused(h)
	}
	return w.own.refused(h)
}
