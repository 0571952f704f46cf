// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
)

// findings are what the data sources of one run have found, for the resources that
// take their input from them: those are read, planned and refreshed after it. A
// resource that does not may come before: then nothing is found yet, and what it asks
// is answered with false. No result of a data source depends on it.
type findings struct {
	mu sync.Mutex
	// offered are the externalIds that audits offer to write.
	offered map[audit.Ref]string
	// keys are what audits offer to change of single principals, by the keys of their maps.
	keys map[string]bool
	// offeredMembers are the memberships, by [membershipKey], that audits and clone
	// plans offer to change.
	offeredMembers map[string]bool
	// clones are the groups that clone plans give, by target.
	clones map[string]map[string]bool
	// inSQL are the views and functions that ask for a group, by its name.
	inSQL      map[string][]string
	incomplete bool
	// targetsWarned is true once a ledger was warned of keys with room for one target.
	targetsWarned bool
}

// addAudit takes in what an audit offers to change.
func (f *findings) addAudit(report judge.Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.incomplete = f.incomplete || !report.Complete
	if f.offered == nil {
		f.offered, f.keys = map[audit.Ref]string{}, map[string]bool{}
	}
	for _, fix := range report.ExternalIDFixes {
		f.offered[fix.Ref], f.keys[fix.String()] = fix.ExternalID, true
	}
	for _, deactivation := range report.Deactivations {
		f.keys[deactivation.Key()] = true
	}
	for _, rename := range report.GroupRenames {
		f.keys[rename.Key()] = true
	}
	for _, removal := range report.MemberRemovals {
		f.offerMember(removal.GroupID, removal.MemberID)
	}
}

// addClone takes in what a clone plan wants of its target.
func (f *findings) addClone(targetID string, groupIDs []string, complete bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.incomplete = f.incomplete || !complete
	if f.clones == nil {
		f.clones = map[string]map[string]bool{}
	}
	if f.clones[targetID] == nil {
		f.clones[targetID] = map[string]bool{}
	}
	for _, id := range groupIDs {
		f.offerMember(id, targetID)
		f.clones[targetID][id] = true
	}
}

// addGroupNamesInSQL takes in which views and functions ask for a group, by its name.
func (f *findings) addGroupNamesInSQL(found map[string][]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.inSQL == nil {
		f.inSQL = map[string][]string{}
	}
	for name, places := range found {
		f.inSQL[name] = slices.Compact(slices.Sorted(slices.Values(append(f.inSQL[name], places...))))
	}
}

// asksInSQL are the views and functions of which it is known that they ask for the group
// of that name, and not for the name that it will have as well; none is no proof that
// there are none.
func (f *findings) asksInSQL(name, later string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.inSQL[name]), func(place string) bool { return slices.Contains(f.inSQL[later], place) })
}

func (f *findings) offerMember(groupID, memberID string) {
	if f.offeredMembers == nil {
		f.offeredMembers = map[string]bool{}
	}
	f.offeredMembers[membershipKey(groupID, memberID)] = true
}

// offersValue reports whether an audit offers exactly that externalId: it has found the
// id in the IdP, and looked whether the principal is privileged or was configured to ignore it.
func (f *findings) offersValue(ref audit.Ref, externalID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	offered, ok := f.offered[ref]
	return ok && offered == externalID
}

// offers reports whether an audit offers to change what an entry of that key is about, so
// that what the account holds now is about to be replaced.
func (f *findings) offers(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys[key]
}

// offersMembership is offers for a membership.
func (f *findings) offersMembership(groupID, memberID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.offeredMembers[membershipKey(groupID, memberID)]
}

// isIncomplete reports whether a data source could not read everything, so that what
// was not found may be there.
func (f *findings) isIncomplete() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.incomplete
}

// checkTargets refuses a ledger in which one target of this run's clone plans takes
// the place of another, and names members that none of them is for any more.
func (f *findings) checkTargets(t membershipTargets, diags *diag.Diagnostics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	warnLeavers(t.entries, t.pending, f.clones, diags)
	doubt := t.check(f.clones, diags)
	if doubt == "" || f.targetsWarned {
		return
	}
	f.targetsWarned = true
	diags.AddAttributeWarning(path.Root("pending_memberships"), "Several Targets, and Ledger Keys for One", "Clone plans of this run give groups to "+
		"members that this ledger has no entry for, under keys that it has for others."+doubt+"\n\nIf each of them has a ledger of its own, all is well. "+
		"If this one is for several, merge has kept the last of them only. "+keysWithMember)
}
