// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// rollbackOf is the example of the guide on rolling back, in a folder of its
// own with a journal.
func rollbackOf(t *testing.T, a account, journal string) *workspace {
	t.Helper()
	var rollback example
	for _, e := range examples(t) {
		if e.dir == "rollback" {
			rollback = e
		}
	}
	w := rollback.workspace(t, a, rollback.files...)
	w.write("journal.jsonl", journal)
	w.env = append(w.env, "TF_VAR_account_id="+a.AccountID)
	return w
}

// content is a file of the workspace.
func (w *workspace) content(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// The state is lost, and the account gets back what it held from the journal
// alone, members included: all but the blank externalIds of users and service
// principals. What someone changed since is named, and not overwritten.
func TestProcess_rollback(t *testing.T) {
	t.Parallel()
	st := manyStale(4)
	small := smallWorld()
	st.Users = append(st.Users, small.Users...)
	st.Groups, st.ServicePrincipals = small.Groups, small.ServicePrincipals
	st.Groups = append(st.Groups,
		simulator.Group{ID: "210", DisplayName: "plain", Members: []simulator.Member{{Value: "1001"}, {Value: "1002"}}},
		simulator.Group{ID: "211", DisplayName: "operators", Members: []simulator.Member{{Value: "1001"}}},
		simulator.Group{ID: "212", DisplayName: "of the directory", ExternalID: entraID(212), Members: []simulator.Member{{Value: "1001"}, {Value: "1002"}}})
	st.IDP.Users = append(st.IDP.Users, small.IDP.Users...)
	st.IDP.Groups, st.IDP.ServicePrincipals = small.IDP.Groups, small.IDP.ServicePrincipals
	a := startAccount(t, st, simulator.Options{})
	before := a.state()

	a.faults(
		simulator.Fault{Kind: simulator.FaultStatus, Status: 409, ErrorCode: "CONFLICT", Method: "PATCH", Path: "/api/**/Users/1003", Times: 1},
		simulator.Fault{Kind: simulator.FaultLost, Method: "PATCH", Path: "/api/**/Users/1002", Times: 1},
	)
	linked := strings.NewReplacer(`"dbxidentity_divergences" "all" {}`, `"dbxidentity_divergences" "all" { link_groups = true }`,
		`idp =`, "journal_path = \"journal.jsonl\"\n  idp =")
	w := newWorkspace(t, linked.Replace(a.audited(remediation+membershipsOf("dbxidentity_group_member", "210/1000", "210/1003", "210/102")+
		membershipsOf("dbxidentity_group_member_removal", "210/1001", "210/1002", "211/1001", "212/1002"))))
	w.must(1, "apply", "-auto-approve")
	if got := fmt.Sprint(a.members("210"), a.members("211"), a.members("212")); got != "[102 1000 1003] [] [1001]" {
		t.Fatalf("the groups have %s", got)
	}
	// A second run changes a user again, so that one principal has two writes.
	w.write("again.tf", named("again", "user", "1001", entraID(77), `expected_current_external_id = "`+entraID(1001)+`"`))
	w.must(0, "apply", "-auto-approve", "-target=dbxidentity_external_id.again")
	// A third change of it is refused: it does not count.
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 409, ErrorCode: "CONFLICT", Method: "PATCH", Times: 1})
	w.write("again.tf", named("again", "user", "1001", entraID(78), ""))
	w.must(1, "apply", "-auto-approve", "-target=dbxidentity_external_id.again")
	if got := a.userExternalID("1001"); got != entraID(77) {
		t.Fatalf("user 1001 holds %q", got)
	}
	a.setUserExternalID("1000", entraID(4711))()  // Since then, by someone else.
	a.setMembers("210", "1000", "1002", "1003")() // 102 was taken away, 1002 put back.
	a.change(func(st *simulator.State) {          // And a group became privileged.
		operators := len(st.Groups) - 2
		st.Groups[operators].Roles = []simulator.Role{{Value: "account_admin"}}
		before.Groups[operators].Roles = st.Groups[operators].Roles
	})

	// Lines of another account and of machines that died do not count.
	journal := w.content("journal.jsonl")
	foreign := `{"version":1,"time":"2100-01-01T00:00:00Z","event":"intent","write":"x","account_id":"22222222-2222-4333-8444-555555555555",` +
		`"operation":"set_external_id","principal":"user/1001","before":"a","after":"b"}`
	journal = "{\"version\":1,\"ti\n" + journal + foreign + "\n" + foreign[:40]
	r := rollbackOf(t, a, journal)
	saysAll(t, r.must(1, "apply", "-auto-approve"), "group/211", "account role account_admin")
	r.env = append(r.env, `TF_VAR_allow_privileged=["group/211"]`)
	saysAll(t, r.must(1, "apply", "-auto-approve"), "user/1000", entraID(4711))
	r.env = append(r.env, `TF_VAR_keep=["user/1000"]`)
	out := r.must(0, "apply", "-auto-approve")
	// A member of a group of the identity provider is left out, and does not block the rest.
	saysAll(t, out, `"service_principal/301" = "Its externalId was blank, which the API cannot make it again; it keeps `+entraID(301)+`."`,
		`"user/101" = "Its externalId was blank`, `"group/212/user/1002" = "group/212 was the identity provider's: add user/1002 to it there.`)
	r.must(0, "plan", "-detailed-exitcode")

	want := before
	for i := range want.Users {
		switch want.Users[i].ID {
		case "101":
			want.Users[i].ExternalID = entraID(101) // Was blank.
		case "1000":
			want.Users[i].ExternalID = entraID(4711) // Is someone else's.
		}
	}
	last := &want.Groups[len(want.Groups)-1]
	last.Members = last.Members[:1]                     // 1002 is for the identity provider to put back.
	want.ServicePrincipals[0].ExternalID = entraID(301) // Was blank.
	if diff := cmp.Diff(want, a.state()); diff != "" {
		t.Errorf("the account (-want +got): %s", diff)
	}
	if n := strings.Count(r.content("rollback.jsonl"), `"wrote":"yes"`); n == 0 {
		t.Error("the roll-back has no journal of its own")
	}

	// Nothing is undone before its time.
	later := rollbackOf(t, a, journal)
	later.env = append(later.env, "TF_VAR_since=2200-01-01T00:00:00Z")
	got := later.must(0, "plan")
	if strings.Contains(got, "will be created") {
		t.Errorf("planned: %s", got)
	}
	saysAll(t, got, "nothing is undone", "writes_to_undo = 0")
}

// One principal can be rolled back alone, and what a person writes wrongly is
// refused or warned of in place of being ignored.
func TestProcess_rollbackInputs(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Users[0].ExternalID, st.Users[1].ExternalID = entraID(1), entraID(2)
	a := startAccount(t, st, simulator.Options{})
	line := func(n int, user, before, after string) string {
		return fmt.Sprintf(`{"version":1,"time":"2026-11-23T08:00:0%dZ","event":"intent","write":"w%d","account_id":%q,"operation":"set_external_id","principal":"user/%s","before":%q,"after":%q}`+"\n",
			n, n, a.AccountID, user, before, after)
	}
	first, second := st.Users[0].ID, st.Users[1].ID
	r := rollbackOf(t, a, line(1, first, entraID(11), entraID(1))+line(2, second, entraID(12), entraID(2)))
	env := r.env
	for variable, want := range map[string]string{
		"since=2026-11-23":                               "RFC 3339",
		"since=23.11.2026 08:00":                         "RFC 3339",
		`keep=["user101@example.com"]`:                   "keep takes keys of the journal",
		`only=["101"]`:                                   "only takes keys of the journal",
		`allow_privileged=["operators"]`:                 "allow_privileged takes groups",
		`local_again=["201"]`:                            "local_again takes groups",
		"account_id=" + strings.ToUpper(a.AccountID[:8]): "a UUID in lower case",
	} {
		r.env = append(slices.Clone(env), "TF_VAR_"+variable)
		saysAll(t, r.must(1, "plan"), want)
	}
	r.env = append(slices.Clone(env), `TF_VAR_keep=["user/999"]`, "TF_VAR_since=2026-11-23T08:00:02Z")
	saysAll(t, r.must(0, "plan"), "user/999", "writes_to_undo = 1", "1 to add")
	r.env = append(slices.Clone(env), fmt.Sprintf(`TF_VAR_only=["user/%s"]`, first))
	saysAll(t, r.must(0, "apply", "-auto-approve"), "1 added", `"1 of 2"`)
	if one, other := a.userExternalID(first), a.userExternalID(second); one != entraID(11) || other != entraID(2) {
		t.Errorf("the users hold %q and %q", one, other)
	}
}

// membershipsOf is one instance per "<group>/<member>".
func membershipsOf(resource string, keys ...string) string {
	return fmt.Sprintf("\nresource %q %q {\n  for_each = toset([\"%s\"])\n  group_id = split(\"/\", each.key)[0]\n  member_id = split(\"/\", each.key)[1]\n}\n",
		resource, "those", strings.Join(keys, "\", \""))
}

// The order of undoing: who was removed while a group was local is put back
// before it is linked again, and where the roll-back makes it local, by the next
// one, which is reported.
func TestProcess_rollbackOrder(t *testing.T) {
	t.Parallel()
	st := smallWorld()
	st.Groups = append(st.Groups,
		simulator.Group{ID: "210", DisplayName: "linked since", ExternalID: entraID(210)},
		simulator.Group{ID: "211", DisplayName: "cleared since"})
	a := startAccount(t, st, simulator.Options{})
	line := func(n int, rest string) string {
		return fmt.Sprintf(`{"version":1,"time":"2026-11-23T08:00:0%dZ","event":"intent","write":"w%d","account_id":%q,%s}`+"\n", n, n, a.AccountID, rest)
	}
	removed := func(group string) string {
		return fmt.Sprintf(`"operation":"remove_member","principal":"user/101","group":"group/%s","group_origin":"databricks","before":"member","after":"absent"`, group)
	}
	linked := func(group, before, after string) string {
		return fmt.Sprintf(`"operation":"set_external_id","principal":"group/%s","before":%q,"after":%q`, group, before, after)
	}
	r := rollbackOf(t, a, line(1, removed("210"))+line(2, linked("210", "", entraID(210)))+
		line(3, linked("211", entraID(211), ""))+line(4, removed("211")))
	out := r.must(0, "apply", "-auto-approve")
	saysAll(t, out, `"group/210/user/101" = "group/210 was the identity provider's`)
	held := func() string {
		now := a.state()
		ids := map[string]string{}
		for _, g := range now.Groups {
			ids[g.ID] = g.ExternalID
		}
		return fmt.Sprint(a.members("210"), ids["210"], a.members("211"), ids["211"])
	}
	if got, want := held(), fmt.Sprint("[]", "", "[101]", entraID(211)); got != want {
		t.Errorf("after the first: %s, want %s", got, want)
	}
	r.env = append(r.env, `TF_VAR_local_again=["group/210"]`)
	r.must(0, "apply", "-auto-approve")
	if got, want := held(), fmt.Sprint("[101]", "", "[101]", entraID(211)); got != want {
		t.Errorf("after the second: %s, want %s", got, want)
	}
	r.must(0, "plan", "-detailed-exitcode")
}

// Groups get their names back; who was deactivated stays so, and is listed.
func TestProcess_rollbackPeople(t *testing.T) {
	t.Parallel()
	a := startAccount(t, leavers(), simulator.Options{})
	before := a.state()
	w := newWorkspace(t, a.config("journal_path = \"journal.jsonl\"\n  "+a.file(), peopleFlow("")))
	a.faults(simulator.Fault{Kind: simulator.FaultLost, Method: "PATCH", Path: "/api/**/Groups/210", Times: 1})
	w.must(0, "apply", "-auto-approve")
	if a.groupName("210") != "twice (local 210)" || a.active("110") {
		t.Fatalf("the flow did not work: %s", a.groupName("210"))
	}
	a.nameGroup("202", "someone else's")()
	r := rollbackOf(t, a, w.content("journal.jsonl"))
	saysAll(t, r.must(1, "apply", "-auto-approve"), "Refusing to Plan Group Name", `group/202 is called "someone else's"`)
	r.env = append(r.env, `TF_VAR_keep=["group/202"]`)
	saysAll(t, r.must(0, "apply", "-auto-approve"), `"deactivate/user/110" = "It was deactivated`, `"1 of 2"`, `"0 of 3"`)
	r.must(0, "plan", "-detailed-exitcode")
	want := before
	for i := range want.Users {
		want.Users[i].Active = want.Users[i].Active && !slices.Contains([]string{"110", "111", "112"}, want.Users[i].ID)
	}
	want.Groups[1].DisplayName = "someone else's"
	if diff := cmp.Diff(want, a.state()); diff != "" {
		t.Errorf("the account (-want +got): %s", diff)
	}
}
