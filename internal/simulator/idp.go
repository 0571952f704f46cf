// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// The credentials of the one app registration and the one API token that the
// simulated IdPs know from the start; [EntraOptions] and [OktaOptions] replace
// them. They open nothing but this simulator.
const (
	defaultTenantID          = "51000000-0000-4000-8000-00000000e27a"
	defaultEntraClientID     = "51000000-0000-4000-8000-00000000a991"
	defaultEntraClientSecret = "simulated-entra-client-secret"
	defaultOktaAPIToken      = "simulated-okta-api-token"
)

// EntraOptions are the app registration of the Entra face.
type EntraOptions struct {
	// ClientID and ClientSecret replace the built-in ones.
	ClientID, ClientSecret string
	// TokenLifetimeSeconds replaces 3599.
	TokenLifetimeSeconds int
}

// idpFace is what the simulated IdPs hold beside the directory.
type idpFace struct {
	clientID, clientSecret string
	tokenLifetime          int
	signingKey             *ecdsa.PrivateKey
	requests               atomic.Uint64 // numbers the request ids
	signed                 signedTokens

	mu          sync.Mutex
	permissions []string
	later       map[string][]string // skip token -> ids that getByIds still owes
	laterOrder  []string
	last        closureOf
	okta        oktaFace
}

// allGraphPermissions is the default grant: what an audit can use.
var allGraphPermissions = []string{
	"Application.Read.All", "Directory.Read.All", "GroupMember.Read.All", "Member.Read.Hidden", "ProvisioningLog.Read.All", "Synchronization.Read.All", "User.Read.All",
}

func newIDPFace(entra EntraOptions, okta OktaOptions, permissions string) (*idpFace, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the Entra tokens: %w", err)
	}
	f := &idpFace{
		clientID: entra.ClientID, clientSecret: entra.ClientSecret, tokenLifetime: entra.TokenLifetimeSeconds,
		signingKey: key, permissions: permissionList(permissions), later: map[string][]string{},
	}
	if f.clientID == "" {
		f.clientID = defaultEntraClientID
	}
	if f.clientSecret == "" {
		f.clientSecret = defaultEntraClientSecret
	}
	if f.tokenLifetime == 0 {
		f.tokenLifetime = 3599
	}
	f.okta, err = newOktaFace(okta)
	return f, err
}

// permissionList reads [GraphAssumptions].Permissions.
func permissionList(text string) []string {
	switch text {
	case "":
		return slices.Clone(allGraphPermissions)
	case "none":
		return nil
	}
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		out = append(out, strings.TrimSpace(name))
	}
	return out
}

// SetGraphPermissions replaces the granted application permissions. As in Entra
// a token keeps those that were granted when it was issued.
func (s *Server) SetGraphPermissions(permissions ...string) {
	s.idp.mu.Lock()
	defer s.idp.mu.Unlock()
	s.idp.permissions = slices.Clone(permissions)
}

func (s *Server) grantedPermissions() []string {
	s.idp.mu.Lock()
	defer s.idp.mu.Unlock()
	return append([]string{}, s.idp.permissions...)
}

// dir is the directory. It never changes once it is built (a new state document
// brings a new one), so that it can be kept after the lock is gone.
func (s *Server) dir() *directory {
	var d *directory
	s.view(func(w *world) { d = w.idp })
	return d
}

func (d *directory) tenantID() string {
	if d.doc.TenantID != "" {
		return d.doc.TenantID
	}
	return defaultTenantID
}

// domains are the verified domains, one at least.
func (d *directory) domains() []string {
	if len(d.doc.VerifiedDomains) > 0 {
		return d.doc.VerifiedDomains
	}
	return []string{"example.com"}
}

// isTenant tells whether a path names the tenant, by id or by verified domain.
func (d *directory) isTenant(name string) bool {
	return strings.EqualFold(name, d.tenantID()) ||
		slices.ContainsFunc(d.domains(), func(v string) bool { return strings.EqualFold(v, name) })
}

// requestID is a GUID that is new for every request and the same in every run.
func (s *Server) requestID() string {
	return fmt.Sprintf("5e000000-0000-4000-8000-%012x", s.idp.requests.Add(1))
}
