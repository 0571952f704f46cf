// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"sync/atomic"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// api is the connection to one account: its hosts, logins and limits.
type api struct {
	cfg       Config
	host      string
	accountID string
	transport *transport.Client
	auth      authorizer

	proven      atomic.Bool
	unavailable once.Set[string] // families of IAM v2 that the account does not have
	sites       once.Map[string, *site]
}

// newAPI resolves the configuration. No request is sent. Errors are [*ConfigError]s.
func newAPI(ctx context.Context, cfg Config) (*api, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	a := &api{cfg: cfg}
	a.transport = transport.New(transport.Options{
		Base:           baseTransport(cfg),
		MaxConcurrency: cfg.MaxConcurrency,
		ReadsPerSecond: cfg.ReadsPerSecond, WritesPerSecond: cfg.WritesPerSecond,
		FirstContact: cfg.FirstContact, RequestTimeout: cfg.RequestTimeout,
		RetryBudget: cfg.RetryBudget, RetryPause: cfg.RetryPause,
		Side: "the account", UserAgent: userAgent(cfg.Version), Log: cfg.Log,
	})
	if err := resolve(ctx, cfg.SDK, a.transport); err != nil {
		return nil, err
	}
	a.host, a.accountID = cfg.SDK.Host, cfg.SDK.AccountID
	a.auth = newAuthorizer(cfg.SDK, a.transport, cfg.RequestTimeout)
	return a, nil
}

// readers is how many callers at a time keep the connection busy, see [Client.Readers].
func (a *api) readers() int { return 2 * a.cfg.MaxConcurrency }

// hasAnswered tells whether the account has answered a call with success.
func (a *api) hasAnswered() bool { return a.proven.Load() }

// callerApplicationID is [Client.CallerApplicationID].
func (a *api) callerApplicationID() string { return a.auth.applicationID() }

// log writes a debug line, with ids and counts only.
func (a *api) log(ctx context.Context, msg string, fields map[string]any) {
	if a.cfg.Log != nil {
		a.cfg.Log(ctx, msg, fields)
	}
}
