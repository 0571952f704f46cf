// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// api is the connection to one account: its hosts, logins and limits.
type api struct {
	cfg       Config
	host      string
	accountID string
	transport *transport.Client
	auth      authorizer

	proven      flag        // the account has answered a call with success
	unavailable set[string] // families of IAM v2 that the account does not have
	sites       keyed[string, *site]
}

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

func (a *api) readers() int { return 2 * a.cfg.MaxConcurrency }

func (a *api) log(ctx context.Context, msg string, fields map[string]any) {
	if a.cfg.Log != nil {
		a.cfg.Log(ctx, msg, fields)
	}
}
