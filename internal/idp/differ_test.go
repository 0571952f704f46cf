// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package idp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/file"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/idp/matchwithidp"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// verdicts are what a report says of its principals, one line each: type and id,
// what the name leads to, categories, cause and advisories.
func verdicts(r judge.Report) string {
	var b strings.Builder
	line := func(d judge.Divergence, named any) {
		fmt.Fprintln(&b, d.Ref, named, d.ErrorCategories, d.Cause, d.Advisories)
	}
	for _, u := range r.Users {
		line(u.Divergence, u.ExternalIDWithUsernameMatch)
	}
	for _, g := range r.Groups {
		line(g.Divergence, g.ExternalIDsWithGroupNameMatch)
	}
	for _, s := range r.ServicePrincipals {
		line(s.Divergence, s.ExternalIDWithAppIDMatch)
	}
	for _, a := range r.AdvisoryOnly {
		fmt.Fprintln(&b, a.Ref, "no category", a.Advisories)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Where the kinds may differ, and what each of them says there: the table of
// docs/design/idp-differences.md.
func TestSources_differ(t *testing.T) {
	t.Parallel()
	ann := func(change func(*simulator.User, *simulator.IDPUser)) simulator.State {
		u := simulator.User{ID: "100", UserName: "ann@example.com", ExternalID: objectID("a", 1), Active: true}
		i := simulator.IDPUser{ID: objectID("a", 1), UserPrincipalName: "ann@example.com", UserType: "Member", AccountEnabled: true}
		change(&u, &i)
		return simulator.State{Users: []simulator.User{u}, IDP: simulator.IDP{Users: []simulator.IDPUser{i}}}
	}
	twice := ann(func(u *simulator.User, _ *simulator.IDPUser) { u.ExternalID = "" })
	twice.IDP.Users = append(twice.IDP.Users, simulator.IDPUser{ID: objectID("a", 2), UserPrincipalName: "Ann@example.com", UserType: "Member", AccountEnabled: true})
	otherType := ann(func(u *simulator.User, _ *simulator.IDPUser) { u.ExternalID = objectID("b", 1) })
	otherType.IDP.Groups = []simulator.IDPGroup{{ID: objectID("b", 1), DisplayName: "team", SecurityEnabled: true}}
	external := func(name, userType string) simulator.State {
		return ann(func(u *simulator.User, i *simulator.IDPUser) {
			u.UserName, i.UserPrincipalName, i.Mail, i.UserType = name, "ann_example.net#EXT#@example.com", "ann@example.net", userType
		})
	}
	oneLinked := ann(func(*simulator.User, *simulator.IDPUser) {})
	oneLinked.Users[0].ExternalID = objectID("a", 2)
	oneLinked.IDP.Users = append(oneLinked.IDP.Users, simulator.IDPUser{ID: objectID("a", 2), UserPrincipalName: "ann@example.com", UserType: "Member", AccountEnabled: true})
	spaces := ann(func(u *simulator.User, _ *simulator.IDPUser) { u.ExternalID += " " })
	spaces.Groups = []simulator.Group{{ID: "300", DisplayName: "team", ExternalID: objectID("b", 1), Members: []simulator.Member{{Value: "100"}}}}
	spaces.IDP.Groups = []simulator.IDPGroup{{ID: objectID("b", 1), DisplayName: "team", SecurityEnabled: true, Members: []string{objectID("a", 1)}}}
	group := func(name, idpName string) simulator.State {
		return simulator.State{
			Groups: []simulator.Group{{ID: "300", DisplayName: name}},
			IDP:    simulator.IDP{Groups: []simulator.IDPGroup{{ID: objectID("b", 1), DisplayName: idpName, SecurityEnabled: true}}},
		}
	}
	const byName = "[NAME_MATCH_EXTERNAL_ID_MISMATCH]"
	greek := "group/300 [" + objectID("b", 1) + "] " + byName + " local_group_with_idp_name "
	one, both := "user/100 "+objectID("a", 1)+" ", "user/100 "+objectID("a", 1)+";"+objectID("a", 2)+" "
	tests := map[string]struct {
		st                      simulator.State
		databricks, entra, file string
	}{
		"two users of one name": {
			twice, one + byName + " linkable_by_name []",
			both + byName + " ambiguous_name [AMBIGUOUS_NAME_MATCH]", both + byName + " ambiguous_name [AMBIGUOUS_NAME_MATCH]",
		},
		"id with surrounding spaces": {
			ann(func(u *simulator.User, _ *simulator.IDPUser) { u.ExternalID = " " + u.ExternalID }),
			one + "[EXTERNAL_ID_NOT_IN_IDP NAME_MATCH_EXTERNAL_ID_MISMATCH] external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]",
			one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]", one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]",
		},
		"several users of one name, one of them linked": {
			oneLinked, one + byName + " linked_to_other_identity []",
			"user/100 no category [AMBIGUOUS_NAME_MATCH]", "user/100 no category [AMBIGUOUS_NAME_MATCH]",
		},
		"id with spaces, of a member": {
			spaces, one + "[EXTERNAL_ID_NOT_IN_IDP NAME_MATCH_EXTERNAL_ID_MISMATCH] external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]\n" +
				"group/300 [" + objectID("b", 1) + "] [GROUP_HAS_LOCAL_MEMBERS_WITH_EXTERNAL_ID] members_not_in_idp []",
			one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]", one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]",
		},
		"external member by UPN":  {external("ann_example.net#EXT#@example.com", "Member"), "", "", ""},
		"external member by mail": {external("ann@example.net", "Member"), one + "[EXTERNAL_ID_MATCH_NAME_MISMATCH] name_drift []", "", ""},
		"guest by UPN": {
			external("ann_example.net#EXT#@example.com", "Guest"), one + "[EXTERNAL_ID_MATCH_NAME_MISMATCH] name_drift []", "", "",
		},
		"guest by mail": {external("ann@example.net", "Guest"), "", "", ""},
		"id in upper case": {
			ann(func(u *simulator.User, _ *simulator.IDPUser) { u.ExternalID = strings.ToUpper(u.ExternalID) }),
			one + byName + " external_id_spelling []",
			one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]", one + byName + " external_id_spelling [EXTERNAL_ID_NOT_CANONICAL]",
		},
		"identity in the recycle bin": {
			ann(func(_ *simulator.User, i *simulator.IDPUser) { i.Deleted = true }),
			"user/100  [EXTERNAL_ID_NOT_IN_IDP] stale []",
			"user/100  [EXTERNAL_ID_NOT_IN_IDP] deleted_in_idp [DELETED_IN_IDP]", "user/100  [EXTERNAL_ID_NOT_IN_IDP] deleted_in_idp [DELETED_IN_IDP]",
		},
		"id of another type": {
			otherType, one + "[EXTERNAL_ID_NOT_IN_IDP NAME_MATCH_EXTERNAL_ID_MISMATCH] linkable_by_name []",
			one + "[EXTERNAL_ID_NOT_IN_IDP NAME_MATCH_EXTERNAL_ID_MISMATCH] linked_to_other_identity [EXTERNAL_ID_OF_OTHER_TYPE]",
			one + "[EXTERNAL_ID_NOT_IN_IDP NAME_MATCH_EXTERNAL_ID_MISMATCH] linked_to_other_identity [EXTERNAL_ID_OF_OTHER_TYPE]",
		},
		"identity that is disabled": {
			ann(func(u *simulator.User, i *simulator.IDPUser) { u.ExternalID, i.AccountEnabled = "", false }),
			one + byName + " linkable_by_name []",
			one + byName + " linkable_by_name [IDP_IDENTITY_DISABLED]", one + byName + " linkable_by_name [IDP_IDENTITY_DISABLED]",
		},
		// Entra looks few names up by a filter, which these do not meet.
		"name in another normal form": {group("caf\u00e9", "cafe\u0301"), "", "", "group/300 no category [NAME_NEARLY_MATCHES]"},
		// A dotted capital is no case of i; of the sigma there are three, one name.
		"name with another letter": {group("\u0130T", "it"), "", "", ""},
		"name in other cases": {
			group("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"), greek + "[]", greek + "[NAME_DIFFERS_ONLY_IN_CASE]", greek + "[NAME_DIFFERS_ONLY_IN_CASE]",
		},
		"name with a space behind it": {group("team", "team "), "", "", "group/300 no category [NAME_NEARLY_MATCHES]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.st, simulator.Options{})
			client := w.account(t)
			for source, want := range map[idp.Source]string{
				matchwithidp.New(client, 4): tt.databricks, w.entra(t): tt.entra, file.New(writeDirectory(t, t.TempDir(), tt.st.IDP)): tt.file,
			} {
				report, _ := run(t, client, source)
				if diff := cmp.Diff(want, verdicts(report)); diff != "" {
					t.Errorf("%s (-want +got): %s", source.Kind(), diff)
				}
			}
		})
	}
}

// Under automatic identity management matchWithIdp brings an identity up to date
// before it answers, so that what it finds is what it leaves behind. Directories
// change nothing. They are asked first here.
func TestSources_differAfterSync(t *testing.T) {
	t.Parallel()
	st := simulator.State{
		Groups: []simulator.Group{{ID: "300", DisplayName: "old", ExternalID: objectID("b", 1)}},
		IDP:    simulator.IDP{Groups: []simulator.IDPGroup{{ID: objectID("b", 1), DisplayName: "new", SecurityEnabled: true}}},
	}
	w := newWorld(t, st, simulator.Options{AIM: true})
	client := w.account(t)
	const drift = "group/300 [] [EXTERNAL_ID_MATCH_NAME_MISMATCH] name_drift []"
	for _, tt := range []struct {
		source idp.Source
		want   string
	}{
		{w.entra(t), drift}, {file.New(writeDirectory(t, t.TempDir(), st.IDP)), drift}, {matchwithidp.New(client, 4), ""},
	} {
		report, _ := run(t, client, tt.source)
		if diff := cmp.Diff(tt.want, verdicts(report)); diff != "" {
			t.Errorf("%s (-want +got): %s", tt.source.Kind(), diff)
		}
	}
}

// Whether matchWithIdp lists the members of a group that is linked to nothing is not
// known; directories have nothing to compare them with.
func TestSources_differOnUnlinkedGroups(t *testing.T) {
	t.Parallel()
	st := simulator.State{
		Users:  []simulator.User{{ID: "100", UserName: "ann@example.com", Active: true}},
		Groups: []simulator.Group{{ID: "300", DisplayName: "team", Members: []simulator.Member{{Value: "100"}}}},
	}
	for lists, databricks := range map[bool]string{false: "", true: "group/300 [] [GROUP_HAS_LOCAL_MEMBERS_WITHOUT_EXTERNAL_ID] members_not_in_idp []"} {
		var o simulator.Options
		o.Assumed.Match.MembersOfUnlinked = lists
		w := newWorld(t, st, o)
		client := w.account(t)
		for source, want := range map[idp.Source]string{
			w.entra(t): "", file.New(writeDirectory(t, t.TempDir(), st.IDP)): "", matchwithidp.New(client, 4): databricks,
		} {
			report, _ := run(t, client, source)
			if diff := cmp.Diff(want, verdicts(report)); diff != "" {
				t.Errorf("lists %t, %s (-want +got): %s", lists, source.Kind(), diff)
			}
		}
	}
}
