// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import "os"

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
