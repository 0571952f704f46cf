// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// Kinds of authentication, as the SDK names them.
const (
	authPAT  = "pat"
	authM2M  = "oauth-m2m"
	authAzCS = "azure-client-secret"
)

var accountIDForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// baseTransport carries the requests of the client, so many at a time.
func baseTransport(cfg Config, most int) http.RoundTripper {
	if cfg.SDK.HTTPTransport != nil {
		return cfg.SDK.HTTPTransport
	}
	var tlsConfig *tls.Config
	if cfg.SDK.InsecureSkipVerify {
		// The official provider's skip_verify, asked for by name.
		tlsConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // asked for by the user
	}
	return transport.NewBase(most, tlsConfig)
}

// resolve fills the configuration from environment and profile, checks it, and
// puts the requests of the SDK's credentials under our transport.
func resolve(ctx context.Context, cfg *config.Config, t *transport.Client) error {
	cfg.HTTPTransport = t.RoundTripper(transport.ClassAuth, true)
	// The SDK would repeat failures of our transport, which has done so itself.
	// One second is the shortest that it takes.
	cfg.RetryTimeoutSeconds = 1
	// Without a resolver the SDK asks the host for metadata, for five minutes if
	// it must (docs/reference/databricks-account-api.md 1.3). The provider is for accounts only.
	var discovery string
	cfg.HostMetadataResolver = func(_ context.Context, host string) (*config.HostMetadata, error) {
		discovery = cfg.DiscoveryURL
		// Without an endpoint the SDK would write a warning to the log.
		return &config.HostMetadata{HostType: config.AccountHost, OIDCEndpoint: host + "/oidc/accounts/" + cfg.AccountID}, nil
	}
	if len(cfg.Loaders) == 0 {
		// A file is looked at before the SDK reads it, and the host before the SDK
		// cuts it.
		cfg.Loaders = []config.Loader{config.ConfigAttributes, check(func(cfg *config.Config) error { return checkFiles(ctx, cfg) }), config.ConfigFile}
	}
	cfg.Loaders = append(cfg.Loaders, check(checkLoaded), check(func(cfg *config.Config) error { return checkFiles(ctx, cfg) }))
	if err := cfg.EnsureResolved(); err != nil {
		return resolveError(cfg, err)
	}
	// Only what the user set counts: an account host needs no discovery.
	cfg.DiscoveryURL = discovery
	if err := checkHost(cfg); err != nil {
		return err
	}
	switch {
	case cfg.AccountID == "":
		return &ConfigError{
			Attribute: "account_id", Summary: "Missing Account ID",
			Detail: "No account_id is set. Set account_id in the provider block, the environment variable DATABRICKS_ACCOUNT_ID, " +
				"or account_id in the profile. It is the UUID that the account console shows in the user menu.",
		}
	case !accountIDForm.MatchString(cfg.AccountID):
		return &ConfigError{
			Attribute: "account_id", Summary: "Invalid Account ID",
			Detail: "account_id is \"" + cfg.AccountID + "\", which is not a UUID. Set account_id (DATABRICKS_ACCOUNT_ID) to the id " +
				"that the account console shows in the user menu; a workspace id is something else.",
		}
	}
	// The API compares ids as text, and answers with small letters.
	cfg.AccountID = strings.ToLower(cfg.AccountID)
	return checkCredentials(cfg)
}

// check is a look at what has been loaded so far, in the SDK's order of loading.
type check func(*config.Config) error

func (check) Name() string                         { return "check" }
func (c check) Configure(cfg *config.Config) error { return c(cfg) }

// checkLoaded makes the secrets known and looks at the host as it was written.
func checkLoaded(cfg *config.Config) error {
	for _, a := range config.ConfigAttributes {
		if a.Sensitive {
			redact.Add(a.GetString(cfg))
		}
	}
	if cfg.Host == "" {
		return nil
	}
	if err := checkHostForm(cfg.Host); err != nil {
		return &ConfigError{
			Attribute: "host", Summary: "Invalid Account Host",
			Detail: "host (DATABRICKS_HOST) cannot be used: " + err.Error() + ". The account hosts are " + accountHosts + ".",
		}
	}
	return nil
}

// maxSettingsFile is the size in bytes up to which files of credentials are read.
const maxSettingsFile = 1 << 20

// checkFiles refuses paths that the SDK could read for ever.
func checkFiles(ctx context.Context, cfg *config.Config) error {
	configFile := cmp.Or(cfg.ConfigFile, "~/.databrickscfg")
	if rest, found := strings.CutPrefix(configFile, "~"); found {
		home, err := os.UserHomeDir()
		if err != nil {
			home = ""
		}
		configFile = home + rest
	}
	google := cfg.GoogleCredentials // The document itself, or a path.
	if strings.HasPrefix(strings.TrimSpace(google), "{") {
		google = ""
	}
	for _, f := range []struct{ attribute, env, path string }{
		{"config_file", "DATABRICKS_CONFIG_FILE", configFile},
		{"", "DATABRICKS_OIDC_TOKEN_FILEPATH", cfg.OIDCTokenFilepath},
		{"google_credentials", "GOOGLE_CREDENTIALS", google},
		{"", "GOOGLE_APPLICATION_CREDENTIALS", os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")},
	} {
		if f.path == "" {
			continue
		}
		err := localfile.Check(ctx, f.path, maxSettingsFile)
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue // What the SDK says of it names the setting.
		}
		if ctx.Err() != nil {
			return err
		}
		return &ConfigError{
			Attribute: f.attribute, Summary: "File Cannot Be Read",
			Detail: cmp.Or(f.attribute, f.env) + " (" + f.env + ") names a file that cannot be used: " + err.Error() + ".",
		}
	}
	return nil
}

// resolveError names the attribute that the SDK complains about. Its text masks
// what is secret.
func resolveError(cfg *config.Config, err error) error {
	var own *ConfigError
	if errors.As(err, &own) {
		return own
	}
	text := redact.Text(err.Error())
	switch {
	case strings.Contains(text, "more than one authorization method"):
		return &ConfigError{
			Attribute: "auth_type", Summary: "More Than One Authentication Method",
			Detail: "Credentials of more than one kind are set, in the provider block, the environment or the profile. Remove all but one, " +
				"or choose with auth_type (DATABRICKS_AUTH_TYPE), for example \"" + authM2M + "\". The Databricks SDK says: " + text,
		}
	case cfg.Profile != "" && strings.Contains(text, "profile"):
		return &ConfigError{
			Attribute: "profile", Summary: "Profile Cannot Be Used",
			Detail: "The profile \"" + cfg.Profile + "\" (profile, DATABRICKS_CONFIG_PROFILE) cannot be used: " + text,
		}
	case strings.Contains(text, "config file"):
		return &ConfigError{
			Attribute: "config_file", Summary: "Configuration File Cannot Be Read",
			Detail: "The file of profiles (config_file, DATABRICKS_CONFIG_FILE) cannot be read: " + text,
		}
	}
	return &ConfigError{Summary: "Invalid Databricks Configuration", Detail: "The Databricks SDK says: " + text}
}

func checkHost(cfg *config.Config) error {
	if cfg.Host == "" {
		return &ConfigError{
			Attribute: "host", Summary: "Missing Account Host",
			Detail: "No host is set. Set host in the provider block, the environment variable DATABRICKS_HOST, or host in the profile, " +
				"to the account host: " + accountHosts + ".",
		}
	}
	cfg.Host = cfg.CanonicalHostName()
	if err := checkHostURL(cfg.Host); err != nil {
		return &ConfigError{
			Attribute: "host", Summary: "Invalid Account Host",
			Detail: "host (DATABRICKS_HOST) cannot be used: " + err.Error() + ". The account hosts are " + accountHosts + ".",
		}
	}
	if err := checkAccountHost(cfg.Host); err != nil {
		return err
	}
	return nil
}

// checkCredentials pins the kind of authentication that the settings mean.
// Without it the SDK swallows the failure of the one that was meant and goes on
// with others, until only "cannot configure default credentials" is left.
func checkCredentials(cfg *config.Config) error {
	if half := halfCredentials(cfg); half != nil {
		return half
	}
	if cfg.AuthType == "" {
		cfg.AuthType = explicitAuth(cfg)
	}
	if cfg.AuthType == "" && len(implicitAuth(cfg)) == 0 {
		return &ConfigError{
			Attribute: "client_id", Summary: "Missing Credentials",
			Detail: "No credentials are set for " + cfg.Host + ". Set client_id and client_secret of a service principal that is an account admin " +
				"(DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET), or the Azure, Google or token settings of the official Databricks provider, " +
				"or a profile (DATABRICKS_CONFIG_PROFILE).",
		}
	}
	return nil
}

// halfCredentials finds one half of a pair without the other.
func halfCredentials(cfg *config.Config) *ConfigError {
	half := func(missing, env, given, summary string) *ConfigError {
		return &ConfigError{
			Attribute: missing, Summary: summary,
			Detail: given + " is set, and " + missing + " is not. Set " + missing + " in the provider block or the environment variable " + env + ".",
		}
	}
	wants := func(kind string) bool { return cfg.AuthType == "" || cfg.AuthType == kind }
	// A client id alone is complete for the OIDC kinds.
	alone := cfg.AuthType == authM2M || cfg.AuthType == "" && explicitAuth(cfg) == "" && len(implicitAuth(cfg)) == 0
	switch {
	case alone && cfg.ClientID != "" && cfg.ClientSecret == "":
		return half("client_secret", "DATABRICKS_CLIENT_SECRET", "client_id", "Missing Client Secret")
	case wants(authM2M) && cfg.ClientID == "" && cfg.ClientSecret != "":
		return half("client_id", "DATABRICKS_CLIENT_ID", "client_secret", "Missing Client ID")
	case cfg.AuthType == authM2M && cfg.ClientID == "":
		return half("client_id", "DATABRICKS_CLIENT_ID", "auth_type \""+authM2M+"\"", "Missing Client ID")
	case cfg.AuthType == authPAT && cfg.Token == "":
		return half("token", "DATABRICKS_TOKEN", "auth_type \""+authPAT+"\"", "Missing Token")
	case wants(authAzCS) && cfg.AzureClientSecret != "" && cfg.AzureClientID == "":
		return half("azure_client_id", "ARM_CLIENT_ID", "azure_client_secret", "Missing Azure Client ID")
	case wants(authAzCS) && cfg.AzureClientSecret != "" && cfg.AzureTenantID == "":
		return half("azure_tenant_id", "ARM_TENANT_ID", "azure_client_secret", "Missing Azure Tenant ID")
	}
	return nil
}

// explicitAuth is the kind of authentication that the settings name by
// themselves, in the order of the SDK's chain; "" when there is none.
func explicitAuth(cfg *config.Config) string {
	switch {
	case cfg.Token != "":
		return authPAT
	case cfg.Username != "" && cfg.Password != "":
		return "basic"
	case cfg.ClientID != "" && cfg.ClientSecret != "":
		return authM2M
	case cfg.MetadataServiceURL != "":
		return "metadata-service"
	case cfg.OIDCTokenFilepath != "":
		return "file-oidc"
	case cfg.OIDCTokenEnv != "":
		return "env-oidc"
	case cfg.AzureUseMSI && cfg.IsAzure():
		return "azure-msi"
	case cfg.AzureClientID != "" && cfg.AzureClientSecret != "" && cfg.AzureTenantID != "" && cfg.IsAzure():
		return authAzCS
	case cfg.GoogleCredentials != "" && cfg.IsGcp():
		return "google-credentials"
	case cfg.GoogleServiceAccount != "" && cfg.IsGcp():
		return "google-id"
	}
	return ""
}

// implicitAuth are the kinds that need no setting and may work here: logins of
// command line tools and tokens of CI systems.
func implicitAuth(cfg *config.Config) []string {
	var kinds []string
	if _, err := exec.LookPath("databricks"); err == nil || cfg.DatabricksCliPath != "" {
		kinds = append(kinds, "databricks-cli")
	}
	if cfg.ActionsIDTokenRequestURL != "" {
		kinds = append(kinds, "github-oidc")
	}
	if os.Getenv("SYSTEM_ACCESSTOKEN") != "" {
		kinds = append(kinds, "azure-devops-oidc")
	}
	if os.Getenv("DATABRICKS_OIDC_TOKEN") != "" {
		kinds = append(kinds, "env-oidc")
	}
	if _, err := exec.LookPath("az"); err == nil && cfg.IsAzure() {
		kinds = append(kinds, "azure-cli")
	}
	return kinds
}
