// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The tenant's one app registration, which [EntraOptions] replaces. It opens
// nothing but this simulator.
const (
	defaultEntraClientID     = "51000000-0000-4000-8000-00000000a991"
	defaultEntraClientSecret = "simulated-entra-client-secret"
)

// EntraOptions are the app registration of the Entra face.
type EntraOptions struct {
	// ClientID and ClientSecret replace the built-in ones.
	ClientID, ClientSecret string
	// TokenLifetimeSeconds replaces 3599.
	TokenLifetimeSeconds int
}

// entraParts are what the face shares with the rest of the simulator.
type entraParts struct {
	assumed GraphAssumptions
	paging  PagingAssumptions
	limiter *limiter
	ids     *requestIDs
	mux     *http.ServeMux
	// dispatch answers a part of a batch as if it were a request of its own.
	dispatch func(rw http.ResponseWriter, r *http.Request)
}

// entraFace is Microsoft Entra ID: the authority that gives out tokens, and
// Microsoft Graph.
type entraFace struct {
	*store
	entraParts
	clientID, clientSecret string
	tokenLifetime          int
	signingKey             *ecdsa.PrivateKey
	signed                 signedTokens

	mu          sync.Mutex
	permissions []string
	later       map[string][]string // skip token -> ids that getByIds still owes
	laterOrder  []string
	last        closureOf
}

// allGraphPermissions is the default grant: what an audit can use.
var allGraphPermissions = []string{
	"Application.Read.All", "Directory.Read.All", "GroupMember.Read.All", "Member.Read.Hidden", "ProvisioningLog.Read.All", "Synchronization.Read.All", "User.Read.All",
}

// newEntraFace registers the authority and Graph.
func newEntraFace(world *store, o EntraOptions, parts entraParts) (*entraFace, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the Entra tokens: %w", err)
	}
	f := &entraFace{
		store: world, entraParts: parts,
		clientID: cmp.Or(o.ClientID, defaultEntraClientID), clientSecret: cmp.Or(o.ClientSecret, defaultEntraClientSecret),
		tokenLifetime: cmp.Or(o.TokenLifetimeSeconds, 3599),
		signingKey:    key, permissions: permissionList(parts.assumed.Permissions), later: map[string][]string{},
	}
	f.graphRoutes()
	return f, nil
}

// setPermissions replaces the granted application permissions. As in Entra a
// token keeps those that were granted when it was issued.
func (s *entraFace) setPermissions(permissions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.permissions = slices.Clone(permissions)
}

func (s *entraFace) grantedPermissions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.permissions...)
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
