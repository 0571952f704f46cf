// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package presets makes state documents for the simulator: the presets, which tell a
// story each, and the generator, which makes an account of any size. The same bytes in
// every run.
package presets

import (
	"fmt"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// What every preset has in common: the account, its tenant and the credentials.
// They are the same in each, so that a script can be written once; none of them
// opens anything but a simulator.
const (
	presetAccountID = "5f0c1a52-6d0e-4c0b-9a57-0d6b1f4e2a31"
	presetTenantID  = "c9d1b7e4-58a3-4f76-8d24-7b1e90c3f6a8"

	presetAdminClientID      = "8a4f6c1e-2b7d-4e95-b3a0-6f5d9c8e7b12"
	presetAdminSecret        = "simulated-admin-secret"
	presetAdminToken         = "simulated-admin-token"
	presetReaderClientID     = "3d9e5b70-c184-4a6f-92ed-1f7a8b604c55"
	presetReaderSecret       = "simulated-reader-secret"
	presetOwnDomain          = "example.com"
	presetForeignDomain      = "example.net"
	presetTenantDomain       = "example.onmicrosoft.com"
	presetAdminDisplayName   = "identity-audit"
	presetReaderDisplayName  = "reporting-reader"
	presetAccountUsersName   = "account users"
	presetMetastoreID        = "1b6a2f90-4d3e-4c7b-8e15-a0c9d2f7e684"
	presetWarehouseID        = "d3a0c1f5e7b2946a"
	presetMetastoreAdminName = "metastore-admins"
)

type preset struct {
	name  string
	build func() (world.State, error)
}

// presetList has every preset in the order in which it is documented.
func presetList() []preset {
	return []preset{
		{name: "empty", build: emptyPreset},
		{name: "demo", build: demoPreset},
		{name: "field-scan", build: fieldScanPreset},
		{name: "migration", build: migrationPreset},
	}
}

// Names lists the presets: empty, demo, field-scan, migration.
func Names() []string {
	var names []string
	for _, p := range presetList() {
		names = append(names, p.name)
	}
	return names
}

// New returns a new copy of the state of that name, the same bytes in every
// run. The error of an unknown name lists the names.
//
// Each preset has an account admin, a service principal with an OAuth secret
// and a token. demo is small and tells the story of the README and of the
// clone plan. field-scan has the shape and the counts of a published scan of a
// real account. migration is a company before it switches on automatic identity
// management. All three have the OAuth secret of a service principal that is no
// account admin, so that a 403 can be had.
func New(name string) (world.State, error) {
	for _, p := range presetList() {
		if p.name == name {
			return p.build()
		}
	}
	return world.State{}, fmt.Errorf("there is no preset %q: the presets are %s", name, strings.Join(Names(), ", "))
}

func emptyPreset() (world.State, error) {
	b, err := newBuilder(world.State{}, "empty")
	if err != nil {
		return world.State{}, err
	}
	b.account()
	return b.done()
}

// account sets what every preset has: the account, its tenant, and the service
// principal that calls.
func (b *builder) account() {
	b.st.Account.AccountID = presetAccountID
	b.st.IDP.TenantID = presetTenantID
	b.st.IDP.VerifiedDomains = []string{presetOwnDomain, presetTenantDomain}
	admin := b.servicePrincipal(presetAdminDisplayName, presetAdminClientID, "", func(sp *world.ServicePrincipal) {
		sp.Roles = []world.Role{{Value: world.RoleAccountAdmin}}
	})
	b.st.Account.OAuthClients = []world.OAuthClient{{ClientID: presetAdminClientID, ClientSecret: presetAdminSecret}}
	b.st.Account.Tokens = []world.Token{{Token: presetAdminToken, PrincipalID: admin}}
}

// reader adds a service principal that can log in but is no account admin.
func (b *builder) reader() {
	b.servicePrincipal(presetReaderDisplayName, presetReaderClientID, "")
	b.st.Account.OAuthClients = append(b.st.Account.OAuthClients,
		world.OAuthClient{ClientID: presetReaderClientID, ClientSecret: presetReaderSecret})
}
