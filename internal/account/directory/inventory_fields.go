// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The attributes of SCIM that are written by themselves.
const (
	AttributeActive      = "active"
	AttributeDisplayName = "displayName"
)

// fieldKey is an attribute of a principal that this process wrote.
type fieldKey struct {
	ref       audit.Ref
	attribute string
}

// bring takes the attribute from one reading of a principal into another.
func (k fieldKey) bring(into, from *audit.Principal) {
	if k.attribute == AttributeActive {
		into.Active = from.Active
	} else {
		into.Name, into.DisplayName = from.Name, from.DisplayName
	}
}

// WroteField is [inventoryCache.WroteField].
func (d *principals) WroteField(p audit.Principal, attribute string) {
	d.inventory.wroteField(p, attribute)
	d.lookups.OutdateAll()
}

// WroteField records an own write that was seen in the account.
func (ic *inventoryCache) wroteField(p audit.Principal, attribute string) {
	ic.mu.Lock()
	defer ic.mu.Unlock()
	ic.fields[fieldKey{p.Ref, attribute}] = ownWrite{p, time.Now()}
	ic.cell.Peek(ic.overlayFields)
}

// overlayFields brings own writes into a listing. The caller holds the lock.
func (ic *inventoryCache) overlayFields(inv *Listing) {
	for key, w := range ic.fields {
		i, listed := inv.position[key.ref]
		if !listed || !w.at.Add(writeShows).After(inv.began) {
			continue
		}
		if p := &inv.Principals[i]; p.Name != w.Name {
			inv.named = nil // It is made anew when it is asked for.
		}
		key.bring(&inv.Principals[i], &w.Principal)
	}
}
