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
	"regexp"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// ErrCallerUnknown is wrapped when it is not known as whom the client logs in.
var ErrCallerUnknown = errors.New("which principal this program logs in as is not known")

// Claims are the names and the externalId that a login returns. Tokens of
// Databricks name their subject; those of Entra the application or the user,
// and its object id.
type Claims struct {
	Subject     string `json:"sub"`
	AppID       string `json:"appid"`
	UPN         string `json:"upn"`
	UniqueName  string `json:"unique_name"`
	ObjectID    string `json:"oid"`
	ApplicantID string `json:"azp"`
	Kind        string `json:"idtyp"`
}

// PrincipalType is that of the caller where the login shows it for certain: an
// application, or a user by a name that is the one in Databricks. Names of guests and
// subjects of other kinds need not be.
func (cl *Claims) PrincipalType() audit.PrincipalType {
	switch isUser := func(name string) bool { return strings.Contains(name, "@") && !strings.Contains(name, "#") }; {
	case cl.Kind == "app", cl.AppID == "" && cl.ApplicantID == "" && cl.UPN == "" && applicationID.MatchString(cl.Subject):
		return audit.TypeServicePrincipal
	case isUser(cl.UPN), cl.UPN == "" && isUser(cl.Subject):
		return audit.TypeUser
	default:
		return ""
	}
}

var applicationID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Match reports whether the claims are those of a principal.
func (cl *Claims) Match(p *audit.Principal) bool {
	if p.Type == audit.TypeGroup {
		return false
	}
	names := []string{cl.Subject, cl.UPN, cl.UniqueName}
	if p.Type == audit.TypeServicePrincipal {
		names = append(names, cl.AppID, cl.ApplicantID)
	}
	byName := slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.EqualFold(n, p.Name) })
	return byName || cl.ObjectID != "" && p.ExternalID != "" && audit.SameExternalID(cl.ObjectID, p.ExternalID)
}

// CallerClaims are those of the principal that the connection logs in as. The error
// wraps [ErrCallerUnknown] where nothing says.
func (a *Conn) CallerClaims(ctx context.Context) (*Claims, error) {
	if id := a.auth.applicationID(); id != "" {
		return &Claims{Subject: id}, nil
	}
	return a.TokenClaims(ctx)
}

// TokenClaims is what the token says of its subject.
func (a *Conn) TokenClaims(ctx context.Context) (*Claims, error) {
	probe, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Host, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCallerUnknown, err)
	}
	if err := a.auth.authorize(ctx, probe); err != nil {
		return nil, err
	}
	claims, ok := claimsOf(strings.TrimPrefix(probe.Header.Get("Authorization"), "Bearer "))
	if !ok {
		return nil, fmt.Errorf("%w: the token (%s) does not say", ErrCallerUnknown, a.auth.kind())
	}
	return &claims, nil
}

// claimsOf reads the claims of a token that is a JWT; false where it names
// no one. The account checks the signature; here the claims only name someone.
func claimsOf(token string) (Claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, false
	}
	var claims Claims
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims == (Claims{}) {
		return Claims{}, false
	}
	return claims, true
}
