// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package docs_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator/world"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/tfcli"
)

// Every block that README, guides and the page of the simulator print is run here
// as a reader would, in the order in which it is printed, or is in notRun with the
// reason. Readers have a copy of the repository, a home of their own, and the
// simulator in place of their account.

// session is one reader who goes through a page, or through several.
type session struct {
	preset string
	state  func(*simulator.State) // what the reader's account has besides the preset
	inRepo bool                   // in the root of the repository, else in an empty folder
	// official: the reader has the official provider as well. It is run where
	// DBXIDENTITY_TEST_OFFICIAL names its binary, see CONTRIBUTING.md.
	official bool
	steps    []step
}

// step is one printed block, or what the reader does between two.
type step struct {
	page, has string // the block of the page that has this text
	file      string // is written there, else it is run
	add       bool   // is added to that file
	do        string // no block, but this is run
	wants     string // regular expression of what it prints
	needs     string // program without which the rest of the session is left out
}

func run(page, has string) step         { return step{page: page, has: has} }
func write(file, page, has string) step { return step{page: page, has: has, file: file} }
func add(file, page, has string) step   { return step{page: page, has: has, file: file, add: true} }
func do(command string) step            { return step{do: command} }

func (s step) shows(pattern string) step {
	s.wants = pattern
	return s
}

const (
	readme       = "README.md"
	contributing = "CONTRIBUTING.md"
	index        = "docs/index.md"
	simulators   = "docs/simulator.md"
	guide        = "docs/guides/%s.md"
)

var (
	beside      = fmt.Sprintf(guide, "beside-official")
	beforeAIM   = fmt.Sprintf(guide, "before-aim")
	ci          = fmt.Sprintf(guide, "ci")
	cloneGuide  = fmt.Sprintf(guide, "clone")
	firstAudit  = fmt.Sprintf(guide, "first-audit")
	idpEntra    = fmt.Sprintf(guide, "idp-entra")
	idpFile     = fmt.Sprintf(guide, "idp-file")
	idpOkta     = fmt.Sprintf(guide, "idp-okta")
	people      = fmt.Sprintf(guide, "people")
	pinnedFlow  = fmt.Sprintf(guide, "pinned-flow")
	remediation = fmt.Sprintf(guide, "remediation")
	reports     = fmt.Sprintf(guide, "reports")
	rollback    = fmt.Sprintf(guide, "rollback")
	scimNeeded  = fmt.Sprintf(guide, "scim-still-needed")
	trouble     = fmt.Sprintf(guide, "troubleshooting")
	wrongIDs    = fmt.Sprintf(guide, "wrong-ids-in-bulk")
)

// versions makes a fragment a configuration.
const versions = `printf 'terraform {\n  required_providers {\n    dbxidentity = { source = "dbxidentity/dbxidentity" }\n  }\n}\n' > versions.tf`

var sessions = map[string]session{
	"readme": {preset: "demo", inRepo: true, steps: []step{
		run(readme, "make install   #").shows("installed as version"),
		do("mkdir mine; cd mine"),
		write("main.tf", readme, "# your own mail domains"),
		run(readme, "DATABRICKS_CLIENT_SECRET=").shows(`(?s)No changes.*Identities Diverge.*What matters first`),
		do("cd .."),
		run(readme, "-preset field-scan").shows(`899 +0  user +stale_own_domain`),
		do("grep -c '</html>' report.html; head -1 comment.md").shows("1\n## Identity report"),
	}},
	"contributing": {preset: "demo", inRepo: true, steps: []step{
		run(contributing, "make uninstall").shows("installed as version"),
		do("find ~/.terraform.d -type f | wc -l").shows(`^\s*0\n`),
		run(contributing, "tools/cli-config.sh").shows("Identities Diverge"),
		run(contributing, "changelog -root .. new"),
		do("ls .changes/unreleased").shows("divergences-what-changes"),
	}},
	"first audit": {preset: "demo", steps: []step{
		write("main.tf", firstAudit, "output \"users_csv\""),
		run(firstAudit, "DATABRICKS_CLIENT_SECRET=").shows("0 added, 0 changed, 0 destroyed"),
		do("head -1 users.csv").shows("^id,username,"),
	}},
	"entra": {preset: "demo", steps: []step{
		write("main.tf", idpEntra, "entra = {}"),
		run(idpEntra, "export DBXIDENTITY_ENTRA_TENANT_ID").shows(`complete += true\n.*failures += \[\]`),
	}},
	"okta": {preset: "demo", steps: []step{
		write("main.tf", idpOkta, "okta = {}"),
		run(idpOkta, "export DBXIDENTITY_OKTA_ORG_URL").shows(`complete += true\n.*failures += \[\]`),
	}},
	"file": {preset: "demo", steps: []step{
		write("main.tf", idpFile, `path = "directory.json"`),
		write("directory.json", idpFile, `"user_name": "ann@example.com"`),
		do("terraform init && terraform plan").shows(`complete += true\n.*failures += \[\]`),
	}},
	"clone": {preset: "demo", steps: []step{
		write("main.tf", cloneGuide, `check "held_back"`),
		do("mkdir report"),
		write("report/main.tf", cloneGuide, `output "ticket"`),
		run(cloneGuide, "-chdir=report").shows("0 added, 0 changed, 0 destroyed"),
		do("grep data-engineers ticket.md").shows("data-engineers"),
		run(cloneGuide, "terraform apply plan.bin").shows(`(?s)Apply complete! Resources: 4 added.*No changes\..*Held back until you decide`),
	}},
	"several clones": {preset: "demo", steps: []step{
		do(versions),
		write("main.tf", cloneGuide, `variable "joiners"`),
		do("terraform init && terraform plan").shows("dbxidentity_group_member.given\\[\"30000000000011/100000000020\"\\] will be created"),
	}},
	// A member of month-end-close who can be judged once the own link is right: the
	// second round takes that one out. The journal then undoes what it can.
	"remediation and roll-back": {preset: "demo", state: withLateMember, steps: []step{
		write("main.tf", remediation, `journal_path = "journal.jsonl"`),
		run(remediation, "terraform output manual_actions").
			shows(`(?s)Apply complete! Resources: 8 added.*Plan: 1 to add, 1 to change, 0 to destroy.*Apply complete!.*No changes\..*Check who made the IdP group`),
		do(`grep -c '"wrote":"yes"' journal.jsonl`).shows("^8\n"),
		{page: rollback, has: "jq -cnR", wants: "set_external_id", needs: "jq"},
		do("mkdir back; cp journal.jsonl back; cd back"),
		write("main.tf", rollback, "# Writes back what a journal says was there before"),
		run(rollback, "-out=rollback.bin").shows(`(?s)Resources: 2 added.*writes_to_undo"? += 8`),
	}},
	"remediation, by hand and by modules": {preset: "demo", steps: []step{
		write("main.tf", remediation, `journal_path = "journal.jsonl"`),
		do("mkdir fixes; sed -i.bak '/^resource \"dbxidentity_external_id\" \"fix\"/,/^}/d' main.tf"),
		add("main.tf", remediation, `"analyst"`),
		add("main.tf", remediation, "import {"),
		add("main.tf", remediation, `module "fixes"`),
		write("fixes/main.tf", remediation, `variable "fixes"`),
		do("terraform init && terraform plan").shows("Plan: 1 to import, 9 to add, 0 to change, 0 to destroy"),
	}},
	"people": {preset: "demo", steps: []step{
		write("main.tf", people, "suggest_deactivations = true"),
		run(people, "terraform apply plan.bin").shows(`(?s)Principal Will Be Deactivated.*Apply complete! Resources: 4 added.*still_to_deactivate = 0`),
		do("terraform plan -detailed-exitcode").shows("No changes"),
	}},
	"a group in the way": {preset: "demo", steps: []step{
		do(versions),
		write("main.tf", people, `"data-science (local)"`),
		do("terraform init && terraform plan").shows(`Plan: 2 to add`),
	}},
	"pinned": {preset: "demo", state: withLateMember, steps: []step{
		do("mkdir audit apply"),
		write("audit/main.tf", pinnedFlow, "# Root module 1"),
		run(pinnedFlow, "cd audit").shows("0 added, 0 changed, 0 destroyed"),
		write("apply/main.tf", pinnedFlow, "# Root module 2"),
		run(pinnedFlow, "cd apply").shows(`(?s)Apply complete! Resources: 7 added.*No changes\.`),
		do("cp apply/fixes.auto.tfvars.json first"),
		run(pinnedFlow, "cd audit"),
		do("diff first apply/fixes.auto.tfvars.json || true").shows("^[0-9a,]+\n> .*100000000007.*\n\n$"),
		run(pinnedFlow, "cd apply").shows(`(?s)Apply complete! Resources: 1 added, 0 changed, 0 destroyed.*No changes\.`),
	}},
	"reports": {preset: "demo", steps: []step{
		write("main.tf", reports, `output "left_to_people"`),
		run(reports, "for name in comment ticket").shows("0 added, 0 changed, 0 destroyed"),
		do("head -1 comment.md ticket.md; head -c 15 report.html; echo; head -1 left_to_people.csv; grep -c @example.com comment.md || true").
			shows(`(?s)## Identity report.*## Name changes in a Databricks account.*<!doctype html>\nprincipal_type,principal_id,.*\n0\n`),
		run(reports, "mv findings.json before.json"),
		do("grep '| | Before | Now |' comment.md").shows("Before"),
	}},
	"before AIM": {preset: "migration", steps: []step{
		write("main.tf", beforeAIM, `output "ready_to_enable_aim"`),
		run(beforeAIM, "terraform init\n").shows("0 added, 0 changed, 0 destroyed"),
		do("grep -c '</html>' report.html").shows("^1\n"),
	}},
	"beside the official provider": {preset: "demo", official: true, steps: []step{
		write("main.tf", beside, `"sales-team"`),
		run(beside, "terraform plan -detailed-exitcode").shows(`(?s)Apply complete! Resources: 9 added.*No changes\.`),
		do("terraform destroy").shows(`(?s)keeps the externalId.*Destroy complete! Resources: 9 destroyed`),
	}},
	"two owners of an external id": {preset: "demo", official: true, steps: []step{
		write("main.tf", beside, `"sales-team"`),
		write("u13.tf", beside, "ignore_changes"),
		do(`printf 'import {\n  to = databricks_user.u13\n  id = "100000000009"\n}\n' > import.tf; sed -i.printed '/lifecycle {/,/^  }/d' u13.tf`),
		do("terraform init; terraform apply"),
		do("terraform apply").shows(`~ external_id += "d52011ed-\S+ -> "d35e0eff-`),
		do("terraform apply").shows(`(?s)~ external_id += "d35e0eff-\S+ -> "d52011ed-.*External ID Undone by Someone Else`),
		{page: beside, has: "uniq -d", wants: "^user/100000000009\n", needs: "jq"},
		do("terraform apply").shows(`~ external_id += "d52011ed-\S+ -> "d35e0eff-`),
		do("mv u13.tf.printed u13.tf; terraform apply; terraform plan").shows(`No changes\.`),
	}},
	"exported groups": {preset: "demo", official: true, steps: []step{
		do("~/.terraform.d/plugins/registry.terraform.io/databricks/databricks/*/*/terraform-provider-databricks_v* exporter" +
			" -skip-interactive -listing=groups,users -services=groups,users -directory=out > export.log 2>&1; cp out/users.tf exported-users; ls out/groups.tf"),
		do(`sed -n '/resource "databricks_group" "old_reporting/,/^}/p' out/groups.tf > groups.tf; cat groups.tf; touch users.tf`).shows(`external_id += "4b7c5173-`),
		write("main.tf", beside, `"sales-team"`),
		do(`printf 'import {\n  to = databricks_group.old_reporting_30000000000005\n  id = "30000000000005"\n}\n' > import.tf`),
		do(`sed -i.bak 's/primary_domains = .*/&\n  suggest_group_clears = true/' main.tf; terraform init; terraform apply`),
		do("terraform plan").shows(`(?s)databricks_group.old_reporting_30000000000005 must be replaced.*external_id += "4b7c5173-\S+ # forces replacement`),
		run(beside, "sed -i.bak"),
		do("terraform plan").shows(`No changes\.`),
	}},
	"rename and fix in one apply": {preset: "demo", official: true, steps: []step{
		write("main.tf", beside, `"sales-team"`),
		do(`sed -i.bak 's/primary_domains = .*/&\n  link_groups = true/' main.tf; printf '` +
			`import {\n  to = databricks_group.ds\n  id = "30000000000006"\n}\n` +
			`resource "databricks_group" "ds" {\n  display_name = "renamed"\n  depends_on = [dbxidentity_external_id.fix]\n}\n' > group.tf`),
		do("terraform init; terraform apply").shows(`(?s)fix\["group/30000000000006"\]: Creation complete.*databricks_group.ds: Modifications complete`),
		{do: "curl -s $DATABRICKS_HOST/_simulator/state | jq -c '.groups[] | select(.id == \"30000000000006\")'", wants: `^{"id":"30000000000006","displayName":"renamed","members"`, needs: "jq"},
	}},
	"two owners of a membership": {preset: "demo", official: true, steps: []step{
		do(`printf 'terraform {\n  required_providers {\n    databricks  = { source = "databricks/databricks" }\n    dbxidentity = { source = "dbxidentity/dbxidentity" }\n  }\n}\n` +
			`resource "dbxidentity_group_member_removal" "auditor" {\n  group_id  = "30000000000006"\n  member_id = "100000000003"\n}\n' > main.tf`),
		do(`printf 'resource "databricks_group_member" "auditor" {\n  group_id  = "30000000000006"\n  member_id = "100000000003"\n}\n' > official.tf`),
		do("terraform init; terraform apply -target=databricks_group_member.auditor; terraform apply").shows("removal.auditor: Creation complete"),
		do("terraform apply").shows("databricks_group_member.auditor will be created"),
		do("terraform apply").shows(`(?s)removal.auditor will be created.*Group Member Removal Undone by Someone Else`),
		do("terraform apply").shows("databricks_group_member.auditor will be created"),
		write("official.tf", beside, "from = databricks_group_member.auditor"),
		do("terraform apply; terraform plan").shows(`(?s)removal.auditor: Creation complete.*No changes\.`),
	}},
	"fragments": {preset: "empty", steps: []step{
		do(versions),
		write("provider.tf", rollback, "DBXIDENTITY_JOURNAL_PATH"),
		do("terraform init; terraform validate"),
		write("provider.tf", trouble, "checkpoint_dir"),
		do("terraform validate").shows("valid"),
	}},
	"simulator": {preset: "demo", inRepo: true, steps: []step{
		do("exec < /dev/null"), // The shell that it opens ends at once.
		run(simulators, "-preset demo -- sh"),
		{page: simulators, has: `"$account/scim/v2/Users?count=2"`, wants: `"userName"`, needs: "jq"},
		run(simulators, "SSWS").shows(`(?s)"userPrincipalName".*"login"`),
		write("faults.json", simulators, `"kind": "status"`),
		do("curl -sf --data @faults.json $DATABRICKS_HOST/_simulator/faults; curl -s $DATABRICKS_HOST/_simulator/faults").shows(`"retry_after_seconds"`),
	}},
}

// notRun are blocks that no session runs, and why.
var notRun = []struct{ page, has, why string }{
	{readme, "make demo", ".ci/run runs it, in a clean checkout too"},
	{readme, "$ terraform apply\n", "what Terraform prints: TestProcess_cloneStory has it"},
	{contributing, "make check     #", "what CI runs, this test included"},
	{contributing, "account + idp  --read-->", "a picture"},
	{contributing, "git tag v0.1.0", "a release"},
	{index, "version = \"~> 0.1\"", "there is no release yet; TestAccExamples plans it"},
	{index, "export DATABRICKS_CLIENT_SECRET=...", "the README has the same"},
	{index, "az login", "a person's login"},
	{index, "databricks auth login", "a person's login"},
	{wrongIDs, "external_ids_are_fed_from", "TestAccExamples plans it"},
	{ci, `# Recipe "report"`, "TestProcess_recipes runs it"},
	{ci, `# Recipe "gate"`, "TestProcess_recipes runs it"},
	{ci, "terraform test -junit-xml", "TestProcess_recipes runs it"},
	{ci, `# Recipe "enforce"`, "TestProcess_recipes runs it"},
	{ci, "conftest test", "conftest is not installed; tools/recipes runs the policy"},
	{reports, "gh pr comment", "needs a pull request"},
	{idpFile, "json-schema.org", "for editors"},
	{idpFile, `data "azuread_users"`, "needs another provider and a tenant"},
	{idpFile, "what the azuread provider has read", "TestAccGuides_directoryModules runs it"},
	{idpFile, "what the okta provider has read", "TestAccGuides_directoryModules runs it"},
	{scimNeeded, `check "scim_is_silent"`, "TestAccExamples plans it"},
	{scimNeeded, "'autoUserCreation'", "TestGuideQueries runs it"},
	{scimNeeded, "latest DESC", "TestGuideQueries runs it"},
	{scimNeeded, "AS since", "TestGuideQueries runs it"},
	{remediation, "list \"dbxidentity_external_id\"", "needs Terraform 1.14: TestProcess_query runs it"},
	{people, "databricks token-management list", "the Databricks CLI is not installed"},
	{pinnedFlow, "audit/main.tf\n", "a list of files"},
	{beside, "(the next plan)", "what Terraform prints: the session shows it"},
	{beside, "# forces replacement", "what Terraform prints: the session shows it"},
	{simulators, "client.New(&config.Config{\n", "the tests of internal/simulator do the same with the SDK"},
	{simulators, "catalog.NewCatalogs", "the tests of internal/simulator do the same with the SDK"},
	{simulators, "from databricks.sdk import", "the Python SDK is not installed"},
	{simulators, "databricks account users list", "the Databricks CLI is not installed"},
}

// withLateMember puts a user whose link is to be repaired into a group of the
// identity provider that does not have them there.
func withLateMember(st *simulator.State) {
	for i := range st.Groups {
		if st.Groups[i].DisplayName == "finance-analysts-emea" {
			st.Groups[i].Members = append(st.Groups[i].Members, simulator.Member{Value: "100000000007"})
		}
	}
}

// printed is one fenced block of a page.
type printed struct {
	page string
	line int
	text string
}

func (p printed) String() string { return fmt.Sprintf("%s:%d", p.page, p.line) }

var fence = regexp.MustCompile("(?ms)^([ \t]*)```[a-z]*\n(.*?)^[ \t]*```[ \t]*$")

// blocks are the fenced blocks of the pages that are run.
func blocks(t *testing.T) []printed {
	t.Helper()
	pages := []string{readme, contributing, index, simulators}
	for _, path := range files(t, ".md") {
		if strings.HasPrefix(path, "docs/guides/") {
			pages = append(pages, path)
		}
	}
	var out []printed
	for _, page := range pages {
		text := read(t, page)
		for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
			indent := text[m[2]:m[3]]
			body := strings.ReplaceAll("\n"+text[m[4]:m[5]], "\n"+indent, "\n")[1:]
			out = append(out, printed{page, 1 + strings.Count(text[:m[0]], "\n"), body})
		}
	}
	return out
}

// find is the one block of a page that has a text.
func find(t *testing.T, all []printed, page, has string) printed {
	t.Helper()
	var found []printed
	for _, b := range all {
		if b.page == page && strings.Contains(b.text, has) {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d blocks of %s have %q, want one: %v", len(found), page, has, found)
		return printed{}
	}
	return found[0]
}

// No block is printed that is neither run nor excused.
func TestPrinted_whole(t *testing.T) {
	t.Parallel()
	all := blocks(t)
	var known []printed
	for _, s := range sessions {
		for _, step := range s.steps {
			if step.do == "" {
				known = append(known, find(t, all, step.page, step.has))
			}
		}
	}
	var code strings.Builder
	for _, path := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			code.WriteString(read(t, path))
		}
	}
	for _, n := range notRun {
		b := find(t, all, n.page, n.has)
		if slices.Contains(known, b) {
			t.Errorf("%s is run, and is excused (%s)", b, n.why)
		}
		known = append(known, b)
		for _, test := range regexp.MustCompile(`\bTest\w+`).FindAllString(n.why, -1) {
			if !strings.Contains(code.String(), "func "+test+"(") {
				t.Errorf("%s: there is no %s", b, test)
			}
		}
	}
	for _, b := range all {
		if !slices.Contains(known, b) {
			t.Errorf("%s is printed and never run:\n%s", b, b.text)
		}
	}
	targets := read(t, "GNUmakefile")
	for _, b := range all {
		for _, m := range regexp.MustCompile(`(?m)^make ([a-z-]+)`).FindAllStringSubmatch(b.text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(targets) {
				t.Errorf("%s: there is no target %s", b, m[1])
			}
		}
	}
}

// checkout is a fresh copy of the repository, with what `make install` puts into
// a reader's home.
type checkout struct{ dir, plugins, bin, simulator string }

// newCheckout copies what git has, and what it would take: no build, no cache.
func newCheckout(t *testing.T) checkout {
	t.Helper()
	cli, err := tfcli.Find(os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		t.Skip("no Terraform CLI: neither TF_ACC_TERRAFORM_PATH nor terraform or tofu on PATH (make test provides one)")
	}
	list := exec.CommandContext(t.Context(), "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Skipf("no list of the repository's files: git ls-files: %v", err)
	}
	dir := t.TempDir()
	c := checkout{dir: filepath.Join(dir, "repository"), plugins: filepath.Join(dir, "plugins"), bin: filepath.Join(dir, "bin")}
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		copyFile(t, filepath.Join(root, name), filepath.Join(c.dir, name))
	}
	// Guides say terraform; where there is OpenTofu only, that is what they mean.
	if cli, err = filepath.Abs(cli); err == nil {
		err = os.MkdirAll(c.bin, 0o700)
	}
	if err == nil {
		err = os.Symlink(cli, filepath.Join(c.bin, "terraform"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if official := os.Getenv("DBXIDENTITY_TEST_OFFICIAL"); official != "" {
		for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			const version = "1.999.0"
			into := filepath.Join(c.plugins, registry, "databricks", "databricks", version, runtime.GOOS+"_"+runtime.GOARCH)
			if err := errors.Join(os.MkdirAll(into, 0o700), os.Symlink(official, filepath.Join(into, "terraform-provider-databricks_v"+version))); err != nil {
				t.Fatal(err)
			}
		}
	}
	install := exec.CommandContext(t.Context(), "make", "-s", "install", "PLUGINS="+c.plugins)
	install.Dir, install.Env = c.dir, c.environment(dir)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	// A `make` of a session may build another one meanwhile.
	c.simulator = filepath.Join(c.bin, "simulator")
	copyFile(t, filepath.Join(c.dir, "bin", "simulator"), c.simulator)
	return c
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if os.IsNotExist(err) {
		return // Deleted, and git does not know yet.
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(from)
	}
	if err == nil {
		err = os.WriteFile(to, content, info.Mode().Perm())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// goEnvironment keeps Go's caches where they are, whatever the home.
var goEnvironment = sync.OnceValues(func() ([]string, error) {
	names := []string{"GOCACHE", "GOMODCACHE", "GOPATH"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	var set []string
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		set = append(set, names[i]+"="+value)
	}
	return set, err
})

// environment is what a reader's shell has: a home, and nothing of the person who
// runs the tests. Compiled parts are shared with the build beside it (-trimpath).
func (c checkout) environment(home string) []string {
	env := slices.DeleteFunc(tfcli.Environment(), func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS") || strings.HasPrefix(variable, "XDG_")
	})
	goes, _ := goEnvironment() // Without go there is nothing to run the tests with.
	return append(append(env, goes...),
		"HOME="+home, "PATH="+c.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GOFLAGS=-trimpath -buildvcs=false",
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_ARGS=-no-color", "TF_CLI_ARGS_apply=-auto-approve", "TF_CLI_ARGS_destroy=-auto-approve")
}

// own is what a reader puts in place of what is printed.
var own = strings.NewReplacer(
	"https://accounts.azuredatabricks.net", `"$DATABRICKS_HOST"`,
	"2026-11-23T08:00:00Z", "2000-01-01T00:00:00Z",
)

var leftOut = regexp.MustCompile(`\b([A-Z_]+)=\.\.\.`)

// Every session runs to its end and shows what the pages say.
func TestPrinted(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	all := blocks(t)
	for name, s := range sessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.run(t, c, all)
		})
	}
}

func (s session) run(t *testing.T, c checkout, all []printed) {
	t.Helper()
	if s.official && os.Getenv("DBXIDENTITY_TEST_OFFICIAL") == "" {
		t.Skip("no official provider: DBXIDENTITY_TEST_OFFICIAL names no binary of terraform-provider-databricks")
	}
	home := t.TempDir()
	dir := filepath.Join(home, "work")
	plugins := filepath.Join(home, ".terraform.d", "plugins")
	if s.inRepo {
		// `make install` fills this home's own, and a build changes its copy.
		if out, err := exec.CommandContext(t.Context(), "cp", "-R", c.dir, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	} else if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Dir(plugins), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(c.plugins, plugins); !s.inRepo && err != nil {
		t.Fatal(err)
	} else if s.inRepo {
		_ = os.Remove(plugins)
	}

	var script strings.Builder
	script.WriteString("set -e\n")
	names := make([]string, len(s.steps))
	for i, step := range s.steps {
		names[i] = step.do
		text := step.do
		if step.do == "" {
			b := find(t, all, step.page, step.has)
			names[i], text = b.String(), leftOut.ReplaceAllString(own.Replace(b.text), `$1="$$$1"`)
		}
		fmt.Fprintf(&script, "echo; echo '#### %d'\n", i)
		if step.needs != "" {
			fmt.Fprintf(&script, "command -v %[1]s >/dev/null || { echo left out: there is no %[1]s; exit 0; }\n", step.needs)
		}
		if step.file == "" {
			script.WriteString(text + "\n")
			continue
		}
		block := filepath.Join(home, fmt.Sprint("block", i))
		if err := os.WriteFile(block, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		into := ">"
		if step.add {
			into = ">>"
		}
		fmt.Fprintf(&script, "cat '%s' %s '%s'\n", block, into, step.file)
	}
	file := filepath.Join(home, "script.sh")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{"-preset", s.preset}
	if s.state != nil {
		args = []string{"-state", stateFile(t, s)}
	}
	cmd := exec.CommandContext(t.Context(), c.simulator, append(args, "--", "sh", file)...)
	tfcli.Interruptible(cmd)
	cmd.Dir, cmd.Env = dir, c.environment(home)
	raw, err := cmd.CombinedOutput()
	printed := regexp.MustCompile(`(?m)^#### ([0-9]+)\n`).Split(string(raw), -1)
	if err != nil || len(printed) != len(s.steps)+1 && !strings.Contains(string(raw), "left out: there is no") {
		t.Fatalf("%s: %v\n%s", names[max(0, len(printed)-2)], err, raw)
	}
	for i, output := range printed[1:] {
		if strings.Contains(output, "left out: there is no") {
			t.Skip(strings.TrimSpace(output))
		}
		if want := s.steps[i].wants; want != "" && !regexp.MustCompile(want).MatchString(output) {
			t.Errorf("%s prints nothing like %s:\n%s", names[i], want, output)
		}
	}
}

// stateFile is the session's account.
func stateFile(t *testing.T, s session) string {
	t.Helper()
	st, err := world.Preset(s.preset)
	if err != nil {
		t.Fatal(err)
	}
	s.state(&st)
	raw, err := world.EncodeState(st)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
