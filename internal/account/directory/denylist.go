// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// DenylistPath is the path of the rules of the account access denylist, and of one of
// them. It is seen in one SDK only (docs/reference/aim-migration.md 3); an older one had
// another path.
func (d *Directory) DenylistPath(externalID ...string) string {
	path := "/api/2.0/accounts/" + d.api.AccountID + "/account-access-identity-rules"
	for _, id := range externalID {
		path += "/" + url.PathEscape(id)
	}
	return path
}

type denylistPage struct {
	api.PageEnd

	Rules []struct {
		ExternalID string `json:"external_principal_id"`
		Name       string `json:"display_name"`
		Type       string `json:"principal_type"`
		Action     string `json:"action"`
	} `json:"account_access_identity_rules"`
}

// Denylist lists the rules of the account access denylist, sorted by external id. An
// account that does not have the API answers 404, which is an error: it says nothing of
// rules. It is read once per client, but for what [Directory.DenylistNow] reads.
func (d *Directory) Denylist(ctx context.Context) ([]audit.DenyRule, error) {
	out, err := d.denylist.Get(ctx, d.readDenylist)
	if err != nil {
		return nil, fmt.Errorf("listing the account access denylist: %w", err)
	}
	return slices.Clone(out), nil
}

// DenylistNow is [Directory.Denylist] read anew.
func (d *Directory) DenylistNow(ctx context.Context) ([]audit.DenyRule, error) {
	d.denylist.Outdate()
	return d.Denylist(ctx)
}

func (d *Directory) readDenylist(ctx context.Context) ([]audit.DenyRule, error) {
	var out []audit.DenyRule
	list := api.Call{Path: d.DenylistPath(), Limit: api.LimitAccount, Query: url.Values{"page_size": {"100"}}}
	_, err := api.TokenPages(ctx, d.api, list, "account_access_identity_rules", nil, func(p *denylistPage) (int, error) {
		for _, r := range p.Rules {
			if r.ExternalID == "" || r.Action != "" && r.Action != "DENY" {
				return 0, fmt.Errorf("a rule with the action %q and the external id %q, which is not understood", r.Action, r.ExternalID)
			}
			out = append(out, audit.DenyRule{ExternalID: r.ExternalID, Name: r.Name, Type: TypeOfWord(r.Type)})
		}
		return api.SizeOf(p.Rules), nil
	})
	slices.SortFunc(out, func(a, b audit.DenyRule) int { return audit.CompareIDs(a.ExternalID, b.ExternalID) })
	return out, err
}

// TypeOfWord reads the words of IAM v2; empty for any other.
func TypeOfWord(word string) audit.PrincipalType {
	switch word {
	case "USER":
		return audit.TypeUser
	case "GROUP":
		return audit.TypeGroup
	case "SERVICE_PRINCIPAL":
		return audit.TypeServicePrincipal
	default:
		return ""
	}
}
