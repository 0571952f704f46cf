// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	datatimeouts "github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// The time limits of operations that set none in timeouts.
const (
	// defaultReadTimeout is how long a data source may read. Large accounts take
	// long: an audit makes at least one call per identity.
	defaultReadTimeout = 60 * time.Minute
	// defaultWriteTimeout is how long one create, read, update or delete of a
	// resource may take.
	defaultWriteTimeout = 5 * time.Minute
)

// readTimeouts is the timeouts attribute of a data source.
func readTimeouts(ctx context.Context) dataschema.Attribute {
	const what = "How long the data source may read"
	out := datatimeouts.AttributesWithOpts(ctx, datatimeouts.Opts{ReadDescription: timeoutText(what, defaultReadTimeout)})
	if nested, ok := out.(dataschema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = fmt.Sprintf("Time limit. `read` is `%s` by default.", shortDuration(defaultReadTimeout))
		return nested
	}
	return out
}

// writeTimeouts is the timeouts attribute of a resource, for the operations that
// opts switches on.
func writeTimeouts(ctx context.Context, opts timeouts.Opts) schema.Attribute {
	opts.CreateDescription = timeoutText("How long a create may take, reading back included", defaultWriteTimeout)
	opts.ReadDescription = timeoutText("How long a refresh of one instance may take", defaultWriteTimeout)
	opts.UpdateDescription = timeoutText("How long an update may take, reading back included", defaultWriteTimeout)
	opts.DeleteDescription = timeoutText("How long a destroy may take, reading back included", defaultWriteTimeout)
	out := timeouts.Attributes(ctx, opts)
	if nested, ok := out.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = fmt.Sprintf("Time limits per instance, each `%s` by default.", shortDuration(defaultWriteTimeout))
		return nested
	}
	return out
}

func timeoutText(what string, limit time.Duration) string {
	return fmt.Sprintf("%s: a duration such as `90s`, `10m` or `2h45m`. Default: `%s`.", what, shortDuration(limit))
}

// shortDuration is a whole number of minutes as it is written in configuration.
func shortDuration(d time.Duration) string { return fmt.Sprintf("%dm", int(d.Minutes())) }
