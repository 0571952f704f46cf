// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// gathered is the IdP for questions about single ids; nil where it takes none.
func gathered(source idp.Source) *idp.Gathered {
	if lookup, can := source.(idp.Lookup); can {
		return idp.Gather(lookup, defaultWriteTimeout)
	}
	return nil
}

// lookUpIdentity asks the configured IdP for an identity by its id.
func (s *session) lookUpIdentity(ctx context.Context, t audit.PrincipalType, externalID string) idp.Found {
	switch {
	case s.idp == nil:
		return idp.Found{Unknown: "no identity provider is configured (idp)"}
	case s.lookups == nil:
		return idp.Found{Unknown: fmt.Sprintf("idp = { %s = {} } cannot be asked for an id", s.idp.Kind())}
	}
	return s.lookups.Lookup(ctx, t, externalID)
}
