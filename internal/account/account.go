// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package account is the Databricks side: it reads an account into the terms of
// package audit, and writes externalIds and memberships under guard. This package only
// joins its parts: api is the connection, directory who is there, power who is
// privileged, catalog, aim and events what else is read, and write the one way to change
// anything. Each knows only those before it; catalog, aim, events and write do not know each
// other.
//
// The SDK resolves configuration and credentials; requests go through package
// transport (docs/adr/002-own-transport.md). Facts about the APIs are
// named at each call (docs/reference/README.md); what is only assumed says so. It must
// not import the Terraform libraries.
package account

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/aim"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/catalog"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/events"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/power"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/checkpoint"
)

// Client is one configured account, in parts that each ask only those before them.
// It is safe for concurrent use. What it has read stays in the caches of its parts for
// its lifetime, kept true by its own writes.
type Client struct {
	*directory.Directory
	*power.Power
	*catalog.Catalog
	*aim.Readiness
	*events.Log
	*write.Writer

	api *api.Conn
}

// New resolves the configuration. No request is sent. Errors are
// [*api.ConfigError]s, which name the attribute of the provider block.
func New(ctx context.Context, cfg api.Config) (*Client, error) {
	a, err := api.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	d := directory.New(a)
	pw := power.New(a, d)
	return &Client{
		api: a, Directory: d, Power: pw,
		Catalog: catalog.New(a, d, pw), Readiness: aim.New(a, d), Log: events.New(a, d), Writer: write.New(a, d, pw),
	}, nil
}

// Readers is how many callers at a time keep the client busy: more than the requests
// that it has in flight, so that the next one is at hand while the answer to another
// is being decoded. The bound on requests is the client's own.
func (c *Client) Readers() int { return c.api.Readers() }

// AccountID is the account's id, a UUID.
func (c *Client) AccountID() string { return c.api.AccountID }

// Host is the account host with its scheme, without path.
func (c *Client) Host() string { return c.api.Host }

// CallerApplicationID is the application id that the caller logs in with: the
// client id under oauth-m2m, else "" (not known without a request).
func (c *Client) CallerApplicationID() string { return c.api.CallerApplicationID() }

// Audit is a reader for one audit. kept may be nil.
func (c *Client) Audit(kept *checkpoint.Store) *directory.Audit {
	return directory.NewAudit(c.Directory, kept, func(ctx context.Context) {
		_, _ = c.Power.AccountRules(ctx)
		_, _ = c.AccessAssignments(ctx)
	})
}
