// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What a ledger forgets is named; what it does not hold is not.
func TestRemediationLedger_forgotten(t *testing.T) {
	t.Parallel()
	holding := func(keys ...string) types.Map {
		held := map[string]attr.Value{}
		for _, key := range keys {
			held[key] = types.StringValue("")
		}
		return types.MapValueMust(types.StringType, held)
	}
	for want, state := range map[string]*ledgerModel{
		"forgets 2 external ids and 1 membership. The account": {ExternalIDs: holding("a", "b"), Memberships: holding("c")},
		"forgets 1 group name. The account":                    {GroupNames: holding("a")},
		"":                                                     {ExternalIDs: holding()},
	} {
		var diags diag.Diagnostics
		(&remediationLedgerResource{}).planDestroy(t.Context(), state, nil, &diags)
		switch {
		case want == "" && len(diags) > 0, want != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), want)):
			t.Errorf("%q: %v", want, diags)
		}
	}
}
