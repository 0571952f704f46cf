// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// grantRule is a rule of a rule set (databricks-account-api.md 7). Principals are
// names: "users/<user name>", "groups/<name>", "servicePrincipals/<application id>".
type grantRule struct {
	Role       string   `json:"role"`
	Principals []string `json:"principals"`
}

// ruleSet reads the rules on the account (resource "") or on one of its objects,
// "groups/<id>" or "servicePrincipals/<application id>", once per client. What is
// gone has no rules.
func (c *Client) ruleSet(ctx context.Context, resource string) ([]grantRule, error) {
	return c.power.rules.get(ctx, resource, func(ctx context.Context) ([]grantRule, error) {
		account := "accounts/" + c.accountID
		name := account + "/ruleSets/default"
		if resource != "" {
			name = account + "/" + resource + "/ruleSets/default"
		}
		var reply struct {
			GrantRules []grantRule `json:"grant_rules"`
		}
		err := c.do(ctx, call{
			method: http.MethodGet, path: "/api/2.0/preview/" + account + "/access-control/rule-sets",
			query: url.Values{"name": {name}, "etag": {""}}, limit: limitAccount,
		}, &reply)
		var e *APIError
		if resource != "" && errors.As(err, &e) && e.explicit404 {
			return nil, nil
		}
		return reply.GrantRules, err
	})
}

// withRoles lists the groups or the service principals of the account with their
// roles, which no other list has, once per client: id -> principal.
func (c *Client) withRoles(ctx context.Context, t audit.PrincipalType) (map[string]*scimResource, error) {
	return c.power.roles.get(ctx, t, func(ctx context.Context) (map[string]*scimResource, error) {
		pages, err := c.scimPages(ctx, t, scimQuery{attributes: "id,displayName,applicationId,roles"})
		if err != nil {
			return nil, fmt.Errorf("listing the %s with their roles: %w", plural(t), err)
		}
		out := map[string]*scimResource{}
		for _, page := range pages {
			for i := range page.Resources {
				out[string(page.Resources[i].ID)] = &page.Resources[i]
			}
		}
		if total := pages[0].Total; total != nil && *total != len(out) {
			return nil, fmt.Errorf("listing the %s with their roles: %d different entries came, %d were announced", plural(t), len(out), *total)
		}
		return out, nil
	})
}

// heldMembers are the groups and service principals that are direct members of
// a group, read once per client.
func (c *Client) heldMembers(ctx context.Context, group string) ([]audit.Ref, error) {
	return c.power.held.get(ctx, group, func(ctx context.Context) ([]audit.Ref, error) {
		members, err := c.readMembers(ctx, group, nil)
		var out []audit.Ref
		for _, m := range members {
			if m.Type != audit.TypeUser {
				out = append(out, m.Ref)
			}
		}
		if errors.Is(err, ErrNotFound) {
			return nil, nil // Nobody is in what is gone.
		}
		return out, err
	})
}

// ruleName is how rules name a principal; case is ignored, so that a doubt counts
// as power.
func ruleName(t audit.PrincipalType, r *scimResource) string {
	switch t {
	case audit.TypeUser:
		return strings.ToLower("users/" + r.UserName)
	case audit.TypeGroup:
		return strings.ToLower("groups/" + r.DisplayName)
	default:
		return strings.ToLower("servicePrincipals/" + r.ApplicationID)
	}
}

// managing finds who has power by rules: a role on the account, or a role on a
// group or service principal that has power itself. Whoever manages a group can
// join it; whoever may use a service principal acts as it.
type managing struct {
	c *Client

	mu    sync.Mutex
	holes []string
	// powers are the sentences by rule name.
	powers map[string][]string
	// seen are the objects with power that were looked at or are waiting.
	seen map[audit.Ref]bool
	next []powerful

	groups, apps map[string]*scimResource
	byName       map[string][]audit.Ref
}

// powerful is a group or service principal that has power, and why.
type powerful struct {
	ref audit.Ref
	r   *scimResource
	why string
}

func (p *powerful) String() string {
	if p.ref.Type == audit.TypeGroup {
		return fmt.Sprintf("group %q, id %s", p.r.DisplayName, p.ref.ID)
	}
	return fmt.Sprintf("service principal %q, id %s", p.r.ApplicationID, p.ref.ID)
}

// managers are the powers by rules, by the name that rules use, and the reasons
// for what is missing.
//
// Requests per client: the account SCIM lists of groups and service principals,
// the rule set of the account, and for each group or service principal with power
// one rule set, for groups also their members. whole tells that the grants are
// known without a hole: then the result is kept.
func (c *Client) managers(ctx context.Context, g grants, whole bool) (powers map[string][]string, holes []string) {
	find := func(ctx context.Context) (map[string][]string, error) {
		m := &managing{c: c, powers: map[string][]string{}, seen: map[audit.Ref]bool{}, byName: map[string][]audit.Ref{}}
		m.find(ctx, g)
		if len(m.holes) > 0 {
			return m.powers, holesError(m.holes)
		}
		return m.powers, nil
	}
	var err error
	if whole {
		powers, err = c.power.managed.get(ctx, find)
	} else {
		powers, err = find(ctx)
	}
	var missing holesError
	switch {
	case errors.As(err, &missing):
		return powers, missing
	case err != nil:
		return powers, []string{"who has power by rules: " + err.Error()}
	}
	return powers, nil
}

// holesError are the reasons for what is missing from a result.
type holesError []string

func (e holesError) Error() string { return strings.Join(e, "; ") }

func (m *managing) find(ctx context.Context, g grants) {
	if !m.list(ctx) {
		return
	}
	m.seed(g)
	rules, err := m.c.ruleSet(ctx, "")
	if err != nil {
		m.hole("rule set of the account", err)
	}
	for _, rule := range rules {
		for _, p := range rule.Principals {
			m.give(p, "account role "+strings.TrimPrefix(rule.Role, "roles/"))
		}
	}
	for len(m.next) > 0 {
		wave := m.next
		m.next = nil
		// Sorted, so that of several reasons the same one is named each time.
		slices.SortFunc(wave, func(a, b powerful) int { return audit.CompareRefs(a.ref, b.ref) })
		m.expand(ctx, wave)
	}
	for name := range m.powers {
		slices.Sort(m.powers[name])
		m.powers[name] = slices.Compact(m.powers[name])
	}
	slices.Sort(m.holes)
}

func (m *managing) hole(what string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.holes = append(m.holes, what+": "+err.Error())
}

// list reads who could be in a rule. Without that nothing can be told.
func (m *managing) list(ctx context.Context) bool {
	var work errgroup.Group
	read := func(t audit.PrincipalType, into *map[string]*scimResource) {
		work.Go(func() error {
			var err error
			if *into, err = m.c.withRoles(ctx, t); err != nil {
				m.hole("who manages what", err)
			}
			return err
		})
	}
	read(audit.TypeGroup, &m.groups)
	read(audit.TypeServicePrincipal, &m.apps)
	if work.Wait() != nil {
		return false
	}
	for id, r := range m.groups {
		name := ruleName(audit.TypeGroup, r)
		m.byName[name] = append(m.byName[name], audit.Ref{Type: audit.TypeGroup, ID: id})
	}
	for id, r := range m.apps {
		name := ruleName(audit.TypeServicePrincipal, r)
		m.byName[name] = append(m.byName[name], audit.Ref{Type: audit.TypeServicePrincipal, ID: id})
	}
	return true
}

// seed begins with what has power by itself.
func (m *managing) seed(g grants) {
	each := func(t audit.PrincipalType, list map[string]*scimResource) {
		for id, r := range list {
			name := r.DisplayName
			if t == audit.TypeServicePrincipal {
				name = r.ApplicationID
			}
			for _, text := range g.direct(r, name) {
				m.add(audit.Ref{Type: t, ID: id}, text)
				break
			}
		}
	}
	each(audit.TypeGroup, m.groups)
	each(audit.TypeServicePrincipal, m.apps)
}

// add notes a group or service principal with power; the first reason stays.
func (m *managing) add(ref audit.Ref, why string) {
	list := m.groups
	if ref.Type == audit.TypeServicePrincipal {
		list = m.apps
	}
	r := list[ref.ID]
	if r == nil || m.seen[ref] {
		return
	}
	m.seen[ref] = true
	m.next = append(m.next, powerful{ref, r, why})
}

// give notes the power of a principal of a rule, which gives power to those who
// manage it in turn.
func (m *managing) give(principal, text string) {
	name := strings.ToLower(principal)
	m.powers[name] = append(m.powers[name], text)
	for _, ref := range m.byName[name] {
		m.add(ref, text)
	}
}

// expand reads the rules on objects with power, and who is in them.
func (m *managing) expand(ctx context.Context, wave []powerful) {
	rules := make([][]grantRule, len(wave))
	held := make([][]audit.Ref, len(wave))
	var work errgroup.Group
	work.SetLimit(m.c.cfg.MaxConcurrency)
	for i, p := range wave {
		resource := "servicePrincipals/" + p.r.ApplicationID
		if p.ref.Type == audit.TypeGroup {
			resource = "groups/" + p.ref.ID
			work.Go(func() error {
				var err error
				if held[i], err = m.c.heldMembers(ctx, p.ref.ID); err != nil {
					m.hole("members of "+p.ref.String(), err)
				}
				return nil
			})
		}
		work.Go(func() error {
			var err error
			if rules[i], err = m.c.ruleSet(ctx, resource); err != nil {
				m.hole("rule set of "+p.ref.String(), err)
			}
			return nil
		})
	}
	_ = work.Wait() // No member of the group fails.
	for i := range wave {
		p := &wave[i]
		for _, rule := range rules[i] {
			for _, name := range rule.Principals {
				m.give(name, fmt.Sprintf("role %s on %s, which has %s", strings.TrimPrefix(rule.Role, "roles/"), p, p.why))
			}
		}
		for _, ref := range held[i] {
			// That these have power is for the groups above them to tell; here it is
			// about those who manage them.
			m.add(ref, fmt.Sprintf("%s (through %s)", p.why, p))
		}
	}
}
