// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// The clouds of idp-apis, section 2, and what stands in for them.
func TestEntraConfig_clouds(t *testing.T) {
	t.Parallel()
	type cloud struct {
		authority, graph, scope string
		microsoft               bool
	}
	tests := map[string]struct {
		authority, graph string
		want             cloud
	}{
		"global, nothing given": {"", "", cloud{"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://graph.microsoft.com/.default", true}},
		"US Government L4":      {"https://login.microsoftonline.us", "", cloud{"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://graph.microsoft.us/.default", true}},
		"US Government L5": {"https://login.microsoftonline.us/", "https://dod-graph.microsoft.us",
			cloud{"https://login.microsoftonline.us/", "https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us/.default", true}},
		"China": {"https://login.chinacloudapi.cn", "", cloud{"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default", true}},
		"China, its other name": {"https://LOGIN.partner.microsoftonline.cn", "",
			cloud{"https://LOGIN.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default", true}},
		"a proxy in front of Graph": {"https://login.microsoftonline.us", "https://graph-proxy.example.com",
			cloud{"https://login.microsoftonline.us", "https://graph-proxy.example.com", "https://graph.microsoft.us/.default", true}},
		"an authority of its own": {"https://login.example.com", "http://127.0.0.1:8080/graph",
			cloud{"https://login.example.com", "http://127.0.0.1:8080/graph", "https://graph.microsoft.com/.default", false}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := EntraConfig{AuthorityHost: tt.authority, GraphEndpoint: tt.graph}
			authority, graph, err := cfg.hosts()
			if err != nil {
				t.Fatal(err)
			}
			got := cloud{authority.String(), graph.String(), scopeFor(authority, graph), isMicrosoft(authority)}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// Names of a user by username_attributes, and that both attributes lead to it.
func TestUserEntry_names(t *testing.T) {
	t.Parallel()
	const upn, mail = "ann@corp.example.com", "ann@example.com"
	tests := map[string]struct {
		names      userNames
		attributes []string
		want       []string
	}{
		"member":                         {userNames{upn, mail, false}, nil, []string{upn}},
		"guest":                          {userNames{upn, mail, true}, nil, []string{mail}},
		"guest without mail":             {userNames{upn, "", true}, nil, []string{upn}},
		"member, mail":                   {userNames{upn, mail, false}, []string{"mail"}, []string{mail}},
		"guest, UPN":                     {userNames{upn, mail, true}, []string{"userPrincipalName"}, []string{upn}},
		"both, mail first":               {userNames{upn, mail, false}, []string{"mail", "userPrincipalName"}, []string{mail, upn}},
		"both are one":                   {userNames{upn, upn, false}, []string{"mail", "userPrincipalName"}, []string{upn}},
		"the named one is blank":         {userNames{upn, "", false}, []string{"mail"}, []string{upn}},
		"a mail address with spaces (!)": {userNames{upn, mail + " ", false}, []string{"mail"}, []string{mail + " "}},
		"nothing":                        {userNames{}, []string{"mail"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := userEntry(tt.names, audit.Identity{ExternalID: "u1"}, tt.attributes)
			if diff := cmp.Diff(tt.want, e.identity.Names); diff != "" {
				t.Error(diff)
			}
			d := newDirectory()
			d.add(e)
			for _, name := range []string{tt.names.upn, tt.names.mail} {
				if name != "" && len(d.match(principal(audit.TypeUser, name, "")).ByName) != 1 {
					t.Errorf("%q does not lead to it", name)
				}
			}
		})
	}
}
