// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/presets"
)

// cloneCopy and cloneMirror give what the demo's clone plan wants.
const (
	clonePlanBlock = `
data "dbxidentity_clone_plan" "this" {
  source = { id = "` + demoSource + `" }
  target = { id = "` + demoTarget + `" }
  # more
}
`
	cloneCopy = clonePlanBlock + `
resource "dbxidentity_remediation_ledger" "this" {
  pending_memberships = data.dbxidentity_clone_plan.this.memberships
}
` + cloneGiven + `dbxidentity_remediation_ledger.this.memberships` + "\n}\n"
	cloneMirror = clonePlanBlock + cloneGiven + `data.dbxidentity_clone_plan.this.memberships` + "\n}\n"
	cloneGiven  = `
resource "dbxidentity_group_member" "given" {
  group_id         = each.value.group_id
  member_id        = each.value.member_id
  allow_privileged = each.value.privileged
  for_each         = `
)

// with puts more settings into the clone plan's block.
func with(config, settings string) string { return strings.Replace(config, "# more", settings, 1) }

// leave takes a principal out of a group.
func (a account) leave(groupID, memberID string) {
	a.t.Helper()
	a.setMembers(groupID, slices.DeleteFunc(a.members(groupID), func(id string) bool { return id == memberID })...)()
}

// holdsTarget are the groups of the demo that have the target as a direct member.
func (a account) holdsTarget() []string {
	a.t.Helper()
	var out []string
	for _, g := range a.state().Groups {
		if slices.Contains(a.members(g.ID), demoTarget) && g.DisplayName != "account users" {
			out = append(out, g.DisplayName)
		}
	}
	slices.Sort(out)
	return out
}

func (a account) targetIs(t *testing.T, when string, want ...string) {
	t.Helper()
	if got := a.holdsTarget(); !slices.Equal(got, want) {
		t.Errorf("%s: the target is in %v, want %v", when, got, want)
	}
}

// The example of the README, as it stands, on the demo: plan, apply, a plan with
// nothing but what people must do, and a destroy that takes away what it gave.
func TestProcess_cloneStory(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	text, err := os.ReadFile(filepath.Join(examplesRoot, "clone", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w := example{dir: "clone", files: []string{"main.tf"}}.workspace(t, a, "main.tf")
	if w.main() != string(text) {
		t.Fatal("not the example")
	}
	forPeople := []string{
		"The identity provider must add user32@example.com to:", "data-engineers: prod-workspace, dev-workspace", "(bi-consumers follows)",
		"Held back until you decide:", "npb-platform-admins (" + demoPlatformAdmins + "): ADMIN of workspace",
	}
	plan := w.must(2, "plan", "-detailed-exitcode", "-out=saved")
	saysAll(t, plan, append(forPeople, "Plan: 4 to add, 0 to change, 0 to destroy.")...)
	for _, id := range []string{demoPlatformUsers, demoScratchAdmins, demoDevelopers} {
		saysAll(t, plan, `dbxidentity_group_member.given["`+id+`"] will be created`)
	}
	a.targetIs(t, "after the plan", "legacy-etl-users", "npb-developers")
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
	w.must(0, "apply", "saved")
	if err := a.wrote(2); err != nil { // It would have seen the writes of a plan.
		t.Error(err)
	}
	a.targetIs(t, "after the apply", "legacy-etl-users", "npb-developers", "npb-platform-users", "scratch-workspace-admins")
	after := w.must(0, "plan", "-detailed-exitcode", "-out=saved")
	saysAll(t, after, append(forPeople, "No changes.")...)
	if strings.Contains(after, "npb-platform-users") {
		t.Errorf("what was applied is still listed:\n%s", after)
	}
	w.must(0, "destroy", "-auto-approve")
	a.targetIs(t, "after the destroy", "legacy-etl-users", "npb-developers")
}

// A copy: neither the source's losses, nor its end, nor a failed read takes
// anything away from the target.
func TestProcess_cloneCopy(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	w := newWorkspace(t, a.config("", cloneCopy))
	header := newWorkspace(t, "").main()
	given := []string{"legacy-etl-users", "npb-developers", "npb-platform-users", "scratch-workspace-admins"}
	w.must(0, "apply", "-auto-approve")
	a.targetIs(t, "after the apply", given...)

	a.leave(demoPlatformUsers, demoSource)
	saysAll(t, w.must(0, "apply", "-auto-approve"), "0 destroyed")
	a.targetIs(t, "after the source left a group", given...)
	w.must(0, "plan", "-detailed-exitcode")

	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "no", Method: "GET", Path: "/api/**/workspaces/7000000000000003/permissionassignments"})
	saysAll(t, w.must(1, "apply", "-auto-approve"), "Incomplete Clone Plan", "7000000000000003")
	w.write("main.tf", header+a.config("", with(cloneCopy, "allow_incomplete = true")))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "memberships is null", "0 destroyed")
	a.targetIs(t, "after a failed read", given...)
	// Where the target was taken out meanwhile, someone settled it in another way: the
	// entry is dropped, and comes back once the plan is whole and asks for it.
	a.leave(demoScratchAdmins, demoTarget)
	saysAll(t, w.must(0, "apply", "-auto-approve"), "0 added, 1 changed, 1 destroyed")
	a.faults()
	saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added, 1 changed, 0 destroyed") // The ledger: what is pending.
	a.targetIs(t, "after a failed read and a loss", given...)

	a.change(func(st *simulator.State) {
		for i := range st.Users {
			if st.Users[i].ID == demoSource {
				st.Users[i].Active = false
			}
		}
	})
	saysAll(t, w.must(0, "apply", "-auto-approve"), "inactive", "0 destroyed")
	for _, g := range a.state().Groups {
		a.leave(g.ID, demoSource)
	}
	a.change(func(st *simulator.State) {
		st.Users = slices.DeleteFunc(st.Users, func(u simulator.User) bool { return u.ID == demoSource })
		st.AccountRoles = nil
		for i := range st.Workspaces {
			st.Workspaces[i].PermissionAssignments = slices.DeleteFunc(st.Workspaces[i].PermissionAssignments,
				func(p simulator.PermissionAssignment) bool { return p.PrincipalID == demoSource })
		}
	})
	saysAll(t, w.must(1, "apply", "-auto-approve"), "Principal Not Found")
	a.targetIs(t, "after the source left", given...)
	w.must(0, "destroy", "-auto-approve", "-refresh=false")
	a.targetIs(t, "after the destroy", "legacy-etl-users", "npb-developers")
}

// Two targets in one ledger, merged under keys that are the groups alone: one would
// take the other's place, and what the first was given would go. It is refused;
// with keys that hold the member both have their own.
func TestProcess_cloneTwoTargets(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	header := newWorkspace(t, "").main()
	w := newWorkspace(t, a.config("", cloneCopy))
	w.must(0, "apply", "-auto-approve")
	second := strings.NewReplacer(`"this"`, `"second"`, demoTarget, demoOther).Replace(clonePlanBlock)
	merged := func(form string) string {
		return header + a.config("", strings.Replace(cloneCopy, "data.dbxidentity_clone_plan.this.memberships", "merge("+
			strings.ReplaceAll(form, "PLAN", "data.dbxidentity_clone_plan.this.memberships")+", "+
			strings.ReplaceAll(form, "PLAN", "data.dbxidentity_clone_plan.second.memberships")+")", 1)+second)
	}
	w.write("main.tf", merged("PLAN"))
	saysAll(t, w.must(1, "plan"), "Two Members Under One Ledger Key", demoTarget, demoOther, "keys that hold the member")
	w.write("main.tf", strings.Replace(merged(`{ for m in PLAN : "${m.group_id}/${m.member_id}" => m }`), "pending_memberships", fmt.Sprintf(
		"exclude = [%q, %q, %q]\n  pending_memberships", demoPlatformUsers, demoScratchAdmins, demoDevelopers), 1)+
		movedTo(demoPlatformUsers)+movedTo(demoScratchAdmins)+movedTo(demoDevelopers))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "3 added", "0 destroyed")
	a.targetIs(t, "with a second target", "legacy-etl-users", "npb-developers", "npb-platform-users", "scratch-workspace-admins")
	if !slices.Contains(a.members(demoPlatformUsers), demoOther) {
		t.Error("the second target was given nothing")
	}
}

// movedTo renames the instance of a group for a key that holds the member.
func movedTo(groupID string) string {
	return fmt.Sprintf(`
moved {
  from = dbxidentity_group_member.given[%q]
  to   = dbxidentity_group_member.given["%s/%s"]
}
`, groupID, groupID, demoTarget)
}

// A mirror follows the source in both directions, and stands still while the
// plan is incomplete. A privileged group comes when it is allowed, by its id.
func TestProcess_cloneMirror(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	header := newWorkspace(t, "").main()
	w := newWorkspace(t, a.config("", cloneMirror))
	w.must(0, "apply", "-auto-approve")
	a.targetIs(t, "after the apply", "legacy-etl-users", "npb-developers", "npb-platform-users", "scratch-workspace-admins")
	w.must(0, "plan", "-detailed-exitcode")

	w.write("main.tf", header+a.config("", with(cloneMirror, `allow_privileged_groups = ["`+demoPlatformAdmins+`"]`)))
	a.leave(demoScratchAdmins, demoSource)
	saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added, 0 changed, 1 destroyed")
	a.targetIs(t, "after the source left a group", "legacy-etl-users", "npb-developers", "npb-platform-admins", "npb-platform-users")
	w.must(0, "plan", "-detailed-exitcode")
	// What was found is kept, also when the source loses it.
	a.leave(demoDevelopers, demoSource)
	saysAll(t, w.must(0, "apply", "-auto-approve"), "0 added, 0 changed, 1 destroyed")
	a.targetIs(t, "after the source left what both had", "legacy-etl-users", "npb-developers", "npb-platform-admins", "npb-platform-users")

	a.leave(demoPlatformUsers, demoSource)
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "no", Method: "GET", Path: "/api/**/workspaces/7000000000000003/permissionassignments"})
	w.must(1, "apply", "-auto-approve")
	w.write("main.tf", header+a.config("", with(cloneMirror, "allow_incomplete = true")))
	saysAll(t, w.must(1, "apply", "-auto-approve"), "Invalid for_each argument")
	a.targetIs(t, "after a failed read", "legacy-etl-users", "npb-developers", "npb-platform-admins", "npb-platform-users")
	a.faults()
	w.write("main.tf", header+a.config("", with(cloneMirror, "max_additions = 0")))
	saysAll(t, w.must(0, "apply", "-auto-approve"), "0 added, 0 changed, 2 destroyed")
	a.targetIs(t, "at the end", "legacy-etl-users", "npb-developers")
}

// What was reviewed is applied or stops: the plan's facts are looked at again
// (R25), one failure is not the others', and the next apply finishes (R29).
func TestProcess_cloneSavedPlan(t *testing.T) {
	t.Parallel()
	a := startPreset(t, "demo", simulator.Options{})
	w := newWorkspace(t, a.config("", cloneCopy))
	w.must(2, "plan", "-detailed-exitcode", "-out=saved")
	a.change(func(st *simulator.State) {
		for i := range st.Groups {
			switch g := &st.Groups[i]; g.ID {
			case demoPlatformUsers: // The IdP took it over since.
				g.ExternalID = entraID(77)
			case demoScratchAdmins: // Someone was faster.
				g.Members = append(g.Members, simulator.Member{Value: demoTarget})
			}
		}
	})
	a.Server.ResetRequests()
	saysAll(t, w.must(1, "apply", "saved"), "Group Member", "group/"+demoPlatformUsers, "belongs to the identity provider")
	if err := a.wrote(0); err != nil {
		t.Error(err)
	}
	a.change(func(st *simulator.State) {
		for i := range st.Groups {
			if st.Groups[i].ID == demoPlatformUsers {
				st.Groups[i].ExternalID = ""
			}
		}
	})
	a.faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 403, ErrorCode: "PERMISSION_DENIED", Message: "no", Method: "PATCH", Path: "/api/**/Groups/" + demoPlatformUsers, Times: 2})
	w.run("apply", "-auto-approve")
	a.faults()
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	w.must(0, "destroy", "-auto-approve")
	// A member that was found there stays: by the plan, and by the other hand.
	a.targetIs(t, "after the destroy", "legacy-etl-users", "npb-developers", "scratch-workspace-admins")
}

// An apply that is interrupted stops between two groups: state holds what was
// confirmed, and the next apply finishes (R29). A tainted instance is taken away
// and given again.
func TestProcess_cloneInterrupted(t *testing.T) {
	t.Parallel()
	st, err := presets.New("demo")
	if err != nil {
		t.Fatal(err)
	}
	const more = 5
	for i := range more {
		id := fmt.Sprint(40000000000000 + i)
		st.Groups = append(st.Groups, simulator.Group{ID: id, DisplayName: fmt.Sprintf("more-%d", i), Members: []simulator.Member{{Value: demoSource}}})
		st.Workspaces[0].PermissionAssignments = append(st.Workspaces[0].PermissionAssignments, simulator.PermissionAssignment{PrincipalID: id, Permissions: []string{"USER"}})
	}
	a := startAccount(t, st, simulator.Options{})
	a.faults(simulator.Fault{Kind: simulator.FaultHang, Method: http.MethodPatch, Skip: 2})
	w := newWorkspace(t, a.config("", cloneCopy))
	cmd, out := w.command("apply", "-auto-approve", "-parallelism=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.until(out, "the third write", func() bool { return a.writes() > 2 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("the apply was not interrupted:\n%s", out)
	}
	has, known := a.holdsTarget(), 0
	for address, values := range w.instances() {
		if !strings.HasPrefix(address, "dbxidentity_group_member.") {
			continue
		}
		if known++; !slices.Contains(has, fmt.Sprint(values["group_name"])) {
			t.Errorf("state holds %s, and the account does not", address)
		}
	}
	// One may have been written and not been confirmed when the interrupt came.
	// legacy-etl-users is the target's own; npb-developers may be in state as found.
	if n := len(has); n >= more+4 || known < 1 || n > known+3 {
		t.Errorf("the target is in %v, state holds %d", has, known)
	}
	a.faults()
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	if has = a.holdsTarget(); len(has) != more+4 {
		t.Errorf("after the next apply the target is in %v", has)
	}
	// The one that was not confirmed counts as found, the others as added.
	var added []string
	for address, values := range w.instances() {
		if values["added"] == true {
			added = append(added, address)
		}
	}
	if len(added) < more+1 {
		t.Fatalf("added were only %v", added)
	}
	slices.Sort(added)
	w.must(0, "taint", added[0])
	saysAll(t, w.must(0, "apply", "-auto-approve"), "1 added, 0 changed, 1 destroyed")
	if now := a.holdsTarget(); !slices.Equal(now, has) || w.instances()[added[0]]["added"] != true {
		t.Errorf("after taint the target is in %v, %v", now, w.instances()[added[0]])
	}
}

// Several people in one configuration, with the ledger's keys of the guide.
func TestProcess_cloneSeveral(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "clone.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, ledger, found := strings.Cut(string(guide), "keys that hold the member:\n\n```terraform\n")
	ledger, _, ended := strings.Cut(ledger, "```")
	if !found || !ended {
		t.Fatal("the guide shows no ledger for several people")
	}
	a := startPreset(t, "demo", simulator.Options{})
	w := newWorkspace(t, a.config("", strings.NewReplacer("user_name =", "id =",
		`{ "user32@example.com" = "user31@example.com" }`, `{ "`+demoTarget+`" = "`+demoSource+`", "100000000021" = "`+demoSource+`" }`).Replace(ledger)))
	w.must(0, "apply", "-auto-approve")
	a.targetIs(t, "after the apply", "legacy-etl-users", "npb-developers", "npb-platform-users", "scratch-workspace-admins")
	if got := a.members(demoScratchAdmins); !slices.Equal(got, []string{demoSource, demoTarget, "100000000021"}) {
		t.Errorf("scratch-workspace-admins has %v", got)
	}
	w.must(0, "plan", "-detailed-exitcode")
}
