// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/provisioning"
)

// ConnectorRequest says which SCIM connectors to read, and what of them.
type ConnectorRequest struct {
	// IDs are those in the IdP; empty is every connector for Databricks that can be found.
	IDs []string
	// LogSince reads the provisioning log from then on; zero reads none.
	LogSince time.Time
	// Scope reads who is assigned, and the members of assigned groups; Nested the groups
	// below them, too.
	Scope, Nested bool
}

// ConnectorResult is what was read.
type ConnectorResult struct {
	// Connectors are sorted by id. What could not be read of one is in its Unread.
	Connectors []provisioning.Connector
	// Missing are the ids of the request that the IdP does not have.
	Missing []string
	// Failures are why connectors may be missing that no one named.
	Failures []audit.Failure
}

// ConnectorSource is a source that knows its SCIM connectors.
type ConnectorSource interface {
	Lookup
	// Connectors reads them. The error is for an IdP of which nothing can be read.
	Connectors(ctx context.Context, req ConnectorRequest) (ConnectorResult, error)
}

// MappingSource is a source that knows what its connectors write, too.
type MappingSource interface {
	ConnectorSource
	// Attribute reads one attribute of identities of a type, by canonical id; of those
	// that the IdP does not have, or that have no value, there is none. known is false
	// where the IdP has no such attribute.
	Attribute(ctx context.Context, t audit.PrincipalType, name string, ids []string) (values map[string]string, known bool, err error)
}
