// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// instanceWants are what the instances of one configuration want, by fact: two that
// want different things of one fact would undo each other's work in every apply.
//
// No call of the protocol names its instance. But Terraform plans an instance once, and
// once more without its prior state where it is replaced (-replace, a replaced
// attribute, create_before_destroy), with the same configuration. A tainted instance and
// a renamed one are planned without prior state only. So two different wants are two
// instances; and so are two plans with, or two without a prior state.
type instanceWants struct {
	mu sync.Mutex
	of map[string]*factWant
}

type factWant struct {
	want              string
	existing, created int
}

// note takes in what an instance wants of a fact. It gives what another one wants
// instead, or reports that another one wants the same.
func (w *instanceWants) note(fact, want string, exists bool) (instead *string, twice bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[string]*factWant{}
	}
	have := w.of[fact]
	if have == nil {
		have = &factWant{want: want}
		w.of[fact] = have
	}
	if have.want != want {
		return &have.want, false
	}
	if exists {
		have.existing++
	} else {
		have.created++
	}
	return nil, have.existing > 1 || have.created > 1
}

const twoForOne = "Two Instances for One Principal"

// wantExternalID reports instances that contradict each other about a principal or
// about an external id, and those that are there twice.
func (s *session) wantExternalID(ref audit.Ref, externalID string, exists bool, diags *diag.Diagnostics) {
	const refusing = "Refusing to Plan " + thingExternalID
	key := audit.CanonicalExternalID(externalID)
	other, twice := s.wants.note("externalId of "+ref.String(), key, exists)
	switch {
	case other != nil:
		diags.AddAttributeError(path.Root("principal_id"), refusing, fmt.Sprintf("Two instances of this configuration want different externalIds for %s: %q and %q. "+
			"Each apply would write one over the other. Keep one instance per principal.", ref, *other, externalID))
		return
	case twice:
		diags.AddAttributeWarning(path.Root("principal_id"), twoForOne, fmt.Sprintf("Two instances of this configuration are for the externalId "+
			"of %s. They want the same, but a destroy of one concerns the other. Keep one instance per principal.", ref))
		return
	case externalID == "":
		return
	}
	if other, _ = s.wants.note("holder of "+key, ref.String(), exists); other != nil {
		diags.AddAttributeError(path.Root("external_id"), refusing, fmt.Sprintf("Two instances of this configuration want the externalId %q: one for %s and one for %s. "+
			"One identity of the identity provider can be linked to one principal only.", externalID, *other, ref))
	}
}

// wantStatus warns of two instances for one principal; there is one status to want only.
func (s *session) wantStatus(ref audit.Ref, exists bool, diags *diag.Diagnostics) {
	if _, twice := s.wants.note("status of "+ref.String(), "inactive", exists); twice {
		diags.AddAttributeWarning(path.Root("principal_id"), twoForOne, fmt.Sprintf("Two instances of this configuration deactivate %s. "+
			"They want the same, but a destroy of one concerns the other. Keep one instance per principal.", ref))
	}
}

// wantRule warns of two instances for one rule of the denylist. It gives the identities
// of other rules that this plan adds, or takes over.
func (s *session) wantRule(externalID string, exists bool, diags *diag.Diagnostics) (more []string) {
	const prefix = "denial of "
	fact := prefix + audit.CanonicalExternalID(externalID)
	if _, twice := s.wants.note(fact, "denied", exists); twice {
		diags.AddAttributeWarning(path.Root("external_principal_id"), "Two Instances for One Rule", fmt.Sprintf("Two instances of this configuration deny the identity %s. "+
			"They want the same, but a destroy of one concerns the other. Keep one instance per identity.", externalID))
	}
	s.wants.mu.Lock()
	defer s.wants.mu.Unlock()
	for other, w := range s.wants.of {
		if id, ok := strings.CutPrefix(other, prefix); ok && other != fact && w.existing == 0 {
			more = append(more, id)
		}
	}
	return more
}

// wantGroupName is [session.wantExternalID] for the name of a group.
func (s *session) wantGroupName(ref audit.Ref, name string, exists bool, diags *diag.Diagnostics) {
	const refusing = "Refusing to Plan " + thingGroupName
	key := audit.FoldName(name)
	other, twice := s.wants.note(wantedName(ref), name, exists)
	switch {
	case other != nil:
		diags.AddAttributeError(path.Root("group_id"), refusing, fmt.Sprintf("Two instances of this configuration want different names for %s: %q and %q. "+
			"Each apply would write one over the other. Keep one instance per group.", ref, *other, name))
		return
	case twice:
		diags.AddAttributeWarning(path.Root("group_id"), twoForOne, fmt.Sprintf("Two instances of this configuration are for the name "+
			"of %s. They want the same, but a destroy of one concerns the other. Keep one instance per group.", ref))
		return
	}
	if other, _ = s.wants.note("group named "+key, ref.String(), exists); other != nil {
		diags.AddAttributeError(path.Root("name"), refusing, fmt.Sprintf("Two instances of this configuration want the name %q: one for %s and one for %s. "+
			"Names of groups are unique in an account, in any case.", name, *other, ref))
	}
}

// renames reports whether an instance of this configuration, planned before, is going to
// give a group another name than it has. In an apply it has done so, or failed.
func (s *session) renames(p audit.Principal) bool {
	if s.applying.Load() {
		return false
	}
	s.wants.mu.Lock()
	defer s.wants.mu.Unlock()
	w := s.wants.of[wantedName(p.Ref)]
	return w != nil && !directory.SameName(w.want, p.Name)
}

func wantedName(ref audit.Ref) string { return "name of " + ref.String() }

// wantMembership is the same for a membership and its absence; present says which of
// the two the instance wants.
func (s *session) wantMembership(thing, groupID, memberID string, present, exists bool, diags *diag.Diagnostics) {
	want := "absent"
	if present {
		want = "present"
	}
	other, twice := s.wants.note("member "+membershipKey(groupID, memberID), want, exists)
	switch {
	case other != nil:
		diags.AddAttributeError(path.Root("member_id"), "Refusing to Plan "+thing, fmt.Sprintf("This configuration wants the principal %s both as a member of group/%s "+
			"(dbxidentity_group_member) and out of it (dbxidentity_group_member_removal). Each apply would undo one of the two. Keep one of them.", memberID, groupID))
	case twice:
		diags.AddAttributeWarning(path.Root("member_id"), "Two Instances for One Membership", fmt.Sprintf("Two instances of this configuration are for the principal %s in "+
			"group/%s. They want the same, but a destroy of one concerns the other. Keep one instance per membership.", memberID, groupID))
	}
}
