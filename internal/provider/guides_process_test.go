// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

// guideCommands are the shell blocks of a guide that call terraform, in order,
// word for word.
func guideCommands(t *testing.T, guide string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", guide+".md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		if strings.Contains(block[1], "terraform plan") || strings.Contains(block[1], "terraform apply") {
			out = append(out, block[1])
		}
	}
	return out
}

// shell runs commands of a guide in the workspace as a reader would, but for
// init (the provider is a development build) and the questions of apply.
func (w *workspace) shell(script string) string {
	w.t.Helper()
	sh := *w
	sh.cli = "sh"
	sh.env = append(sh.env, "TF_INPUT=0", "TF_CLI_ARGS_apply=-auto-approve")
	return sh.must(0, "-ec", fmt.Sprintf("terraform() { [ \"$1\" = init ] || %q \"$@\"; }\n%s", w.cli, script))
}

// folder puts an example into a folder of the workspace.
func (w *workspace) folder(name, dir string) {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(examplesRoot, filepath.FromSlash(dir), "main.tf"))
	if err == nil {
		err = os.MkdirAll(filepath.Join(w.dir, name), 0o700)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(filepath.Join(name, "main.tf"), string(content))
}

// divergent is an account with ids to fix, a member to remove that can be judged
// at once, and one that can be judged once its own id is right.
func divergent(t *testing.T) account {
	t.Helper()
	st := smallWorld()
	st.Users[0].ExternalID = entraID(998) // Dead; its new id is not in the group 201.
	st.Users = append(st.Users, simulator.User{ID: "104", UserName: "user104@example.com", Active: true, ExternalID: entraID(104)})
	st.IDP.Users = append(st.IDP.Users, simulator.IDPUser{ID: entraID(104), UserPrincipalName: "user104@example.com", AccountEnabled: true, UserType: "Member"})
	st.Groups[0].Members = append(st.Groups[0].Members, simulator.Member{Value: "101"}, simulator.Member{Value: "104"})
	return startAccount(t, st, simulator.Options{})
}

// The guide on remediation, followed word for word, ends where it says.
func TestProcess_remediationGuide(t *testing.T) {
	t.Parallel()
	a := divergent(t)
	w := exampleModule(t, a, "guides/remediation")
	commands := guideCommands(t, "remediation")
	if len(commands) != 1 {
		t.Fatalf("the guide has %d blocks of commands", len(commands))
	}
	saysAll(t, w.shell(commands[0]), "No changes.", "local-group", "Check who made the IdP group")
	if got := a.members("201"); len(got) != 1 || a.userExternalID("101") != entraID(101) {
		t.Errorf("group 201 has %v, user 101 %s", got, a.userExternalID("101"))
	}
	if n := strings.Count(w.content("journal.jsonl"), `"wrote":"yes"`); n != 4 {
		t.Errorf("the journal has %d writes, want two ids and two removals", n)
	}
}

// So does the guide on the pinned flow, with the pull request as a copy of the
// file; the second audit brings the removal that could not be judged before.
func TestProcess_pinnedGuide(t *testing.T) {
	t.Parallel()
	a := divergent(t)
	w := newWorkspace(t, "")
	w.onAccount(a)
	w.folder("audit", "pinned/audit")
	w.folder("apply", "pinned/apply")
	commands := guideCommands(t, "pinned-flow")
	if len(commands) != 2 {
		t.Fatalf("the guide has %d blocks of commands", len(commands))
	}
	w.shell(commands[0])
	if n := a.writes(); n != 0 {
		t.Fatalf("the audit wrote %d times", n)
	}
	saysAll(t, w.shell(commands[1]), "No changes.")
	first := w.content("apply/fixes.auto.tfvars.json")
	w.shell(commands[0])
	second := w.content("apply/fixes.auto.tfvars.json")
	if !strings.Contains(first, `"201/104"`) || strings.Contains(first, `"201/101"`) || !strings.Contains(second, `"201/101"`) {
		t.Errorf("first:\n%s\nsecond:\n%s", first, second)
	}
	saysAll(t, w.shell(commands[1]), "No changes.")
	if got := a.members("201"); len(got) != 1 || a.userExternalID("101") != entraID(101) {
		t.Errorf("group 201 has %v, user 101 %s", got, a.userExternalID("101"))
	}
}
