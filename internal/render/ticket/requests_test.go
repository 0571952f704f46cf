// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package ticket

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/access"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/judge"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/rules"
)

func user(id string) audit.Ref { return audit.Ref{Type: audit.TypeUser, ID: id} }

func TestNameChanges(t *testing.T) {
	t.Parallel()
	got := NameChanges([]NameChange{
		{Ref: user("1"), Name: "old@example.com", NewName: "new@example.com", ExternalID: "i1"},
		{Ref: audit.Ref{Type: audit.TypeServicePrincipal, ID: "2"}, Name: "app1", NewName: "app2", ExternalID: "i2"},
		{Ref: user("3"), Name: "a@example.com", NewName: "b@example.com", ExternalID: "i3", Other: "user/4"},
		{Ref: user("5"), Name: "c@example.com", ExternalID: "i5"},
	})
	const want = "## Name changes in a Databricks account (2)\n\n" +
		"Please change these names to the ones that our identity provider has. The external ids are correct and must stay as they are. " +
		"We cannot do this ourselves: no API changes the name of a user or service principal.\n\n" +
		"| Type | Databricks id | Old name | New name | External id |\n| --- | --- | --- | --- | --- |\n" +
		"| user | `1` | `old@example.com` | `new@example.com` | `i1` |\n| service principal | `2` | `app1` | `app2` | `i2` |\n\n" +
		"What we know about the change:\n\n" +
		"- It applies to every account and workspace of the same cloud.\n" +
		"- The home folder gets the new name. Paths to it in jobs and notebooks do not: we correct those ourselves.\n" +
		"- The new name must not exist yet. Two records cannot be merged.\n" +
		"- Case matters. On Azure both names are given in lower case.\n" +
		"- Until it is done we pause SCIM, just-in-time provisioning and automatic identity management, and the users do not log in: " +
		"a log-in under the new name would create a second user.\n\n" +
		"### Not part of the request (2)\n\n" +
		"These have to be settled first, by an account admin. Where there are two records, decide which one keeps the work and the access, " +
		"move to it what the other one has, and remove the other one or change its name. Then ask for the change.\n\n" +
		"| Type | Databricks id | Old name | New name | In the way |\n| --- | --- | --- | --- | --- |\n" +
		"| user | `3` | `a@example.com` | `b@example.com` | `user/4` has the new name or the same external id |\n" +
		"| user | `5` | `c@example.com` |  | the identity provider returned no name |\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := NameChanges(nil), "## Name changes in a Databricks account (0)\n\nNo name has to be changed.\n"; got != want {
		t.Errorf("none: %q", got)
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	action := judge.ManualAction{Ref: user("1"), PrincipalName: "old@example.com", Reason: rules.ReasonNameChange, NewName: "new@example.com", ExternalID: "i1"}
	if got := Action(&action); !strings.Contains(got, "| user | `1` | `old@example.com` | `new@example.com` | `i1` |") {
		t.Errorf("no request: %s", got)
	}
	action.Reason, action.Conflicting = rules.ReasonNameTaken, user("2")
	if got := Action(&action); !strings.Contains(got, "(0)") || !strings.Contains(got, "`user/2` has the new name") {
		t.Errorf("a name that is taken is asked for: %s", got)
	}
	for label, a := range map[string]judge.ManualAction{
		"a group":        {Ref: audit.Ref{Type: audit.TypeGroup, ID: "1"}, Reason: rules.ReasonNameChange},
		"another reason": {Ref: user("1"), Reason: rules.ReasonHeld},
	} {
		if got := Action(&a); got != "" {
			t.Errorf("%s: %s", label, got)
		}
	}
}

func TestIDPMemberships(t *testing.T) {
	t.Parallel()
	target := person("20", "ada@example.com")
	target.ExternalID = "o20"
	yes, no := boolean(true), boolean(false)
	plan := access.ClonePlan{Complete: true, Target: target, IDPActions: []access.PlanRow{
		{GroupID: "1", GroupName: "engineers", ExternalID: "g1", InIDP: yes, Privileged: no},
		{GroupID: "2", GroupName: "owners", ExternalID: "g2", Privileged: yes, Powers: []string{"workspace ADMIN"}, AlreadyTransitive: yes},
		{GroupID: "3", GroupName: "gone", ExternalID: "g3", InIDP: no, Privileged: no, Reason: "not in the identity provider: .."},
		{GroupID: "4", InIDP: yes},
	}}
	got := IDPMemberships([]access.ClonePlan{plan, {Target: person("21", "bob@example.com"), IDPActions: plan.IDPActions[:1]}})
	const want = "## Group memberships in the identity provider (4)\n\n" +
		"> **The list may be too short**: not everything that it depends on could be read.\n\n" +
		"Please add each member to the group beside it. Databricks takes the members of these groups from the identity provider, so they cannot be added in Databricks.\n\n" +
		"| Member | Its object id | Group | Object id of the group | Note |\n| --- | --- | --- | --- | --- |\n" +
		"| `ada@example.com` | `o20` | `engineers` | `g1` |  |\n" +
		"| `ada@example.com` | `o20` | `owners` | `g2` | **privileged**: `workspace ADMIN`; a member already, through another group; not checked whether the group still exists |\n" +
		"| `ada@example.com` | `o20` | `(unread)` | not known | may be privileged |\n" +
		"| `bob@example.com` | not known | `engineers` | `g1` |  |\n\n" +
		"### Not in the identity provider (1)\n\n" +
		"Databricks stores these object ids, but the identity provider has no such group. Please say which groups have taken their place, or that they are gone.\n\n" +
		"| Member | Its object id | Group | Object id of the group |\n| --- | --- | --- | --- |\n| `ada@example.com` | `o20` | `gone` | `g3` |\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := IDPMemberships([]access.ClonePlan{{Complete: true}}); got != "## Group memberships in the identity provider (0)\n\nNo membership has to be added.\n" {
		t.Errorf("none: %q", got)
	}
}

// What an audit found: whom only one side has.
func TestIDPMemberships_audited(t *testing.T) {
	t.Parallel()
	got := IDPMemberships(nil, AuditedMembers{
		Complete: true,
		Here:     []Membership{{Member: "ada@example.com", MemberID: "20", Group: "engineers", GroupID: "g1"}, {Member: "bob@example.com", MemberID: "21"}},
		There:    []Membership{{MemberID: "o22", Group: "engineers", GroupID: "g1"}},
	})
	for _, want := range []string{
		"provider (3)", "### Only in Databricks (2)", "| `ada@example.com` | `20` | `engineers` | `g1` |\n| `bob@example.com` | `21` | `(unread)` | not known |\n",
		"### Only in the identity provider (1)", "| not known | `o22` | `engineers` | `g1` |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "too short") || strings.Contains(got, "No membership") || !strings.Contains(IDPMemberships(nil, AuditedMembers{}), "too short") {
		t.Error(got)
	}
}

// FuzzRequests: whatever someone is called, a ticket has the lines and columns that it has for
// plain names.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{"", "a@example.com", "a|b", "`", "a\n| b |", "<script>", "@team", "[x](http://example.com)", "\u202e", "${x}", "\xff", " a "} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, name, newName, id string) {
		render := func(name, newName, id string) string {
			changes := []NameChange{
				{Ref: user(id), Name: name, NewName: newName + "n", ExternalID: id + "i"}, {Ref: user(id), Name: name, NewName: newName + "n", Other: "user/" + id},
			}
			target := person(id, name+"n")
			target.ExternalID = id + "i"
			rows := []access.PlanRow{
				{GroupID: id, GroupName: newName + "n", ExternalID: id + "i", Privileged: boolean(true), Powers: []string{name, newName}, Reason: name + "r"},
				{GroupID: id, GroupName: newName + "n", ExternalID: id + "i", InIDP: boolean(false)},
			}
			text := NameChanges(changes) + IDPMemberships([]access.ClonePlan{{Target: target, IDPActions: rows}}, AuditedMembers{
				Here: []Membership{{"x" + name, "x" + id, "x" + newName, "x" + id}}, There: []Membership{{"x" + name, "x" + id, "x" + newName, "x" + id}},
			})
			return spans.ReplaceAllString(text, "NAME")
		}
		if diff := cmp.Diff(render("a", "b", "1"), render(name, newName, id)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// 10,000 rows take less than 1 s and 200 MiB; a busy machine is given more time.
func TestRequests_large(t *testing.T) {
	t.Parallel()
	changes, rows := make([]NameChange, 10_000), make([]access.PlanRow, 10_000)
	for i := range changes {
		changes[i] = NameChange{Ref: user(fmt.Sprint(i)), Name: "old|@example.com", NewName: "new@example.com", ExternalID: "i"}
		rows[i] = access.PlanRow{GroupID: fmt.Sprint(i), GroupName: "g", ExternalID: "x"}
	}
	start := time.Now()
	text := NameChanges(changes) + IDPMemberships([]access.ClonePlan{{Target: person("1", "a"), IDPActions: rows}})
	if took := time.Since(start); took > 10*time.Second || strings.Count(text, "\n") < 20_000 {
		t.Errorf("%v for %d bytes", took, len(text))
	} else {
		t.Logf("%v for %d bytes", took, len(text))
	}
}
