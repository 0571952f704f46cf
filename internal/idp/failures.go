// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// CallOutOfDomain is, in [audit.Failure], the call that a kind of IdP cannot make,
// because it has no objects of that type.
const CallOutOfDomain = "match service principals"

// EndsAll reports errors after which nothing can be asked any more: the context's
// end, refused credentials, and a host that does not answer at all.
func EndsAll(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	var (
		refused interface{ AuthenticationFailure() bool }
		silent  interface{ HostUnreachable() bool }
	)
	return ctx.Err() != nil || errors.Is(err, context.Canceled) ||
		errors.As(err, &refused) && refused.AuthenticationFailure() ||
		errors.As(err, &silent) && silent.HostUnreachable()
}

// IsLasting reports whether reading again cannot mend a failure: the kind of IdP does
// not have what was asked for.
func IsLasting(f audit.Failure) bool { return f.Call == CallOutOfDomain }

// SortFailures sorts by type, id, call and reason, and leaves each one once.
// Failures of no type come last.
func SortFailures(list []audit.Failure) []audit.Failure {
	slices.SortFunc(list, func(x, y audit.Failure) int {
		return cmp.Or(
			audit.CompareRefs(audit.Ref{Type: x.Type, ID: x.ID}, audit.Ref{Type: y.Type, ID: y.ID}),
			strings.Compare(x.Call, y.Call),
			strings.Compare(x.Reason, y.Reason),
		)
	})
	return slices.Compact(list)
}

// EndOnly keeps the errors that end everything.
func EndOnly(ctx context.Context, err error) error {
	if EndsAll(ctx, err) {
		return err
	}
	return nil
}
