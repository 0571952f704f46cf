// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Options are the credentials that the Okta face knows.
type Options struct {
	// APIToken replaces the built-in one. It reads everything.
	APIToken string
	// Clients are service apps, which sign in with a private key.
	Clients []Client
}

// Client is a service app of the org.
type Client struct {
	ClientID string
	// Keys are the registered public keys by key id: *rsa.PublicKey for RS256,
	// *ecdsa.PublicKey on P-256 for ES256.
	Keys map[string]crypto.PublicKey
	// Scopes are the granted ones, for example okta.users.read.
	Scopes []string
	// DPoP refuses token requests without a proof of possession, as apps do that
	// were created lately ([unofficial] in docs/reference/idp-apis.md 5.1). Proofs are not verified.
	DPoP bool
}

// Assumptions are the switches of this area. Facts: docs/reference/idp-apis.md 5.
type Assumptions struct {
	// LinksInOneHeader joins the relations of Link by commas; otherwise every
	// relation has a header of its own.
	LinksInOneHeader bool
	// NextLinkHost, if not empty, is scheme and host of every next link in place
	// of the host that was asked.
	NextLinkHost string
	// DisabledAsSuspended shows disabled users without a status of their own as
	// SUSPENDED; otherwise they are DEPROVISIONED, which lists leave out.
	DisabledAsSuspended bool
}

// oktaTokenSeconds is the life of an access token (docs/reference/idp-apis.md 5.1, [unofficial]).
const oktaTokenSeconds = 3600

// Parts are what the face shares with the rest of the simulator.
type Parts struct {
	Assumed Assumptions
	Paging  wire.PagingAssumptions
	Limited bool // the published rates are enforced
	IDs     *wire.RequestIDs
	Mux     *http.ServeMux
}

// Face is an Okta organization.
type Face struct {
	*world.Store
	Parts
	APIToken string
	clients  map[string]Client

	mu     sync.Mutex
	tokens map[string]oktaToken
	used   map[string]oktaWindow // per rate limit bucket
	nonces map[string]time.Time  // jti of assertions -> when it may be forgotten
}

type oktaToken struct {
	scopes  []string
	expires time.Time
}

// defaultOktaAPIToken is replaced by [Options]. It opens nothing but this simulator.
const defaultOktaAPIToken = "simulated-okta-api-token"

// New registers the organization.
func New(world *world.Store, o Options, parts Parts) (*Face, error) {
	f := &Face{
		Store: world, Parts: parts,
		APIToken: cmp.Or(o.APIToken, defaultOktaAPIToken), clients: map[string]Client{}, tokens: map[string]oktaToken{},
		used: map[string]oktaWindow{}, nonces: map[string]time.Time{},
	}
	for i, c := range o.Clients {
		if c.ClientID == "" || len(c.Keys) == 0 {
			return nil, fmt.Errorf("okta client %d: it needs a client id and at least one key", i)
		}
		for kid, key := range c.Keys {
			switch key.(type) {
			case *rsa.PublicKey, *ecdsa.PublicKey:
			default:
				return nil, fmt.Errorf("okta client %s: key %q is %T, want *rsa.PublicKey or *ecdsa.PublicKey", c.ClientID, kid, key)
			}
		}
		f.clients[c.ClientID] = c
	}
	f.oktaRoutes()
	return f, nil
}

// oktaAuthError is a refusal of the token endpoint.
type oktaAuthError struct {
	status            int
	name, description string
}

func (s *Face) oktaToken(rw http.ResponseWriter, r *http.Request) {
	s.oktaHeaders(rw)
	scopes, fail := s.checkOktaTokenRequest(r)
	if fail != nil {
		wire.WriteJSON(rw, fail.status, map[string]any{"error": fail.name, "error_description": fail.description})
		return
	}
	token := "okta-access-" + s.IDs.Next()
	s.mu.Lock()
	s.tokens[token] = oktaToken{scopes: scopes, expires: s.Now().Add(oktaTokenSeconds * time.Second)}
	s.mu.Unlock()
	rw.Header().Set("Cache-Control", "no-cache, no-store")
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": oktaTokenSeconds, "access_token": token, "scope": strings.Join(scopes, " "),
	})
}

// checkOktaTokenRequest returns the scopes of the token. The official Go SDK
// sends the parameters in the query, others in the form: both are read.
func (s *Face) checkOktaTokenRequest(r *http.Request) ([]string, *oktaAuthError) {
	bad := func(name, why string) *oktaAuthError { return &oktaAuthError{http.StatusBadRequest, name, why} }
	if err := r.ParseForm(); err != nil {
		return nil, bad("invalid_request", "The request body could not be read as a form: "+err.Error())
	}
	form := r.Form
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return nil, bad("unsupported_grant_type", "The grant type was not 'client_credentials' but '"+grant+"'.")
	}
	if _, _, basic := r.BasicAuth(); basic || form.Get("client_secret") != "" {
		return nil, &oktaAuthError{http.StatusUnauthorized, "invalid_client",
			"Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method."}
	}
	client, fail := s.checkOktaAssertion(r, form)
	if fail != nil {
		return nil, fail
	}
	if client.DPoP && r.Header.Get("DPoP") == "" {
		return nil, bad("invalid_dpop_proof", "The DPoP proof JWT header is missing.")
	}
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		return nil, bad("invalid_scope", "The authorization server resource does not have any configured default scopes, 'scope' must be provided.")
	}
	for _, scope := range scopes {
		if !slices.Contains(client.Scopes, scope) {
			return nil, bad("invalid_scope", "One or more scopes are not configured for the authorization server resource: "+scope+".")
		}
	}
	return scopes, nil
}

// checkOktaAssertion verifies private_key_jwt (docs/reference/idp-apis.md 5.1).
func (s *Face) checkOktaAssertion(r *http.Request, form url.Values) (Client, *oktaAuthError) {
	refuse := func(why string) (Client, *oktaAuthError) {
		return Client{}, &oktaAuthError{http.StatusUnauthorized, "invalid_client", why}
	}
	if form.Get("client_assertion_type") != wire.JwtBearerAssertion {
		return refuse("The client_assertion_type must be '" + wire.JwtBearerAssertion + "'.")
	}
	var claims jwt.RegisteredClaims
	var client Client
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"RS256", "ES256"}), jwt.WithTimeFunc(s.Now), jwt.WithExpirationRequired()).
		ParseWithClaims(form.Get("client_assertion"), &claims, func(t *jwt.Token) (any, error) {
			var ok bool
			if client, ok = s.clients[claims.Issuer]; !ok {
				return nil, fmt.Errorf("no client has the id %q", claims.Issuer)
			}
			kid, _ := t.Header["kid"].(string)
			if key, ok := client.Keys[kid]; ok {
				return key, nil
			}
			if kid == "" && len(client.Keys) == 1 {
				for _, key := range client.Keys {
					return key, nil
				}
			}
			return nil, fmt.Errorf("the client has no key with the id %q", kid)
		})
	url := oktaOrg(r) + "/oauth2/v1/token"
	switch {
	case err != nil:
		return refuse("The client_assertion token is invalid: " + err.Error())
	case claims.Subject != claims.Issuer:
		return refuse("The 'sub' claim of the client_assertion must be the client id, like 'iss'.")
	case form.Get("client_id") != "" && form.Get("client_id") != claims.Issuer:
		return refuse("The client_id does not match the client_assertion.")
	case !slices.Contains(claims.Audience, url):
		return refuse("The audience claim for client_assertion must be the endpoint invoked for the request: " + url)
	case claims.ExpiresAt.After(s.Now().Add(time.Hour + time.Second)):
		return refuse("The client_assertion token has an expiration too far into the future.")
	case claims.ID != "" && !s.firstUse(claims.ID, claims.ExpiresAt.Time, s.Now()):
		return refuse("The client_assertion token has already been used.")
	}
	return client, nil
}

// firstUse remembers the jti of an assertion until the assertion ends.
func (s *Face) firstUse(jti string, until, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, end := range s.nonces {
		if end.Before(now) {
			delete(s.nonces, id)
		}
	}
	if _, used := s.nonces[jti]; used {
		return false
	}
	s.nonces[jti] = until
	return true
}

// oktaScopes returns nil, true for the API token, which reads everything.
func (s *Face) oktaScopes(r *http.Request) (scopes []string, ok bool) {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "SSWS"):
		return nil, subtle.ConstantTimeCompare([]byte(value), []byte(s.APIToken)) == 1
	case strings.EqualFold(scheme, "Bearer"):
		s.mu.Lock()
		defer s.mu.Unlock()
		token, known := s.tokens[value]
		return append([]string{}, token.scopes...), known && token.expires.After(s.Now())
	}
	return nil, false
}

// oktaWindow is the use of one bucket in one minute.
type oktaWindow struct {
	start time.Time
	used  int
}

// oktaQuota counts a request and sets the three headers that every answer has
// (docs/reference/idp-apis.md 5.4). It reports whether the request may pass; without rate limits
// everything does, and the headers show a bucket that is hardly used.
func (s *Face) oktaQuota(rw http.ResponseWriter, bucket string, perMinute int) bool {
	now := s.Now()
	start := now.Truncate(time.Minute)
	used := 1
	if s.Limited {
		s.mu.Lock()
		w := s.used[bucket]
		if !w.start.Equal(start) {
			w = oktaWindow{start: start}
		}
		w.used++
		s.used[bucket] = w
		s.mu.Unlock()
		used = w.used
	}
	h := rw.Header()
	h.Set("X-Rate-Limit-Limit", strconv.Itoa(perMinute))
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(max(0, perMinute-used)))
	h.Set("X-Rate-Limit-Reset", strconv.FormatInt(start.Add(time.Minute).Unix(), 10))
	return used <= perMinute
}
