// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"slices"
	"strings"
)

// syncWithIDP is what matchWithIdp does besides answering while automatic
// identity management is on. That it syncs is documented, what is not.
// Assumed: a group takes the IdP's name unless another group has it, and gets
// the direct members that are provisioned; a service principal takes the IdP's
// display name; externalIds stay, and nothing is removed.
func (w *world) syncWithIDP(p principalRef) {
	before := p.clone()
	defer func() { w.loggedUpdate(before, p) }()
	switch p.kind {
	case kindGroup:
		if linked := w.idp.group(p.group.ExternalID); linked != nil {
			w.takeGroupName(p, linked)
			w.takeMembers(p.group, linked)
		}
	case kindServicePrincipal:
		if linked := w.idp.servicePrincipal(p.sp.ExternalID); linked != nil && linked.DisplayName != "" {
			p.sp.DisplayName = linked.DisplayName
		}
	case kindUser: // Its name is immutable.
	}
}

// takeGroupName renames a group to its IdP name, unless another group has that
// name in any case: a documented cause of imports that fail.
func (w *world) takeGroupName(p principalRef, linked *IDPGroup) {
	if linked.DisplayName == "" || p.group.DisplayName == linked.DisplayName {
		return
	}
	holders := w.byName[kindGroup][strings.ToLower(linked.DisplayName)]
	if slices.ContainsFunc(holders, func(id string) bool { return id != p.group.ID }) {
		return
	}
	w.rename(p, func() { p.group.DisplayName = linked.DisplayName })
}

func (w *world) takeMembers(g *Group, linked *IDPGroup) {
	wanted := map[string]bool{}
	for _, m := range linked.Members {
		wanted[strings.ToLower(m)] = true
	}
	if len(wanted) == 0 {
		return
	}
	take := func(p principalRef) {
		if id := p.externalID(); id != "" && p.id() != g.ID && wanted[strings.ToLower(id)] {
			w.addMember(g, p.id(), sourceIDP)
		}
	}
	for _, u := range w.users {
		take(principalRef{kind: kindUser, user: u})
	}
	for _, child := range w.groups {
		take(principalRef{kind: kindGroup, group: child})
	}
	for _, sp := range w.sps {
		take(principalRef{kind: kindServicePrincipal, sp: sp})
	}
}
