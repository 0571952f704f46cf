// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// ErrNoIAMv2 is for what only IAM v2 has.
var ErrNoIAMv2 = errors.New("the account has no IAM v2")

// UseIAMv2 reports whether a family of calls goes to IAM v2 first.
func (a *Conn) UseIAMv2(family string) bool {
	return a.Config.IdentityAPI == IdentityIAMv2 || a.Config.IdentityAPI == IdentityAuto && !a.unavailable.Has(family)
}

// FallBack reports whether SCIM is to be asked instead, and remembers it: IAM v2
// is not there on every account and cloud (docs/reference/databricks-account-api.md 5.1). A
// failure of the server is no reason: its answer could differ from SCIM's.
func (a *Conn) FallBack(ctx context.Context, family string, err error) bool {
	var e *Error
	if a.Config.IdentityAPI != IdentityAuto || !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Status == http.StatusForbidden, e.Status == http.StatusNotFound, e.Status == http.StatusNotImplemented:
	case e.Status == http.StatusBadRequest && e.Code == "FEATURE_DISABLED":
	default:
		return false
	}
	a.LeaveIAMv2(family)
	a.Log(ctx, "IAM v2 is not available, using SCIM", map[string]any{"family": family, "status": e.Status, "code": e.Code})
	return true
}

// LeaveIAMv2 has SCIM asked instead from now on.
func (a *Conn) LeaveIAMv2(family string) { a.unavailable.Add(family) }

// IAMList is the call of a list of IAM v2.
func (a *Conn) IAMList(rest string, id ...string) Call {
	return Call{Path: a.IAMPath(rest, id...), Query: url.Values{"page_size": {strconv.Itoa(iamPage)}}, Limit: LimitIAM}
}
