// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Find looks for the principals that a selector means, sorted; none, when the
// account has no one of that kind, and several for the caller to call ambiguous.
// [audit.Find] says what counts as a hit. A user name means users by their e-mail
// addresses too, so that both identities of a guest show up (R2, R4).
//
// No hit is believed of a filter alone: the listing has to lack the principal,
// too. Whatever could not be read is an error, an [*api.IncompleteError] for a listing
// with a hole, and never "no one".
//
// Requests: as [Directory.KnownID] for an id; one filtered account SCIM list for a
// user name, shared by all who ask until this process writes; for an application id, and for the display name of a group or a
// service principal, nothing where the listing was taken already, else one
// filtered list. The rest needs the listing: no filter is known to work for the
// display names of users, and that on externalId is ignored in silence
// (docs/reference/databricks-account-api.md 4.2). What a filter lets through is checked again.
//
// Names and external ids compare in Unicode's composed form: Terraform brings every
// text into it, and the account keeps what it was given. A filter has both forms.
func (d *principals) Find(ctx context.Context, s audit.Selector) ([]audit.Principal, error) {
	s.Form = norm.NFC.String
	s.UserName, s.ExternalID, s.DisplayName = s.Form(s.UserName), s.Form(s.ExternalID), s.Form(s.DisplayName)
	if s.ID != "" {
		return d.findID(ctx, s)
	}
	if inv, taken := d.listedInventory(); taken && s.UserName == "" && s.Covers(inv.Coverage) {
		if hits := d.findListed(inv, s); len(hits) > 0 {
			return hits, nil
		}
	}
	if hits, err := d.findFiltered(ctx, s); err != nil || len(hits) > 0 {
		return hits, err
	}
	inv, err := d.Listing(ctx)
	if err != nil {
		return nil, err
	}
	hits := d.findListed(inv, s)
	if !s.Covers(inv.Coverage) && (len(hits) != 1 || !s.Unique()) {
		return nil, &api.IncompleteError{Need: "Looking for a principal", Failures: slices.Clone(inv.Failures)}
	}
	return hits, nil
}

func (d *principals) findID(ctx context.Context, s audit.Selector) ([]audit.Principal, error) {
	var (
		p   audit.Principal
		err error
	)
	if s.Type == "" {
		p, err = d.KnownID(ctx, s.ID)
	} else {
		p, err = d.Known(ctx, audit.Ref{Type: s.Type, ID: s.ID})
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return []audit.Principal{p}, nil
}

// findListed looks into the listing.
func (d *principals) findListed(inv *Listing, s audit.Selector) []audit.Principal {
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	d.inventory.overlay(inv)
	return audit.Find(inv.Inventory, s)
}

// lookup is a question with a filter.
type lookup struct {
	of     audit.PrincipalType
	filter string
}

// findFiltered asks the account with a filter, where one is known to work.
func (d *principals) findFiltered(ctx context.Context, s audit.Selector) ([]audit.Principal, error) {
	var (
		t      audit.PrincipalType
		filter string
	)
	switch types := s.Types(); {
	case len(types) != 1:
		return nil, nil
	case s.UserName != "":
		t, filter = audit.TypeUser, eitherForm("userName", s.UserName)+" or "+eitherForm("emails.value", s.UserName)
	case s.ApplicationID != "":
		t, filter = audit.TypeServicePrincipal, "applicationId eq "+scimString(s.ApplicationID)
	case s.DisplayName != "" && types[0] != audit.TypeUser:
		t, filter = types[0], eitherForm("displayName", s.DisplayName)
	default:
		return nil, nil
	}
	key := lookup{t, filter}
	found, err := d.lookups.Get(ctx, key, func(ctx context.Context) ([]SCIMResource, error) { return d.filtered(ctx, t, filter) })
	if err != nil {
		return nil, fmt.Errorf("looking for a %s with the filter %s: %w", t, filter, err)
	}
	if len(found) == 0 {
		d.lookups.Outdate(key) // That no one is there is not kept.
	}
	var passed audit.Inventory
	for i := range found {
		p, err := found[i].toAudit(t)
		if err != nil {
			return nil, fmt.Errorf("looking for a %s with the filter %s: the account sent %w", t, filter, err)
		}
		if s.UserName == "" || found[i].isCalled(s.UserName) {
			passed.Principals = append(passed.Principals, p)
		}
	}
	if s.UserName == "" {
		return audit.Find(passed, s), nil
	}
	slices.SortFunc(passed.Principals, func(a, b audit.Principal) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return passed.Principals, nil
}

// isCalled reports whether a text, in composed form, is the user's name or one of its
// addresses, in any case.
func (r *SCIMResource) isCalled(name string) bool {
	for _, e := range r.Emails {
		if strings.EqualFold(norm.NFC.String(e.Value), name) {
			return true
		}
	}
	return strings.EqualFold(norm.NFC.String(r.UserName), name)
}

// eitherForm is a filter for a text in its composed or decomposed form.
func eitherForm(attribute, text string) string {
	filter := attribute + " eq " + scimString(text)
	if other := norm.NFD.String(text); other != text {
		filter += " or " + attribute + " eq " + scimString(other)
	}
	return filter
}

// scimString is a string of a SCIM filter (R3): quotes and backslashes are
// escaped as in JSON (RFC 7644 section 3.4.2.2). The filters here have at most
// seven nodes of the 200 that are allowed.
func scimString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// filtered reads every page of a filtered list, each resource once. A list that
// changed while it was read is read once more (R34).
func (d *reader) filtered(ctx context.Context, t audit.PrincipalType, filter string) ([]SCIMResource, error) {
	attributes := scimAttributes(t)
	if t == audit.TypeUser {
		attributes += ",emails"
	}
	found, err := d.filteredOnce(ctx, t, SCIMQuery{Attributes: attributes, filter: filter})
	if errors.Is(err, ErrUnstable) {
		found, err = d.filteredOnce(ctx, t, SCIMQuery{Attributes: attributes, filter: filter})
	}
	return found, err
}

func (d *reader) filteredOnce(ctx context.Context, t audit.PrincipalType, q SCIMQuery) ([]SCIMResource, error) {
	pages, err := d.scimSequence(ctx, t, q)
	if err != nil {
		return nil, err
	}
	var out []SCIMResource
	seen := map[api.Text]bool{}
	for _, page := range pages {
		for _, r := range page.Resources {
			if !seen[r.ID] {
				seen[r.ID] = true
				out = append(out, r)
			}
		}
	}
	if total := pages[0].Total; total != nil && *total != len(out) {
		return nil, fmt.Errorf("%w: %d different entries came, %d were announced", ErrUnstable, len(out), *total)
	}
	return out, nil
}
