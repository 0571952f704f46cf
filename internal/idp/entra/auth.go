// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/localfile"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/redact"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// credentials get tokens for Graph and know what they say.
type credentials struct {
	cred  azcore.TokenCredential
	scope string
	about string // how it logs in, for errors
	// kept is the token until shortly before it expires. azidentity keeps tokens too, but
	// not those of the Azure CLI, a program that takes a second each time.
	kept once.Value[azcore.AccessToken]

	mu     sync.Mutex
	token  string
	claims graphClaims
}

// graphClaims are the claims of a token that are used. Microsoft promises no
// shape; without them less is known, and nothing is assumed.
type graphClaims struct {
	TenantID string   `json:"tid"`
	Roles    []string `json:"roles"` // application permissions
	Scopes   string   `json:"scp"`   // delegated permissions
}

func newCredentials(cfg Config, authority *url.URL, scope string, client *transport.Client) (*credentials, error) {
	options := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority.String()},
		Transport: client.RoundTripper(transport.ClassAuth, true),
		Retry:     policy.RetryOptions{MaxRetries: -1}, // The transport retries.
	}
	c := &credentials{scope: scope}
	var err error
	switch noDiscovery := !isMicrosoft(authority); {
	case cfg.ClientSecret != "":
		c.about = "client secret"
		if err := cfg.needsApp(); err != nil {
			return nil, err
		}
		c.cred, err = azidentity.NewClientSecretCredential(cfg.TenantID, cfg.ClientID, cfg.ClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: noDiscovery})
	case cfg.ClientCertificatePath != "":
		c.about = "client certificate"
		if err := cfg.needsApp(); err != nil {
			return nil, err
		}
		c.cred, err = certificateCredential(cfg, options, noDiscovery)
	case checkIdentityFiles() != nil:
		return nil, checkIdentityFiles()
	case cfg.ClientID != "":
		c.about = "workload identity, managed identity or Azure CLI"
		c.cred, err = identityChain(cfg, options, noDiscovery)
	default:
		c.about = "default chain: environment, workload identity, managed identity, Azure CLI"
		c.cred, err = azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: noDiscovery, TenantID: cfg.TenantID,
		})
	}
	var own *idp.ConfigError
	if errors.As(err, &own) {
		return nil, own
	}
	if err != nil {
		return nil, &idp.ConfigError{Attribute: "entra", Detail: "the credentials cannot be used: " + err.Error()}
	}
	return c, nil
}

func (c *Config) needsApp() error {
	switch {
	case c.TenantID == "":
		return &idp.ConfigError{Attribute: "entra.tenant_id", Detail: "it is needed with a client secret or certificate: the tenant's id or a verified domain"}
	case c.ClientID == "":
		return &idp.ConfigError{Attribute: "entra.client_id", Detail: "it is needed with a client secret or certificate: the application (client) id of the app registration"}
	}
	return nil
}

const (
	// maxCredentialFile is the size in bytes up to which a file of credentials is read.
	maxCredentialFile = 1 << 20
	// fileTimeout is how long such a file may take, on a network share that hangs.
	fileTimeout = 10 * time.Second
)

// checkIdentityFiles refuses files that azidentity would read for ever. What else is
// wrong with them it says itself.
func checkIdentityFiles() error {
	ctx, stop := context.WithTimeout(context.Background(), fileTimeout)
	defer stop()
	for _, variable := range []string{"AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"} {
		path := os.Getenv(variable)
		if path == "" {
			continue
		}
		if err := localfile.Check(ctx, path, maxCredentialFile); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return &idp.ConfigError{Attribute: "entra", Detail: fmt.Sprintf("the environment variable %s names a file that cannot be used: %s", variable, err)}
		}
	}
	redact.Add(os.Getenv("AZURE_CLIENT_SECRET"), os.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD"), os.Getenv("IDENTITY_HEADER"))
	return nil
}

func certificateCredential(cfg Config, options azcore.ClientOptions, noDiscovery bool) (azcore.TokenCredential, error) {
	ctx, stop := context.WithTimeout(context.Background(), fileTimeout)
	defer stop()
	raw, err := localfile.Read(ctx, cfg.ClientCertificatePath, maxCredentialFile)
	if err != nil {
		return nil, &idp.ConfigError{Attribute: "entra.client_certificate_path", Detail: err.Error()}
	}
	certs, key, err := azidentity.ParseCertificates(raw, []byte(cfg.ClientCertificatePassword))
	if err != nil {
		return nil, &idp.ConfigError{Attribute: "entra.client_certificate_path", Detail: "it holds no certificate with its key: " + err.Error()}
	}
	return azidentity.NewClientCertificateCredential(cfg.TenantID, cfg.ClientID, certs, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: noDiscovery})
}

// authorize sets the token of one attempt.
func (c *credentials) authorize(ctx context.Context, r *http.Request) error {
	token, err := c.get(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// Check gets a token, so that wrong credentials are reported before anything else.
func (c *credentials) check(ctx context.Context) error {
	_, err := c.get(ctx)
	return err
}

func (c *credentials) get(ctx context.Context) (string, error) {
	c.kept.DropIf(isOld)
	token, err := c.kept.Get(ctx, func(ctx context.Context) (azcore.AccessToken, error) {
		return c.cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.scope}})
	})
	if err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("getting a token for Microsoft Graph: %w", ctx.Err())
		}
		return "", c.failure(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if token.Token != c.token {
		c.token, c.claims = token.Token, readClaims(token.Token)
	}
	return token.Token, nil
}

// isOld reports whether a token should be replaced, as azcore judges it.
func isOld(token azcore.AccessToken) bool {
	const before = 5 * time.Minute
	return time.Until(token.ExpiresOn) < before || !token.RefreshOn.IsZero() && time.Now().After(token.RefreshOn)
}

// failure puts what Entra said in front, without the trace of the SDK around it.
func (c *credentials) failure(err error) error {
	text := err.Error()
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil && failed.RawResponse.Body != nil {
		var body struct {
			Description string `json:"error_description"`
		}
		raw, _ := io.ReadAll(io.LimitReader(failed.RawResponse.Body, 64<<10))
		switch {
		case json.Unmarshal(raw, &body) == nil && body.Description != "":
			text, _, _ = strings.Cut(body.Description, "\r\n")
		case len(raw) > 0:
			text = fmt.Sprintf("status %d: %s", failed.RawResponse.StatusCode, directory.BodyText(failed.RawResponse.Header, raw))
		}
	}
	var silent *transport.Error
	if errors.As(err, &silent) {
		text = silent.Error()
	}
	return &directory.AuthError{
		Err:  fmt.Errorf("no token for Microsoft Graph (%s): %s", c.about, strings.TrimSuffix(strings.TrimSpace(redact.Text(text)), ".")),
		Hint: "Check tenant_id, client_id, the secret or certificate and authority_host in idp.entra",
	}
}

// readClaims reads a token without verifying it: it decides only what is tried
// and what is believed, and Graph verifies it.
func readClaims(token string) graphClaims {
	var claims graphClaims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return graphClaims{}
	}
	return claims
}

// tenant is the id of the tenant that the token is of; empty when unknown.
func (c *credentials) tenant() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.claims.TenantID
}

// may reports whether the token is known to carry a permission.
func (c *credentials) may(permission string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.claims.Roles, permission) || slices.Contains(strings.Fields(c.claims.Scopes), permission)
}
