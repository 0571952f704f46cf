// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package entra

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/wire"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// guidPattern is the form of every id that Graph accepts.
var guidPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// graphObject is one object of the directory; exactly one field is set.
type graphObject struct {
	user  *world.IDPUser
	group *world.IDPGroup
	sp    *world.IDPServicePrincipal
}

func (o graphObject) id() string {
	switch {
	case o.user != nil:
		return o.user.ID
	case o.group != nil:
		return o.group.ID
	default:
		return o.sp.ID
	}
}

func (o graphObject) deleted() bool {
	switch {
	case o.user != nil:
		return o.user.Deleted
	case o.group != nil:
		return o.group.Deleted
	default:
		return o.sp.Deleted
	}
}

func (o graphObject) kind() *graphKind {
	switch {
	case o.user != nil:
		return graphUser
	case o.group != nil:
		return graphGroup
	default:
		return graphSP
	}
}

// objectOf finds by id, deleted ones included.
func objectOf(d *world.Directory, id string) (graphObject, bool) {
	key := strings.ToLower(id)
	if u := d.Users[key]; u != nil {
		return graphObject{user: u}, true
	}
	if g := d.Groups[key]; g != nil {
		return graphObject{group: g}, true
	}
	sp := d.SPs[key]
	return graphObject{sp: sp}, sp != nil
}

// live finds by id what is not deleted.
func liveObject(d *world.Directory, id string) (graphObject, bool) {
	o, ok := objectOf(d, id)
	return o, ok && !o.deleted()
}

// graphKind is a resource type: its properties and which of them come unasked.
type graphKind struct {
	odata    string // without #microsoft.graph.
	path     string
	needs    []string // permissions to see more than the id
	defaults []string
	props    map[string]func(o graphObject) any
	// filters are the properties that $filter knows; assumed where the reference
	// (docs/reference/idp-apis.md 3.1) does not name them.
	filters []string
	all     func(d *world.Directory) graphSeq
	// index looks up by an indexed property; nil if there is no such index.
	index func(d *world.Directory, prop, value string) ([]graphObject, bool)
}

// prop finds a property in any case; the result is its proper spelling.
func (k *graphKind) prop(name string) (string, bool) {
	if _, ok := k.props[name]; ok {
		return name, true
	}
	for known := range k.props {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

// render is the JSON object with the properties asked for, or the default ones.
func (k *graphKind) render(o graphObject, selected []string) map[string]any {
	if len(selected) == 0 {
		selected = k.defaults
	}
	out := make(map[string]any, len(selected)+1)
	for _, name := range selected {
		if get := k.props[name]; get != nil {
			out[name] = get(o)
		}
	}
	return out
}

// bare is what a caller without permission for the type sees: the id, and the
// default properties as null (docs/reference/idp-apis.md 3.2 and 3.3).
func (k *graphKind) bare(o graphObject, selected []string) map[string]any {
	out := k.render(o, selected)
	for name := range out {
		out[name] = nil
	}
	out["id"] = o.id()
	return out
}

// graphSeq is a sequence of objects that is not built before it is read.
type graphSeq struct {
	n  int
	at func(i int) (graphObject, bool) // false: skip this place
}

func seqOf(objects []graphObject) graphSeq {
	return graphSeq{len(objects), func(i int) (graphObject, bool) { return objects[i], true }}
}

func constant(v any) func(graphObject) any { return func(graphObject) any { return v } }

// longAgo stands for every creation date: the state holds none.
const longAgo = "2024-01-01T00:00:00Z"

var graphUser = &graphKind{
	odata: "user", path: "users", needs: readUsers,
	defaults: []string{
		"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
	},
	filters: []string{"id", "userPrincipalName", "mail", "displayName", "userType", "accountEnabled", "creationType", "externalUserState"},
	all: func(d *world.Directory) graphSeq {
		return graphSeq{len(d.Doc.Users), func(i int) (graphObject, bool) {
			return graphObject{user: &d.Doc.Users[i]}, !d.Doc.Users[i].Deleted
		}}
	},
	index: func(d *world.Directory, prop, value string) ([]graphObject, bool) {
		var found []*world.IDPUser
		switch prop {
		case "userPrincipalName":
			found = d.UsersByName[world.NameKey(value)]
		case "mail":
			found = d.UsersByMail[world.NameKey(value)]
		default:
			return nil, false
		}
		var out []graphObject
		for _, u := range found {
			out = append(out, graphObject{user: u})
		}
		return out, true
	},
	props: withProperties(userNulls, userLists, map[string]func(o graphObject) any{
		"id":                func(o graphObject) any { return o.user.ID },
		"userPrincipalName": func(o graphObject) any { return userPrincipalName(o.user) },
		"mail":              func(o graphObject) any { return wire.OrNull(o.user.Mail) },
		"displayName":       func(o graphObject) any { return wire.OrNull(o.user.DisplayName) },
		"accountEnabled":    func(o graphObject) any { return o.user.AccountEnabled },
		"userType": func(o graphObject) any {
			if o.user.UserType == "" {
				return "Member"
			}
			return o.user.UserType
		},
		"externalUserState": guestOnly("Accepted"),
		"creationType":      guestOnly("Invitation"),
		"identities": func(o graphObject) any {
			_, domain, _ := strings.Cut(o.user.UserPrincipalName, "@")
			out := []any{map[string]any{
				"signInType": "userPrincipalName", "issuer": domain, "issuerAssignedId": o.user.UserPrincipalName,
			}}
			if isGuest(o.user) {
				out = append(out, map[string]any{"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": nil})
			}
			return out
		},
		"deletedDateTime": func(o graphObject) any { return deletionDate(o.user.Deleted) },
		"mailNickname": func(o graphObject) any {
			nick, _, _ := strings.Cut(o.user.UserPrincipalName, "@")
			return nick
		},
		"businessPhones": constant([]string{}), "givenName": constant(nil), "surname": constant(nil),
		"jobTitle": constant(nil), "mobilePhone": constant(nil), "officeLocation": constant(nil),
		"preferredLanguage": constant(nil), "department": constant(nil), "companyName": constant(nil),
		"createdDateTime": constant(longAgo), "otherMails": constant([]string{}), "proxyAddresses": constant([]string{}),
		"onPremisesImmutableId": constant(nil), "onPremisesSyncEnabled": constant(nil), "employeeId": constant(nil),
		"usageLocation": constant(nil),
	}),
}

// userPrincipalName of a deleted user begins with its id without dashes, so
// that the name is free again (docs/reference/idp-apis.md 3.7, [unofficial]).
func userPrincipalName(u *world.IDPUser) string {
	prefix := strings.ReplaceAll(u.ID, "-", "")
	if u.Deleted && !strings.HasPrefix(u.UserPrincipalName, prefix) {
		return prefix + u.UserPrincipalName
	}
	return u.UserPrincipalName
}

func isGuest(u *world.IDPUser) bool { return strings.EqualFold(u.UserType, "Guest") }

func guestOnly(value string) func(graphObject) any {
	return func(o graphObject) any {
		if isGuest(o.user) {
			return value
		}
		return nil
	}
}

func deletionDate(deleted bool) any {
	if deleted {
		return longAgo
	}
	return nil
}

var graphGroup = &graphKind{
	odata: "group", path: "groups", needs: readMembers,
	defaults: []string{
		"classification", "createdDateTime", "creationOptions", "deletedDateTime", "description", "displayName",
		"expirationDateTime", "groupTypes", "id", "isAssignableToRole", "mail", "mailEnabled", "mailNickname",
		"membershipRule", "membershipRuleProcessingState", "onPremisesSyncEnabled", "proxyAddresses",
		"renewedDateTime", "securityEnabled", "securityIdentifier", "theme", "visibility",
	},
	filters: []string{"id", "displayName", "securityEnabled", "mailEnabled", "groupTypes", "mail", "mailNickname"},
	all: func(d *world.Directory) graphSeq {
		return graphSeq{len(d.Doc.Groups), func(i int) (graphObject, bool) {
			return graphObject{group: &d.Doc.Groups[i]}, !d.Doc.Groups[i].Deleted
		}}
	},
	index: func(d *world.Directory, prop, value string) ([]graphObject, bool) {
		var out []graphObject
		for _, g := range d.GroupsByName[world.NameKey(value)] {
			out = append(out, graphObject{group: g})
		}
		return out, prop == "displayName"
	},
	props: withProperties(groupNulls, groupLists, map[string]func(o graphObject) any{
		"id":              func(o graphObject) any { return o.group.ID },
		"displayName":     func(o graphObject) any { return o.group.DisplayName },
		"securityEnabled": func(o graphObject) any { return o.group.SecurityEnabled },
		// A group that is not for security is a Microsoft 365 group: the state
		// has no other kind.
		"mailEnabled": func(o graphObject) any { return !o.group.SecurityEnabled },
		"groupTypes": func(o graphObject) any {
			if o.group.SecurityEnabled {
				return []string{}
			}
			return []string{"Unified"}
		},
		"visibility":      func(o graphObject) any { return wire.OrNull(o.group.Visibility) },
		"deletedDateTime": func(o graphObject) any { return deletionDate(o.group.Deleted) },
		"mailNickname":    func(o graphObject) any { return "group-" + o.group.ID },
		"classification":  constant(nil), "createdDateTime": constant(longAgo), "creationOptions": constant([]string{}),
		"description": constant(nil), "expirationDateTime": constant(nil), "isAssignableToRole": constant(nil),
		"mail": constant(nil), "membershipRule": constant(nil), "membershipRuleProcessingState": constant(nil),
		"onPremisesSyncEnabled": constant(nil), "proxyAddresses": constant([]string{}), "renewedDateTime": constant(longAgo),
		"securityIdentifier": constant(nil), "theme": constant(nil),
	}),
}

var graphSP = &graphKind{
	odata: "servicePrincipal", path: "servicePrincipals", needs: readSPs,
	defaults: []string{
		"accountEnabled", "alternativeNames", "appDescription", "appDisplayName", "appId", "appOwnerOrganizationId",
		"appRoleAssignmentRequired", "applicationTemplateId", "createdDateTime", "deletedDateTime", "description",
		"displayName", "id", "servicePrincipalNames", "servicePrincipalType", "tags",
	},
	filters: []string{
		"id", "appId", "displayName", "servicePrincipalType", "accountEnabled", "appOwnerOrganizationId",
		"applicationTemplateId", "servicePrincipalNames", "tags",
	},
	all: func(d *world.Directory) graphSeq {
		return graphSeq{len(d.Doc.ServicePrincipals), func(i int) (graphObject, bool) {
			return graphObject{sp: &d.Doc.ServicePrincipals[i]}, !d.Doc.ServicePrincipals[i].Deleted
		}}
	},
	index: func(d *world.Directory, prop, value string) ([]graphObject, bool) {
		var out []graphObject
		for _, sp := range d.SPsByAppID[strings.ToLower(value)] {
			out = append(out, graphObject{sp: sp})
		}
		return out, prop == "appId"
	},
	props: withProperties(spNulls, spLists, map[string]func(o graphObject) any{
		"id":                     func(o graphObject) any { return o.sp.ID },
		"appId":                  func(o graphObject) any { return o.sp.AppID },
		"displayName":            func(o graphObject) any { return wire.OrNull(o.sp.DisplayName) },
		"appDisplayName":         func(o graphObject) any { return wire.OrNull(o.sp.DisplayName) },
		"accountEnabled":         func(o graphObject) any { return o.sp.AccountEnabled },
		"appOwnerOrganizationId": func(o graphObject) any { return wire.OrNull(o.sp.AppOwnerOrganizationID) },
		"servicePrincipalNames":  func(o graphObject) any { return []string{o.sp.AppID} },
		"servicePrincipalType": func(o graphObject) any {
			if o.sp.ServicePrincipalType == "" {
				return "Application"
			}
			return o.sp.ServicePrincipalType
		},
		"appRoleAssignmentRequired":  func(o graphObject) any { return o.sp.AppRoleAssignmentRequired },
		"applicationTemplateId":      func(o graphObject) any { return wire.OrNull(o.sp.ApplicationTemplateID) },
		"tags":                       func(o graphObject) any { return append([]string{}, o.sp.Tags...) },
		"notificationEmailAddresses": func(o graphObject) any { return append([]string{}, o.sp.NotificationEmailAddresses...) },
		"deletedDateTime":            func(o graphObject) any { return deletionDate(o.sp.Deleted) },
		"alternativeNames":           constant([]string{}), "appDescription": constant(nil), "createdDateTime": constant(longAgo), "description": constant(nil),
	}),
}

var graphKinds = []*graphKind{graphUser, graphGroup, graphSP}

// castKind is the kind behind a path segment such as microsoft.graph.user or, by
// the alias of the namespace that the SDKs use, graph.user. A nil kind with ok is
// a type that Graph knows and this directory never holds.
func castKind(segment string) (kind *graphKind, ok bool) {
	name, found := strings.CutPrefix(strings.TrimPrefix(strings.ToLower(segment), "microsoft."), "graph.")
	if !found {
		return nil, false
	}
	for _, k := range graphKinds {
		if strings.EqualFold(k.odata, name) {
			return k, true
		}
	}
	return nil, slices.Contains([]string{"device", "orgcontact", "application", "administrativeunit", "directoryrole"}, name)
}
