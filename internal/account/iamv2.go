// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// useIAMv2 tells whether a family of calls goes to IAM v2 first.
func (a *api) useIAMv2(family string) bool {
	return a.cfg.IdentityAPI == identityIAMv2 || a.cfg.IdentityAPI == identityAuto && !a.unavailable.Has(family)
}

// fallBack tells whether SCIM is to be asked instead, and remembers it: IAM v2
// is not there on every account and cloud (docs/reference/databricks-account-api.md 5.1). A
// failure of the server is no reason: its answer could differ from SCIM's.
func (a *api) fallBack(ctx context.Context, family string, err error) bool {
	var e *APIError
	if a.cfg.IdentityAPI != identityAuto || !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Status == http.StatusForbidden, e.Status == http.StatusNotFound, e.Status == http.StatusNotImplemented:
	case e.Status == http.StatusBadRequest && e.Code == "FEATURE_DISABLED":
	default:
		return false
	}
	a.leaveIAMv2(family)
	a.log(ctx, "IAM v2 is not available, using SCIM", map[string]any{"family": family, "status": e.Status, "code": e.Code})
	return true
}

// leaveIAMv2 has SCIM asked instead from now on.
func (a *api) leaveIAMv2(family string) { a.unavailable.Add(family) }

// iamList is the call of a list of IAM v2.
func (a *api) iamList(rest string, id ...string) call {
	return call{path: a.iamPath(rest, id...), query: url.Values{"page_size": {strconv.Itoa(iamPage)}}, limit: limitIAM}
}
