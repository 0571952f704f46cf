// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

// Package prepscript says what the prep script would find in a state of the
// simulator: the oracle that tests compare the provider with.
package prepscript

import (
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// Oracle writes the prep script's three files from an account and a directory,
// by its contract alone (prep-script-contract 3 to 5; databricks-account-api 6
// for what the server looks up): slow loops, and no code of the engine or of an
// adapter.
type Oracle struct {
	State simulator.State
	// Directory is who reads the directory in bulk, in place of matchWithIdp: it
	// lists every user of an ambiguous name, of which matchWithIdp names the one with
	// the lowest id (assumed); it knows both names of an external user; and it finds
	// ids with spaces around them.
	Directory bool
}

// The kinds of files.
const (
	KindUsers             = "users"
	KindGroups            = "groups"
	KindServicePrincipals = "service_principals"
)

// stored is an externalId as it is looked up.
func (o Oracle) stored(id string) string {
	if o.Directory {
		return strings.TrimSpace(id)
	}
	return id
}

// The kinds of IdP objects.
const (
	isUser  = "user"
	isGroup = "group"
	isSP    = "service principal"
)

// Live is the kind of an IdP object outside the recycle bin, by id in any
// case, and its names in Databricks; "" for none. Directories know both names of
// an external user.
func (o Oracle) Live(id string) (kind string, names []string) {
	id = o.stored(id)
	for _, u := range o.State.IDP.Users {
		if strings.EqualFold(u.ID, id) && !u.Deleted {
			switch {
			case o.Directory && isExternal(u):
				return isUser, []string{u.Mail, u.UserPrincipalName}
			case u.UserType == "Guest" && u.Mail != "":
				return isUser, []string{u.Mail}
			}
			return isUser, []string{u.UserPrincipalName}
		}
	}
	for _, g := range o.State.IDP.Groups {
		if strings.EqualFold(g.ID, id) && !g.Deleted {
			return isGroup, []string{g.DisplayName}
		}
	}
	for _, s := range o.State.IDP.ServicePrincipals {
		if strings.EqualFold(s.ID, id) && !s.Deleted {
			return isSP, []string{s.AppID}
		}
	}
	return "", nil
}

func isExternal(u simulator.IDPUser) bool {
	return strings.Contains(strings.ToUpper(u.UserPrincipalName), "#EXT#") && u.Mail != ""
}

// UsersNamed are the ids of the IdP users that a user name means: by UPN, else
// by mail address, in any case. Directories list beside the UPN's owner the guest
// or external user whose name in Databricks it is too.
func (o Oracle) UsersNamed(name string) []string {
	var byUPN, byMail, guests []string
	for _, u := range o.State.IDP.Users {
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
	case len(byUPN) == 0 && !o.Directory:
		return byMail[:min(1, len(byMail))]
	case len(byUPN) == 0:
		return byMail
	case !o.Directory:
		return byUPN[:1]
	}
	all := slices.Concat(byUPN, guests)
	slices.Sort(all)
	return all
}

// GroupsNamed are the ids of the IdP groups of a name, in any case.
func (o Oracle) GroupsNamed(name string) (ids []string) {
	for _, g := range o.State.IDP.Groups {
		if !g.Deleted && strings.EqualFold(g.DisplayName, name) {
			ids = append(ids, g.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// ServicePrincipalsNamed are those of an application id.
func (o Oracle) ServicePrincipalsNamed(appID string) (ids []string) {
	for _, s := range o.State.IDP.ServicePrincipals {
		if !s.Deleted && strings.EqualFold(s.AppID, appID) {
			ids = append(ids, s.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Below are the ids, in lower case, of all that an IdP group has as members, at
// any depth: it looks every group up from the start and stops when nothing new
// comes. A group is no member of itself, not even through a cycle.
func (o Oracle) Below(groupID string) map[string]bool {
	found := map[string]bool{}
	groupID = o.stored(groupID)
	for open := []string{groupID}; len(open) > 0; open = open[1:] {
		for _, g := range o.State.IDP.Groups {
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

// ExternalID is that of a principal of the account; false when there is none of
// that id.
func (o Oracle) ExternalID(id string) (string, bool) {
	for _, u := range o.State.Users {
		if u.ID == id {
			return u.ExternalID, true
		}
	}
	for _, g := range o.State.Groups {
		if g.ID == id {
			return g.ExternalID, true
		}
	}
	for _, s := range o.State.ServicePrincipals {
		if s.ID == id {
			return s.ExternalID, true
		}
	}
	return "", false
}

// categories are the first three of the contract's table.
func (o Oracle) categories(kind, externalID, name string, named []string) (out []string) {
	linked, linkedNames := o.Live(externalID)
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

func (o Oracle) users() string {
	out := record("id", "username", "externalId", "externalIdWithUsernameMatch", "errorCategories")
	list := slices.Clone(o.State.Users)
	slices.SortFunc(list, func(a, b simulator.User) int { return byNumber(a.ID, b.ID) })
	for _, u := range list {
		named := o.UsersNamed(u.UserName)
		if categories := o.categories(isUser, u.ExternalID, u.UserName, named); len(categories) > 0 {
			out += record(u.ID, u.UserName, u.ExternalID, joined(named), joined(categories))
		}
	}
	return out
}

func (o Oracle) groups() string {
	out := record("id", "groupName", "externalId", "externalIdsWithGroupnameMatch", "localMembersNotInIdpInternalIds",
		"externalMembersNotInIdpInternalIds", "errorCategories")
	list := slices.Clone(o.State.Groups)
	slices.SortFunc(list, func(a, b simulator.Group) int { return byNumber(a.ID, b.ID) })
	for _, g := range list {
		named := o.GroupsNamed(g.DisplayName)
		categories := o.categories(isGroup, g.ExternalID, g.DisplayName, named)
		var local, external []string
		if kind, _ := o.Live(g.ExternalID); kind == isGroup {
			below := o.Below(g.ExternalID)
			for _, m := range g.Members {
				id, known := o.ExternalID(m.Value)
				there, _ := o.Live(id)
				switch {
				case !known:
				case id == "":
					local = append(local, m.Value)
				case there == "" || !below[strings.ToLower(o.stored(id))]:
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

func (o Oracle) servicePrincipals() string {
	out := record("id", "applicationId", "externalId", "externalIdWithAppIdMatch", "errorCategories")
	list := slices.Clone(o.State.ServicePrincipals)
	slices.SortFunc(list, func(a, b simulator.ServicePrincipal) int { return byNumber(a.ID, b.ID) })
	for _, s := range list {
		named := o.ServicePrincipalsNamed(s.ApplicationID)
		if categories := o.categories(isSP, s.ExternalID, s.ApplicationID, named); len(categories) > 0 {
			out += record(s.ID, s.ApplicationID, s.ExternalID, joined(named), joined(categories))
		}
	}
	return out
}

// Files are the three files, by kind.
func (o Oracle) Files() map[string]string {
	return map[string]string{
		KindUsers: o.users(), KindGroups: o.groups(), KindServicePrincipals: o.servicePrincipals(),
	}
}
