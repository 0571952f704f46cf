// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/accounttest"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
)

func TestNew_configErrors(t *testing.T) {
	t.Parallel()
	base := func(change func(*config.Config)) *config.Config {
		cfg := &config.Config{
			Host: "https://accounts.azuredatabricks.net", AccountID: accounttest.SomeAccount,
			ClientID: "id", ClientSecret: "secret-value", Loaders: accounttest.Loaders(),
		}
		change(cfg)
		return cfg
	}
	tests := map[string]struct {
		change    func(*config.Config)
		cfg       api.Config
		attribute string // "": no error
		contains  string
	}{
		"complete":         {change: func(*config.Config) {}},
		"without scheme":   {change: func(c *config.Config) { c.Host = "accounts.cloud.databricks.com" }},
		"loopback http":    {change: func(c *config.Config) { c.Host = "http://127.0.0.1:1" }},
		"token":            {change: func(c *config.Config) { c.ClientID, c.ClientSecret, c.Token = "", "", "t" }},
		"no host":          {change: func(c *config.Config) { c.Host = "" }, attribute: "host", contains: "DATABRICKS_HOST"},
		"plain http":       {change: func(c *config.Config) { c.Host = "http://accounts.example.com" }, attribute: "host", contains: "https"},
		"Azure workspace":  {change: func(c *config.Config) { c.Host = "https://adb-1234567890123456.7.azuredatabricks.net/" }, attribute: "host", contains: "https://accounts.azuredatabricks.net"},
		"AWS workspace":    {change: func(c *config.Config) { c.Host = "dbc-a1b2345c-d6e7.cloud.databricks.com" }, attribute: "host", contains: "https://accounts.cloud.databricks.com"},
		"GCP workspace":    {change: func(c *config.Config) { c.Host = "https://1234567890123456.7.gcp.databricks.com" }, attribute: "host", contains: "https://accounts.gcp.databricks.com"},
		"no account":       {change: func(c *config.Config) { c.AccountID = "" }, attribute: "account_id", contains: "DATABRICKS_ACCOUNT_ID"},
		"account no UUID":  {change: func(c *config.Config) { c.AccountID = "1234567890" }, attribute: "account_id", contains: "UUID"},
		"no secret":        {change: func(c *config.Config) { c.ClientSecret, c.AuthType = "", "oauth-m2m" }, attribute: "client_secret", contains: "DATABRICKS_CLIENT_SECRET"},
		"no client id":     {change: func(c *config.Config) { c.ClientID = "" }, attribute: "client_id", contains: "DATABRICKS_CLIENT_ID"},
		"no token":         {change: func(c *config.Config) { c.ClientID, c.ClientSecret, c.AuthType = "", "", "pat" }, attribute: "token", contains: "DATABRICKS_TOKEN"},
		"two kinds":        {change: func(c *config.Config) { c.Token = "secret-token" }, attribute: "auth_type", contains: "oauth and pat"},
		"Azure half":       {change: func(c *config.Config) { c.ClientID, c.ClientSecret, c.AzureClientSecret = "", "", "s" }, attribute: "azure_client_id", contains: "ARM_CLIENT_ID"},
		"identity API":     {change: func(*config.Config) {}, cfg: api.Config{IdentityAPI: "v3"}, attribute: "identity_api", contains: "iam_v2"},
		"workspace host":   {change: func(*config.Config) {}, cfg: api.Config{WorkspaceHosts: map[string]string{"7": "http://ws.example.com"}}, attribute: "workspace_hosts", contains: "workspace 7"},
		"other host":       {change: func(c *config.Config) { c.Host = "https://accounts.example.com/" }},
		"user in the host": {change: func(c *config.Config) { c.Host = "https://me:secret-pw@accounts.example.com" }, attribute: "host", contains: "user or password"},
		"user, no scheme":  {change: func(c *config.Config) { c.Host = "me:secret-pw@accounts.example.com" }, attribute: "host", contains: "user or password"},
		"user, broken URL": {change: func(c *config.Config) { c.Host = "https://me:secret-%zz@accounts.example.com" }, attribute: "host", contains: "not a URL"},
		"host is no host":  {change: func(c *config.Config) { c.Host = "://" }, attribute: "host", contains: "accounts.azuredatabricks.net"},
		"path":             {change: func(c *config.Config) { c.Host = "https://accounts.azuredatabricks.net/login" }, attribute: "host", contains: "Write only https://accounts.azuredatabricks.net"},
		"query":            {change: func(c *config.Config) { c.Host = "https://accounts.azuredatabricks.net/?o=1&t=secret-token" }, attribute: "host", contains: "query"},
		"empty query":      {change: func(c *config.Config) { c.Host = "accounts.azuredatabricks.net?" }, attribute: "host", contains: "query"},
		"fragment":         {change: func(c *config.Config) { c.Host = "https://accounts.azuredatabricks.net#settings" }, attribute: "host", contains: "fragment"},
		"capital loopback": {change: func(c *config.Config) { c.Host = "http://LOCALHOST:1" }},
		"workspace user":   {change: func(*config.Config) {}, cfg: api.Config{WorkspaceHosts: map[string]string{"7": "https://me:secret-pw@ws.example.com"}}, attribute: "workspace_hosts", contains: "user or password"},
		"workspace path":   {change: func(*config.Config) {}, cfg: api.Config{WorkspaceHosts: map[string]string{"7": "https://ws.example.com/sql"}}, attribute: "workspace_hosts", contains: "Write only https://ws.example.com"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := tc.cfg
			cfg.SDK = base(tc.change)
			_, err := account.New(t.Context(), cfg)
			if tc.attribute == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var ce *api.ConfigError
			if !errors.As(err, &ce) || ce.Attribute != tc.attribute || !strings.Contains(ce.Detail, tc.contains) {
				t.Fatalf("got %v (%+v), want attribute %s and %q", err, ce, tc.attribute, tc.contains)
			}
			if strings.Contains(err.Error(), "secret-") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

// The API answers with small letters, and compares them as text.
func TestNew_accountIDInCapitals(t *testing.T) {
	t.Parallel()
	c, err := account.New(t.Context(), api.Config{SDK: &config.Config{
		Host: "https://accounts.azuredatabricks.net", AccountID: "ABCDEF00-0000-4000-8000-00000000000F", Token: "t", Loaders: accounttest.Loaders(),
	}})
	if err != nil || c.AccountID() != "abcdef00-0000-4000-8000-00000000000f" {
		t.Errorf("%v, %v", c, err)
	}
}

// A file that is none is refused before anything reads it.
func TestNew_configFileIsAPipe(t *testing.T) {
	t.Setenv("DATABRICKS_HOST", "")
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := exec.CommandContext(t.Context(), "mkfifo", pipe).Run(); err != nil {
		t.Skip("no pipes here: ", err)
	}
	for name, cfg := range map[string]*config.Config{
		"config_file":        {ConfigFile: pipe, Profile: "acc"},
		"google_credentials": {Host: "https://accounts.gcp.databricks.com", AccountID: accounttest.SomeAccount, GoogleCredentials: pipe, Loaders: accounttest.Loaders()},
	} {
		_, err := account.New(t.Context(), api.Config{SDK: cfg})
		var ce *api.ConfigError
		if !errors.As(err, &ce) || ce.Attribute != name || !strings.Contains(ce.Detail, "pipe") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The environment is the process's own, so that this test is not parallel.
func TestNew_environmentAndProfile(t *testing.T) {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch {
		case strings.HasPrefix(name, "DATABRICKS_"), strings.HasPrefix(name, "ARM_"), name == "GOOGLE_CREDENTIALS",
			strings.HasPrefix(name, "ACTIONS_ID_TOKEN_"), name == "SYSTEM_ACCESSTOKEN": // The logins of CI systems.
			t.Setenv(name, "")
		}
	}
	t.Setenv("PATH", t.TempDir()) // No command line tools that are logged in.
	file := filepath.Join(t.TempDir(), "databrickscfg")
	t.Setenv("DATABRICKS_CONFIG_FILE", file)

	attribute := func(cfg *config.Config) string {
		_, err := account.New(t.Context(), api.Config{SDK: cfg})
		var ce *api.ConfigError
		if errors.As(err, &ce) {
			return ce.Attribute
		}
		if err != nil {
			t.Fatal(err)
		}
		return ""
	}
	if got := attribute(&config.Config{Host: "https://accounts.azuredatabricks.net", AccountID: accounttest.SomeAccount}); got != "client_id" {
		t.Errorf("no credentials: got an error on %q, want client_id", got)
	}
	if got := attribute(&config.Config{Profile: "none"}); got != "profile" && got != "host" {
		t.Errorf("unknown profile without a file: got an error on %q", got)
	}
	if err := os.WriteFile(file, []byte("[acc]\nhost = https://accounts.azuredatabricks.net\naccount_id = "+accounttest.SomeAccount+
		"\nclient_id = a\nclient_secret = b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := attribute(&config.Config{Profile: "none"}); got != "profile" {
		t.Errorf("unknown profile: got an error on %q, want profile", got)
	}
	if got := attribute(&config.Config{Profile: "acc"}); got != "" {
		t.Errorf("profile: got an error on %q", got)
	}
	t.Setenv("DATABRICKS_HOST", "https://accounts.cloud.databricks.com")
	t.Setenv("DATABRICKS_ACCOUNT_ID", accounttest.SomeAccount)
	t.Setenv("DATABRICKS_CLIENT_ID", "from-env")
	t.Setenv("DATABRICKS_CLIENT_SECRET", "b")
	c, err := account.New(t.Context(), api.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Host() != "https://accounts.cloud.databricks.com" || c.AccountID() != accounttest.SomeAccount || c.CallerApplicationID() != "from-env" {
		t.Errorf("got %s, %s, %s", c.Host(), c.AccountID(), c.CallerApplicationID())
	}
}
