// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package api is the connection to a Databricks account: configuration and login, one
// call with its retries and limits, pages, errors, workspaces as places to send calls
// to, and SQL statements. It knows the shapes that all answers share, and nothing of
// principals.
package api

import (
	"context"
	"sync/atomic"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Conn is the connection to one account: its hosts, logins and limits.
type Conn struct {
	Config Config
	// Host is the account host with its scheme, without path; AccountID is a UUID.
	Host, AccountID string

	transport *transport.Client
	most      int // requests in flight, ever
	auth      authorizer

	proven      atomic.Bool
	unavailable once.Set[string] // families of IAM v2 that the account does not have
	sites       once.Map[string, *Site]
}

// documentedWritesPerSecond is how many PATCH requests a second account SCIM takes, by two
// sources that are not Databricks' own (docs/reference/databricks-account-api.md 4.5).
const documentedWritesPerSecond = 2

// New resolves the configuration. No request is sent. Errors are [*ConfigError]s.
func New(ctx context.Context, cfg Config) (*Conn, error) {
	concurrency := cfg.MaxConcurrency
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	a := &Conn{Config: cfg, most: transport.MostInFlight(concurrency)}
	a.transport = transport.New(transport.Options{
		Base:           baseTransport(cfg, a.most),
		MaxConcurrency: concurrency,
		ReadsPerSecond: cfg.ReadsPerSecond, WritesPerSecond: cfg.WritesPerSecond, LikelyWritesPerSecond: documentedWritesPerSecond,
		FirstContact: cfg.FirstContact, RequestTimeout: cfg.RequestTimeout,
		RetryBudget: cfg.RetryBudget, RetryPause: cfg.RetryPause,
		Side: "the account", UserAgent: userAgent(cfg.Version), Log: cfg.Log,
	})
	if err := resolve(ctx, cfg.SDK, a.transport); err != nil {
		return nil, err
	}
	a.Host, a.AccountID = cfg.SDK.Host, cfg.SDK.AccountID
	a.auth = newAuthorizer(cfg.SDK, a.transport, cfg.RequestTimeout)
	return a, nil
}

// Readers is how many callers at a time keep the connection busy: more than the requests
// that it has in flight, so that the next one is at hand while the answer to another
// is being decoded. The bound on requests is the connection's own.
func (a *Conn) Readers() int { return 2 * a.most }

// HasAnswered reports whether the account has answered a call with success.
func (a *Conn) HasAnswered() bool { return a.proven.Load() }

// CallerApplicationID is the application id that the caller logs in with: the
// client id under oauth-m2m, else "" (not known without a request).
func (a *Conn) CallerApplicationID() string { return a.auth.applicationID() }

// Log writes a debug line, with ids and counts only.
func (a *Conn) Log(ctx context.Context, msg string, fields map[string]any) {
	if a.Config.Log != nil {
		a.Config.Log(ctx, msg, fields)
	}
}
