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
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/render/csv"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// oracle writes the prep script's three files from an account and a directory,
// by its contract alone (prep-script-contract 3 to 5; databricks-account-api 6
// for what the server looks up): slow loops, and no code of the engine or of an
// adapter.
type oracle struct {
	st simulator.State
	// all lists every user of an ambiguous name, as directories do; matchWithIdp
	// names the one with the lowest id (assumed).
	all bool
}

// The kinds of IdP objects.
const (
	isUser  = "user"
	isGroup = "group"
	isSP    = "service principal"
)

// live tells the kind of an IdP object outside the recycle bin, by id in any
// case, and its names in Databricks; "" for none. Directories know both names of
// an external user.
func (o oracle) live(id string) (kind string, names []string) {
	for _, u := range o.st.IDP.Users {
		if strings.EqualFold(u.ID, id) && !u.Deleted {
			switch {
			case o.all && isExternal(u):
				return isUser, []string{u.Mail, u.UserPrincipalName}
			case u.UserType == "Guest" && u.Mail != "":
				return isUser, []string{u.Mail}
			}
			return isUser, []string{u.UserPrincipalName}
		}
	}
	for _, g := range o.st.IDP.Groups {
		if strings.EqualFold(g.ID, id) && !g.Deleted {
			return isGroup, []string{g.DisplayName}
		}
	}
	for _, s := range o.st.IDP.ServicePrincipals {
		if strings.EqualFold(s.ID, id) && !s.Deleted {
			return isSP, []string{s.AppID}
		}
	}
	return "", nil
}

func isExternal(u simulator.IDPUser) bool {
	return strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#") && u.Mail != ""
}

// usersNamed are the ids of the IdP users that a user name means: by UPN, else
// by mail address, in any case. Directories list beside the UPN's owner the guest
// or external user whose name in Databricks it is too.
func (o oracle) usersNamed(name string) []string {
	var byUPN, byMail, guests []string
	for _, u := range o.st.IDP.Users {
		if u.Deleted {
			continue
		}
		if strings.EqualFold(u.UserPrincipalName, name) {
			byUPN = append(byUPN, u.ID)
			continue
		}
		if u.Mail != "" && strings.EqualFold(u.Mail, name) {
			byMail = append(byMail, u.ID)
			if u.UserType == "Guest" || isExternal(u) {
				guests = append(guests, u.ID)
			}
		}
	}
	slices.Sort(byUPN)
	slices.Sort(byMail)
	switch {
	case len(byUPN) == 0 && !o.all:
		return byMail[:min(1, len(byMail))]
	case len(byUPN) == 0:
		return byMail
	case !o.all:
		return byUPN[:1]
	}
	all := slices.Concat(byUPN, guests)
	slices.Sort(all)
	return all
}

func (o oracle) groupsNamed(name string) (ids []string) {
	for _, g := range o.st.IDP.Groups {
		if !g.Deleted && strings.EqualFold(g.DisplayName, name) {
			ids = append(ids, g.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (o oracle) servicePrincipalsNamed(appID string) (ids []string) {
	for _, s := range o.st.IDP.ServicePrincipals {
		if !s.Deleted && strings.EqualFold(s.AppID, appID) {
			ids = append(ids, s.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// below are the ids, in lower case, of all that an IdP group has as members, at
// any depth: it looks every group up from the start and stops when nothing new
// comes. A group is no member of itself, not even through a cycle.
func (o oracle) below(groupID string) map[string]bool {
	found := map[string]bool{}
	for open := []string{groupID}; len(open) > 0; open = open[1:] {
		for _, g := range o.st.IDP.Groups {
			if g.Deleted || !strings.EqualFold(g.ID, open[0]) {
				continue
			}
			for _, m := range g.Members {
				if key := strings.ToLower(m); !found[key] {
					found[key] = true
					open = append(open, m)
				}
			}
		}
	}
	delete(found, strings.ToLower(groupID))
	return found
}

// externalID is that of a principal of the account; false when there is none of
// that id.
func (o oracle) externalID(id string) (string, bool) {
	for _, u := range o.st.Users {
		if u.ID == id {
			return u.ExternalID, true
		}
	}
	for _, g := range o.st.Groups {
		if g.ID == id {
			return g.ExternalID, true
		}
	}
	for _, s := range o.st.ServicePrincipals {
		if s.ID == id {
			return s.ExternalID, true
		}
	}
	return "", false
}

// categories are the first three of the contract's table.
func (o oracle) categories(kind, externalID, name string, named []string) (out []string) {
	linked, linkedNames := o.live(externalID)
	switch {
	case externalID == "":
	case linked != kind:
		out = append(out, "EXTERNAL_ID_NOT_IN_IDP")
	case !slices.Contains(linkedNames, name):
		out = append(out, "EXTERNAL_ID_MATCH_NAME_MISMATCH")
	}
	if len(named) > 0 && !slices.Contains(named, externalID) {
		out = append(out, "NAME_MATCH_EXTERNAL_ID_MISMATCH")
	}
	return out
}

// record is one line of a CSV file.
func record(cells ...string) string {
	for i, cell := range cells {
		if strings.ContainsAny(cell, ",\"\r\n") {
			cells[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
	}
	return strings.Join(cells, ",") + "\r\n"
}

func joined(list []string) string { return strings.Join(list, ";") }

// Ids of these worlds are decimal numbers: a shorter one is smaller.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (o oracle) users() string {
	out := record("id", "username", "externalId", "externalIdWithUsernameMatch", "errorCategories")
	list := slices.Clone(o.st.Users)
	slices.SortFunc(list, func(a, b simulator.User) int { return byNumber(a.ID, b.ID) })
	for _, u := range list {
		named := o.usersNamed(u.UserName)
		if categories := o.categories(isUser, u.ExternalID, u.UserName, named); len(categories) > 0 {
			out += record(u.ID, u.UserName, u.ExternalID, joined(named), joined(categories))
		}
	}
	return out
}

func (o oracle) groups() string {
	out := record("id", "groupName", "externalId", "externalIdsWithGroupnameMatch", "localMembersNotInIdpInternalIds",
		"externalMembersNotInIdpInternalIds", "errorCategories")
	list := slices.Clone(o.st.Groups)
	slices.SortFunc(list, func(a, b simulator.Group) int { return byNumber(a.ID, b.ID) })
	for _, g := range list {
		named := o.groupsNamed(g.DisplayName)
		categories := o.categories(isGroup, g.ExternalID, g.DisplayName, named)
		var local, external []string
		if kind, _ := o.live(g.ExternalID); kind == isGroup {
			below := o.below(g.ExternalID)
			for _, m := range g.Members {
				id, known := o.externalID(m.Value)
				there, _ := o.live(id)
				switch {
				case !known:
				case id == "":
					local = append(local, m.Value)
				case there == "" || !below[strings.ToLower(id)]:
					external = append(external, m.Value)
				}
			}
		}
		if len(local) > 0 {
			categories = append(categories, "GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID")
		}
		if len(external) > 0 {
			categories = append(categories, "GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID")
		}
		slices.SortFunc(local, byNumber)
		slices.SortFunc(external, byNumber)
		if len(categories) > 0 {
			out += record(g.ID, g.DisplayName, g.ExternalID, joined(named), joined(local), joined(external), joined(categories))
		}
	}
	return out
}

func (o oracle) servicePrincipals() string {
	out := record("id", "applicationId", "externalId", "externalIdWithAppIdMatch", "errorCategories")
	list := slices.Clone(o.st.ServicePrincipals)
	slices.SortFunc(list, func(a, b simulator.ServicePrincipal) int { return byNumber(a.ID, b.ID) })
	for _, s := range list {
		named := o.servicePrincipalsNamed(s.ApplicationID)
		if categories := o.categories(isSP, s.ExternalID, s.ApplicationID, named); len(categories) > 0 {
			out += record(s.ID, s.ApplicationID, s.ExternalID, joined(named), joined(categories))
		}
	}
	return out
}

// files are the three files, by kind.
func (o oracle) files() map[string]string {
	return map[string]string{
		csv.Users: o.users(), csv.Groups: o.groups(), csv.ServicePrincipals: o.servicePrincipals(),
	}
}

// rendered are the three files of a report, by kind, as the csv function
// renders them.
func rendered(t fatal, r audit.Report) map[string]string {
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
// for byte, on the published scan's shape and on generated accounts. Users that
// share a name would differ (docs/design/idp-differences.md), and there are none.
func TestSources_sameCSV(t *testing.T) {
	t.Parallel()
	worlds := map[string]func(t *testing.T) simulator.State{
		"demo":       func(t *testing.T) simulator.State { t.Helper(); return preset(t, "demo") },
		"field-scan": func(t *testing.T) simulator.State { t.Helper(); return preset(t, "field-scan") },
	}
	for seed := range uint64(5) {
		worlds[fmt.Sprint("seed ", seed)] = func(t *testing.T) simulator.State {
			t.Helper()
			st, err := simulator.Generate(preset(t, "demo"), simulator.GenerateOptions{
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
			want := oracle{st: held}.files()
			if diff := cmp.Diff(want, oracle{st: held, all: true}.files()); diff != "" {
				t.Fatalf("this world has an ambiguous user name: %s", diff)
			}
			if strings.Count(want[csv.Users], "\r\n") < 5 {
				t.Fatalf("nothing to compare: %q", want[csv.Users])
			}
			for _, source := range []idp.Source{
				idp.NewDatabricks(client, 16), w.entra(t), idp.NewFile(writeDirectory(t, t.TempDir(), st.IDP)),
			} {
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

// On any account and directory each kind gives the oracle's bytes; the only
// difference that is allowed, and shown, is that directories list every user of
// an ambiguous name.
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
			idp.NewDatabricks(client, 8), w.entra(t), idp.NewFile(writeDirectory(t, dir, st.IDP)),
		} {
			report, _ := run(t, client, source)
			want := oracle{st: held, all: source.Kind() != idp.KindDatabricks}.files()
			if diff := cmp.Diff(want, rendered(t, report)); diff != "" {
				t.Fatalf("%s (-contract +got): %s", source.Kind(), diff)
			}
		}
	})
}
