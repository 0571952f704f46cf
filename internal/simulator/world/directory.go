// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package world

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// defaultTenantID is the tenant of a state that names none.
const defaultTenantID = "51000000-0000-4000-8000-00000000e27a"

// Directory is the indexed IdP half of the state. Nothing changes it but a new
// state document. Keys are lower-cased: Entra compares ids and names in any case.
type Directory struct {
	Doc    IDP
	Users  map[string]*IDPUser // by id
	Groups map[string]*IDPGroup
	SPs    map[string]*IDPServicePrincipal

	// By [NameKey]; deleted ones are left out.
	UsersByName  map[string][]*IDPUser // by userPrincipalName
	UsersByMail  map[string][]*IDPUser
	GroupsByName map[string][]*IDPGroup
	SPsByAppID   map[string][]*IDPServicePrincipal
	Parents      map[string][]*IDPGroup // by member id
}

// NameKey is one for names that [strings.EqualFold] takes for one, which is how
// filters compare.
func NameKey(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

func newDirectory(doc IDP) (*Directory, error) {
	d := &Directory{
		Doc: IDP{
			TenantID: doc.TenantID, VerifiedDomains: slices.Clone(doc.VerifiedDomains),
			Users: slices.Clone(doc.Users), Groups: slices.Clone(doc.Groups),
			ServicePrincipals: slices.Clone(doc.ServicePrincipals), ApplicationTemplates: slices.Clone(doc.ApplicationTemplates),
			ProvisioningLog: slices.Clone(doc.ProvisioningLog),
		},
		Users: map[string]*IDPUser{}, Groups: map[string]*IDPGroup{}, SPs: map[string]*IDPServicePrincipal{},
		UsersByName: map[string][]*IDPUser{}, UsersByMail: map[string][]*IDPUser{},
		GroupsByName: map[string][]*IDPGroup{}, SPsByAppID: map[string][]*IDPServicePrincipal{},
		Parents: map[string][]*IDPGroup{},
	}
	slices.SortFunc(d.Doc.Users, func(a, b IDPUser) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(d.Doc.Groups, func(a, b IDPGroup) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(d.Doc.ServicePrincipals, func(a, b IDPServicePrincipal) int { return cmp.Compare(a.ID, b.ID) })
	taken := map[string]bool{}
	claim := func(list string, i int, id string) error {
		key := strings.ToLower(id)
		if id == "" || taken[key] {
			return fmt.Errorf("idp.%s[%d]: id %q is empty or used twice", list, i, id)
		}
		taken[key] = true
		return nil
	}
	for i := range d.Doc.Users {
		u := &d.Doc.Users[i]
		if err := claim("users", i, u.ID); err != nil {
			return nil, err
		}
		d.Users[strings.ToLower(u.ID)] = u
		if u.Deleted {
			continue
		}
		d.UsersByName[NameKey(u.UserPrincipalName)] = append(d.UsersByName[NameKey(u.UserPrincipalName)], u)
		if u.Mail != "" {
			d.UsersByMail[NameKey(u.Mail)] = append(d.UsersByMail[NameKey(u.Mail)], u)
		}
	}
	for i := range d.Doc.Groups {
		g := &d.Doc.Groups[i]
		if err := claim("groups", i, g.ID); err != nil {
			return nil, err
		}
		d.Groups[strings.ToLower(g.ID)] = g
		if g.Deleted {
			continue
		}
		d.GroupsByName[NameKey(g.DisplayName)] = append(d.GroupsByName[NameKey(g.DisplayName)], g)
		for _, m := range g.Members {
			d.Parents[strings.ToLower(m)] = append(d.Parents[strings.ToLower(m)], g)
		}
	}
	for i := range d.Doc.ServicePrincipals {
		sp := &d.Doc.ServicePrincipals[i]
		if err := claim("service_principals", i, sp.ID); err != nil {
			return nil, err
		}
		d.SPs[strings.ToLower(sp.ID)] = sp
		if sp.Deleted {
			continue
		}
		d.SPsByAppID[strings.ToLower(sp.AppID)] = append(d.SPsByAppID[strings.ToLower(sp.AppID)], sp)
	}
	return d, nil
}

// TransitiveMembers are the lower-cased ids below a group, the group itself
// left out even inside a cycle.
func (d *Directory) TransitiveMembers(g *IDPGroup) map[string]bool {
	out := map[string]bool{}
	self := strings.ToLower(g.ID)
	for queue := []*IDPGroup{g}; len(queue) > 0; queue = queue[1:] {
		for _, m := range queue[0].Members {
			key := strings.ToLower(m)
			if key == self || out[key] {
				continue
			}
			out[key] = true
			if child := d.Groups[key]; child != nil && !child.Deleted {
				queue = append(queue, child)
			}
		}
	}
	return out
}

func (d *Directory) dump() IDP {
	out := d.Doc
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

// User finds a live user by object id; nil for none and for the empty id.
func (d *Directory) User(id string) *IDPUser {
	if u := d.Users[strings.ToLower(id)]; u != nil && !u.Deleted {
		return u
	}
	return nil
}

// Group is one that is not deleted, by id, or nil.
func (d *Directory) Group(id string) *IDPGroup {
	if g := d.Groups[strings.ToLower(id)]; g != nil && !g.Deleted {
		return g
	}
	return nil
}

// ServicePrincipal is one that is not deleted, by id, or nil.
func (d *Directory) ServicePrincipal(id string) *IDPServicePrincipal {
	if sp := d.SPs[strings.ToLower(id)]; sp != nil && !sp.Deleted {
		return sp
	}
	return nil
}

// Live reports whether a user, group or service principal of that object id exists
// outside the recycle bin.
func (d *Directory) Live(id string) bool {
	return d.User(id) != nil || d.Group(id) != nil || d.ServicePrincipal(id) != nil
}

// UserNamed finds the live user that a Databricks user name means: in any case,
// and by mail address as well as by UPN, which comes first. Real scans have
// rows in which the IdP found the stored identity under a name that differs
// from its UPN. Disabled users and guests match. Several: the lowest id wins
// (assumed).
func (d *Directory) UserNamed(name string) *IDPUser {
	key := NameKey(name)
	if list := d.UsersByName[key]; len(list) > 0 {
		return list[0]
	}
	if list := d.UsersByMail[key]; len(list) > 0 {
		return list[0]
	}
	return nil
}

// AccountName is the name that Databricks gives to an IdP user: the UPN, and
// the mail address of a guest.
func (u *IDPUser) AccountName() string {
	if u.UserType == "Guest" && u.Mail != "" {
		return u.Mail
	}
	return u.UserPrincipalName
}

// ParentIDs are the groups that list a lower-cased id, sorted.
func (d *Directory) ParentIDs(key string) []string {
	out := make([]string, 0, len(d.Parents[key]))
	for _, g := range d.Parents[key] {
		out = append(out, g.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// AncestorIDs are the groups above a lower-cased id, sorted, without itself.
func (d *Directory) AncestorIDs(key string) []string {
	seen := map[string]bool{key: true}
	out := []string{}
	for queue := []string{key}; len(queue) > 0; queue = queue[1:] {
		for _, g := range d.Parents[queue[0]] {
			if up := strings.ToLower(g.ID); !seen[up] {
				seen[up] = true
				queue, out = append(queue, up), append(out, g.ID)
			}
		}
	}
	slices.Sort(out)
	return out
}

// TenantID is that of the state, or a built-in one.
func (d *Directory) TenantID() string {
	if d.Doc.TenantID != "" {
		return d.Doc.TenantID
	}
	return defaultTenantID
}

// Domains are the verified domains, one at least.
func (d *Directory) Domains() []string {
	if len(d.Doc.VerifiedDomains) > 0 {
		return d.Doc.VerifiedDomains
	}
	return []string{"example.com"}
}

// IsTenant reports whether a path names the tenant, by id or by verified domain.
func (d *Directory) IsTenant(name string) bool {
	return strings.EqualFold(name, d.TenantID()) ||
		slices.ContainsFunc(d.Domains(), func(v string) bool { return strings.EqualFold(v, name) })
}
