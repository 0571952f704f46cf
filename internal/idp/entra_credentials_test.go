// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// azureVariables are what azidentity takes from the environment.
var azureVariables = []string{
	"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE",
	"AZURE_AUTHORITY_HOST", "AZURE_TOKEN_CREDENTIALS", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT",
	"IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
}

// outsideAzure is the network of a machine that has no metadata endpoint, or
// one that something else answers at.
type outsideAzure struct {
	next   http.RoundTripper
	answer int // 0 is silence
}

func (o outsideAzure) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "169.254.169.254" {
		return o.next.RoundTrip(r)
	}
	if o.answer == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	rec := httptest.NewRecorder()
	rec.WriteHeader(o.answer)
	_, _ = rec.WriteString("<html>no metadata here</html>")
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// token is a token for Graph of the simulated app.
func (w *fixture) token(t *testing.T) string {
	t.Helper()
	resp, err := http.PostForm(w.sim.URL+"/entra/"+w.idp.EntraTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {w.idp.EntraClientID}, "client_secret": {w.idp.EntraClientSecret},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Token == "" {
		t.Fatalf("no token: %v", err)
	}
	return body.Token
}

func writeText(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate is one with its key, as PEM.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "audit"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// fakeAzureCLI puts an az in front of the PATH that runs a command and prints a token, or nothing.
func fakeAzureCLI(t *testing.T, command, token string, lasts time.Duration) {
	t.Helper()
	script := "#!/bin/sh\necho 'ERROR: Please run az login' >&2\nexit 1\n"
	if token != "" {
		script = fmt.Sprintf("#!/bin/sh\n%s\necho '{\"accessToken\":\"%s\",\"expires_on\":%d,\"tokenType\":\"Bearer\"}'\n", command, token, time.Now().Add(lasts).Unix())
	}
	t.Setenv("PATH", filepath.Dir(writeText(t, "az", script, 0o700))+string(os.PathListSeparator)+os.Getenv("PATH"))
}

var apps atomic.Int64

// ownApp is an application id that no one had before: azidentity keeps the tokens of
// managed identities for the life of the process, by that id.
func ownApp() string { return objectID("e", 1000+int(apps.Add(1))) }

// Every kind of credential of the guide gets a token that Graph takes. They are
// found in the environment, so nothing here runs in parallel.
//
//nolint:paralleltest // t.Setenv.
func TestEntraMatch_everyCredential(t *testing.T) {
	for _, name := range azureVariables {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, tenant(1, 0, 0), simulator.Options{Entra: simulator.EntraOptions{ClientID: ownApp()}})
	token := w.token(t)
	// How an App Service gives managed identities away.
	appService := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") != "secret of the app" || r.URL.Query().Get("client_id") != w.idp.EntraClientID ||
			r.URL.Query().Get("resource") != "https://graph.microsoft.com" {
			http.Error(rw, `{"statusCode":400,"message":"bad request"}`, http.StatusBadRequest)
			return
		}
		_, _ = fmt.Fprintf(rw, `{"access_token":%q,"expires_on":"%d","resource":"https://graph.microsoft.com","token_type":"Bearer"}`,
			token, time.Now().Add(time.Hour).Unix())
	}))
	t.Cleanup(appService.Close)
	federated := func(t *testing.T) string {
		t.Helper()
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
			Issuer: "https://issuer.example.com", Subject: "system:workload", Audience: jwt.ClaimStrings{"api://AzureADTokenExchange"},
			ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour)),
		}).SignedString([]byte("key of the issuer"))
		if err != nil {
			t.Fatal(err)
		}
		return writeText(t, "token", signed, 0o600)
	}
	idOnly := func(c *entra.Config) { c.ClientSecret = "" }
	nothing := func(c *entra.Config) { c.TenantID, c.ClientID, c.ClientSecret = "", "", "" }
	tests := map[string]struct {
		change func(t *testing.T, c *entra.Config)
		answer int // of what is at the metadata endpoint
	}{
		"client secret": {change: func(*testing.T, *entra.Config) {}},
		"certificate": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			c.ClientSecret, c.ClientCertificatePath = "", writeText(t, "app.pem", certificate(t), 0o600)
		}},
		"workload identity": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			idOnly(c)
			t.Setenv("AZURE_FEDERATED_TOKEN_FILE", federated(t))
		}},
		"managed identity": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			idOnly(c)
			t.Setenv("IDENTITY_ENDPOINT", appService.URL)
			t.Setenv("IDENTITY_HEADER", "secret of the app")
		}},
		"Azure CLI, client id given": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			idOnly(c)
			fakeAzureCLI(t, "", token, time.Hour)
		}},
		"Azure CLI, a proxy where the metadata would be": {answer: http.StatusOK, change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			idOnly(c)
			c.ClientID = ownApp()
			fakeAzureCLI(t, "", token, time.Hour)
		}},
		"default chain: environment": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			t.Setenv("AZURE_TENANT_ID", c.TenantID)
			t.Setenv("AZURE_CLIENT_ID", c.ClientID)
			t.Setenv("AZURE_CLIENT_SECRET", c.ClientSecret)
			nothing(c)
		}},
		"default chain: workload identity": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			t.Setenv("AZURE_TENANT_ID", c.TenantID)
			t.Setenv("AZURE_CLIENT_ID", c.ClientID)
			t.Setenv("AZURE_FEDERATED_TOKEN_FILE", federated(t))
			nothing(c)
		}},
		"default chain: Azure CLI": {change: func(t *testing.T, c *entra.Config) {
			t.Helper()
			nothing(c)
			fakeAzureCLI(t, "", token, time.Hour)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := w.entraConfig()
			cfg.Transport.Base = outsideAzure{next: cfg.Transport.Base, answer: tt.answer}
			tt.change(t, &cfg)
			source, err := entra.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			wantClean(t, match(t, source, linked(1, 0, 0)))
		})
	}
	t.Run("none", func(t *testing.T) {
		cfg := w.entraConfig()
		cfg.Transport.Base = outsideAzure{next: cfg.Transport.Base}
		idOnly(&cfg)
		fakeAzureCLI(t, "", "", 0)
		source, err := entra.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		_, err = source.Match(ctx, linked(1, 0, 0))
		var refused interface{ AuthenticationFailure() bool }
		if !errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{"managed identity endpoint", "az login", "tenant_id"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %s", err, want)
			}
		}
	})
}

// A login that was begun early is the one that the reading waits for, and one is enough for all
// requests: the Azure CLI is a program that takes a second. A token that ends soon is renewed.
//
//nolint:paralleltest // t.Setenv.
func TestEntra_oneLogin(t *testing.T) {
	w := newWorld(t, tenant(60, 30, 1), simulator.Options{Entra: simulator.EntraOptions{ClientID: ownApp()}})
	for name, tt := range map[string]struct {
		lasts time.Duration
		most  int
	}{
		"an hour":       {time.Hour, 1},
		"three minutes": {3 * time.Minute, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			log := writeText(t, "log", "", 0o600)
			fakeAzureCLI(t, fmt.Sprintf("echo . >>%s; sleep 0.1", log), w.token(t), tt.lasts)
			cfg := w.entraConfig()
			cfg.ClientSecret, cfg.Transport.Base = "", outsideAzure{next: cfg.Transport.Base}
			source, err := entra.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			early, is := source.(idp.EarlyLogin)
			if !is {
				t.Fatal("it cannot log in before it is asked")
			}
			go early.LogIn(t.Context())
			wantClean(t, match(t, source, linked(60, 30, 1)))
			raw, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(raw), "."); n < 1 || n > tt.most || tt.most > 1 && n == 1 {
				t.Errorf("%d logins, want at most %d", n, tt.most)
			}
		})
	}
}
