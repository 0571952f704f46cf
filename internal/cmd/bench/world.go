// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// size is how many principals of each type an account has.
type size struct{ users, groups, sps int }

func (s size) all() int { return s.users + s.groups + s.sps }

// full is the account of the figures: 10,000 users, 5,000 linked groups of 5 to
// 45 members, 500 service principals.
func (c config) full() size { return size{c.of(10_000), c.of(5_000), c.of(500)} }

// pages is how many pages of a size a list of n takes; an empty list takes one.
func pages(n, of int) int { return max(1, (n+of-1)/of) }

// pagesOf is that of the three lists of an account.
func (s size) pages(of int) int { return pages(s.users, of) + pages(s.groups, of) + pages(s.sps, of) }

// clean is an account without any divergence.
func clean(s size) (simulator.State, error) {
	st, err := presets.New("empty")
	if err != nil {
		return st, err
	}
	return presets.Generate(st, presets.GenerateOptions{
		Users: s.users, Groups: s.groups, ServicePrincipals: s.sps, Seed: 1, Clean: true,
	})
}

// stale is an account of n users whose stored id the IdP does not know: n
// divergences. It knows the names of so many of 100, which can be fixed; the
// others have left.
func stale(n, fixable int) (simulator.State, error) {
	st, err := clean(size{users: n})
	left := map[string]bool{}
	seen := 0
	for i := range st.Users {
		u := &st.Users[i]
		if u.ExternalID == "" {
			continue
		}
		if seen%100 >= fixable {
			left[u.ExternalID] = true
		}
		u.ExternalID = fmt.Sprintf("00000000-0000-4000-9000-%012x", i)
		seen++
	}
	st.IDP.Users = slices.DeleteFunc(st.IDP.Users, func(u simulator.IDPUser) bool { return left[u.ID] })
	return st, err
}

// administered is an account with someone privileged: a user who is an account admin,
// and a group that is, with another one in it, in which that user is. Nothing of it
// diverges.
func administered(st simulator.State) simulator.State {
	const id, name = "00000000-0000-4000-a000-000000000001", "account-admin@example.com"
	st.Users = append(st.Users, simulator.User{
		ID: "1", UserName: name, ExternalID: id, Active: true, Roles: []simulator.Role{{Value: "account_admin"}},
	})
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: id, UserPrincipalName: name, AccountEnabled: true})
	st.Groups = append(st.Groups,
		simulator.Group{ID: "2", DisplayName: "admins of the account", Members: []simulator.Member{{Value: "3"}}, Roles: []simulator.Role{{Value: "account_admin"}}},
		simulator.Group{ID: "3", DisplayName: "platform", Members: []simulator.Member{{Value: "1"}}})
	return st
}

// directory exports the IdP half of a state as a directory file.
func directory(st simulator.State) ([]byte, error) {
	type object = map[string]any
	users := make([]object, 0, len(st.IDP.Users))
	for _, u := range st.IDP.Users {
		users = append(users, object{
			"id": u.ID, "user_name": u.UserPrincipalName, "mail": u.Mail, "enabled": u.AccountEnabled, "guest": u.UserType == "Guest",
		})
	}
	groups := make([]object, 0, len(st.IDP.Groups))
	for _, g := range st.IDP.Groups {
		groups = append(groups, object{"id": g.ID, "display_name": g.DisplayName, "members": append([]string{}, g.Members...)})
	}
	sps := make([]object, 0, len(st.IDP.ServicePrincipals))
	for _, sp := range st.IDP.ServicePrincipals {
		sps = append(sps, object{"id": sp.ID, "application_id": sp.AppID, "enabled": sp.AccountEnabled})
	}
	return json.Marshal(object{"version": 1, "users": users, "groups": groups, "service_principals": sps})
}

// idp is a provider setting for one kind of IdP of the simulated account. file
// needs the path of a directory file.
func (s *server) idp(kind, file string) string {
	switch kind {
	case "entra":
		return fmt.Sprintf("  idp = { entra = { tenant_id = %q, client_id = %q, client_secret = %q, authority_host = %q, graph_endpoint = %q } }",
			s.EntraTenantID, s.EntraClientID, s.EntraClientSecret, s.EntraAuthorityHost, s.GraphEndpoint)
	case "okta":
		return fmt.Sprintf("  idp = { okta = { org_url = %q, api_token = %q } }", s.OktaOrgURL, s.OktaAPIToken)
	case "file":
		return fmt.Sprintf("  idp = { file = { path = %q } }", file)
	default:
		return "  idp = { databricks = {} }"
	}
}
