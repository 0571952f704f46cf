// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// warnLeavers lists what members keep that no clone plan of this run is for any more:
// the plan says "No changes" then, and someone who took a person out of the configuration
// may believe that the access has ended. cloned are the targets of this run's plans.
func warnLeavers(entries, pending map[string]membershipModel, cloned map[string]map[string]bool, diags *diag.Diagnostics) {
	served := map[string]bool{}
	for _, m := range pending {
		served[m.memberID()] = true
	}
	left := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		m := entries[key]
		if _, isTarget := cloned[m.memberID()]; !isTarget && !served[m.memberID()] {
			left[m.memberID()] = append(left[m.memberID()], key)
		}
	}
	if len(left) == 0 {
		return
	}
	list, exclude := "", []string{}
	for _, member := range slices.SortedFunc(maps.Keys(left), audit.CompareIDs) {
		list += "\n  - member " + member + ":"
		for _, key := range left[member] {
			list += fmt.Sprintf("\n    - group/%s (%s)", entries[key].groupID(), cmp.Or(entries[key].GroupName.ValueString(), "no name given"))
			exclude = append(exclude, fmt.Sprintf("%q", key))
		}
	}
	diags.AddAttributeWarning(path.Root("pending_memberships"), "Access Stays With Members That Are Not Cloned Any More", fmt.Sprintf(
		"No clone plan of this run is for these members, and the ledger keeps what they were given:%s\n\nIf the access is to end, put the keys into exclude: the plan then destroys "+
			"the memberships, and those that this configuration added are removed.\n\n  exclude = [%s]\n\nThe clone guide has the recipe for leavers, also for access that is to stay.",
		list, strings.Join(exclude, ", ")))
}
