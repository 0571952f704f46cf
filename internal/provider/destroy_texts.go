// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// What the plan of a destroy says of each instance. The summaries are constant, so
// that the command line folds the warnings of many instances into one.
const (
	staysInAccount = "Stays in the Account"
	accessRemoved  = "Access Will Be Removed"
)

// warnOfDestroy says in the plan what becomes of the remote fact of an instance, and
// names a ledger that is made anew beside it: then the instance is destroyed only
// because the new ledger does not know it.
func (s *session) warnOfDestroy(summary, detail string, diags *diag.Diagnostics) {
	if s.newLedger.Load() {
		detail += "\n\nThe same plan makes a remediation ledger. If there was one before, its memory is lost (removed from the state, replaced, or under another address), and " +
			"instances that the new one does not know are destroyed. Do not apply then: bring the old state back, or add a moved block from the ledger's old address."
	}
	diags.AddWarning(summary, detail)
}

// isGone reports whether a principal is provably deleted: nothing of it stays.
func (s *session) isGone(ctx context.Context, ref audit.Ref) bool {
	ctx, cancel := context.WithTimeout(ctx, defaultWriteTimeout)
	defer cancel()
	_, err := s.account.Known(ctx, ref)
	return errors.Is(err, api.ErrNotFound)
}
