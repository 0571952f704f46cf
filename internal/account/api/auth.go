// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/once"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// authorizer sets the credentials of requests.
type authorizer interface {
	kind() string
	// applicationID is the caller's, "" when it is not known.
	applicationID() string
	// authorize sets the headers. The error is an *AuthError, a *ConfigError or
	// the context's.
	authorize(ctx context.Context, r *http.Request) error
	// refused hears of a 401 for a request with these headers; true means
	// that another attempt has other credentials.
	refused(h http.Header) bool
}

// newAuthorizer takes over where it can do better than the SDK: the token
// exchange of oauth-m2m ends with its context, shows its failure, and is made
// anew when a token is refused.
func newAuthorizer(cfg *config.Config, t *transport.Client, timeout time.Duration) authorizer {
	switch {
	case cfg.AuthType == authPAT:
		return bearer(cfg.Token)
	case cfg.AuthType == authM2M && cfg.DiscoveryURL == "":
		return &machine{
			transport: t, id: cfg.ClientID, secret: cfg.ClientSecret,
			// docs/reference/databricks-account-api.md 1.2: the account's token endpoint.
			endpoint: cfg.Host + "/oidc/accounts/" + cfg.AccountID + "/v1/token",
		}
	default:
		return &sdkAuth{cfg: cfg, timeout: timeout}
	}
}

// bearer is a token that does not change.
type bearer string

func (b bearer) kind() string           { return authPAT }
func (bearer) applicationID() string    { return "" }
func (bearer) refused(http.Header) bool { return false }
func (b bearer) authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+string(b))
	return nil
}

// machine logs in by OAuth client credentials (docs/reference/databricks-account-api.md 1.2).
type machine struct {
	transport            *transport.Client
	id, secret, endpoint string

	token once.Value[string]

	mu        sync.Mutex
	current   string
	renewAt   time.Time
	refusal   error // the endpoint's last word on the credentials
	refusedAt time.Time
}

// refusalLasts is how long refused credentials are not tried again: the
// requests that wait for a token would all be refused one after the other.
const refusalLasts = 10 * time.Second

func (m *machine) kind() string          { return authM2M }
func (m *machine) applicationID() string { return m.id }

func (m *machine) authorize(ctx context.Context, r *http.Request) error {
	token := m.valid()
	if token == "" {
		var err error
		token, err = m.token.Get(ctx, m.exchange)
		if err != nil {
			return err
		}
		// The value lives in current with its time; the cell only joins callers.
		m.token.Drop()
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// valid is the token at hand, "" when there is none or it is time for another.
func (m *machine) valid() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current != "" && !m.renewAt.IsZero() && time.Now().After(m.renewAt) {
		m.current = ""
	}
	return m.current
}

// lately is the refusal of the credentials, if it is recent.
func (m *machine) lately() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refusal != nil && time.Since(m.refusedAt) < refusalLasts {
		return m.refusal
	}
	return nil
}

func (m *machine) refused(h http.Header) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.Get("Authorization") == "Bearer "+m.current {
		m.current = ""
	}
	return true
}

func (m *machine) exchange(ctx context.Context) (string, error) {
	if token := m.valid(); token != "" {
		return token, nil
	}
	if err := m.lately(); err != nil {
		return "", err
	}
	// RFC 6749 2.3.1: both halves are form-encoded before they are joined.
	basic := url.QueryEscape(m.id) + ":" + url.QueryEscape(m.secret)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"all-apis"}}
	req := &transport.Request{
		Method: http.MethodPost, URL: m.endpoint, Class: transport.ClassAuth, Repeatable: true,
		Header: http.Header{
			"Content-Type":  {"application/x-www-form-urlencoded"},
			"Accept":        {"application/json"},
			"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(basic))},
		},
		Body:  []byte(form.Encode()),
		Check: wholeJSON,
	}
	begin := time.Now()
	resp, err := m.transport.Do(ctx, req)
	if err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", &AuthError{Type: authM2M, Err: err}
	}
	if resp.Status != http.StatusOK {
		err := &AuthError{Type: authM2M, Err: newError(req, resp)}
		if resp.Status == http.StatusBadRequest || resp.Status == http.StatusUnauthorized {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.refusal, m.refusedAt = err, time.Now()
		}
		return "", err
	}
	var reply struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(resp.Body, &reply); err != nil || reply.AccessToken == "" {
		return "", &AuthError{Type: authM2M, Err: fmt.Errorf("POST %s: the answer holds no access token", m.endpoint)}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current, m.renewAt = reply.AccessToken, time.Time{}
	if life := time.Duration(reply.ExpiresIn * float64(time.Second)); life > 0 {
		// Early enough for a request that waits in a queue with it.
		m.renewAt = begin.Add(life - min(life/4, 2*time.Minute))
	}
	return reply.AccessToken, nil
}

// sdkAuth leaves every other kind to the SDK, whose requests are under our
// transport (see resolve).
type sdkAuth struct {
	cfg     *config.Config
	timeout time.Duration
}

func (s *sdkAuth) kind() string {
	if s.cfg.AuthType == "" {
		return "default"
	}
	return s.cfg.AuthType
}

func (s *sdkAuth) applicationID() string {
	if s.cfg.AuthType == authM2M {
		return s.cfg.ClientID
	}
	return ""
}

func (s *sdkAuth) refused(http.Header) bool { return false }

// authorize runs the SDK beside the caller: it takes no context, and some of
// its kinds run commands or requests without a time-out of their own.
func (s *sdkAuth) authorize(ctx context.Context, r *http.Request) error {
	type outcome struct {
		header http.Header
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		probe := &http.Request{Method: r.Method, URL: r.URL, Header: http.Header{}}
		err := s.cfg.Authenticate(probe)
		done <- outcome{probe.Header, err}
	}()
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case o := <-done:
		if errors.Is(o.err, config.ErrCannotConfigureDefault) {
			return &ConfigError{
				Attribute: "client_id", Summary: "Missing Credentials",
				Detail: "No credentials are set for " + s.cfg.Host + ", and none of the logins that need no setting works here (tried: " +
					fmt.Sprint(implicitAuth(s.cfg)) + "). Set client_id and client_secret (DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET), " +
					"or set auth_type (DATABRICKS_AUTH_TYPE) to the login that is meant, to see why it fails.",
			}
		}
		if o.err != nil {
			return &AuthError{Type: s.kind(), Err: o.err}
		}
		for k, v := range o.header {
			r.Header[k] = v
		}
		return nil
	case <-timer.C:
		return &AuthError{Type: s.kind(), Err: fmt.Errorf("no token within %s", s.timeout)}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
