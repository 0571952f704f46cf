// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/write"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// addCommonWriteError reports how a write of any kind but an externalId may end; what
// is for "so .. was not changed". It is false for an error that is the kind's own.
func addCommonWriteError(diags *diag.Diagnostics, verb, thing, what string, err error) bool {
	var (
		refused     *write.RefusedError
		unconfirmed *write.UnconfirmedError
	)
	err = addBroken(diags, thing, err)
	switch {
	case err == nil: // That was all.
	case addNotSent(diags, fmt.Sprintf("Refusing to %s %s", verb, thing), what+" was not changed", err):
	case errors.As(err, &refused):
		addRefusals(diags, verb, thing, refused.Refusals)
	case errors.As(err, &unconfirmed):
		diags.AddError("Unable to Confirm "+thing, unconfirmed.Error()+"."+nextStep(err))
	default:
		return false
	}
	return true
}

// fieldAttributes are the attributes of a resource that is one field of one principal.
type fieldAttributes struct{ id, reviewed string }

// addFieldError reports the write of such a field that failed or was refused.
func addFieldError(diags *diag.Diagnostics, verb, thing string, at fieldAttributes, p audit.Principal, err error) {
	var conflict *write.ConflictError
	switch {
	case addCommonWriteError(diags, verb, thing, principalTitle(p), err):
	case errors.As(err, &conflict):
		diags.AddAttributeError(path.Root(at.reviewed), fmt.Sprintf("Refusing to %s %s", verb, thing), conflict.Error()+".")
	case errors.Is(err, api.ErrNotFound):
		diags.AddAttributeError(path.Root(at.id), "Principal Not Found", fmt.Sprintf("The account has no %s. "+
			"Check %s: it is the internal Databricks id, a decimal number.\n\n%s", p.Ref, at.id, err))
	default:
		diags.AddError(fmt.Sprintf("Unable to %s %s", verb, thing), fmt.Sprintf("Failed for %s: %s.%s", principalTitle(p), strings.TrimSuffix(err.Error(), "."), nextStep(err)))
	}
}
