// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// SCIMMember is an entry of a group's members (docs/reference/databricks-account-api.md 4.1).
type SCIMMember struct {
	Value   api.Text `json:"value"`
	Display string   `json:"display"`
	Ref     string   `json:"$ref"`
	Type    string   `json:"type"`
}

// PrincipalType is empty where the entry does not say.
func (m *SCIMMember) PrincipalType() audit.PrincipalType {
	kind := m.Type
	// "Users/123", or an absolute URL that ends so.
	if parts := strings.Split(m.Ref, "/"); len(parts) >= 2 {
		kind = parts[len(parts)-2]
	}
	switch strings.TrimSuffix(kind, "s") {
	case "User":
		return audit.TypeUser
	case "Group":
		return audit.TypeGroup
	case "ServicePrincipal":
		return audit.TypeServicePrincipal
	}
	return ""
}

// iamMember is a direct member (docs/reference/databricks-account-api.md 5.3).
type iamMember struct {
	PrincipalID   api.Text `json:"principal_id"`
	PrincipalType string   `json:"principal_type"`
	DisplayName   string   `json:"display_name"`
	ExternalID    string   `json:"external_id"`
	Source        string   `json:"membership_source"`
}

// Members are the direct members of a group, sorted, each once. Read once per
// group and client; own writes are kept in it.
//
// Requests: IAM v2 direct-members in pages of 1,000, which lists provisioned
// members only and reports who owns each membership; or one account SCIM GET of
// the group, which does not show what AIM resolves from the IdP, and whose
// sources are unknown: externalIds come from the inventory then. Name is the
// display name. errors.Is(err, ErrNotFound) as for [Directory.Principal].
func (d *memberships) Members(ctx context.Context, groupID string) ([]audit.Member, error) {
	out, _, err := d.membersSince(ctx, groupID)
	return out, err
}

// membersSince is Members with the time at which the reading began.
func (d *memberships) membersSince(ctx context.Context, groupID string) ([]audit.Member, time.Time, error) {
	all, err := d.members.Get(ctx, groupID, func(ctx context.Context) (MembersRead, error) {
		read, err := d.keptIAMMembers(ctx, groupID)
		if err == nil && read.FromIAMv2 && len(read.List) == 0 {
			err = d.reallyEmpty(ctx, groupID)
		}
		if err != nil || read.FromIAMv2 {
			return read, err
		}
		read.began = time.Now()
		read.List, err = d.MembersFromSCIM(ctx, groupID, nil)
		return read, err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the members of group/%s: %w", groupID, err)
	}
	return d.withOwnWrites(groupID, all.List, all.began), all.began, nil
}

// withOwnWrites lays what this process has written over a list that was begun at a time.
func (d *memberships) withOwnWrites(groupID string, members []audit.Member, began time.Time) []audit.Member {
	out := d.Edges.overlay(groupID, slices.Clone(members), began)
	d.inventory.mu.Lock()
	defer d.inventory.mu.Unlock()
	for i := range out {
		if p, ok := d.inventory.written[out[i].Ref]; ok {
			out[i].ExternalID = p.ExternalID
		}
	}
	return out
}

// MembersNow is Members read anew, whatever was read before: for someone who
// believes otherwise than a read that may have been stale.
func (d *memberships) MembersNow(ctx context.Context, groupID string) ([]audit.Member, error) {
	members, err := d.ReadMembers(ctx, groupID, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the members of group/%s: %w", groupID, err)
	}
	return members, nil
}

// ShownBesides reports whether account SCIM shows a member of a group whose members
// IAM v2 has returned without it: IAM v2 leaves empty lists out of its answers, and may
// be behind. It is false, without a request, where IAM v2 is not in use.
func (d *memberships) ShownBesides(ctx context.Context, groupID, memberID string) (bool, error) {
	if !d.api.UseIAMv2(familyMembers) {
		return false, nil
	}
	r, err := d.scimGet(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID})
	if err != nil {
		return false, err
	}
	return slices.Contains(d.besides(nil, r, groupID), memberID), nil
}

// MembersRead is one reading of the members of a group.
type MembersRead struct {
	began time.Time
	List  []audit.Member
	// FromIAMv2 is true when IAM v2 returned them.
	FromIAMv2 bool
}

// ReadMembers reads past the cache. known is the group by account SCIM, where
// the caller has just read it.
func (d *memberships) ReadMembers(ctx context.Context, groupID string, known *SCIMResource) ([]audit.Member, error) {
	if read, err := d.MembersFromIAMv2(ctx, groupID); err != nil || read.FromIAMv2 {
		return read.List, err
	}
	return d.MembersFromSCIM(ctx, groupID, known)
}

// keptIAMMembers is MembersFromIAMv2, kept.
func (d *memberships) keptIAMMembers(ctx context.Context, groupID string) (MembersRead, error) {
	return d.iamMembers.Get(ctx, groupID, func(ctx context.Context) (MembersRead, error) { return d.MembersFromIAMv2(ctx, groupID) })
}

// familyMembers are the calls of IAM v2 that return the members of groups.
const familyMembers = "direct-members"

// MembersFromIAMv2 asks IAM v2 for the direct members of a group. FromIAMv2 is false where
// account SCIM is to be asked instead. With an error the list is what came before
// it. A caller that takes no member for a fact has to ask reallyEmpty, or account SCIM.
func (d *memberships) MembersFromIAMv2(ctx context.Context, groupID string) (MembersRead, error) {
	read := MembersRead{began: time.Now()}
	if !d.api.UseIAMv2(familyMembers) || !d.api.UseIAMv2("list "+string(audit.TypeGroup)) {
		return read, nil
	}
	var err error
	read.List, err = d.membersIAMv2(ctx, groupID)
	switch {
	case err == nil:
		read.FromIAMv2 = true
	case api.IsMissing(err) && d.api.Config.IdentityAPI == api.IdentityAuto:
		// It may be the group that is missing: SCIM knows, and one missing group
		// must not switch IAM v2 off.
		return MembersRead{began: read.began}, nil
	case api.StatusOf(err) == http.StatusForbidden && d.membersAnswer(ctx, groupID):
		// One group that is forbidden is that group's hole.
	case d.api.FallBack(ctx, familyMembers, err):
		return MembersRead{began: read.began}, nil
	}
	return read, err
}

// reallyEmpty is an error where account SCIM shows members of a group of which IAM v2
// shows none, and they exist: IAM v2 leaves empty lists out of its answers.
func (d *memberships) reallyEmpty(ctx context.Context, groupID string) error {
	if d.api.Config.IdentityAPI == api.IdentityIAMv2 {
		return nil // SCIM is not to be used.
	}
	r, err := d.Resource(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID})
	switch {
	case errors.Is(err, api.ErrNotFound):
		return err
	case err != nil:
		return fmt.Errorf("IAM v2 shows no member, and account SCIM could not be asked whether that is so: %w", err)
	}
	shown := d.besides(nil, r, groupID)
	if len(shown) == 0 {
		return nil
	}
	inv, err := d.Listing(ctx)
	if err != nil {
		return err
	}
	for _, id := range shown {
		if _, exists := d.Lookup(inv, id, audit.PrincipalTypes()...); exists || !inv.Coverage.All() {
			return fmt.Errorf("IAM v2 shows no member, and account SCIM shows %s. Right after a change one of them may be behind: "+
				"read again in a minute. If it stays so, set identity_api = \"scim\"", api.Summary(shown))
		}
	}
	return nil // They do not exist any more, and IAM v2 leaves such out.
}

// membersAnswer reports whether IAM v2 returns the members of any group but one, so that
// a refusal is about that one. Some others are asked if none was yet.
func (d *memberships) membersAnswer(ctx context.Context, but string) bool {
	if d.iamMembersSeen.Load() {
		return true
	}
	if d.api.Config.IdentityAPI != api.IdentityAuto {
		return true // There is nothing to fall back to.
	}
	const most = 3
	groups, _ := d.someOf(ctx, audit.TypeGroup)
	asked := 0
	for _, p := range groups {
		if p.ID == but {
			continue
		}
		if asked++; asked > most {
			break
		}
		if _, err := d.membersIAMv2(ctx, p.ID); err == nil {
			return true
		}
	}
	return false
}

// MembersFromSCIM are the members that account SCIM shows of a group.
func (d *memberships) MembersFromSCIM(ctx context.Context, groupID string, known *SCIMResource) ([]audit.Member, error) {
	if known == nil {
		var err error
		if known, err = d.scimGet(ctx, audit.Ref{Type: audit.TypeGroup, ID: groupID}); err != nil {
			return nil, err
		}
	}
	return d.membersSCIM(ctx, known, d.Listing)
}

// memberPage is a page of the direct members of a group.
type memberPage struct {
	api.PageEnd

	Members []iamMember `json:"direct_group_members"`
}

func (d *reader) membersIAMv2(ctx context.Context, groupID string) ([]audit.Member, error) {
	var out []audit.Member
	list := d.api.IAMList("groups", groupID, familyMembers)
	_, err := api.TokenPages(ctx, d.api, list, "direct_group_members", nil, func(page *memberPage) (int, error) {
		out = slices.Grow(out, len(page.Members))
		for i := range page.Members {
			member, err := page.Members[i].toAudit()
			if err != nil {
				return 0, err
			}
			out = append(out, member)
			d.referred.note(member.Type, "one is a member of a group")
		}
		return api.SizeOf(page.Members), nil
	})
	if err == nil {
		d.iamMembersSeen.Store(true)
	}
	if err == nil && len(out) > 0 {
		d.someMember.Store(&Edge{Group: groupID, Member: out[0].ID})
	}
	return sortMembers(out), err
}

func (m *iamMember) toAudit() (audit.Member, error) {
	member := audit.Member{Ref: audit.Ref{ID: string(m.PrincipalID)}, Name: m.DisplayName, ExternalID: m.ExternalID}
	switch m.PrincipalType {
	case "USER":
		member.Type = audit.TypeUser
	case "GROUP":
		member.Type = audit.TypeGroup
	case "SERVICE_PRINCIPAL":
		member.Type = audit.TypeServicePrincipal
	default:
		return member, fmt.Errorf("a member of the unknown type %q", m.PrincipalType)
	}
	if member.ID == "" {
		return member, errors.New("a member without principal_id")
	}
	switch m.Source {
	case "INTERNAL":
		member.Source = audit.SourceInternal
	case "IDENTITY_PROVIDER":
		member.Source = audit.SourceIdentityProvider
	default:
		member.Source = audit.SourceUnknown
	}
	return member, nil
}

// membersSCIM takes the externalIds, which account SCIM leaves out of groups, from
// a listing.
func (d *principals) membersSCIM(ctx context.Context, group *SCIMResource, listing func(context.Context) (*Listing, error)) ([]audit.Member, error) {
	if len(group.Members) == 0 {
		return nil, nil
	}
	inv, err := listing(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]audit.Member, 0, len(group.Members))
	for i := range group.Members {
		m := &group.Members[i]
		types := []audit.PrincipalType{m.PrincipalType()}
		if types[0] == "" {
			types = audit.PrincipalTypes()
		}
		if m.Value == "" {
			return nil, errors.New("the account sent a member without value")
		}
		d.referred.note(m.PrincipalType(), "one is a member of a group")
		p, known := d.Lookup(inv, string(m.Value), types...)
		switch {
		case !known && types[0] != m.PrincipalType():
			return nil, fmt.Errorf("the account sent a member (%s) without type, and lists no principal with that id", m.Value)
		case !known:
			// Listed before it was created, or the list has a hole: its externalId
			// is not known, and blank would be a claim.
			if p, err = d.Principal(ctx, audit.Ref{Type: types[0], ID: string(m.Value)}); err != nil {
				return nil, err
			}
		}
		out = append(out, audit.Member{Ref: p.Ref, Name: m.Display, ExternalID: p.ExternalID, Source: audit.SourceUnknown})
	}
	return sortMembers(out), nil
}

func sortMembers(members []audit.Member) []audit.Member {
	slices.SortStableFunc(members, func(a, b audit.Member) int { return audit.CompareRefs(a.Ref, b.Ref) })
	return slices.CompactFunc(members, func(a, b audit.Member) bool { return a.Ref == b.Ref })
}

// GroupNow is one reading of a group, past every cache.
type GroupNow struct {
	audit.Principal
	// Resource is the group as account SCIM shows it.
	Resource *SCIMResource
	// Members are the direct members as [Directory.Members] reads them; SCIM are the
	// ids that account SCIM shows.
	Members []audit.Member
	SCIM    map[string]bool
}

// ReadGroup reads a group and its members, past every cache.
func (d *memberships) ReadGroup(ctx context.Context, id string) (*GroupNow, error) {
	ref := audit.Ref{Type: audit.TypeGroup, ID: id}
	r, p, err := d.ResourceNow(ctx, ref)
	if err != nil {
		return nil, err
	}
	out := &GroupNow{Principal: p, Resource: r, SCIM: make(map[string]bool, len(r.Members))}
	for i := range r.Members {
		out.SCIM[string(r.Members[i].Value)] = true
	}
	if out.Members, err = d.ReadMembers(ctx, id, r); err != nil {
		return nil, fmt.Errorf("reading the members of %s: %w", ref, err)
	}
	return out, nil
}

// Source is who owns the membership; "" when it is not there.
func (g *GroupNow) Source(member string) audit.MembershipSource {
	if i := IndexMember(g.Members, member); i >= 0 {
		return g.Members[i].Source
	}
	return ""
}
