// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// Audiences that stand for Microsoft Graph: its own application id, its hosts
// in the four clouds (docs/reference/idp-apis.md 2) and loopback hosts, because a client that
// derives the scope from its Graph endpoint names the simulator.
var graphAudiences = []string{
	"00000003-0000-0000-c000-000000000000",
	"https://graph.microsoft.com", "https://graph.microsoft.us",
	"https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn",
}

// databricksAudience is the application id of Azure Databricks. A token for it
// can be had, and Graph refuses it.
const databricksAudience = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"

// graphClaims are the claims of an access token.
type graphClaims struct {
	jwt.RegisteredClaims
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	Roles    []string `json:"roles"`
	Version  string   `json:"ver"`
}

// aadError is an answer of the token endpoint that refuses. The numbers are
// partly [unofficial] in docs/reference/idp-apis.md 2.
type aadError struct {
	status int
	name   string // the OAuth error
	number int    // AADSTS
	text   string
}

// entraRoutes are the authority under /entra; the TLS listener of
// [StartAuthority] serves the same without the prefix.
func (s *Face) entraRoutes() {
	s.Mux.HandleFunc("POST /entra/{tenant}/oauth2/v2.0/token", s.entraToken)
	s.Mux.HandleFunc("GET /entra/{tenant}/v2.0/.well-known/openid-configuration", s.entraConfiguration)
	s.Mux.HandleFunc("GET /entra/{tenant}/discovery/v2.0/keys", s.entraKeys)
	s.Mux.HandleFunc("GET /entra/common/discovery/instance", s.entraInstance)
}

// authorityBase is the URL in front of the tenant as the client sees it.
func authorityBase(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host + "/entra"
}

func (s *Face) entraConfiguration(rw http.ResponseWriter, r *http.Request) {
	d, tenant := s.Directory(), r.PathValue("tenant")
	if !d.IsTenant(tenant) {
		s.writeAAD(rw, r, unknownTenant(tenant))
		return
	}
	own := authorityBase(r) + "/" + d.TenantID()
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"token_endpoint":                        own + "/oauth2/v2.0/token",
		"authorization_endpoint":                own + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         own + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              own + "/discovery/v2.0/keys",
		"issuer":                                own + "/v2.0",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"tenant_region_scope":                   "NA",
		"cloud_instance_name":                   "microsoftonline.com",
		"msgraph_host":                          "graph.microsoft.com",
	})
}

func (s *Face) entraInstance(rw http.ResponseWriter, r *http.Request) {
	own := authorityBase(r) + "/" + s.Directory().TenantID()
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": own + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

func (s *Face) entraKeys(rw http.ResponseWriter, _ *http.Request) {
	// An uncompressed point: 4, x, y.
	point, err := s.signingKey.PublicKey.Bytes()
	if err != nil {
		wire.WriteError(rw, http.StatusInternalServerError, "INTERNAL_ERROR", err.Error())
		return
	}
	half := (len(point) - 1) / 2
	wire.WriteJSON(rw, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "use": "sig", "crv": "P-256", "alg": "ES256", "kid": "simulator",
		"x": base64.RawURLEncoding.EncodeToString(point[1 : 1+half]),
		"y": base64.RawURLEncoding.EncodeToString(point[1+half:]),
	}}})
}

func unknownTenant(tenant string) *aadError {
	return &aadError{http.StatusBadRequest, "invalid_request", 90002,
		"Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."}
}

// entraToken is the client credentials grant, the only one.
func (s *Face) entraToken(rw http.ResponseWriter, r *http.Request) {
	d := s.Directory()
	audience, fail := s.checkTokenRequest(d, r)
	if fail != nil {
		s.writeAAD(rw, r, fail)
		return
	}
	now := s.Now()
	claims := graphClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    "https://sts.windows.net/" + d.TenantID() + "/",
			Subject:   s.ClientID,
			Audience:  jwt.ClaimStrings{audience},
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(time.Duration(s.tokenLifetime) * time.Second)),
		},
		TenantID: d.TenantID(), AppID: s.ClientID, Version: "1.0", Roles: s.grantedPermissions(),
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = "simulator"
	signed, err := token.SignedString(s.signingKey)
	if err != nil {
		s.writeAAD(rw, r, &aadError{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred: " + err.Error()})
		return
	}
	rw.Header().Set("Cache-Control", "no-store, no-cache")
	wire.WriteJSON(rw, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": s.tokenLifetime, "ext_expires_in": s.tokenLifetime, "access_token": signed,
	})
}

// checkTokenRequest returns the audience that the scope asks for.
func (s *Face) checkTokenRequest(d *world.Directory, r *http.Request) (string, *aadError) {
	if tenant := r.PathValue("tenant"); !d.IsTenant(tenant) {
		return "", unknownTenant(tenant)
	}
	if err := r.ParseForm(); err != nil {
		return "", &aadError{http.StatusBadRequest, "invalid_request", 900144, "The request body could not be read as a form: " + err.Error()}
	}
	form := r.PostForm
	clientID, secret := form.Get("client_id"), form.Get("client_secret")
	if id, password, ok := r.BasicAuth(); ok {
		clientID, secret = id, password
	}
	switch grant := form.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return "", missingParameter("grant_type")
	default:
		return "", &aadError{http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + grant + "'."}
	}
	if clientID == "" {
		return "", missingParameter("client_id")
	}
	if form.Get("scope") == "" {
		return "", missingParameter("scope")
	}
	if !strings.EqualFold(clientID, s.ClientID) {
		return "", &aadError{http.StatusBadRequest, "unauthorized_client", 700016, fmt.Sprintf(
			"Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been "+
				"installed by the administrator of the tenant or consented to by any user in the tenant.", clientID, d.TenantID())}
	}
	if fail := s.checkClient(form, secret); fail != nil {
		return "", fail
	}
	return audienceOf(form.Get("scope"))
}

func missingParameter(name string) *aadError {
	return &aadError{http.StatusBadRequest, "invalid_request", 900144,
		"The request body must contain the following parameter: '" + name + "'."}
}

func (s *Face) checkClient(form url.Values, secret string) *aadError {
	assertion := form.Get("client_assertion")
	switch {
	case assertion != "":
		if form.Get("client_assertion_type") != wire.JwtBearerAssertion {
			return &aadError{http.StatusBadRequest, "invalid_request", 50027,
				"Invalid JWT token. The client_assertion_type must be '" + wire.JwtBearerAssertion + "'."}
		}
		return s.checkAssertion(assertion)
	case secret == "":
		return &aadError{http.StatusUnauthorized, "invalid_client", 7000218,
			"The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.ClientSecret)) != 1:
		return &aadError{http.StatusUnauthorized, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client " +
				"secret ID, for a secret added to app '" + s.ClientID + "'."}
	}
	return nil
}

// checkAssertion validates the shape: the simulated app has no certificate and
// no federated credential registered, so that a signature has nothing to be
// verified against. Assertions that name a certificate (x5t) are the app's own
// and must be issued by and for the app.
func (s *Face) checkAssertion(assertion string) *aadError {
	var claims jwt.RegisteredClaims
	token, _, err := jwt.NewParser(jwt.WithoutClaimsValidation()).ParseUnverified(assertion, &claims)
	if err != nil {
		return &aadError{http.StatusBadRequest, "invalid_request", 50027, "JWT token is invalid or malformed: " + err.Error()}
	}
	_, x5t := token.Header["x5t"]
	_, x5t256 := token.Header["x5t#S256"]
	switch {
	case len(claims.Audience) == 0 || claims.Subject == "" || claims.Issuer == "":
		return &aadError{http.StatusBadRequest, "invalid_request", 50027, "Invalid JWT token. It needs the claims iss, sub and aud."}
	case claims.ExpiresAt == nil || !claims.ExpiresAt.After(s.Now()):
		return &aadError{http.StatusUnauthorized, "invalid_client", 700024, "Client assertion is not within its valid time range."}
	case (x5t || x5t256) && (claims.Issuer != claims.Subject || !strings.EqualFold(claims.Subject, s.ClientID)):
		return &aadError{http.StatusUnauthorized, "invalid_client", 700021,
			"Client assertion application identifier doesn't match 'client_id' parameter."}
	}
	return nil
}

// audienceOf reads a scope such as https://graph.microsoft.com/.default. The
// v2.0 endpoint takes one resource in client credentials.
func audienceOf(scope string) (string, *aadError) {
	var resource string
	for _, part := range strings.Fields(scope) {
		// MSAL adds these to every request; they ask for nothing here.
		if slices.Contains([]string{"openid", "profile", "offline_access"}, part) {
			continue
		}
		name, ok := strings.CutSuffix(part, "/.default")
		if !ok || resource != "" {
			return "", &aadError{http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope " + scope +
				" is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
		}
		resource = strings.TrimSuffix(name, "/")
	}
	if resource == databricksAudience || isGraphAudience(resource) {
		return resource, nil
	}
	return "", &aadError{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named " + resource +
		" was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant."}
}

func isGraphAudience(resource string) bool {
	if slices.ContainsFunc(graphAudiences, func(a string) bool { return strings.EqualFold(a, resource) }) {
		return true
	}
	u, err := url.Parse(resource)
	return err == nil && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *Face) writeAAD(rw http.ResponseWriter, r *http.Request, e *aadError) {
	trace, now := s.IDs.Next(), s.Now().UTC()
	correlation := r.Header.Get("client-request-id")
	if correlation == "" {
		correlation = trace
	}
	rw.Header().Set("x-ms-request-id", trace)
	if e.status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		rw.Header().Set("WWW-Authenticate", "Basic")
	}
	stamp := now.Format("2006-01-02 15:04:05Z")
	wire.WriteJSON(rw, e.status, map[string]any{
		"error": e.name,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.number, e.text, trace, correlation, stamp),
		"error_codes": []int{e.number}, "timestamp": stamp, "trace_id": trace, "correlation_id": correlation,
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", e.number),
	})
}

// checkGraphToken returns the permissions that a token carries.
func (s *Face) checkGraphToken(r *http.Request) ([]string, error) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	raw = strings.TrimSpace(raw)
	if !ok || raw == "" {
		return nil, errors.New("Access token is empty.") //nolint:staticcheck // The API's own words.
	}
	claims, err := s.signed.claims(raw, s.Now, func(*jwt.Token) (any, error) { return &s.signingKey.PublicKey, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, errors.New("Lifetime validation failed, the token is expired.") //nolint:staticcheck // The API's own words.
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, errors.New("IDX14100: JWT is not well formed, there are no dots (.).") //nolint:staticcheck // The API's own words.
	case err != nil:
		return nil, errors.New("Access token validation failure. Invalid signature.") //nolint:staticcheck // The API's own words.
	case len(claims.Audience) != 1 || !isGraphAudience(claims.Audience[0]):
		return nil, errors.New("Access token validation failure. Invalid audience.") //nolint:staticcheck // The API's own words.
	}
	return claims.Roles, nil
}
