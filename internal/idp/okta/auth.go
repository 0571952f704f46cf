// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package okta

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/directory"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

const (
	scopes          = "okta.users.read okta.groups.read"
	assertionType   = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife   = 5 * time.Minute // Okta takes up to an hour (idp-apis, section 5.1).
	tokenEarly      = time.Minute     // a token is renewed that long before it expires
	maxTokenSeconds = 24 * 3600
)

// serviceApp is a service app that logs in with its private key.
type serviceApp struct {
	okta     *source
	clientID string
	keyID    string
	key      any
	method   jwt.SigningMethod

	mu      sync.Mutex
	token   string
	expires time.Time
}

func newServiceApp(o *source, cfg Config) (*serviceApp, error) {
	app := &serviceApp{okta: o, clientID: cfg.ClientID, keyID: cfg.KeyID}
	pem := []byte(cfg.PrivateKey)
	if key, err := jwt.ParseRSAPrivateKeyFromPEM(pem); err == nil {
		app.key, app.method = key, jwt.SigningMethodRS256
		return app, nil
	}
	key, err := jwt.ParseECPrivateKeyFromPEM(pem)
	if err != nil {
		return nil, &idp.ConfigError{Attribute: "okta.private_key", Detail: "it is no RSA or ECDSA private key in PEM form (PKCS#1, SEC 1 or PKCS#8, without a passphrase)"}
	}
	if !isP256(key) {
		return nil, &idp.ConfigError{Attribute: "okta.private_key", Detail: "an ECDSA key must be on the curve P-256 (ES256)"}
	}
	app.key, app.method = key, jwt.SigningMethodES256
	return app, nil
}

func isP256(key *ecdsa.PrivateKey) bool { return key.Curve.Params().BitSize == 256 }

func (a *serviceApp) authorize(ctx context.Context, r *http.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == "" || !time.Now().Before(a.expires) {
		if err := a.renew(ctx); err != nil {
			return err
		}
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	return nil
}

// renew asks the org's own authorization server, with the lock held.
func (a *serviceApp) renew(ctx context.Context) error {
	link := a.okta.base + "/oauth2/v1/token"
	form, err := a.form(link)
	if err != nil {
		return err
	}
	resp, err := a.okta.http.Do(ctx, &transport.Request{
		Method: http.MethodPost, URL: link, Body: []byte(form.Encode()), Class: transport.ClassAuth, Repeatable: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	})
	if err != nil {
		return fmt.Errorf("getting a token of Okta: %w", err)
	}
	var token struct {
		Type    string `json:"token_type"`
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	switch {
	case resp.Status >= 500 || resp.Status == http.StatusTooManyRequests:
		return fmt.Errorf("getting a token of Okta: %w", failure(http.MethodPost, link, resp))
	case resp.Status >= 300:
		return a.refused(failure(http.MethodPost, link, resp))
	case json.Unmarshal(resp.Body, &token) != nil || token.Token == "":
		return a.refused(errors.New("the answer holds no access_token"))
	case !strings.EqualFold(token.Type, "Bearer"):
		return a.refused(&directory.APIError{
			Method: http.MethodPost, Place: link, Status: resp.Status,
			Code: tokenCode(token.Type), Message: fmt.Sprintf("the token is of the type %q", directory.Clip(token.Type)),
		})
	}
	life := time.Duration(min(max(token.Seconds, 0), maxTokenSeconds)) * time.Second
	a.token, a.expires = token.Token, time.Now().Add(max(life-tokenEarly, life/2))
	return nil
}

func (a *serviceApp) refused(err error) error {
	var inner *directory.AuthError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	hint := "Check client_id, private_key and private_key_id in idp.okta, and that the app has the scopes " + scopes
	var answer *directory.APIError
	if errors.As(err, &answer) && slices.Contains(dpopCodes, answer.Code) {
		hint = "The app demands proof of possession (DPoP), which this provider does not give. In the Okta admin console, under General of " +
			"the app, clear \"Require Demonstrating Proof of Possession (DPoP) header in token requests\", or use an API token"
	}
	return &directory.AuthError{Err: fmt.Errorf("no token of Okta for the service app %s: %w", a.clientID, err), Hint: hint}
}

// dpopCodes are how an org refuses a token request without proof of possession
// (idp-apis, section 5.1).
var dpopCodes = []string{"invalid_dpop_proof", "use_dpop_nonce"}

// tokenCode names the demand that a token of the type DPoP makes as a refused
// request does.
func tokenCode(tokenType string) string {
	if strings.EqualFold(tokenType, "DPoP") {
		return dpopCodes[0]
	}
	return ""
}

// form holds a new assertion, signed for one use.
func (a *serviceApp) form(audience string) (url.Values, error) {
	now := time.Now()
	token := jwt.NewWithClaims(a.method, jwt.MapClaims{
		"iss": a.clientID, "sub": a.clientID, "aud": audience,
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(), "jti": rand.Text(),
	})
	if a.keyID != "" {
		token.Header["kid"] = a.keyID
	}
	signed, err := token.SignedString(a.key)
	if err != nil {
		return nil, fmt.Errorf("signing in to Okta: %w", err)
	}
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {scopes},
		"client_assertion_type": {assertionType}, "client_assertion": {signed},
	}, nil
}
