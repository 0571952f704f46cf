// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// defaultTenantID is the tenant of a state that names none.
const defaultTenantID = "51000000-0000-4000-8000-00000000e27a"

// directory is the indexed IdP half of the state. Nothing changes it but a new
// state document. Keys are lower-cased: Entra compares ids and names in any case.
type directory struct {
	doc    IDP
	users  map[string]*IDPUser // by id
	groups map[string]*IDPGroup
	sps    map[string]*IDPServicePrincipal

	// By [nameKey]; deleted ones are left out.
	usersByName  map[string][]*IDPUser // by userPrincipalName
	usersByMail  map[string][]*IDPUser
	groupsByName map[string][]*IDPGroup
	spsByAppID   map[string][]*IDPServicePrincipal
	parents      map[string][]*IDPGroup // by member id
}

// nameKey is one for names that [strings.EqualFold] takes for one, which is how
// filters compare.
func nameKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

func newDirectory(doc IDP) (*directory, error) {
	d := &directory{
		doc: IDP{
			TenantID: doc.TenantID, VerifiedDomains: slices.Clone(doc.VerifiedDomains),
			Users: slices.Clone(doc.Users), Groups: slices.Clone(doc.Groups),
			ServicePrincipals: slices.Clone(doc.ServicePrincipals), ApplicationTemplates: slices.Clone(doc.ApplicationTemplates),
			ProvisioningLog: slices.Clone(doc.ProvisioningLog),
		},
		users: map[string]*IDPUser{}, groups: map[string]*IDPGroup{}, sps: map[string]*IDPServicePrincipal{},
		usersByName: map[string][]*IDPUser{}, usersByMail: map[string][]*IDPUser{},
		groupsByName: map[string][]*IDPGroup{}, spsByAppID: map[string][]*IDPServicePrincipal{},
		parents: map[string][]*IDPGroup{},
	}
	slices.SortFunc(d.doc.Users, func(a, b IDPUser) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(d.doc.Groups, func(a, b IDPGroup) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(d.doc.ServicePrincipals, func(a, b IDPServicePrincipal) int { return cmp.Compare(a.ID, b.ID) })
	taken := map[string]bool{}
	claim := func(list string, i int, id string) error {
		key := strings.ToLower(id)
		if id == "" || taken[key] {
			return fmt.Errorf("idp.%s[%d]: id %q is empty or used twice", list, i, id)
		}
		taken[key] = true
		return nil
	}
	for i := range d.doc.Users {
		u := &d.doc.Users[i]
		if err := claim("users", i, u.ID); err != nil {
			return nil, err
		}
		d.users[strings.ToLower(u.ID)] = u
		if u.Deleted {
			continue
		}
		d.usersByName[nameKey(u.UserPrincipalName)] = append(d.usersByName[nameKey(u.UserPrincipalName)], u)
		if u.Mail != "" {
			d.usersByMail[nameKey(u.Mail)] = append(d.usersByMail[nameKey(u.Mail)], u)
		}
	}
	for i := range d.doc.Groups {
		g := &d.doc.Groups[i]
		if err := claim("groups", i, g.ID); err != nil {
			return nil, err
		}
		d.groups[strings.ToLower(g.ID)] = g
		if g.Deleted {
			continue
		}
		d.groupsByName[nameKey(g.DisplayName)] = append(d.groupsByName[nameKey(g.DisplayName)], g)
		for _, m := range g.Members {
			d.parents[strings.ToLower(m)] = append(d.parents[strings.ToLower(m)], g)
		}
	}
	for i := range d.doc.ServicePrincipals {
		sp := &d.doc.ServicePrincipals[i]
		if err := claim("service_principals", i, sp.ID); err != nil {
			return nil, err
		}
		d.sps[strings.ToLower(sp.ID)] = sp
		if sp.Deleted {
			continue
		}
		d.spsByAppID[strings.ToLower(sp.AppID)] = append(d.spsByAppID[strings.ToLower(sp.AppID)], sp)
	}
	return d, nil
}

// transitiveMembers are the lower-cased ids below a group, the group itself
// left out even inside a cycle.
func (d *directory) transitiveMembers(g *IDPGroup) map[string]bool {
	out := map[string]bool{}
	self := strings.ToLower(g.ID)
	for queue := []*IDPGroup{g}; len(queue) > 0; queue = queue[1:] {
		for _, m := range queue[0].Members {
			key := strings.ToLower(m)
			if key == self || out[key] {
				continue
			}
			out[key] = true
			if child := d.groups[key]; child != nil && !child.Deleted {
				queue = append(queue, child)
			}
		}
	}
	return out
}

func (d *directory) dump() IDP {
	out := d.doc
	if out.Users == nil {
		out.Users = []IDPUser{}
	}
	if out.Groups == nil {
		out.Groups = []IDPGroup{}
	}
	if out.ServicePrincipals == nil {
		out.ServicePrincipals = []IDPServicePrincipal{}
	}
	return out
}

// user finds a live user by object id; nil for none and for the empty id.
func (d *directory) user(id string) *IDPUser {
	if u := d.users[strings.ToLower(id)]; u != nil && !u.Deleted {
		return u
	}
	return nil
}

func (d *directory) group(id string) *IDPGroup {
	if g := d.groups[strings.ToLower(id)]; g != nil && !g.Deleted {
		return g
	}
	return nil
}

func (d *directory) servicePrincipal(id string) *IDPServicePrincipal {
	if sp := d.sps[strings.ToLower(id)]; sp != nil && !sp.Deleted {
		return sp
	}
	return nil
}

// live tells whether a user, group or service principal of that object id exists
// outside the recycle bin.
func (d *directory) live(id string) bool {
	return d.user(id) != nil || d.group(id) != nil || d.servicePrincipal(id) != nil
}

// userNamed finds the live user that a Databricks user name means: in any case,
// and by mail address as well as by UPN, which comes first. Real scans have
// rows in which the IdP found the stored identity under a name that differs
// from its UPN. Disabled users and guests match. Several: the lowest id wins
// (assumed).
func (d *directory) userNamed(name string) *IDPUser {
	key := nameKey(name)
	if list := d.usersByName[key]; len(list) > 0 {
		return list[0]
	}
	if list := d.usersByMail[key]; len(list) > 0 {
		return list[0]
	}
	return nil
}

// accountName is the name that Databricks gives to an IdP user: the UPN, and
// the mail address of a guest.
func (u *IDPUser) accountName() string {
	if u.UserType == "Guest" && u.Mail != "" {
		return u.Mail
	}
	return u.UserPrincipalName
}

// parentIDs are the groups that list a lower-cased id, sorted.
func (d *directory) parentIDs(key string) []string {
	out := make([]string, 0, len(d.parents[key]))
	for _, g := range d.parents[key] {
		out = append(out, g.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ancestorIDs are the groups above a lower-cased id, sorted, without itself.
func (d *directory) ancestorIDs(key string) []string {
	seen := map[string]bool{key: true}
	out := []string{}
	for queue := []string{key}; len(queue) > 0; queue = queue[1:] {
		for _, g := range d.parents[queue[0]] {
			if up := strings.ToLower(g.ID); !seen[up] {
				seen[up] = true
				queue, out = append(queue, up), append(out, g.ID)
			}
		}
	}
	slices.Sort(out)
	return out
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
