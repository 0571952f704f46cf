// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"slices"
	"strings"
)

// SyncWithIDP is what matchWithIdp does besides answering while automatic
// identity management is on. That it syncs is documented, what is not.
// Assumed: a group takes the IdP's name unless another group has it, and gets
// the direct members that are provisioned; a service principal takes the IdP's
// display name; externalIds stay, and nothing is removed.
func (w *World) SyncWithIDP(p Principal) {
	before := p.Clone()
	defer func() { w.LoggedUpdate(before, p) }()
	switch p.Kind {
	case KindGroup:
		if linked := w.IDP.Group(p.Group.ExternalID); linked != nil {
			w.TakeGroupName(p, linked)
			w.TakeMembers(p.Group, linked)
		}
	case KindServicePrincipal:
		if linked := w.IDP.ServicePrincipal(p.SP.ExternalID); linked != nil && linked.DisplayName != "" {
			p.SP.DisplayName = linked.DisplayName
		}
	case KindUser: // Its name is immutable.
	}
}

// TakeGroupName renames a group to its IdP name, unless another group has that
// name in any case: a documented cause of imports that fail.
func (w *World) TakeGroupName(p Principal, linked *IDPGroup) {
	if linked.DisplayName == "" || p.Group.DisplayName == linked.DisplayName {
		return
	}
	holders := w.ByName[KindGroup][strings.ToLower(linked.DisplayName)]
	if slices.ContainsFunc(holders, func(id string) bool { return id != p.Group.ID }) {
		return
	}
	w.Rename(p, func() { p.Group.DisplayName = linked.DisplayName })
}

// TakeMembers adds the members that the linked group has; it removes none.
func (w *World) TakeMembers(g *Group, linked *IDPGroup) {
	wanted := map[string]bool{}
	for _, m := range linked.Members {
		wanted[strings.ToLower(m)] = true
	}
	if len(wanted) == 0 {
		return
	}
	take := func(p Principal) {
		if id := p.ExternalID(); id != "" && p.ID() != g.ID && wanted[strings.ToLower(id)] {
			w.AddMember(g, p.ID(), SourceIDP)
		}
	}
	for _, u := range w.Users {
		take(Principal{Kind: KindUser, User: u})
	}
	for _, child := range w.Groups {
		take(Principal{Kind: KindGroup, Group: child})
	}
	for _, sp := range w.SPs {
		take(Principal{Kind: KindServicePrincipal, SP: sp})
	}
}
