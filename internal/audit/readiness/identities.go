// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package readiness

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
)

// Ids of the checks between which the divergences are divided.
const (
	checkExternalIDs    = "external_ids_agree"
	checkUnlinked       = "unlinked_name_match"
	checkUserRenamed    = "users_renamed"
	checkGroupRenamed   = "groups_renamed"
	checkGroupNameTaken = "group_names_taken"
)

// identityChecks are about who is who, before AIM is switched on.
func identityChecks() []Check {
	of := func(lists ...Need) []Need { return append(lists, NeedIDP) }
	return []Check{
		{
			ID: checkExternalIDs, Title: "External ids agree with the identity provider", Decision: EnableAIM, Severity: Breaking, Source: "C1", Needs: of(principals()...), judge: divided(checkExternalIDs),
			Consequence: "Automatic identity management finds an identity by its external id. Where that is wrong it makes a second principal, which has no access.",
			Remedy:      "dbxidentity_external_id, with external_id_fixes of dbxidentity_divergences; manual_actions has what is left to people.",
		},
		{
			ID: checkUnlinked, Title: "Identities with the name of an identity of the provider are linked to it", Decision: EnableAIM, Severity: Breaking, Source: "C25", Needs: of(NeedUsers, NeedServicePrincipals),
			judge:       divided(checkUnlinked),
			Consequence: "Automatic identity management makes a second principal beside the one without external id.",
			Remedy:      "dbxidentity_external_id, with external_id_fixes of dbxidentity_divergences.",
		},
		{
			ID: checkUserRenamed, Title: "No user was renamed, or is there twice", Decision: EnableAIM, Severity: Breaking, Source: "C12", Needs: of(NeedUsers), judge: divided(checkUserRenamed),
			Consequence: "A second user appears under the new name, and the rights stay with the first one.",
			Remedy:      "Ask Databricks support to change the name. Prepare the group memberships for the new name.",
		},
		{
			ID: checkGroupRenamed, Title: "Linked groups have the names that the identity provider has", Decision: EnableAIM, Severity: Info, Source: "C16", Needs: of(NeedGroups),
			judge: divided(checkGroupRenamed),
			// The switch itself changes no name, and only with automatic identity management
			// on can one be refreshed: what breaks then is in names_in_code and
			// group_names_in_sql.
			Consequence: "The name here stays until an admin opens the page of the group or it is resolved. What uses the old name fails from then on.",
			Remedy: "Nothing has to be done before the switch. Let code and SQL use ids or both names (names_in_code, group_names_in_sql); then resolve the group with " +
				"dbxidentity_resolved_principal, with automatic identity management on.",
		},
		{
			ID: checkGroupNameTaken, Title: "No local group has the same name as a group in the identity provider", Decision: EnableAIM, Severity: Breaking, Source: "C17", Needs: of(NeedGroups),
			judge:       divided(checkGroupNameTaken),
			Consequence: "The group cannot be imported from the identity provider.",
			Remedy:      "Link the group (link_groups of dbxidentity_divergences and dbxidentity_external_id), or rename it in the account console.",
		},
		{
			ID: "service_principal_names", Title: "Service principals have the names that the identity provider has", Decision: EnableAIM, Severity: Breaking, Source: "C2", Needs: of(NeedServicePrincipals),
			judge:       judgeServicePrincipalNames,
			Consequence: "The name is overwritten with the one of the identity provider. What finds the service principal by its name does not find it any more.",
			Remedy:      "Rename the app in the identity provider, or use application ids. service_principal_renames has both names; waive what may be renamed.",
		},
		{
			ID: "service_principal_names_unique", Title: "No two service principals will share a name", Decision: EnableAIM, Severity: Breaking, Source: "C2, C3", Needs: of(NeedServicePrincipals),
			judge:       judgeCollisions,
			Consequence: "After the names are overwritten, a lookup by name finds the wrong one, or several.",
			Remedy:      "Rename one of the apps in the identity provider, or use application ids.",
		},
		{
			ID: "names_in_code", Title: "No code uses a name that is overwritten", Decision: EnableAIM, Severity: Breaking, Source: "C3, C16", Needs: of(NeedServicePrincipals, NeedGroups), judge: judgeCode,
			Asks:        "The owners of scripts, dashboards and Terraform code outside of search_texts.",
			Consequence: "Lookups by name fail, or find the wrong service principal; grants to a group by its old name fail once the name is refreshed.",
			Remedy:      "Use application ids and group ids in the lines named here. Give the code in search_texts, or waive this check when its owners have looked.",
		},
		{
			ID: "guests", Title: "No guest of the tenant is a user here", Decision: EnableAIM, Severity: Breaking, Source: "C26", Needs: of(NeedUsers), judge: judgeGuests,
			Consequence: "SCIM and automatic identity management may know a guest by different names. Then one person has two users.",
			Remedy:      "Decide for each guest which name is right before you switch it on, and waive those that are settled.",
		},
		{
			ID: "stale_users", Title: "No active user is gone from the identity provider", Decision: EnableAIM, Severity: Info, Source: "C11", Needs: of(NeedUsers), judge: judgeStale,
			Consequence: "They cannot log in and are still shown as active; their personal tokens go on working.",
			Remedy:      "Deactivate them and revoke their personal tokens in each workspace. This can wait until after the switch.",
		},
		{
			ID: "planned_principals", Title: "Identities that are to get grants are provisioned", Decision: EnableAIM, Severity: Breaking, Source: "C14", Needs: principals(),
			judge:       judgePlanned,
			Consequence: "A grant to an identity that the account does not have yet fails.",
			Remedy:      "dbxidentity_resolved_principal provisions them first, with automatic identity management on.",
		},
	}
}

// divided is the part of the divergences that belongs to a check.
func divided(check string) func(*Facts) finding {
	return func(f *Facts) (out finding) {
		for _, r := range f.rows() {
			if r.kindOf() == check {
				out.addRef(r.Ref, r.name, rowDetail(&r))
			}
		}
		return out
	}
}

func rowDetail(r *row) string {
	parts := []string{r.Cause}
	if r.externalID != "" {
		parts = append(parts, "external id "+r.externalID)
	}
	if r.candidate != "" {
		parts = append(parts, "the identity provider has "+r.candidate)
	}
	if r.IDPName != "" && r.IDPName != r.name {
		parts = append(parts, "called there "+r.IDPName)
	}
	return strings.Join(parts, ", ")
}

// silentNames is why names of service principals cannot be compared.
func (f *Facts) silentNames() []string {
	if f.Capabilities.DisplayNames {
		return nil
	}
	return []string{fmt.Sprintf("idp %s does not report the names of service principals; entra, okta and file do", f.IDP)}
}

func judgeServicePrincipalNames(f *Facts) (out finding) {
	for _, r := range f.renames() {
		out.addRef(r.Ref, r.DisplayName, fmt.Sprintf("application id %s will be called %q", r.Name, r.after))
	}
	out.unknown = f.silentNames()
	return out
}

// Rename is a service principal whose name AIM overwrites.
type Rename struct {
	ID, ApplicationID, Now, After string
	// CollidesWith are the application ids of others that will have the same name.
	CollidesWith []string
}

// Renames are sorted by application id.
func Renames(f *Facts) []Rename {
	after := map[string]string{} // application id -> name
	for _, p := range f.principals(audit.TypeServicePrincipal) {
		after[p.Name] = p.DisplayName
	}
	all := f.renames()
	for _, r := range all {
		after[r.Name] = r.after
	}
	named := map[string][]string{} // name -> application ids, sorted
	for _, app := range slices.Sorted(maps.Keys(after)) {
		named[after[app]] = append(named[after[app]], app)
	}
	var out []Rename
	for _, r := range all {
		one := Rename{ID: r.ID, ApplicationID: r.Name, Now: r.DisplayName, After: r.after}
		for _, app := range named[r.after] {
			if app != r.Name {
				one.CollidesWith = append(one.CollidesWith, app)
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b Rename) int { return cmp.Compare(a.ApplicationID, b.ApplicationID) })
	return out
}

func judgeCollisions(f *Facts) (out finding) {
	for _, r := range Renames(f) {
		if len(r.CollidesWith) > 0 {
			out.add(string(audit.TypeServicePrincipal), r.ID, r.Now, fmt.Sprintf("will be called %q, like the application %s", r.After, strings.Join(r.CollidesWith, ", ")))
		}
	}
	out.unknown = f.silentNames()
	return out
}

// overwritten is a name of a service principal or a group that will be another one.
type overwritten struct {
	now, after string
	group      bool
}

// in reports whether a line has the name; that of a group as a word of its own, for these are short.
func (o overwritten) in(line string) bool {
	return o.now != "" && (!o.group && strings.Contains(line, o.now) || hasWord(line, o.now))
}

func (f *Facts) overwritten() (out []overwritten) {
	for _, r := range f.renames() {
		out = append(out, overwritten{now: r.DisplayName, after: r.after})
	}
	for _, r := range f.rows() {
		if r.kindOf() == checkGroupRenamed {
			out = append(out, overwritten{now: r.name, after: cmp.Or(r.IDPName, unknownName), group: true})
		}
	}
	return out
}

// judgeCode looks for the names that are overwritten in the given texts.
func judgeCode(f *Facts) (out finding) {
	out.unknown = f.silentNames()
	names := f.overwritten()
	if len(names) == 0 {
		return out
	}
	if len(f.Texts) == 0 {
		count := map[bool]int{}
		for _, name := range names {
			count[name.group]++
		}
		out.unknown = append(out.unknown, fmt.Sprintf("%d service principals and %d groups will have another name, and search_texts gives no code to search", count[false], count[true]))
		return out
	}
	for _, path := range slices.Sorted(maps.Keys(f.Texts)) {
		for n, line := range strings.Split(f.Texts[path], "\n") {
			for _, name := range names {
				if name.in(line) {
					out.add(kindText, fmt.Sprintf("%s:%d", path, n+1), name.now, fmt.Sprintf("will be called %q", name.after))
				}
			}
		}
	}
	out.evidence = append(out.evidence, fmt.Sprintf("%d texts were searched", len(f.Texts)))
	return out
}

// unknownName stands for a name that the identity provider does not report.
const unknownName = "something else"

// hasWord finds a text with nothing beside it that could be part of a longer name.
func hasWord(line, word string) bool {
	part := func(r rune) bool { return isWord(r) || r == '-' }
	for from := 0; ; {
		at := strings.Index(line[from:], word)
		if at < 0 {
			return false
		}
		begin, end := from+at, from+at+len(word)
		before, _ := utf8.DecodeLastRuneInString(line[:begin])
		after, _ := utf8.DecodeRuneInString(line[end:])
		if !part(before) && !part(after) {
			return true
		}
		from = end
	}
}

func judgeGuests(f *Facts) (out finding) {
	if f.IDP == idpOkta {
		out.notApplicable = "Okta has no guests."
		return out
	}
	silent := 0
	for i := range f.Matches {
		m := &f.Matches[i]
		if m.Principal.Type != audit.TypeUser || m.Unknown != "" {
			continue
		}
		id := m.ByExternalID
		if id == nil && len(m.ByName) == 1 {
			id = &m.ByName[0]
		}
		switch {
		case id == nil:
		case id.Guest == nil:
			silent++
		case *id.Guest:
			out.addRef(m.Principal.Ref, m.Principal.Name, "is a guest: "+strings.Join(id.Names, ", "))
		}
	}
	if silent > 0 {
		out.unknown = append(out.unknown, fmt.Sprintf("idp %s does not report of %d users whether they are guests; entra does", f.IDP, silent))
	}
	return out
}

func judgeStale(f *Facts) (out finding) {
	for i := range f.Matches {
		m := &f.Matches[i]
		p := m.Principal
		if p.Type != audit.TypeUser || m.Unknown != "" || p.ExternalID == "" {
			continue
		}
		if listed := f.principal(p.Ref); p.Active == nil {
			p.Active = listed.Active
		}
		if p.Active != nil && !*p.Active {
			continue
		}
		switch {
		case m.DeletedByExternalID != nil && len(m.ByName) == 0:
			out.addRef(p.Ref, p.Name, "was deleted in the identity provider")
		case m.ByExternalID == nil && len(m.ByName) == 0:
			out.addRef(p.Ref, p.Name, "is not in the identity provider")
		case m.ByExternalID != nil && m.ByExternalID.Enabled != nil && !*m.ByExternalID.Enabled:
			out.addRef(p.Ref, p.Name, "is disabled in the identity provider")
		}
	}
	out.evidence = f.atWork(out.affected)
	return out
}

func judgePlanned(f *Facts) (out finding) {
	if len(f.Planned) == 0 {
		out.notApplicable = "planned_principals names none."
		return out
	}
	out.doesWithout = principals()
	for _, want := range f.Planned {
		found := slices.ContainsFunc(f.Inventory.Principals, func(p audit.Principal) bool {
			return p.Type == want.Type && (want.ExternalID != "" && audit.SameExternalID(p.ExternalID, want.ExternalID) || want.Name != "" && strings.EqualFold(p.Name, want.Name))
		})
		if !found { // It may be in what was not listed.
			out.doesWithout = slices.DeleteFunc(out.doesWithout, func(n Need) bool { return n == NeedOf(want.Type) })
		}
		if !found && f.Inventory.Coverage.Of(want.Type) {
			out.add(kindIdentity, cmp.Or(want.ExternalID, want.Name), want.Name, "the account has no such "+strings.ReplaceAll(string(want.Type), "_", " "))
		}
	}
	return out
}
