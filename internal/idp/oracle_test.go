// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/prepscript"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// oracle is what the prep script would find.
type oracle struct{ prepscript.Oracle }

// rendered are the three files of a report, by kind, as the csv function
// renders them.
func rendered(t fatal, r judge.Report) map[string]string {
	t.Helper()
	one := func(s string) []string { return []string{s} }
	var users, groups, sps []csv.Row
	for _, u := range r.Users {
		users = append(users, csv.Row{
			"id": one(u.ID), "username": one(u.Username), "external_id": one(u.ExternalID),
			"external_id_with_username_match": one(u.ExternalIDWithUsernameMatch), "error_categories": u.ErrorCategories,
		})
	}
	for _, g := range r.Groups {
		groups = append(groups, csv.Row{
			"id": one(g.ID), "group_name": one(g.GroupName), "external_id": one(g.ExternalID),
			"external_ids_with_groupname_match":        g.ExternalIDsWithGroupNameMatch,
			"local_members_not_in_idp_internal_ids":    g.LocalMembersNotInIDPInternalIDs,
			"external_members_not_in_idp_internal_ids": g.ExternalMembersNotInIDPInternalIDs,
			"error_categories":                         g.ErrorCategories,
		})
	}
	for _, s := range r.ServicePrincipals {
		sps = append(sps, csv.Row{
			"id": one(s.ID), "application_id": one(s.ApplicationID), "external_id": one(s.ExternalID),
			"external_id_with_app_id_match": one(s.ExternalIDWithAppIDMatch), "error_categories": s.ErrorCategories,
		})
	}
	out := map[string]string{}
	for kind, rows := range map[string][]csv.Row{csv.Users: users, csv.Groups: groups, csv.ServicePrincipals: sps} {
		text, err := csv.Render(kind, rows, csv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = text
	}
	return out
}

// The three files of databricks, entra and file are those of the oracle, byte
// for byte, on the published scan's shape and on generated, untidy accounts. The
// oracle knows in what directories differ (docs/design/idp-differences.md).
func TestSources_sameCSV(t *testing.T) {
	t.Parallel()
	worlds := map[string]func(t *testing.T) simulator.State{
		"demo":       func(t *testing.T) simulator.State { t.Helper(); return preset(t, "demo") },
		"field-scan": func(t *testing.T) simulator.State { t.Helper(); return preset(t, "field-scan") },
	}
	for seed := range uint64(5) {
		worlds[fmt.Sprint("seed ", seed)] = func(t *testing.T) simulator.State {
			t.Helper()
			st, err := presets.Generate(preset(t, "demo"), presets.GenerateOptions{
				Users: 200, Groups: 50, ServicePrincipals: 30, Seed: seed,
			})
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
	}
	for name, state := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := state(t)
			w := newWorld(t, st, simulator.Options{})
			client := w.account(t)
			held := w.state(t)
			for _, source := range []idp.Source{
				matchwithidp.New(client, 16), w.entra(t), file.New(writeDirectory(t, t.TempDir(), st.IDP)),
			} {
				want := prepscript.Oracle{State: held, Directory: source.Kind() != matchwithidp.Kind}.Files()
				if strings.Count(want[csv.Users], "\r\n") < 5 {
					t.Fatalf("nothing to compare: %q", want[csv.Users])
				}
				report, _ := run(t, client, source)
				if diff := cmp.Diff(want, rendered(t, report)); diff != "" {
					t.Errorf("%s (-contract +got): %s", source.Kind(), diff)
				}
				if !report.Complete {
					t.Errorf("%s: %+v", source.Kind(), report.Failures)
				}
			}
		})
	}
}

// On any account and directory each kind gives the oracle's bytes.
func TestSources_sameCSVAtRandom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		st := randomState(t)
		w, done := open(t, st, simulator.Options{})
		defer done()
		client := w.account(t)
		held := w.state(t)
		for _, source := range []idp.Source{
			matchwithidp.New(client, 8), w.entra(t), file.New(writeDirectory(t, dir, st.IDP)),
		} {
			report, _ := run(t, client, source)
			want := prepscript.Oracle{State: held, Directory: source.Kind() != matchwithidp.Kind}.Files()
			if diff := cmp.Diff(want, rendered(t, report)); diff != "" {
				t.Fatalf("%s (-contract +got): %s", source.Kind(), diff)
			}
		}
	})
}
