// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"testing"
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
			cfg := Config{AuthorityHost: tt.authority, GraphEndpoint: tt.graph}
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
