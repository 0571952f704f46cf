// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/databricks/databricks-sdk-go/config"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/entra"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/transport"
)

// hermetic keeps environment and profiles of the machine out.
type hermetic struct{}

func (hermetic) Name() string                   { return "hermetic" }
func (hermetic) Configure(*config.Config) error { return nil }

// fatal is what *testing.T and *rapid.T have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
}

// fixture is a simulated account with its IdPs and clients for both.
type fixture struct {
	sim   *simulator.Running
	idp   *simulator.RunningIDP
	roots *x509.CertPool
}

// open starts a world; the second value ends it.
func open(t fatal, st simulator.State, opts simulator.Options) (*fixture, func()) {
	t.Helper()
	sim, err := simulator.Start(st, opts)
	if err != nil {
		t.Fatal(err)
	}
	run, err := sim.Server.StartIDP(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(run.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	w := &fixture{sim: sim, idp: run, roots: x509.NewCertPool()}
	w.roots.AppendCertsFromPEM(pem)
	return w, func() {
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		if err := sim.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func newWorld(t *testing.T, st simulator.State, opts simulator.Options) *fixture {
	t.Helper()
	w, done := open(t, st, opts)
	t.Cleanup(done)
	return w
}

func (w *fixture) transport() transport.Options {
	return transport.Options{
		Base:         transport.NewBase(8, &tls.Config{RootCAs: w.roots, MinVersion: tls.VersionTLS12}),
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: time.Minute, RetryPause: 5 * time.Millisecond,
	}
}

func (w *fixture) entraConfig() entra.Config {
	return entra.Config{
		TenantID: w.idp.EntraTenantID, ClientID: w.idp.EntraClientID, ClientSecret: w.idp.EntraClientSecret,
		AuthorityHost: w.idp.EntraAuthorityHost, GraphEndpoint: w.idp.GraphEndpoint,
		Transport: w.transport(), BatchPause: 5 * time.Millisecond,
	}
}

func (w *fixture) entra(t fatal) idp.Source {
	t.Helper()
	source, err := entra.New(w.entraConfig())
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func (w *fixture) account(t fatal) *account.Client {
	t.Helper()
	client, err := account.New(context.Background(), api.Config{
		SDK: &config.Config{
			Host: w.sim.URL, AccountID: w.sim.AccountID, ClientID: w.sim.ClientID, ClientSecret: w.sim.ClientSecret,
			Loaders: []config.Loader{hermetic{}},
		},
		FirstContact: time.Minute, RequestTimeout: time.Minute, RetryBudget: time.Minute, RetryPause: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// state is what the account holds: a server adds its own administrator.
func (w *fixture) state(t fatal) simulator.State {
	t.Helper()
	st, err := w.sim.Server.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// file writes the IdP half of a state as a directory file.
func writeDirectory(t fatal, dir string, d simulator.IDP) string {
	t.Helper()
	type object = map[string]any
	doc := object{"version": 1}
	users, groups, sps := []object{}, []object{}, []object{}
	for _, u := range d.Users {
		users = append(users, object{
			"id": u.ID, "user_name": u.UserPrincipalName, "mail": u.Mail, "display_name": u.DisplayName,
			"enabled": u.AccountEnabled, "guest": u.UserType == "Guest", "deleted": u.Deleted,
		})
	}
	for _, g := range d.Groups {
		groups = append(groups, object{
			"id": g.ID, "display_name": g.DisplayName, "members": append([]string{}, g.Members...), "deleted": g.Deleted,
		})
	}
	for _, s := range d.ServicePrincipals {
		sps = append(sps, object{
			"id": s.ID, "application_id": s.AppID, "display_name": s.DisplayName, "enabled": s.AccountEnabled, "deleted": s.Deleted,
		})
	}
	doc["users"], doc["groups"], doc["service_principals"] = users, groups, sps
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "directory.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run audits the whole account with one source.
func run(t fatal, client *account.Client, source idp.Source) (judge.Report, idp.Result) {
	t.Helper()
	return runWith(t, client, source, judge.Options{IDP: source.Capabilities().Capabilities})
}

func runWith(t fatal, client *account.Client, source idp.Source, o judge.Options) (judge.Report, idp.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	inventory, err := client.Inventory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	result, err := source.Match(ctx, idp.Request{
		Principals: inventory.Principals, Membership: idp.MembershipTransitive, Members: client.Members,
	})
	if err != nil {
		t.Fatal(err)
	}
	return judge.Divergences(judge.Input{Inventory: inventory, Matches: result.Matches, Failures: result.Failures}, o), result
}

// rows are the columns of the prep script's files, one line per principal.
func rows(r judge.Report) string {
	var b strings.Builder
	for _, u := range r.Users {
		fmt.Fprintln(&b, u.Ref, u.Username, u.ExternalID, u.ExternalIDWithUsernameMatch, u.ErrorCategories)
	}
	for _, g := range r.Groups {
		fmt.Fprintln(&b, g.Ref, g.GroupName, g.ExternalID, g.ExternalIDsWithGroupNameMatch,
			g.LocalMembersNotInIDPInternalIDs, g.ExternalMembersNotInIDPInternalIDs, g.ErrorCategories)
	}
	for _, s := range r.ServicePrincipals {
		fmt.Fprintln(&b, s.Ref, s.ApplicationID, s.ExternalID, s.ExternalIDWithAppIDMatch, s.ErrorCategories)
	}
	return b.String()
}

// requests counts requests whose path has a part.
func (w *fixture) requests(part string) int {
	n := 0
	for _, r := range w.sim.Server.Requests().Log {
		if strings.Contains(r.Path, part) {
			n++
		}
	}
	return n
}

func preset(t fatal, name string) simulator.State {
	t.Helper()
	st, err := presets.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return st
}
