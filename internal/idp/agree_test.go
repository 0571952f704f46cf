// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// trimIDs leaves no id with spaces around it, which matchWithIdp does not find and
// directories do.
func trimIDs(st *simulator.State) {
	for i := range st.Users {
		st.Users[i].ExternalID = strings.TrimSpace(st.Users[i].ExternalID)
	}
	for i := range st.Groups {
		st.Groups[i].ExternalID = strings.TrimSpace(st.Groups[i].ExternalID)
	}
	for i := range st.ServicePrincipals {
		st.ServicePrincipals[i].ExternalID = strings.TrimSpace(st.ServicePrincipals[i].ExternalID)
	}
}

// All kinds that see the whole directory give the prep script's rows.
func TestSources_agree(t *testing.T) {
	t.Parallel()
	generated := func(t *testing.T, seed uint64) simulator.State {
		t.Helper()
		st, err := presets.Generate(preset(t, "demo"), presets.GenerateOptions{Users: 300, Groups: 60, ServicePrincipals: 40, Seed: seed})
		trimIDs(&st)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	tests := map[string]func(t *testing.T) simulator.State{
		"demo":        func(t *testing.T) simulator.State { t.Helper(); return preset(t, "demo") },
		"field-scan":  func(t *testing.T) simulator.State { t.Helper(); return preset(t, "field-scan") },
		"generated 1": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 1) },
		"generated 2": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 2) },
		"generated 3": func(t *testing.T) simulator.State { t.Helper(); return generated(t, 3) },
	}
	for name, state := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := state(t)
			w := newWorld(t, st, simulator.Options{})
			client := w.account(t)
			want, _ := run(t, client, matchwithidp.New(client, 16))
			if len(want.Users) == 0 || !want.Complete {
				t.Fatalf("nothing to compare: %d users, complete %v, %v", len(want.Users), want.Complete, want.Failures)
			}
			for _, source := range []idp.Source{w.entra(t), file.New(writeDirectory(t, t.TempDir(), st.IDP))} {
				got, _ := run(t, client, source)
				if diff := cmp.Diff(rows(want), rows(got)); diff != "" {
					t.Errorf("%s differs from databricks: %s", source.Kind(), diff)
				}
				if !got.Complete {
					t.Errorf("%s: %+v", source.Kind(), got.Failures)
				}
			}
		})
	}
}

// randomState is a small account and directory that share few names and ids, so
// that everything collides: cases, duplicates, deleted and disabled objects,
// guests, nesting in cycles, ids of other types, stale ids.
//
// Left out is where the kinds may differ: ids with spaces around them, which
// matchWithIdp does not find and directories do.
func randomState(t *rapid.T) simulator.State {
	pick := func(what string, list ...string) string { return rapid.SampledFrom(list).Draw(t, what) }
	flag := func(what string, of int) bool { return rapid.IntRange(1, of).Draw(t, what) == 1 }
	names := []string{
		"ann@example.com", "ANN@example.com", "bob@example.com", "bob@example.org", "cat@example.com", "Cat@example.com",
		"dan_example.net#EXT#@example.com",
	}
	groupNames := []string{"team", "Team", `ops, "night"; all`, "d\u00e9v"}
	var st simulator.State
	var all []string
	// An IdP may spell its own ids in upper case.
	idpID := func(kind string, i int) string {
		if flag("idp upper", 6) {
			return strings.ToUpper(objectID(kind, i))
		}
		return objectID(kind, i)
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "idp users") {
		u := simulator.IDPUser{
			ID: idpID("a", i), UserPrincipalName: pick("upn", names...), AccountEnabled: !flag("disabled", 4), Deleted: flag("deleted", 5),
			Mail: pick("mail", append(names, "", "")...), UserType: pick("type", "Member", "Guest", ""),
		}
		st.IDP.Users, all = append(st.IDP.Users, u), append(all, u.ID)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "idp sps") {
		s := simulator.IDPServicePrincipal{ID: idpID("c", i), AppID: objectID("d", i), AccountEnabled: true, Deleted: flag("deleted", 5)}
		st.IDP.ServicePrincipals, all = append(st.IDP.ServicePrincipals, s), append(all, s.ID)
	}
	groups := rapid.IntRange(0, 5).Draw(t, "idp groups")
	ids := make([]string, groups)
	for i := range groups {
		ids[i] = idpID("b", i)
	}
	all = append(all, ids...)
	for i := range groups {
		g := simulator.IDPGroup{ID: ids[i], DisplayName: pick("name", groupNames...), SecurityEnabled: true, Deleted: flag("deleted", 5)}
		for _, id := range all {
			if id != g.ID && flag("member", 3) {
				g.Members = append(g.Members, id)
			}
		}
		st.IDP.Groups = append(st.IDP.Groups, g)
	}
	stored := func() string {
		id := pick("externalId", append(all, "", "", objectID("a", 99), "not a guid")...)
		if flag("upper", 4) {
			id = strings.ToUpper(id)
		}
		return id
	}
	for i, name := range names {
		if flag("user", 2) {
			st.Users = append(st.Users, simulator.User{ID: fmt.Sprint(100 + i), UserName: name, ExternalID: stored(), Active: true})
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "sps") {
		st.ServicePrincipals = append(st.ServicePrincipals, simulator.ServicePrincipal{
			ID: fmt.Sprint(200 + i), ApplicationID: objectID("d", i), ExternalID: stored(), Active: true,
		})
	}
	for i, name := range groupNames {
		g := simulator.Group{ID: fmt.Sprint(300 + i), DisplayName: name, ExternalID: stored()}
		for _, u := range st.Users {
			if flag("member", 2) {
				g.Members = append(g.Members, simulator.Member{Value: u.ID})
			}
		}
		for _, s := range st.ServicePrincipals {
			if flag("member", 2) {
				g.Members = append(g.Members, simulator.Member{Value: s.ID})
			}
		}
		if i > 0 && flag("nested", 2) {
			g.Members = append(g.Members, simulator.Member{Value: fmt.Sprint(299 + i)})
		}
		st.Groups = append(st.Groups, g)
	}
	return st
}

// On any account and directory the kinds agree, but for users whose name several
// IdP users have: matchWithIdp names one of them, directories name all, and it
// is among them.
func TestSources_agreeAtRandom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		st := randomState(t)
		w, done := open(t, st, simulator.Options{})
		defer done()
		client := w.account(t)
		_, databricks := run(t, client, matchwithidp.New(client, 8))
		entra, file := w.entra(t), file.New(writeDirectory(t, dir, st.IDP))
		var want string
		for i, source := range []idp.Source{entra, file} {
			_, got := run(t, client, source)
			server := slices.Clone(databricks.Matches)
			for at := range server { // The account knows one of the two names of an external user.
				if linked := got.Matches[at].ByExternalID; linked != nil && len(linked.Names) > 1 && server[at].ByExternalID != nil {
					server[at].ByExternalID = linked
				}
			}
			for at := range got.Matches {
				list := got.Matches[at].ByName
				if got.Matches[at].Principal.Type != audit.TypeUser || len(list) < 2 {
					continue
				}
				named := server[at].ByName
				if len(named) != 1 || !slices.ContainsFunc(list, func(id audit.Identity) bool { return id.ExternalID == named[0].ExternalID }) {
					t.Fatalf("%s: %s has %+v, databricks %+v", got.Matches[at].Principal.Ref, source.Kind(), list, named)
				}
				got.Matches[at].ByName = named
			}
			judge := func(matches []audit.Match) string {
				return rows(judge.Divergences(judge.Input{Matches: matches}, judge.Options{IDP: matchwithidp.New(nil, 1).Capabilities().Capabilities}))
			}
			if diff := cmp.Diff(judge(server), judge(got.Matches)); diff != "" {
				t.Fatalf("%s differs from databricks: %s", source.Kind(), diff)
			}
			// The directories agree in everything that both can tell.
			text := tellable(got)
			if i > 0 && text != want {
				t.Fatalf("entra and file differ: %s", cmp.Diff(want, text))
			}
			want = text
		}
	})
}

// tellable is a result without what only one directory can know.
func tellable(r idp.Result) string {
	var b strings.Builder
	ids := func(list []audit.Identity) (out []string) {
		for _, id := range list {
			out = append(out, id.ExternalID)
		}
		return out
	}
	for _, m := range r.Matches {
		fmt.Fprint(&b, m.Principal.Ref, " ", m.Unknown, m.ByExternalID != nil, m.ByExternalIDOtherType != nil, ids(m.ByName), ids(m.NearName))
		if m.ByExternalID != nil {
			fmt.Fprint(&b, m.ByExternalID.Names)
		}
		if m.Members != nil {
			for _, list := range [][]audit.MemberRef{m.Members.Local, m.Members.External} {
				for _, ref := range list {
					fmt.Fprint(&b, " ", ref.ID, *ref.NestedInIDP)
				}
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
