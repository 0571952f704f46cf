// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// defaultTokenLifetime is what the reference has for expires_in (unofficial).
const defaultTokenLifetime = time.Hour

// oauthScopes are the scopes that the token endpoint knows.
var oauthScopes = []string{"all-apis", "scim", "identity", "access-management"}

type oauthAPI struct{ *Base }

func (s oauthAPI) oauthRoutes() {
	s.mux.HandleFunc("GET /.well-known/databricks-config", s.hostMetadata)
	s.mux.HandleFunc("GET /oidc/accounts/{account_id}/.well-known/oauth-authorization-server", s.accountDiscovery)
	s.mux.HandleFunc("GET /oidc/.well-known/oauth-authorization-server", s.workspaceDiscovery)
	s.mux.HandleFunc("POST /oidc/accounts/{account_id}/v1/token", s.token)
	s.mux.HandleFunc("POST /oidc/v1/token", s.token)
	s.workspaceMux.HandleFunc("GET /.well-known/databricks-config", s.workspaceMetadata)
	s.workspaceMux.HandleFunc("GET /oidc/.well-known/oauth-authorization-server", s.workspaceDiscovery)
	s.workspaceMux.HandleFunc("POST /oidc/v1/token", s.token)
}

func (s oauthAPI) hostMetadata(rw http.ResponseWriter, r *http.Request) {
	var account string
	s.View(func(w *world.World) { account = w.Account.AccountID })
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"host_type":     "account",
		"account_id":    account,
		"oidc_endpoint": wire.BaseURL(r) + "/oidc/accounts/{account_id}",
	})
}

func (s oauthAPI) workspaceMetadata(rw http.ResponseWriter, r *http.Request) {
	var account string
	s.View(func(w *world.World) { account = w.Account.AccountID })
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"host_type":     "workspace",
		"account_id":    account,
		"workspace_id":  strconv.FormatInt(wire.WorkspaceOf(r), 10),
		"oidc_endpoint": wire.BaseURL(r) + "/oidc",
	})
}

func (s oauthAPI) accountDiscovery(rw http.ResponseWriter, r *http.Request) {
	writeDiscovery(rw, wire.BaseURL(r)+"/oidc/accounts/"+r.PathValue("account_id"))
}

func (s oauthAPI) workspaceDiscovery(rw http.ResponseWriter, r *http.Request) {
	writeDiscovery(rw, wire.BaseURL(r)+"/oidc")
}

func writeDiscovery(rw http.ResponseWriter, issuer string) {
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/v1/authorize",
		"token_endpoint":                        issuer + "/v1/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"code"},
		"scopes_supported":                      oauthScopes,
	})
}

// token is the client credentials grant. Error codes are those of RFC 6749; that
// a wrong account id looks like a wrong secret is assumed.
func (s oauthAPI) token(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeOAuthError(rw, http.StatusBadRequest, "invalid_request", "The body is no form: "+err.Error())
		return
	}
	clientID, secret, basic := r.BasicAuth()
	if !basic {
		clientID, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	grant := r.PostForm.Get("grant_type")
	scopes := strings.Fields(r.PostForm.Get("scope"))
	account, inPath := r.PathValue("account_id"), strings.HasPrefix(r.URL.Path, "/oidc/accounts/")
	var known bool
	s.View(func(w *world.World) {
		known = secretMatches(w, clientID, secret) && (!inPath || strings.EqualFold(account, w.Account.AccountID)) &&
			s.knownToHost(w, r, clientID)
	})
	switch {
	case grant == "":
		writeOAuthError(rw, http.StatusBadRequest, "invalid_request", "grant_type is missing.")
		return
	case grant != "client_credentials":
		writeOAuthError(rw, http.StatusBadRequest, "unsupported_grant_type", "Only client_credentials is supported, not "+grant+".")
		return
	case !known:
		rw.Header().Set("WWW-Authenticate", "Basic")
		writeOAuthError(rw, http.StatusUnauthorized, "invalid_client", "Client authentication failed")
		return
	case len(scopes) == 0:
		writeOAuthError(rw, http.StatusBadRequest, "invalid_scope", "scope is missing.")
		return
	}
	for _, scope := range scopes {
		if !slices.Contains(oauthScopes, scope) {
			writeOAuthError(rw, http.StatusBadRequest, "invalid_scope", "Unknown scope "+scope+"; there are "+strings.Join(oauthScopes, ", ")+".")
			return
		}
	}
	lifetime := s.TokenLifetime
	if lifetime <= 0 {
		lifetime = defaultTokenLifetime
	}
	now := s.Now()
	token := newToken(clientID, now.Add(lifetime))
	s.tokens.issue(token, issuedToken{clientID: clientID, scopes: scopes, expires: now.Add(lifetime)}, now)
	rw.Header().Set("Cache-Control", "no-store")
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(lifetime.Seconds()),
		"scope":        strings.Join(scopes, " "),
	})
}

// secretMatches reports whether a client may sign in with that secret.
func secretMatches(w *world.World, clientID, secret string) bool {
	if _, ok := clientPrincipal(w, clientID); !ok {
		return false
	}
	if len(w.Account.OAuthClients) == 0 {
		return sameSecret(secret, builtInSecret)
	}
	return slices.ContainsFunc(w.Account.OAuthClients, func(c world.OAuthClient) bool {
		return strings.EqualFold(c.ClientID, clientID) && sameSecret(c.ClientSecret, secret)
	})
}

func writeOAuthError(rw http.ResponseWriter, status int, code, description string) {
	wire.WriteJSON(rw, status, map[string]string{"error": code, "error_description": description})
}

// newToken is the token of a client. Like the real ones it is a JWT that names its
// subject, by the application id; that of the built-in client, which is no principal
// of the account, is opaque. No one can check the signature.
func newToken(clientID string, expires time.Time) string {
	if clientID == BuiltInClientID {
		return "sim-" + rand.Text()
	}
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(wire.Marshal(v))) }
	return part(map[string]string{"alg": "none", "typ": "JWT"}) + "." +
		part(map[string]any{"sub": clientID, "client_id": clientID, "exp": expires.Unix(), "jti": rand.Text()}) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(rand.Text()))
}
