// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// AccountRules are the rules of the account's own rule set, read once per client:
// roles such as roles/billing.admin, which account SCIM does not show. With an error
// there may be more.
func (pw *Power) AccountRules(ctx context.Context) ([]GrantRule, error) {
	rules, err := pw.ruleSet(ctx, "")
	if err != nil {
		return rules, fmt.Errorf("reading the rule set of the account: %w", err)
	}
	return rules, nil
}

// RuledRoles are the roles that rules give to a principal by its name, sorted.
// doubt is why there may be more: the name of a group in another case.
func RuledRoles(rules []GrantRule, p audit.Principal) (roles []string, doubt string) {
	prefix := holderForms[p.Type]
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
