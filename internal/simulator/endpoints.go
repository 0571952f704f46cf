// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/entra"
)

// Endpoints is how a client reaches a simulator: the first line that the command
// prints.
type Endpoints struct {
	Host         string `json:"account_host"`
	AccountID    string `json:"account_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Token        string `json:"token"`
	IDPEndpoints
	WorkspaceHosts map[string]string `json:"workspace_hosts"`
}

// Endpoints is how this simulator is reached.
func (r *Running) Endpoints() (Endpoints, error) {
	hosts, err := r.WorkspaceHosts()
	return Endpoints{
		Host: r.URL, AccountID: r.AccountID, ClientID: r.ClientID, ClientSecret: r.ClientSecret, Token: r.Token,
		IDPEndpoints: r.IDP, WorkspaceHosts: hosts,
	}, err
}

// Environment points the provider and the official clients at the simulator, in
// the variables that a user would set for a real account. Those of an identity
// provider have no effect until its kind is selected.
func (e Endpoints) Environment() []string {
	return []string{
		"DATABRICKS_HOST=" + e.Host,
		"DATABRICKS_ACCOUNT_ID=" + e.AccountID,
		"DATABRICKS_CLIENT_ID=" + e.ClientID,
		"DATABRICKS_CLIENT_SECRET=" + e.ClientSecret,
		"DATABRICKS_AUTH_TYPE=oauth-m2m",
		"DATABRICKS_CONFIG_FILE=" + os.DevNull,
		"DBXIDENTITY_ENTRA_TENANT_ID=" + e.EntraTenantID,
		"DBXIDENTITY_ENTRA_CLIENT_ID=" + e.EntraClientID,
		"DBXIDENTITY_ENTRA_CLIENT_SECRET=" + e.EntraClientSecret,
		"DBXIDENTITY_ENTRA_AUTHORITY_HOST=" + e.EntraAuthorityHost,
		"DBXIDENTITY_ENTRA_GRAPH_ENDPOINT=" + e.GraphEndpoint,
		"DBXIDENTITY_OKTA_ORG_URL=" + e.OktaOrgURL,
		"DBXIDENTITY_OKTA_API_TOKEN=" + e.OktaAPIToken,
		"SSL_CERT_FILE=" + e.CAFile,
	}
}

// StartEntra serves the Entra authority with TLS. Close it.
func (s *Server) StartEntra(listenAddr string) (*entra.Authority, error) {
	return entra.StartAuthority(listenAddr, s.Handler())
}

// IDPEndpoints is where the simulated IdPs are and what opens them, under the
// names of the command's first line.
type IDPEndpoints struct {
	EntraTenantID      string `json:"entra_tenant_id"`
	EntraClientID      string `json:"entra_client_id"`
	EntraClientSecret  string `json:"entra_client_secret"`
	EntraAuthorityHost string `json:"entra_authority_host"`
	GraphEndpoint      string `json:"graph_endpoint"`
	OktaOrgURL         string `json:"okta_org_url"`
	OktaAPIToken       string `json:"okta_api_token"`
	CAFile             string `json:"ca_file"`
}

// RunningIDP is the IdP half while it is served.
type RunningIDP struct {
	IDPEndpoints
	authority *entra.Authority
}

// Close stops what StartIDP started; the account's own listener is not touched.
func (r *RunningIDP) Close() error { return r.authority.Close() }

// StartIDP starts the Entra authority on a free loopback port. Graph and Okta
// are on the account's own listener, whose URL is accountHost: Graph under
// /graph (and at the root, /v1.0 and /beta), Okta under /okta.
func (s *Server) StartIDP(accountHost string) (*RunningIDP, error) {
	accountHost = strings.TrimSuffix(accountHost, "/")
	if u, err := url.Parse(accountHost); err != nil || u.Host == "" {
		return nil, fmt.Errorf("account host %q is no URL with a host", accountHost)
	}
	authority, err := s.StartEntra("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &RunningIDP{authority: authority, IDPEndpoints: IDPEndpoints{
		EntraTenantID: s.store.Directory().TenantID(), EntraClientID: s.entra.ClientID, EntraClientSecret: s.entra.ClientSecret,
		EntraAuthorityHost: authority.URL, GraphEndpoint: accountHost + "/graph",
		OktaOrgURL: accountHost + "/okta", OktaAPIToken: s.okta.APIToken, CAFile: authority.CAFile,
	}}, nil
}
