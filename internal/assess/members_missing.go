// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package assess

import (
	"context"
	"maps"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
)

// mostNamed bounds the look-ups by which members get their names. The others are known
// by id.
const mostNamed = 2000

// nameMissing looks up the members in the identity provider of which only the id is
// known, leaves out those who are disabled there, and names the others. One that cannot
// be looked up stays with its id.
func nameMissing(ctx context.Context, source idp.Source, matches []audit.Match) {
	ids := map[string]bool{}
	var lists []*audit.IDPMembers
	for i := range matches {
		m := matches[i].Members
		if m == nil || m.InIDP == nil {
			continue
		}
		lists = append(lists, m.InIDP)
		for _, id := range m.InIDP.Missing {
			if id.Type == "" && len(ids) < mostNamed {
				ids[id.ExternalID] = true
			}
		}
	}
	var found map[string]idp.Found
	if lookup, can := source.(idp.Lookup); can && len(ids) > 0 {
		found = lookup.Lookup(ctx, audit.TypeUser, slices.Sorted(maps.Keys(ids)))
	}
	for _, m := range lists {
		var kept []audit.Identity
		for _, id := range m.Missing {
			if one := found[id.ExternalID]; one.Unknown == "" && one.Identity != nil {
				id = *one.Identity
			}
			if id.Enabled == nil || *id.Enabled {
				kept = append(kept, id)
			}
		}
		m.Missing = kept
	}
}
