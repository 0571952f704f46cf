// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package power

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// GrantRule is a rule of a rule set (docs/reference/databricks-account-api.md 7). Principals are
// names: "users/<user name>", "groups/<name>", "servicePrincipals/<application id>".
type GrantRule struct {
	Role       string   `json:"role"`
	Principals []string `json:"principals"`
}

// ruleSet reads the rules on the account (resource "") or on one of its objects,
// "groups/<id>" or "servicePrincipals/<application id>", once per client. What is
// gone has no rules.
func (pw *Power) ruleSet(ctx context.Context, resource string) ([]GrantRule, error) {
	return pw.rules.Get(ctx, resource, func(ctx context.Context) ([]GrantRule, error) {
		account := "accounts/" + pw.api.AccountID
		name := account + "/ruleSets/default"
		if resource != "" {
			name = account + "/" + resource + "/ruleSets/default"
		}
		var reply struct {
			Name       string      `json:"name"`
			GrantRules []GrantRule `json:"grant_rules"`
		}
		path := "/api/2.0/preview/" + account + "/access-control/rule-sets"
		err := pw.api.Do(ctx, api.Call{
			Method: http.MethodGet, Path: path,
			Query: url.Values{"name": {name}, "etag": {""}}, Limit: api.LimitAccount,
		}, &reply)
		if resource != "" && api.IsMissing(err) {
			return nil, nil
		}
		if err == nil && reply.Name != name {
			// Without a name it may be anything; a rule set without rules has one.
			return nil, fmt.Errorf("GET %s: the answer is for the rule set %q, not for %q", path, reply.Name, name)
		}
		for _, rule := range reply.GrantRules {
			for _, holder := range rule.Principals {
				if t, is := holderType(holder); is {
					pw.dir.Refers(t, "one has a role in a rule set")
				}
			}
		}
		return reply.GrantRules, errors.Join(err, oddHolder(reply.GrantRules))
	})
}

// holderForms are how rules name principals (docs/reference/databricks-account-api.md 7).
var holderForms = map[audit.PrincipalType]string{
	audit.TypeUser: "users/", audit.TypeGroup: "groups/", audit.TypeServicePrincipal: "servicePrincipals/",
}

// oddHolder is an error for rules that do not say who holds which role.
func oddHolder(rules []GrantRule) error {
	for _, rule := range rules {
		if rule.Role == "" {
			return errors.New("a rule names no role")
		}
		for _, holder := range rule.Principals {
			if _, is := holderType(holder); !is {
				return fmt.Errorf("the holder %q of %s has none of the forms users/<name>, groups/<name> and servicePrincipals/<application id>, "+
					"so that who it is is not known", holder, rule.Role)
			}
		}
	}
	return nil
}

func holderType(name string) (audit.PrincipalType, bool) {
	for t, form := range holderForms {
		if strings.HasPrefix(name, form) && len(name) > len(form) {
			return t, true
		}
	}
	return "", false
}

// groupMembers are the direct members of a privileged group. fromIAMv2 is true when IAM
// v2 returned them.
type groupMembers struct {
	refs      []audit.Ref
	fromIAMv2 bool
}

// membersOf reads them, once per client. Of a group that is gone there are none.
// That takes two witnesses, as in [directory.Directory.Known], because a list has just shown it:
// the reading says 404, and a new list does not have it.
func (pw *Power) membersOf(ctx context.Context, group string) (groupMembers, error) {
	return pw.members.Get(ctx, group, func(ctx context.Context) (groupMembers, error) {
		read, err := pw.dir.MembersFromIAMv2(ctx, group)
		if err == nil && !read.FromIAMv2 {
			read.List, err = pw.dir.MembersFromSCIM(ctx, group, nil)
		}
		if errors.Is(err, api.ErrNotFound) && !pw.dir.ListsGroup(ctx, group) {
			return groupMembers{}, nil
		}
		out := groupMembers{refs: make([]audit.Ref, 0, len(read.List)), fromIAMv2: read.FromIAMv2}
		for i := range read.List {
			out.refs = append(out.refs, read.List[i].Ref)
		}
		return out, err
	})
}

// ruleName is how rules name a principal; case is ignored, so that a doubt counts
// as a privilege.
func ruleName(t audit.PrincipalType, r *directory.SCIMResource) string {
	return strings.ToLower(holderForms[t] + r.NameAs(t))
}

// ruleSearch finds who is privileged by rule sets: a role on the account, or a role on a
// group or service principal that is privileged itself. Someone who manages a group can
// join it; someone who may use a service principal acts as it.
type ruleSearch struct {
	pw *Power

	mu    sync.Mutex
	holes []string
	// blind is true where the lists, or the members of what is privileged, could not be
	// read.
	blind bool
	// powers are the sentences by rule name.
	powers map[string][]string
	// seen are the privileged objects that were looked at or are waiting.
	seen map[audit.Ref]bool
	next []privileged

	groups, apps map[string]*directory.SCIMResource
	byName       map[string][]audit.Ref
}

// privileged is a group or service principal that is privileged, and why.
type privileged struct {
	ref audit.Ref
	r   *directory.SCIMResource
	why string
}

func (p *privileged) String() string {
	if p.ref.Type == audit.TypeGroup {
		return fmt.Sprintf("group %q, id %s", p.r.DisplayName, p.ref.ID)
	}
	return fmt.Sprintf("service principal %q, id %s", p.r.ApplicationID, p.ref.ID)
}

// rulePower is what a ruleSearch comes to.
type rulePower struct {
	// powers are the sentences by rule name.
	powers map[string][]string
	// groups are the ids of those that are privileged by the grants that are known, and
	// of those within them, sorted; all of them if whole.
	groups []string
	whole  bool
}

// powerByRules are the powers by rules, and the reasons for what is missing.
//
// Requests per client: the account SCIM lists of groups and service principals,
// the rule set of the account, and for each privileged group or service principal
// one rule set, for groups also their members. whole says that the grants are
// known without a hole: then the result is kept.
func (pw *Power) powerByRules(ctx context.Context, g grants, whole bool) (out rulePower, holes []string) {
	find := func(ctx context.Context) (rulePower, error) {
		m := &ruleSearch{pw: pw, powers: map[string][]string{}, seen: map[audit.Ref]bool{}, byName: map[string][]audit.Ref{}}
		m.find(ctx, g)
		if len(m.holes) > 0 {
			return m.result(), holesError(m.holes)
		}
		return m.result(), nil
	}
	var err error
	if whole {
		out, err = pw.byRules.Get(ctx, find)
	} else {
		out, err = find(ctx)
	}
	var missing holesError
	switch {
	case errors.As(err, &missing):
		return out, missing
	case err != nil:
		return out, []string{"who is privileged by rule sets: " + err.Error()}
	}
	return out, nil
}

func (m *ruleSearch) result() rulePower {
	out := rulePower{powers: m.powers, whole: !m.blind}
	for ref := range m.seen {
		if ref.Type == audit.TypeGroup {
			out.groups = append(out.groups, ref.ID)
		}
	}
	slices.SortFunc(out.groups, audit.CompareIDs)
	return out
}

// holesError are the reasons for what is missing from a result.
type holesError []string

func (e holesError) Error() string { return strings.Join(e, "; ") }

func (m *ruleSearch) find(ctx context.Context, g grants) {
	if !m.list(ctx) {
		return
	}
	m.seed(g)
	rules, err := m.pw.ruleSet(ctx, "")
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
		slices.SortFunc(wave, func(a, b privileged) int { return audit.CompareRefs(a.ref, b.ref) })
		m.expand(ctx, wave)
	}
	for name := range m.powers {
		slices.Sort(m.powers[name])
		m.powers[name] = slices.Compact(m.powers[name])
	}
	slices.Sort(m.holes)
}

func (m *ruleSearch) hole(what string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.holes = append(m.holes, what+": "+err.Error())
}

// list reads who could be in a rule. Without that nothing is known.
func (m *ruleSearch) list(ctx context.Context) bool {
	var work errgroup.Group
	read := func(t audit.PrincipalType, into *map[string]*directory.SCIMResource) {
		work.Go(func() error {
			list, err := m.pw.dir.WithRoles(ctx, t)
			if err != nil {
				m.hole("who manages what", err)
				return err
			}
			*into = list.ByID
			return nil
		})
	}
	read(audit.TypeGroup, &m.groups)
	read(audit.TypeServicePrincipal, &m.apps)
	if work.Wait() != nil {
		m.blind = true
		return false
	}
	m.name(audit.TypeGroup, m.groups)
	m.name(audit.TypeServicePrincipal, m.apps)
	return true
}

// name notes principals by the name that rules have for them.
func (m *ruleSearch) name(t audit.PrincipalType, list map[string]*directory.SCIMResource) {
	nameless := 0
	for id, r := range list {
		name := ruleName(t, r)
		m.byName[name] = append(m.byName[name], audit.Ref{Type: t, ID: id})
		if r.NameAs(t) == "" {
			nameless++
		}
	}
	if nameless > 0 {
		m.hole("who manages what", fmt.Errorf("the list of %s shows %d without a name, which rules could mean", directory.Plural(t), nameless))
		m.blind = true
	}
}

// seed begins with what is privileged by itself.
func (m *ruleSearch) seed(g grants) {
	each := func(t audit.PrincipalType, list map[string]*directory.SCIMResource) {
		for id, r := range list {
			for _, text := range g.direct(r, r.NameAs(t)) {
				m.add(audit.Ref{Type: t, ID: id}, text)
				break
			}
		}
	}
	each(audit.TypeGroup, m.groups)
	each(audit.TypeServicePrincipal, m.apps)
}

// add notes a privileged group or service principal; the first reason stays.
func (m *ruleSearch) add(ref audit.Ref, why string) {
	list := m.groups
	if ref.Type == audit.TypeServicePrincipal {
		list = m.apps
	}
	r := list[ref.ID]
	if r == nil || m.seen[ref] {
		return
	}
	m.seen[ref] = true
	m.next = append(m.next, privileged{ref, r, why})
}

// give notes what a rule gives to its principal, and with it to those who manage
// the principal.
func (m *ruleSearch) give(principal, text string) {
	name := strings.ToLower(principal)
	m.powers[name] = append(m.powers[name], text)
	for _, ref := range m.byName[name] {
		m.add(ref, text)
	}
}

// expand reads the rules on privileged objects, and who is in them.
func (m *ruleSearch) expand(ctx context.Context, wave []privileged) {
	rules := make([][]GrantRule, len(wave))
	held := make([]groupMembers, len(wave))
	var (
		work   errgroup.Group
		unread atomic.Bool
	)
	work.SetLimit(m.pw.api.Config.MaxConcurrency)
	for i, p := range wave {
		resource := "servicePrincipals/" + p.r.ApplicationID
		if p.ref.Type == audit.TypeGroup {
			resource = "groups/" + p.ref.ID
			work.Go(func() error {
				var err error
				if held[i], err = m.pw.membersOf(ctx, p.ref.ID); err == nil && !held[i].fromIAMv2 && m.pw.api.Config.HiddenMemberships {
					err = directory.ErrHiddenMemberships
				}
				if err != nil {
					m.hole("members of "+p.ref.String(), err)
					unread.Store(true)
				}
				return nil
			})
		}
		work.Go(func() error {
			var err error
			if rules[i], err = m.pw.ruleSet(ctx, resource); err != nil {
				m.hole("rule set of "+p.ref.String(), err)
			}
			return nil
		})
	}
	_ = work.Wait() // No member of the group fails.
	m.blind = m.blind || unread.Load()
	for i := range wave {
		p := &wave[i]
		for _, rule := range rules[i] {
			for _, name := range rule.Principals {
				m.give(name, fmt.Sprintf("role %s on %s, which has %s", strings.TrimPrefix(rule.Role, "roles/"), p, p.why))
			}
		}
		for _, ref := range held[i].refs {
			if ref.Type == audit.TypeUser {
				continue // No one manages a user.
			}
			// That these are privileged is for the groups above them to say; here it is
			// about those who manage them.
			m.add(ref, fmt.Sprintf("%s (through %s)", p.why, p))
		}
	}
}
