// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// databricksSetting is one setting that this provider shares with the official
// databricks/databricks provider: same name, meaning and environment variable,
// which databricks-sdk-go resolves (config.ConfigAttributes).
type databricksSetting struct {
	name        string
	env         string
	description string
	sensitive   bool
	boolean     bool
}

// databricksSettings lists what is needed to reach an account. Settings of the
// official provider that choose a workspace, a cluster or a retry policy have
// no meaning here.
func databricksSettings() []databricksSetting {
	return []databricksSetting{
		{
			name: "host", env: "DATABRICKS_HOST",
			description: "Account host, for example `https://accounts.azuredatabricks.net`, " +
				"`https://accounts.cloud.databricks.com` or `https://accounts.gcp.databricks.com`. A workspace host is refused.",
		},
		{
			name: "account_id", env: "DATABRICKS_ACCOUNT_ID",
			description: "Id of the Databricks account, a UUID (account console, user menu).",
		},
		{
			name: "client_id", env: "DATABRICKS_CLIENT_ID",
			description: "Application id of the service principal that signs in with OAuth (M2M). It needs the account admin role.",
		},
		{name: "client_secret", env: "DATABRICKS_CLIENT_SECRET", description: "OAuth secret of that service principal.", sensitive: true},
		{name: "token", env: "DATABRICKS_TOKEN", description: "A token to send as it is.", sensitive: true},
		{name: "profile", env: "DATABRICKS_CONFIG_PROFILE", description: "Profile of the Databricks configuration file to use."},
		{
			name: "config_file", env: "DATABRICKS_CONFIG_FILE",
			description: "Path of the Databricks configuration file, by default `~/.databrickscfg`.",
		},
		{
			name: "auth_type", env: "DATABRICKS_AUTH_TYPE",
			description: "Authentication method, when settings for several are present: for example `oauth-m2m`, `pat`, " +
				"`azure-client-secret`, `azure-msi`, `azure-cli`, `databricks-cli`, `google-id`, `github-oidc`.",
		},
		{name: "azure_tenant_id", env: "ARM_TENANT_ID", description: "Entra tenant of the Azure service principal."},
		{
			name: "azure_client_id", env: "ARM_CLIENT_ID",
			description: "Application id of the Azure service principal or managed identity.",
		},
		{name: "azure_client_secret", env: "ARM_CLIENT_SECRET", description: "Secret of the Azure service principal.", sensitive: true},
		{name: "azure_use_msi", env: "ARM_USE_MSI", description: "Sign in as the managed identity of the machine.", boolean: true},
		{name: "azure_environment", env: "ARM_ENVIRONMENT", description: "Azure cloud: `public`, `usgovernment` or `china`."},
		{
			name: "google_service_account", env: "DATABRICKS_GOOGLE_SERVICE_ACCOUNT",
			description: "Google service account to impersonate.",
		},
		{
			name: "google_credentials", env: "GOOGLE_CREDENTIALS",
			description: "Google service account key, as JSON or a path.", sensitive: true,
		},
		{
			name: "databricks_cli_path", env: "DATABRICKS_CLI_PATH",
			description: "Path of the Databricks CLI, for `databricks-cli` authentication.",
		},
		{
			name: "metadata_service_url", env: "DATABRICKS_METADATA_SERVICE_URL",
			description: "URL of a local metadata service that hands out tokens.", sensitive: true,
		},
		{
			name: "databricks_id_token_filepath", env: "DATABRICKS_OIDC_TOKEN_FILEPATH",
			description: "File with an OIDC id token, for `file-oidc` authentication.",
		},
		{
			name: "oidc_token_env", env: "DATABRICKS_OIDC_TOKEN_ENV",
			description: "Name of the environment variable with an OIDC id token, for `env-oidc` authentication.",
		},
		{name: "audience", env: "DATABRICKS_TOKEN_AUDIENCE", description: "Audience to ask for when an OIDC id token is requested."},
		{
			name: "actions_id_token_request_url", env: "ACTIONS_ID_TOKEN_REQUEST_URL",
			description: "URL at which GitHub Actions issues id tokens; set by the runner.",
		},
		{
			name: "actions_id_token_request_token", env: "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
			description: "Token for that URL; set by the runner.", sensitive: true,
		},
	}
}

func (p *dbxidentityProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := ownAttributes()
	for _, s := range databricksSettings() {
		description := s.description + " Environment variable `" + s.env + "`."
		if s.boolean {
			attributes[s.name] = schema.BoolAttribute{Optional: true, MarkdownDescription: description}
			continue
		}
		attributes[s.name] = schema.StringAttribute{Optional: true, Sensitive: s.sensitive, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Shows how the identities of a Databricks account diverge from the identity provider, " +
			"and repairs them as planned, reviewed infrastructure.",
		Attributes: attributes,
	}
}

// ownAttributes are the settings that only this provider has. Each may also be
// given as DBXIDENTITY_<ATTRIBUTE>.
func ownAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"idp": idpSchema(),
		"automatic_identity_management": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Whether automatic identity management (AIM) is switched on in the account: `on`, `off` or `unknown` " +
				"(the default). No API returns it. Environment variable `DBXIDENTITY_AUTOMATIC_IDENTITY_MANAGEMENT`.",
			Validators: []validator.String{stringvalidator.OneOf("on", "off", "unknown")},
		},
		"identity_api": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "API for reads of principals: `iam_v2`, `scim`, or `auto` (the default), which tries IAM v2 and falls back to " +
				"account SCIM when the account answers 403, 404 or 501. Environment variable `DBXIDENTITY_IDENTITY_API`.",
			Validators: []validator.String{stringvalidator.OneOf("auto", "iam_v2", "scim")},
		},
		"read_only": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Refuse every write to the account. Plans still show what an apply would do. With `automatic_identity_management = \"on\"` it also refuses " +
				"an audit with `idp = { databricks = {} }`, because `matchWithIdp` syncs what it is asked about. Default `false`. " +
				"Environment variable `DBXIDENTITY_READ_ONLY`.",
		},
		"journal_path": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "File to which every write to the account is added as JSON lines: its intent before, its outcome after. " +
				"It is made with mode 0600 in a folder that exists, and refused when others may read it. What cannot be recorded is not written. " +
				"A relative path starts where Terraform runs. See the guide on rolling back. Environment variable `DBXIDENTITY_JOURNAL_PATH`.",
		},
		"checkpoint_dir": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Folder in which `dbxidentity_divergences` keeps what it has read until its result is complete, so that an audit " +
				"that was killed goes on where it stopped, for at most one hour. The folder is made with mode 0700 if it is missing; others must not be able to write to it. " +
				"The files hold names and ids of principals, and no secrets. Guards, writes and resources never depend on them. " +
				"A relative path starts where Terraform runs. See the troubleshooting guide. Environment variable `DBXIDENTITY_CHECKPOINT_DIR`.",
		},
		"workspace_hosts": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "URL per workspace id, for workspaces behind private link or a vanity host. " +
				"Environment variable `DBXIDENTITY_WORKSPACE_HOSTS` (a JSON object).",
		},
		"max_concurrency": schema.NumberAttribute{
			Optional: true,
			MarkdownDescription: "Most requests under way at once, from 1 to 256. The default is 32, and up to 64 where the account " +
				"has refused none of many requests and answers as quickly as before. " +
				"Environment variable `DBXIDENTITY_MAX_CONCURRENCY`.",
			Validators: []validator.Number{wholeNumber{least: 1, most: 256}},
		},
		"reads_per_second": schema.Float64Attribute{
			Optional: true,
			MarkdownDescription: "Upper limit for reads per second. Null, the default, adapts to what the account allows. " +
				"Environment variable `DBXIDENTITY_READS_PER_SECOND`.",
			Validators: []validator.Float64{float64validator.AtLeast(0.01)},
		},
		"writes_per_second": schema.Float64Attribute{
			Optional: true,
			MarkdownDescription: "Upper limit for writes per second. Null, the default, adapts to what the account allows. " +
				"Environment variable `DBXIDENTITY_WRITES_PER_SECOND`.",
			Validators: []validator.Float64{float64validator.AtLeast(0.01)},
		},
	}
}
