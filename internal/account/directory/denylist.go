// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

	Rules []denyRule `json:"account_access_identity_rules"`
}

type denyRule struct {
	ExternalID string `json:"external_principal_id"`
	Name       string `json:"display_name"`
	Type       string `json:"principal_type"`
	Action     string `json:"action"`
}

func (r *denyRule) toAudit() (audit.DenyRule, error) {
	if r.ExternalID == "" || r.Action != "" && r.Action != "DENY" {
		return audit.DenyRule{}, fmt.Errorf("a rule with the action %q and the external id %q, which is not understood", r.Action, r.ExternalID)
	}
	return audit.DenyRule{ExternalID: r.ExternalID, Name: r.Name, Type: TypeOfWord(r.Type)}, nil
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

// RuleNow reads the rule of an identity anew; nil for none. A rule that the list lacks is
// asked for by itself.
func (d *Directory) RuleNow(ctx context.Context, externalID string) (*audit.DenyRule, error) {
	rules, err := d.DenylistNow(ctx)
	if err != nil {
		return nil, err
	}
	if rule := audit.RuleFor(rules, externalID); rule != nil {
		return rule, nil
	}
	return d.Rule(ctx, externalID)
}

// Rule asks for the rule of an identity by itself; nil for none.
func (d *Directory) Rule(ctx context.Context, externalID string) (*audit.DenyRule, error) {
	var r denyRule
	call := api.Call{Method: http.MethodGet, Path: d.DenylistPath(externalID), Limit: api.LimitAccount}
	switch err := d.api.Do(ctx, call, &r); {
	case api.IsMissing(err):
		return nil, nil //nolint:nilnil // There is none.
	case err != nil:
		return nil, fmt.Errorf("reading the rule of %s, which the denylist does not show: %w", externalID, err)
	}
	rule, err := r.toAudit()
	if err == nil && !audit.SameExternalID(rule.ExternalID, externalID) {
		err = fmt.Errorf("a rule for %q", rule.ExternalID)
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: the account sent %w", call.Path, err)
	}
	return &rule, nil
}

// nobody is the id of no identity.
const nobody = "00000000-0000-0000-0000-000000000000"

func (d *Directory) readDenylist(ctx context.Context) ([]audit.DenyRule, error) {
	var out []audit.DenyRule
	list := api.Call{Path: d.DenylistPath(), Limit: api.LimitAccount, Query: url.Values{"page_size": {"100"}}}
	shown, err := api.TokenPages(ctx, d.api, list, "account_access_identity_rules", nil, func(p *denylistPage) (int, error) {
		for i := range p.Rules {
			rule, err := p.Rules[i].toAudit()
			if err != nil {
				return 0, err
			}
			out = append(out, rule)
		}
		return api.SizeOf(p.Rules), nil
	})
	if err == nil && !shown {
		err = d.noRules(ctx, list.Path)
	}
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

// noRules reports whether `{}` is a list without rules. As IAM v2 leaves out an empty list,
// so may this one, but an answer that was not understood looks alike. So a rule is asked for
// that there cannot be: an API that says so knows what a rule is.
func (d *Directory) noRules(ctx context.Context, path string) error {
	rule, err := d.Rule(ctx, nobody)
	if err == nil && rule != nil {
		err = errors.New("there is a rule for no one")
	}
	if err != nil {
		return fmt.Errorf("GET %s: the answer has no list of rules, and whether that is an empty one is not known: %w", path, err)
	}
	return nil
}
