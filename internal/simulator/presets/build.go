// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package presets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
)

// builder makes states. Every id is derived from a label (what the thing is and
// what it is called), so that adding one thing moves none of the others.
type builder struct {
	st    world.State
	salt  string
	ids   map[string]bool // principal ids in use
	names map[string]bool // kind and lower-cased unique name in use
	// number gives a principal its id; nil means [builder.hashedID].
	number func(kind world.Kind, label string) string
}

// newBuilder starts on a deep copy of a state.
func newBuilder(st world.State, salt string) (*builder, error) {
	b := &builder{salt: salt, ids: map[string]bool{}, names: map[string]bool{}}
	raw, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("encoding the state: %w", err)
	}
	if err := json.Unmarshal(raw, &b.st); err != nil {
		return nil, fmt.Errorf("decoding the state: %w", err)
	}
	for _, u := range b.st.Users {
		b.claim(world.KindUser, u.ID, u.UserName)
	}
	for _, g := range b.st.Groups {
		b.claim(world.KindGroup, g.ID, g.DisplayName)
	}
	for _, sp := range b.st.ServicePrincipals {
		b.claim(world.KindServicePrincipal, sp.ID, sp.ApplicationID)
	}
	return b, nil
}

// done checks the state and puts it into its canonical order.
func (b *builder) done() (world.State, error) {
	w, err := world.New(b.st)
	if err != nil {
		return world.State{}, err
	}
	return w.Dump()
}

func (b *builder) claim(kind world.Kind, id, name string) {
	b.ids[id] = true
	b.names[string(kind)+"/"+strings.ToLower(name)] = true
}

// taken reports whether a Databricks principal of that kind has the name.
func (b *builder) taken(kind world.Kind, name string) bool {
	return b.names[string(kind)+"/"+strings.ToLower(name)]
}

func (b *builder) hash(label string) [sha256.Size]byte {
	return sha256.Sum256([]byte(b.salt + "\x00" + label))
}

// uuid is a version 4 UUID that depends on the label only.
func (b *builder) uuid(label string) string {
	h := b.hash("uuid/" + label)
	h[6] = h[6]&0x0f | 0x40
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// hashedID has the lengths of a real scan: 12 to 15 digits, 14 to 16 for groups.
// All stay below 2^53, so that clients that read numbers as floats read them whole.
func (b *builder) hashedID(kind world.Kind, label string) string {
	shortest, lengths := 12, uint64(4)
	if kind == world.KindGroup {
		shortest, lengths = 14, 3
	}
	for try := 0; ; try++ {
		h := b.hash(fmt.Sprintf("id/%s/%s/%d", kind, label, try))
		low := int64(1)
		for range shortest - 1 + int(binary.BigEndian.Uint64(h[0:8])%lengths) {
			low *= 10
		}
		// 8 x low keeps 16 digits below 2^53 = 9,007,199,254,740,992.
		id := strconv.FormatInt(low+int64(binary.BigEndian.Uint64(h[8:16])%uint64(7*low)), 10)
		if !b.ids[id] {
			return id
		}
	}
}

func (b *builder) principalID(kind world.Kind, label string) string {
	if b.number != nil {
		return b.number(kind, label)
	}
	return b.hashedID(kind, label)
}

// user adds an active account user and returns its id.
func (b *builder) user(userName, externalID string, changes ...func(*world.User)) string {
	u := world.User{
		ID: b.principalID(world.KindUser, userName), UserName: userName, ExternalID: externalID, Active: true,
		DisplayName: strings.Split(userName, "@")[0],
		Emails:      []world.Email{{Value: userName, Type: "work", Primary: true}},
	}
	for _, change := range changes {
		change(&u)
	}
	b.claim(world.KindUser, u.ID, u.UserName)
	b.st.Users = append(b.st.Users, u)
	return u.ID
}

// group adds an account group and returns its id.
func (b *builder) group(name, externalID string, members ...string) string {
	g := world.Group{ID: b.principalID(world.KindGroup, name), DisplayName: name, ExternalID: externalID, Members: memberList(members)}
	b.claim(world.KindGroup, g.ID, g.DisplayName)
	b.st.Groups = append(b.st.Groups, g)
	return g.ID
}

func memberList(ids []string) []world.Member {
	var out []world.Member
	for _, id := range ids {
		out = append(out, world.Member{Value: id})
	}
	return out
}

// servicePrincipal adds an active account service principal and returns its id.
func (b *builder) servicePrincipal(display, applicationID, externalID string, changes ...func(*world.ServicePrincipal)) string {
	sp := world.ServicePrincipal{
		ID: b.principalID(world.KindServicePrincipal, display), ApplicationID: applicationID,
		DisplayName: display, ExternalID: externalID, Active: true,
	}
	for _, change := range changes {
		change(&sp)
	}
	b.claim(world.KindServicePrincipal, sp.ID, sp.ApplicationID)
	b.st.ServicePrincipals = append(b.st.ServicePrincipals, sp)
	return sp.ID
}

// idpUser adds an enabled member of the tenant and returns its object id.
func (b *builder) idpUser(upn string, changes ...func(*world.IDPUser)) string {
	u := world.IDPUser{
		ID: b.uuid("idp user/" + upn), UserPrincipalName: upn, Mail: upn,
		DisplayName: strings.Split(upn, "@")[0], UserType: "Member", AccountEnabled: true,
	}
	for _, change := range changes {
		change(&u)
	}
	b.st.IDP.Users = append(b.st.IDP.Users, u)
	return u.ID
}

// idpGuest adds a B2B guest, whose UPN is made from the outside address.
func (b *builder) idpGuest(mail string) string {
	upn := strings.ReplaceAll(mail, "@", "_") + "#EXT#@" + presetTenantDomain
	return b.idpUser(upn, func(u *world.IDPUser) { u.Mail, u.UserType, u.DisplayName = mail, "Guest", strings.Split(mail, "@")[0] })
}

// idpGroup adds a security group with direct members and returns its object id.
func (b *builder) idpGroup(name string, members ...string) string {
	return b.idpGroupNumber(name, 1, members...)
}

// idpGroupNumber is for names that several groups of the tenant share.
func (b *builder) idpGroupNumber(name string, n int, members ...string) string {
	g := world.IDPGroup{
		ID: b.uuid(fmt.Sprintf("idp group/%s/%d", name, n)), DisplayName: name,
		SecurityEnabled: true, Members: slices.Clone(members),
	}
	b.st.IDP.Groups = append(b.st.IDP.Groups, g)
	return g.ID
}

// idpServicePrincipal adds an enterprise application and returns its object id.
func (b *builder) idpServicePrincipal(display, appID string) string {
	sp := world.IDPServicePrincipal{
		ID: b.uuid("idp service principal/" + appID), AppID: appID, DisplayName: display,
		AccountEnabled: true, ServicePrincipalType: "Application", AppOwnerOrganizationID: b.st.IDP.TenantID,
	}
	b.st.IDP.ServicePrincipals = append(b.st.IDP.ServicePrincipals, sp)
	return sp.ID
}

// linkedUser adds a user and the IdP identity that it belongs to.
func (b *builder) linkedUser(userName string) (id, objectID string) {
	objectID = b.idpUser(userName)
	return b.user(userName, objectID), objectID
}

// linkedServicePrincipal adds a service principal and its enterprise application.
func (b *builder) linkedServicePrincipal(display string) (id, objectID string) {
	appID := b.uuid("application/" + display)
	objectID = b.idpServicePrincipal(display, appID)
	return b.servicePrincipal(display, appID, objectID), objectID
}

// account users: everyone is in it.
func (b *builder) accountUsers() {
	var members []string
	for _, u := range b.st.Users {
		members = append(members, u.ID)
	}
	for _, sp := range b.st.ServicePrincipals {
		members = append(members, sp.ID)
	}
	b.group(presetAccountUsersName, "", members...)
	b.st.Groups[len(b.st.Groups)-1].System = true
}
