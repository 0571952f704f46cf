// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"context"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Found is what an IdP says of one id.
type Found struct {
	// Identity is nil when the IdP says that it has none with the id. It may be of
	// another type than the one asked for.
	Identity *audit.Identity
	// Names are all names under which Databricks may know the identity: user name
	// and mail address, name of a group, application id and name of a service principal.
	Names []string
	// Unknown says why the IdP could not tell; everything else is empty then.
	Unknown string
}

// Lookup is a source that can be asked for identities by id. It lists no directory
// for it; the kind file has its directory at hand.
type Lookup interface {
	Source
	// Lookup answers for every id, by the id as it is given. The ids are meant to be
	// of one type. It never fails as a whole: what could not be read is Unknown.
	Lookup(ctx context.Context, t audit.PrincipalType, ids []string) map[string]Found
}

// AllUnknown is the same reason for every id.
func AllUnknown(ids []string, why string) map[string]Found {
	out := make(map[string]Found, len(ids))
	for _, id := range ids {
		out[id] = Found{Unknown: why}
	}
	return out
}
