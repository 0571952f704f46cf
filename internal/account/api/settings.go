// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"runtime"
	"time"

	"github.com/databricks/databricks-sdk-go/config"
	"github.com/databricks/databricks-sdk-go/version"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/journal"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Config says which account is meant and how to treat it.
type Config struct {
	// SDK holds the fields of the provider block only. [New] takes it over and
	// resolves the rest from environment and profile as the official provider
	// does. An HTTPTransport in it carries the requests; nil is usual.
	SDK *config.Config
	// IdentityAPI is the route of reads: "auto" (also ""), "iam_v2" or "scim".
	// "auto" tries IAM v2 and falls back on 403, 404 and 501, never on failures
	// of the server.
	IdentityAPI string
	// WorkspaceHosts are URLs by workspace id, in place of the derived ones.
	WorkspaceHosts map[string]string
	// MaxConcurrency bounds the requests in flight; 0 is that of [transport.Options].
	MaxConcurrency int
	// ReadsPerSecond and WritesPerSecond are fixed rates; 0 is adaptive.
	ReadsPerSecond, WritesPerSecond float64
	// HiddenMemberships says that AIM is on, under which account SCIM does not
	// show memberships that come from the IdP.
	HiddenMemberships bool
	// MaybeHiddenMemberships says that AIM may be on: then they may be hidden
	// where a principal is linked to the IdP, or a group above it.
	MaybeHiddenMemberships bool
	// ReadOnly refuses every write.
	ReadOnly bool
	// Journal records every write; nil for none.
	Journal *journal.Journal
	// BeforeWrite is called before every write; nil for no one.
	BeforeWrite func()
	// Version is the provider's, for the User-Agent.
	Version string
	// FirstContact (10 s), RequestTimeout (60 s), RetryBudget (5 min) and
	// RetryPause (0.5 s) are those of transport.Options; ConfirmTimeout (90 s)
	// is how long a write is read back. 0 is the default; tests shorten them.
	FirstContact, RequestTimeout, RetryBudget, RetryPause, ConfirmTimeout time.Duration
	// MemberWindow is how long a membership write waits for others of the same
	// group, to share one PATCH with them; 0 is 0.1 s.
	MemberWindow time.Duration
	// MaxListingAge is how old the listing may be that reports whether an externalId
	// is free for a write, and what else needs the whole account; 0 is 1 min.
	MaxListingAge time.Duration
	// StatementTimeout is how long a SQL statement may take, the start of its
	// warehouse included; 0 is 10 min.
	StatementTimeout time.Duration
	// Log gets debug lines with ids and counts only; nil for none.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

const defaultMaxListingAge = time.Minute

const defaultConfirmTimeout = 90 * time.Second // Caches of up to 60 s were seen; UCX waits as long.

// defaultMemberWindow is how long a membership waits for others to share a
// PATCH with: Terraform starts its instances within milliseconds.
const defaultMemberWindow = 100 * time.Millisecond

func (cfg *Config) setDefaults() error {
	switch cfg.IdentityAPI {
	case "":
		cfg.IdentityAPI = IdentityAuto
	case IdentityAuto, IdentityIAMv2, IdentitySCIM:
	default:
		return &ConfigError{
			Attribute: "identity_api", Summary: "Invalid Identity API",
			Detail: "identity_api is \"" + cfg.IdentityAPI + "\"; it can be auto, iam_v2 or scim.",
		}
	}
	for id, host := range cfg.WorkspaceHosts {
		if err := checkHostURL(host); err != nil {
			return &ConfigError{
				Attribute: "workspace_hosts", Summary: "Invalid Workspace Host",
				Detail: "workspace_hosts has for workspace " + id + " a value that cannot be used: " + err.Error() + ".",
			}
		}
	}
	if cfg.SDK == nil {
		cfg.SDK = &config.Config{}
	}
	if cfg.MaxConcurrency <= 0 {
		cfg.MaxConcurrency = transport.DefaultMaxConcurrency
	}
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = transport.DefaultRequestTimeout
	}
	if cfg.RetryPause <= 0 {
		cfg.RetryPause = transport.DefaultRetryPause
	}
	if cfg.ConfirmTimeout <= 0 {
		cfg.ConfirmTimeout = defaultConfirmTimeout
	}
	if cfg.MemberWindow <= 0 {
		cfg.MemberWindow = defaultMemberWindow
	}
	if cfg.StatementTimeout <= 0 {
		cfg.StatementTimeout = defaultStatementTimeout
	}
	if cfg.MaxListingAge <= 0 {
		cfg.MaxListingAge = defaultMaxListingAge
	}
	return nil
}

// userAgent follows the form of the SDK's; the SDK's own setter is global and
// panics on versions such as "dev".
func userAgent(v string) string {
	if v == "" {
		v = "dev"
	}
	return "terraform-provider-dbxidentity/" + v + " databricks-sdk-go/" + version.Version +
		" go/" + runtime.Version()[2:] + " os/" + runtime.GOOS
}

// Identity APIs of [Config].
const (
	IdentityAuto  = "auto"
	IdentityIAMv2 = "iam_v2"
	IdentitySCIM  = "scim"
)
