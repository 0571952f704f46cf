// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package account

import (
	"cmp"
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

// ErrCallerUnknown is wrapped when it cannot be told as whom the client logs in.
var ErrCallerUnknown = errors.New("which principal this program logs in as is not known")

// Caller is the principal that the client logs in as: by the application id under
// oauth-m2m, else by the claims of the token, where that is a JWT. It is found in
// the listing of the account, and kept. The error wraps [ErrCallerUnknown] where
// nothing tells; account SCIM tokens belong to nobody.
func (d *Directory) Caller(ctx context.Context) (audit.Principal, error) {
	return d.caller.get(ctx, d.findCaller)
}

func (d *Directory) findCaller(ctx context.Context) (audit.Principal, error) {
	claims, err := d.api.callerClaims(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	inv, err := d.Inventory(ctx)
	if err != nil {
		return audit.Principal{}, err
	}
	for _, p := range inv.Principals {
		if claims.are(&p) {
			return p, nil
		}
	}
	if !inv.Coverage.Users || !inv.Coverage.ServicePrincipals {
		return audit.Principal{}, &IncompleteError{Need: "Finding the principal that this program logs in as", Failures: inv.Failures}
	}
	return audit.Principal{}, fmt.Errorf("%w: no user or service principal of the account has what the login says of it", ErrCallerUnknown)
}

// callerClaims are the names and the externalId that a login tells. Tokens of
// Databricks name their subject; those of Entra the application or the user,
// and its object id.
type callerClaims struct {
	Subject     string `json:"sub"`
	AppID       string `json:"appid"`
	UPN         string `json:"upn"`
	UniqueName  string `json:"unique_name"`
	ObjectID    string `json:"oid"`
	ApplicantID string `json:"azp"`
	Kind        string `json:"idtyp"`
}

// principalType is that of the caller where the login tells it for certain: an
// application, or a user by a name that is the one in Databricks. Names of guests and
// subjects of other kinds need not be.
func (cl *callerClaims) principalType() audit.PrincipalType {
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

// withCaller makes a hole of a list that lacks the caller, where the token says who
// that is: such a list is not that of the account.
func (d *Directory) withCaller(ctx context.Context, t audit.PrincipalType, l listed) listed {
	if l.err != nil || t == audit.TypeGroup {
		return l
	}
	claims, err := d.api.tokenClaims(ctx)
	if err != nil || claims.principalType() != t || slices.ContainsFunc(l.principals, func(p audit.Principal) bool { return claims.are(&p) }) {
		return l
	}
	l.err = fmt.Errorf("the list of %d lacks the one that this program logs in as (%s), so that it is not that of the whole account",
		len(l.principals), cmp.Or(claims.UPN, claims.AppID, claims.Subject))
	return l.withFailure(t)
}

func (cl *callerClaims) are(p *audit.Principal) bool {
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

func (a *api) callerClaims(ctx context.Context) (*callerClaims, error) {
	if id := a.auth.applicationID(); id != "" {
		return &callerClaims{Subject: id}, nil
	}
	return a.tokenClaims(ctx)
}

// tokenClaims is what the token says of its subject.
func (a *api) tokenClaims(ctx context.Context) (*callerClaims, error) {
	probe, err := http.NewRequestWithContext(ctx, http.MethodGet, a.host, http.NoBody)
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
// nobody. The account checks the signature; here the claims only name somebody.
func claimsOf(token string) (callerClaims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return callerClaims{}, false
	}
	var claims callerClaims
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(raw, &claims) != nil || claims == (callerClaims{}) {
		return callerClaims{}, false
	}
	return claims, true
}

// holdsCaller tells whether a principal is the caller, or a group that holds it at
// any depth; anew reads the groups of the caller again. Who the caller is may be unknown: then it is false, and for the
// plan to warn of.
func (d *Directory) holdsCaller(ctx context.Context, ref audit.Ref, anew bool) (bool, error) {
	caller, err := d.Caller(ctx)
	switch {
	case errors.Is(err, ErrCallerUnknown):
		return false, nil
	case err != nil:
		return false, err
	case caller.Ref == ref:
		return true, nil
	case ref.Type != audit.TypeGroup:
		return false, nil
	}
	if anew {
		d.parents.outdate(caller.Ref)
	}
	above, err := d.above(ctx, caller.Ref, lastTurn)
	if slices.Contains(above, ref.ID) {
		return true, nil
	}
	return false, err
}
