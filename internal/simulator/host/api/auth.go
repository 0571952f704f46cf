// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// The built-in credential is valid while the state names none of its kind. Its
// holder is an account admin that is no principal of the account.
const (
	BuiltInAccountID = "00000000-0000-4000-8000-00000000acc0"
	BuiltInClientID  = "00000000-0000-4000-8000-00000000ad00"
	builtInSecret    = "simulator-secret"
	builtInToken     = "simulator-token"
)

// Credentials open the account as an account admin, if the state knows one.
type Credentials struct {
	AccountID    string
	ClientID     string
	ClientSecret string
	Token        string
}

// Credentials are those of the state's first account admin that has any, else
// the first ones of the state, else the built-in ones.
func (s *Base) Credentials() Credentials {
	var out Credentials
	s.View(func(w *world.World) { out = credentialsOf(w) })
	return out
}

func credentialsOf(w *world.World) Credentials {
	out := Credentials{AccountID: w.Account.AccountID, ClientID: BuiltInClientID, ClientSecret: builtInSecret, Token: builtInToken}
	pick := 0
	for i, c := range w.Account.OAuthClients {
		if p, ok := w.ServicePrincipal(c.ClientID); ok && w.IsAccountAdmin(p.ID) {
			pick = i
			break
		}
	}
	if len(w.Account.OAuthClients) > 0 {
		out.ClientID, out.ClientSecret = w.Account.OAuthClients[pick].ClientID, w.Account.OAuthClients[pick].ClientSecret
	}
	pick = 0
	for i, t := range w.Account.Tokens {
		if !t.SCIMOnly && w.IsAccountAdmin(t.PrincipalID) {
			pick = i
			break
		}
	}
	if len(w.Account.Tokens) > 0 {
		out.Token = w.Account.Tokens[pick].Token
	}
	return out
}

// issuedToken is an access token of the token endpoint.
type issuedToken struct {
	clientID string
	scopes   []string
	expires  time.Time
}

// tokenStore holds issued tokens until they expire.
type tokenStore struct {
	mu     sync.Mutex
	tokens map[string]issuedToken
}

// sweepAbove is how many tokens are kept before expired ones are dropped.
const sweepAbove = 1000

func (t *tokenStore) issue(token string, entry issuedToken, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tokens) > sweepAbove {
		for key, old := range t.tokens {
			// An hour more, so that their holders still read "expired".
			if now.After(old.expires.Add(time.Hour)) {
				delete(t.tokens, key)
			}
		}
	}
	t.tokens[token] = entry
}

func (t *tokenStore) find(token string) (issuedToken, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry, ok := t.tokens[token]
	return entry, ok
}

// authenticate finds out who calls. The second result is the refusal, nil if
// there is none. Status and wording of the refusals are assumed.
func (s *Base) authenticate(r *http.Request) (Caller, *wire.Answer) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, unauthenticated("Credential was not sent or was of an unsupported type for this API.")
	}
	issued, isOAuth := s.tokens.find(token)
	if isOAuth && !s.Now().Before(issued.expires) {
		return Caller{}, TokenExpired()
	}
	var c Caller
	known := false
	s.View(func(w *world.World) {
		if isOAuth {
			c.Scopes = issued.scopes
			c.PrincipalID, known = clientPrincipal(w, issued.clientID)
		} else {
			c, known = tokenCaller(w, token)
		}
		c.AccountAdmin = known && (c.PrincipalID == "" || c.SCIMOnly || w.IsAccountAdmin(c.PrincipalID))
	})
	if !known {
		return Caller{}, unauthenticated("Invalid access token.")
	}
	return c, nil
}

// clientPrincipal is the principal of an OAuth client that may sign in, "" for
// the built-in one.
func clientPrincipal(w *world.World, clientID string) (string, bool) {
	if len(w.Account.OAuthClients) == 0 {
		return "", clientID == BuiltInClientID
	}
	known := slices.ContainsFunc(w.Account.OAuthClients, func(c world.OAuthClient) bool { return strings.EqualFold(c.ClientID, clientID) })
	sp, ok := w.ServicePrincipal(clientID)
	if !known || !ok || !sp.Active {
		return "", false
	}
	return sp.ID, true
}

func tokenCaller(w *world.World, token string) (Caller, bool) {
	if len(w.Account.Tokens) == 0 {
		return Caller{}, sameSecret(token, builtInToken)
	}
	for _, t := range w.Account.Tokens {
		if sameSecret(token, t.Token) && (t.SCIMOnly || w.IsActive(t.PrincipalID)) {
			return Caller{PrincipalID: t.PrincipalID, SCIMOnly: t.SCIMOnly}, true
		}
	}
	return Caller{}, false
}

func sameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func unauthenticated(message string) *wire.Answer {
	a := wire.NewAnswer()
	a.Header().Set("WWW-Authenticate", "Bearer")
	wire.WriteError(a, http.StatusUnauthorized, "UNAUTHENTICATED", message)
	return a
}

// TokenExpired is the 401 for a token that has expired.
func TokenExpired() *wire.Answer { return unauthenticated("Access token has expired.") }

// authorize refuses callers that may not use this account API, with the wording
// that a probe of the real API saw.
func (s *Base) authorize(r *http.Request, c Caller) *wire.Answer {
	a := wire.NewAnswer()
	switch scope := apiScope(r.URL.Path); {
	case c.SCIMOnly && scope != "scim":
		// Assumed: the reference says only that nothing else accepts such a token.
		return unauthenticated("Invalid access token.")
	case c.Scopes != nil && !slices.Contains(c.Scopes, "all-apis") && !slices.Contains(c.Scopes, scope):
		wire.WriteError(a, http.StatusForbidden, "PERMISSION_DENIED",
			"Provided OAuth token does not have required scopes: "+scope)
	case !c.AccountAdmin:
		wire.WriteError(a, http.StatusForbidden, "PERMISSION_DENIED",
			"This API is disabled for users without account admin status")
	default:
		return nil
	}
	return a
}

// apiScope is the OAuth scope that opens a path, besides all-apis.
func apiScope(path string) string {
	switch {
	case strings.Contains(path, "/scim/v2/"):
		return "scim"
	case strings.HasPrefix(path, "/api/2.0/identity/"):
		return "identity"
	case strings.Contains(path, "/permissionassignments"), strings.Contains(path, "/access-control/"):
		return "access-management"
	default:
		return "all-apis"
	}
}
