// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package entra is Microsoft Entra ID: the authority that gives out tokens, and
// Microsoft Graph with its connectors for provisioning.
package entra

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

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/faults"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// The tenant's one app registration, which [Options] replaces. It opens
// nothing but this simulator.
const (
	defaultEntraClientID     = "51000000-0000-4000-8000-00000000a991"
	defaultEntraClientSecret = "simulated-entra-client-secret"
)

// Options are the app registration of the Entra face.
type Options struct {
	// ClientID and ClientSecret replace the built-in ones.
	ClientID, ClientSecret string
	// TokenLifetimeSeconds replaces 3599.
	TokenLifetimeSeconds int
}

// Parts are what the face shares with the rest of the simulator.
type Parts struct {
	Assumed GraphAssumptions
	Paging  wire.PagingAssumptions
	Limiter *faults.Limiter
	IDs     *wire.RequestIDs
	Mux     *http.ServeMux
	// Dispatch answers a part of a batch as if it were a request of its own.
	Dispatch func(rw http.ResponseWriter, r *http.Request)
}

// Face is Microsoft Entra ID: the authority that gives out tokens, and
// Microsoft Graph.
type Face struct {
	*world.Store
	Parts
	ClientID, ClientSecret string
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

// New registers the authority and Graph.
func New(world *world.Store, o Options, parts Parts) (*Face, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of the Entra tokens: %w", err)
	}
	f := &Face{
		Store: world, Parts: parts,
		ClientID: cmp.Or(o.ClientID, defaultEntraClientID), ClientSecret: cmp.Or(o.ClientSecret, defaultEntraClientSecret),
		tokenLifetime: cmp.Or(o.TokenLifetimeSeconds, 3599),
		signingKey:    key, permissions: permissionList(parts.Assumed.Permissions), later: map[string][]string{},
	}
	f.graphRoutes()
	return f, nil
}

// SetPermissions replaces the granted application permissions. As in Entra a
// token keeps those that were granted when it was issued.
func (s *Face) SetPermissions(permissions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.permissions = slices.Clone(permissions)
}

func (s *Face) grantedPermissions() []string {
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
