// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
)

// SameShown reports whether two texts are one where Terraform shows them: it puts every
// string into the composed form (NFC), and the account keeps what it was given.
func SameShown(a, b string) bool { return a == b || norm.NFC.String(a) == norm.NFC.String(b) }

// SameName reports whether two names are one for the account, which tells no cases
// apart, and in whichever Unicode form: see [SameShown].
func SameName(a, b string) bool {
	return audit.FoldName(norm.NFC.String(a)) == audit.FoldName(norm.NFC.String(b))
}

// IDKey is the form in which external ids that name the same object are equal, as
// [audit.CanonicalExternalID], in either Unicode form.
func IDKey(externalID string) string { return audit.CanonicalExternalID(norm.NFC.String(externalID)) }

// nameKey is a name without its case, surrounding space and Unicode normal form.
func nameKey(name string) string {
	return norm.NFC.String(audit.FoldName(norm.NFC.String(strings.TrimSpace(name))))
}

// Named are the listed principals of a type that have one of the names, sorted: user
// names, group names, application ids, and names of service principals, in any case and
// Unicode form. The error is an [*api.IncompleteError] when the type could not be listed whole.
//
// Requests: the listing of the run, taken once.
func (d *principals) Named(ctx context.Context, t audit.PrincipalType, names []string) ([]audit.Principal, error) {
	inv, err := d.Listing(ctx)
	if err != nil {
		return nil, err
	}
	return d.NamedIn(inv, t, names)
}

// NamedIn is [Directory.Named] by a listing.
func (d *principals) NamedIn(inv *Listing, t audit.PrincipalType, names []string) ([]audit.Principal, error) {
	if !inv.Coverage.Of(t) {
		return nil, &api.IncompleteError{Need: "Finding out whether another principal has a name", Failures: slices.Clone(inv.Failures)}
	}
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	if inv.named == nil {
		inv.named = map[string][]audit.Ref{}
		for _, p := range inv.Principals {
			of := []string{p.Name}
			if p.Type == audit.TypeServicePrincipal {
				of = append(of, p.DisplayName)
			}
			for _, name := range of {
				if key := nameKey(name); key != "" {
					inv.named[key] = append(inv.named[key], p.Ref)
				}
			}
		}
	}
	var out []audit.Principal
	for _, name := range names {
		for _, ref := range inv.named[nameKey(name)] {
			if ref.Type == t {
				out = append(out, inv.Principals[inv.position[ref]])
			}
		}
	}
	slices.SortFunc(out, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return slices.CompactFunc(out, func(a, b audit.Principal) bool { return a.Ref == b.Ref }), nil
}

// PrincipalNames are all principals by [access.NameKey] of their name. unknown is
// why there may be more.
func (d *principals) PrincipalNames(ctx context.Context) (names map[string][]audit.Ref, unknown string, err error) {
	inv, err := d.Inventory(ctx)
	if err != nil {
		return nil, "", err
	}
	names = map[string][]audit.Ref{}
	for _, p := range inv.Principals {
		key := access.NameKey(p.Name)
		names[key] = append(names[key], p.Ref)
	}
	if !inv.Coverage.All() {
		var holes []string
		for _, f := range inv.Failures {
			holes = append(holes, f.Call+": "+f.Reason)
		}
		unknown = api.Summary(holes)
	}
	return names, unknown, nil
}
