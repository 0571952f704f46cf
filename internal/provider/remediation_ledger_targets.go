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

const keysWithMember = "Give the ledger keys that hold the member: pending_memberships = merge([for plan in [..] : " +
	`{ for m in plan.memberships : "${m.group_id}/${m.member_id}" => m }]...).`

// membershipTargets are the memberships that a ledger will hold, beside those that
// it tracks, to find members that lose their place in it.
type membershipTargets struct {
	entries, tracked, pending map[string]membershipModel
	exclude                   map[string]bool
}

// has reports whether the ledger will hold the membership, or is configured not to.
func (t *membershipTargets) has(groupID, memberID string) bool {
	full := membershipKey(groupID, memberID)
	if t.exclude[full] || t.exclude[groupID] {
		return true
	}
	_, there := t.entries[full]
	return there || t.entries[groupID].memberID() == memberID
}

// serves reports whether the ledger is for that member, too.
func (t *membershipTargets) serves(memberID string) bool {
	for _, list := range []map[string]membershipModel{t.entries, t.tracked} {
		for _, e := range list {
			if e.memberID() == memberID {
				return true
			}
		}
	}
	return false
}

// check finds what a key with room for one member loses: the plans of two targets
// have the same keys, and merge keeps the last one's. wanted are the clone plans of
// this run, groups by target. It is an error where the ledger is for both for
// certain. Else the other target may have a ledger of its own: that is in doubt.
func (t *membershipTargets) check(wanted map[string]map[string]bool, diags *diag.Diagnostics) (doubt string) {
	warned := map[string]bool{}
	for _, target := range slices.SortedFunc(maps.Keys(wanted), audit.CompareIDs) {
		lost := ""
		for _, group := range slices.SortedFunc(maps.Keys(wanted[target]), audit.CompareIDs) {
			if holder, taken := t.entries[group]; taken && !t.has(group, target) {
				warned[group] = true
				lost += t.line(group, holder)
			}
		}
		switch {
		case lost == "":
		case t.serves(target):
			diags.AddAttributeError(path.Root("pending_memberships"), "Two Members Under One Ledger Key", fmt.Sprintf(
				"A clone plan of this run gives these groups to the member %s, and the ledger has their keys for others:%s\n\n"+
					"A key that is the group alone has room for one member, and merge keeps the last. %s%s", target, lost, keysWithMember, destroyInstead))
		default:
			doubt += fmt.Sprintf("\n\nTo the member %s:%s", target, lost)
		}
	}
	t.warnReplaced(warned, diags)
	return doubt
}

// warnReplaced says that a key goes to another member: what the first was given is
// taken away.
func (t *membershipTargets) warnReplaced(warned map[string]bool, diags *diag.Diagnostics) {
	var lost []string
	for _, key := range slices.Sorted(maps.Keys(t.tracked)) {
		before := t.tracked[key]
		if now, stays := t.entries[key]; stays && now.memberID() != before.memberID() && !warned[key] && !t.has(before.groupID(), before.memberID()) {
			lost = append(lost, t.line(key, now)+", so far for "+before.memberID())
		}
	}
	if len(lost) > 0 {
		diags.AddAttributeWarning(path.Root("pending_memberships"), "Ledger Keys Go to Another Member", fmt.Sprintf(
			"These keys of the ledger are for another member from now on, and the one before loses what it was given:%s\n\n"+
				"If both are to keep it: %s", strings.Join(lost, ""), strings.ToLower(keysWithMember[:1])+keysWithMember[1:]))
	}
}

func (t *membershipTargets) line(key string, holder membershipModel) string {
	return fmt.Sprintf("\n  - group/%s (%s): the key %q is for the member %s",
		holder.groupID(), cmp.Or(holder.GroupName.ValueString(), "no name given"), key, holder.memberID())
}
