// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/ledger"
)

// What is observed of a membership.
const (
	observedPresent = "present"
	observedAbsent  = "absent"
)

// ledgerEntry is one remembered thing.
type ledgerEntry interface {
	// known reports whether everything that decides is known.
	known() bool
	// wanted is what makes two entries of one key the same; shown is what the
	// account is observed to hold once the entry is in effect.
	wanted() string
	shown() string
	// labels are the names and ids that a person may write in place of the key.
	labels() []string
}

func (m externalIDFixModel) known() bool {
	return !m.ExternalID.IsUnknown() && !m.CurrentExternalID.IsUnknown() && !m.PrincipalID.IsUnknown() && !m.PrincipalType.IsUnknown()
}
func (m externalIDFixModel) wanted() string { return m.ExternalID.ValueString() }
func (m externalIDFixModel) shown() string  { return m.ExternalID.ValueString() }

func (m externalIDFixModel) labels() []string {
	return []string{m.PrincipalName.ValueString(), m.ExternalID.ValueString(), m.CurrentExternalID.ValueString()}
}

// renewedFix is a tracked fix that will replace the value that was found now, and
// whether that is another one than the first: neither what was reviewed nor what is
// wanted. It stays as it is where the pending fix does not say what it replaces.
func renewedFix(tracked, pending externalIDFixModel) (externalIDFixModel, bool) {
	now := pending.CurrentExternalID
	if now.IsNull() || now.Equal(tracked.CurrentExternalID) || now.Equal(tracked.ExternalID) {
		return tracked, false
	}
	tracked.CurrentExternalID, tracked.Reversible = now, pending.Reversible
	return tracked, true
}

func (m externalIDFixModel) observe(p audit.Principal) (string, bool) {
	return asWanted(p.ExternalID, m.wanted()), true
}

// asWanted is a value of the account, in the form that is wanted where the two are the
// same in Terraform.
func asWanted(value, wanted string) string {
	if directory.SameShown(value, wanted) {
		return wanted
	}
	return value
}

// What is observed of a principal that is to be deactivated.
const (
	observedActive   = "active"
	observedInactive = "inactive"
)

func (m deactivationModel) ref() audit.Ref {
	return audit.Ref{Type: audit.PrincipalType(m.PrincipalType.ValueString()), ID: m.PrincipalID.ValueString()}
}
func (m deactivationModel) known() bool {
	return !m.PrincipalType.IsUnknown() && !m.PrincipalID.IsUnknown()
}
func (m deactivationModel) wanted() string { return observedInactive }
func (m deactivationModel) shown() string  { return observedInactive }
func (m deactivationModel) labels() []string {
	return []string{m.PrincipalName.ValueString(), m.ref().String()}
}

func (m deactivationModel) observe(p audit.Principal) (string, bool) {
	switch {
	case p.Active == nil:
		return "", false
	case *p.Active:
		return observedActive, true
	default:
		return observedInactive, true
	}
}

func (m groupRenameModel) ref() audit.Ref {
	return audit.Ref{Type: audit.TypeGroup, ID: m.GroupID.ValueString()}
}

func (m groupRenameModel) known() bool {
	return !m.GroupID.IsUnknown() && !m.CurrentName.IsUnknown() && !m.Name.IsUnknown()
}
func (m groupRenameModel) wanted() string { return m.Name.ValueString() }
func (m groupRenameModel) shown() string  { return m.Name.ValueString() }
func (m groupRenameModel) labels() []string {
	return []string{m.CurrentName.ValueString(), m.Name.ValueString(), m.GroupID.ValueString(), m.ref().String()}
}

func (m groupRenameModel) observe(p audit.Principal) (string, bool) {
	return asWanted(p.Name, m.wanted()), true
}

// renewedName is [renewedFix] for a name.
func renewedName(tracked, pending groupRenameModel) (groupRenameModel, bool) {
	now := pending.CurrentName
	if now.IsNull() || now.Equal(tracked.CurrentName) || now.Equal(tracked.Name) {
		return tracked, false
	}
	tracked.CurrentName = now
	return tracked, true
}

func (m memberRemovalModel) known() bool { return !m.GroupID.IsUnknown() && !m.MemberID.IsUnknown() }

// wanted has no part of its own: the key names both sides.
func (m memberRemovalModel) wanted() string { return observedAbsent }
func (m memberRemovalModel) shown() string  { return observedAbsent }
func (m memberRemovalModel) labels() []string {
	return []string{m.GroupID.ValueString(), m.GroupName.ValueString(), m.MemberID.ValueString(), m.MemberName.ValueString()}
}

// membershipModel is a membership that a clone plan wants.
type membershipModel struct {
	GroupID    types.String `tfsdk:"group_id"`
	GroupName  types.String `tfsdk:"group_name"`
	MemberID   types.String `tfsdk:"member_id"`
	MemberName types.String `tfsdk:"member_name"`
	Privileged types.Bool   `tfsdk:"privileged"`
}

func (m membershipModel) known() bool {
	return !m.GroupID.IsUnknown() && !m.MemberID.IsUnknown() && !m.Privileged.IsUnknown()
}

// wanted has the member, because the key may be the group alone, and whether the
// group is privileged, because that was reviewed.
func (m membershipModel) wanted() string {
	return m.MemberID.ValueString() + " " + strconv.FormatBool(m.Privileged.ValueBool())
}
func (m membershipModel) shown() string { return observedPresent }
func (m membershipModel) labels() []string {
	return []string{m.GroupID.ValueString(), m.GroupName.ValueString(), m.MemberID.ValueString(), membershipKey(m.groupID(), m.memberID())}
}

// ledgerSection is one of the kinds of things that a ledger remembers. The
// pointers are into its model.
type ledgerSection[E ledgerEntry] struct {
	// name is the attribute of the entries; pending_, max_new_ and observed_ go
	// in front of it. thing is what an error calls one, tooMany its summary.
	name, thing, tooMany string
	elementType          types.ObjectType
	// renew is [ledger.Input.Renew].
	renew func(tracked, pending E) (E, bool)

	pending, entries, observed *types.Map
	limit                      *types.Number
}

func (m *ledgerModel) externalIDs() ledgerSection[externalIDFixModel] {
	return ledgerSection[externalIDFixModel]{
		name: "external_ids", thing: "external id", tooMany: "Too Many New External IDs", elementType: externalIDFixType, renew: renewedFix,
		pending: &m.PendingExternalIDs, entries: &m.ExternalIDs, observed: &m.ObservedExternalIDs, limit: &m.MaxNewExternalIDs,
	}
}

func (m *ledgerModel) memberRemovals() ledgerSection[memberRemovalModel] {
	return ledgerSection[memberRemovalModel]{
		name: "member_removals", thing: "member removal", tooMany: "Too Many New Member Removals", elementType: memberRemovalType,
		pending: &m.PendingMemberRemovals, entries: &m.MemberRemovals, observed: &m.ObservedMemberRemovals, limit: &m.MaxNewMemberRemovals,
	}
}

func (m *ledgerModel) memberships() ledgerSection[membershipModel] {
	return ledgerSection[membershipModel]{
		name: "memberships", thing: "membership", tooMany: "Too Many New Memberships", elementType: membershipType,
		pending: &m.PendingMemberships, entries: &m.Memberships, observed: &m.ObservedMemberships, limit: &m.MaxNewMemberships,
	}
}

func (m *ledgerModel) deactivations() ledgerSection[deactivationModel] {
	return ledgerSection[deactivationModel]{
		name: "deactivations", thing: "deactivation", tooMany: "Too Many New Deactivations", elementType: deactivationType,
		pending: &m.PendingDeactivations, entries: &m.Deactivations, observed: &m.ObservedDeactivations, limit: &m.MaxNewDeactivations,
	}
}

func (m *ledgerModel) groupNames() ledgerSection[groupRenameModel] {
	return ledgerSection[groupRenameModel]{
		name: "group_names", thing: "group name", tooMany: "Too Many New Group Names", elementType: groupRenameType, renew: renewedName,
		pending: &m.PendingGroupNames, entries: &m.GroupNames, observed: &m.ObservedGroupNames, limit: &m.MaxNewGroupNames,
	}
}

// decode reads entries; none from null or unknown.
func (s ledgerSection[E]) decode(ctx context.Context, from *types.Map, diags *diag.Diagnostics) map[string]E {
	out := map[string]E{}
	if !from.IsNull() && !from.IsUnknown() {
		for key, element := range from.Elements() {
			if entry, ok := objectFrom[E](ctx, path.Root(s.name).AtMapKey(key), element, diags); ok {
				out[key] = entry
			}
		}
	}
	return out
}

func (s ledgerSection[E]) decodeObserved(ctx context.Context, diags *diag.Diagnostics) map[string]string {
	out := map[string]string{}
	if !s.observed.IsNull() && !s.observed.IsUnknown() {
		diags.Append(s.observed.ElementsAs(ctx, &out, false)...)
	}
	return out
}

func (s ledgerSection[E]) setObserved(ctx context.Context, observed map[string]string, diags *diag.Diagnostics) {
	value, d := types.MapValueFrom(ctx, types.StringType, observed)
	diags.Append(d...)
	*s.observed = value
}

// set takes what a read has found; what was seen of entries that are gone goes too.
func (s ledgerSection[E]) set(ctx context.Context, entries map[string]E, observed map[string]string, diags *diag.Diagnostics) {
	maps.DeleteFunc(observed, func(key, _ string) bool {
		_, tracked := entries[key]
		return !tracked
	})
	*s.entries = mapFrom(ctx, s.elementType, entries, diags)
	s.setObserved(ctx, observed, diags)
}

// ledgerMerge is what one section will hold.
type ledgerMerge[E ledgerEntry] struct {
	ledgerSection[E]
	plan   ledger.Plan[E]
	named  map[string][]string
	before map[string]string // what was observed, but of entries that are new
	// fresh is true when the state does not have the section yet.
	fresh bool
}

// merge plans a section from its configuration and the prior state. It is not
// known while an input is not.
func (s ledgerSection[E]) merge(ctx context.Context, state ledgerSection[E], exclude map[string]bool, diags *diag.Diagnostics) (ledgerMerge[E], bool) {
	if !fullyKnown(*s.pending) || s.limit.IsUnknown() {
		return ledgerMerge[E]{}, false
	}
	pending := s.decode(ctx, s.pending, diags)
	for _, p := range pending {
		if !p.known() {
			return ledgerMerge[E]{}, false
		}
	}
	seen, tracked := state.decodeObserved(ctx, diags), s.decode(ctx, state.entries, diags)
	plan := ledger.Merge(ledger.Input[E]{
		Pending: pending, Tracked: tracked, Observed: seen, Exclude: exclude,
		Wanted: E.wanted, Shown: E.shown, Renew: s.renew,
	})
	// An entry that is about to be put into effect must not count as settled before it
	// was looked at again. What was seen of an entry that goes is left to the next read:
	// in the plan it would be noise.
	observed := maps.Clone(seen)
	for _, key := range append(plan.New, plan.Changed...) {
		delete(observed, key)
	}
	named := make(map[string][]string, len(plan.Entries))
	for _, entries := range []map[string]E{tracked, pending} {
		for key, entry := range entries {
			named[key] = append(named[key], entry.labels()...)
		}
	}
	return ledgerMerge[E]{ledgerSection: s, plan: plan, named: named, before: observed, fresh: state.entries.IsNull()}, true
}

// same reports whether the section stays exactly as it is in the state.
func (m ledgerMerge[E]) same() bool { return m.plan.Same() && !m.fresh }

// labels are what a person may call what is pending or tracked, by key.
func (m ledgerMerge[E]) labels() map[string][]string { return m.named }

// apply writes a merge into the model.
func (m ledgerMerge[E]) apply(ctx context.Context, diags *diag.Diagnostics) {
	*m.entries = mapFrom(ctx, m.elementType, m.plan.Entries, diags)
	m.setObserved(ctx, m.before, diags)
}

// checkLimit refuses a plan that takes in more at once than the reviewer allows.
func (m ledgerMerge[E]) checkLimit(diags *diag.Diagnostics) {
	limit := wholeNumberOf(*m.limit)
	attribute := "max_new_" + m.name
	if n := int64(len(m.plan.New) + len(m.plan.Changed)); limit >= 0 && n > limit {
		diags.AddAttributeError(path.Root(attribute), m.tooMany,
			fmt.Sprintf("The plan adds or changes %s at once, and %s allows %d. "+
				"Look at why there are so many; then raise the limit, narrow the data source (targets, principal_types), "+
				"or leave some out with exclude.%s%s", audit.CountOf(int(n), m.thing), attribute, limit, m.takeSome(limit), destroyInstead))
	}
}

// takeSome shows how to take in as many as are allowed; the next plan takes the next ones,
// because what is in effect is not pending any more.
func (m ledgerMerge[E]) takeSome(most int64) string {
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(" To take in %[1]d, and the next %[1]d after their apply, with local.found for what pending_%[2]s has now:\n\n"+
		"  pending_%[2]s = { for key in slice(sort(keys(local.found)), 0, min(%[1]d, length(local.found))) : key => local.found[key] }", most, m.name)
}

// mergedSection is a merge of any kind.
type mergedSection interface {
	same() bool
	labels() map[string][]string
	apply(ctx context.Context, diags *diag.Diagnostics)
	checkLimit(diags *diag.Diagnostics)
}

// merge plans the whole ledger; nil while an input is not known.
func (m *ledgerModel) merge(ctx context.Context, state *ledgerModel, diags *diag.Diagnostics) []mergedSection {
	if !fullyKnown(m.Exclude) {
		return nil
	}
	exclude := m.excluded(diags)
	ids, idsKnown := m.externalIDs().merge(ctx, state.externalIDs(), exclude, diags)
	removals, removalsKnown := m.memberRemovals().merge(ctx, state.memberRemovals(), exclude, diags)
	memberships, membershipsKnown := m.memberships().merge(ctx, state.memberships(), exclude, diags)
	deactivations, deactivationsKnown := m.deactivations().merge(ctx, state.deactivations(), exclude, diags)
	names, namesKnown := m.groupNames().merge(ctx, state.groupNames(), exclude, diags)
	if !idsKnown || !removalsKnown || !membershipsKnown || !deactivationsKnown || !namesKnown {
		return nil
	}
	checkContradictions(removals.plan.Entries, memberships.plan.Entries, diags)
	return []mergedSection{ids, removals, memberships, deactivations, names}
}

// excluded are the keys that the ledger must not hold; exclude is known.
func (m *ledgerModel) excluded(diags *diag.Diagnostics) map[string]bool {
	var keys []string
	if !m.Exclude.IsNull() {
		keys = textsFrom(path.Root("exclude"), m.Exclude.Elements(), diags)
	}
	out := make(map[string]bool, len(keys))
	for _, key := range keys {
		out[key] = true
	}
	return out
}

// membershipEntries are the memberships that a merge comes to.
func membershipEntries(merged []mergedSection) map[string]membershipModel {
	for _, section := range merged {
		if memberships, ok := section.(ledgerMerge[membershipModel]); ok {
			return memberships.plan.Entries
		}
	}
	return nil
}

// checkContradictions refuses a ledger that would add what it removes, or add
// one thing by two resources: they would undo each other.
func checkContradictions(removals map[string]memberRemovalModel, memberships map[string]membershipModel, diags *diag.Diagnostics) {
	keys := make(map[string]string, len(memberships))
	for _, key := range slices.Sorted(maps.Keys(memberships)) {
		m := memberships[key]
		full := membershipKey(m.GroupID.ValueString(), m.MemberID.ValueString())
		if _, both := removals[full]; both {
			diags.AddAttributeError(path.Root("memberships"), "Contradicting Ledger Entries",
				fmt.Sprintf("The membership of %s in group/%s is to be added and to be removed. "+
					"Leave one of the two out with exclude, or take it out of its pending map.%s", m.MemberID.ValueString(), m.GroupID.ValueString(), destroyInstead))
		}
		if other, twice := keys[full]; twice {
			diags.AddAttributeError(path.Root("memberships"), "Duplicate Ledger Entries",
				fmt.Sprintf("The membership of %s in group/%s is there under the keys %q and %q. Leave one of them out with exclude.%s",
					m.MemberID.ValueString(), m.GroupID.ValueString(), other, key, destroyInstead))
		}
		keys[full] = key
	}
}
