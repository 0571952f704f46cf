// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// grantRule is a rule of a rule set: a role and the names of who has it
// (databricks-account-api.md 7).
type grantRule struct {
	Role       string   `json:"role"`
	Principals []string `json:"principals"`
}

// accountRules are the rules of the account's own rule set, read once per client:
// roles such as roles/billing.admin, which account SCIM does not show. Rule sets
// of single groups and service principals (who manages them) are not read: that
// would be a request for each of the account.
func (c *Client) accountRules(ctx context.Context) ([]grantRule, error) {
	return c.power.roles.get(ctx, func(ctx context.Context) ([]grantRule, error) {
		var reply struct {
			Rules []grantRule `json:"grant_rules"`
		}
		err := c.do(ctx, call{
			method: http.MethodGet, path: "/api/2.0/preview/accounts/" + c.accountID + "/access-control/rule-sets", limit: limitAccount,
			query: url.Values{"name": {"accounts/" + c.accountID + "/ruleSets/default"}, "etag": {""}},
		}, &reply)
		if err != nil {
			return nil, fmt.Errorf("reading the rule set of the account: %w", err)
		}
		return reply.Rules, nil
	})
}

// ruledRoles are the roles that rules give to a principal by its name, sorted.
// doubt is why there may be more: the name of a group in another case.
func ruledRoles(rules []grantRule, p audit.Principal) (roles []string, doubt string) {
	prefix := map[audit.PrincipalType]string{
		audit.TypeUser: "users/", audit.TypeGroup: "groups/", audit.TypeServicePrincipal: "servicePrincipals/",
	}[p.Type]
	for _, rule := range rules {
		for _, holder := range rule.Principals {
			switch {
			case p.Name == "" || rule.Role == "" || !strings.EqualFold(holder, prefix+p.Name):
			case p.Type != audit.TypeGroup || holder == prefix+p.Name:
				roles = append(roles, rule.Role)
			default:
				doubt = fmt.Sprintf("the account's rule set gives %s to %q, which differs from the group's name in case", rule.Role, holder)
			}
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), doubt
}
