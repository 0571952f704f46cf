// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package docs_test

import (
	"fmt"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/simulator"
)

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
		run(readme, "DATABRICKS_CLIENT_SECRET=").shows(`(?s)No changes.*Identities Diverge.*What matters\s+first`),
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
		do(`mkdir aliases; sed -n '/^terraform/,/^}/p' main.tf > aliases/main.tf; cd aliases; echo 'variable "account_id" {}' > variables.tf`),
		write("providers.tf", beside, "= \"workspace\""),
		do("terraform init; terraform validate").shows("valid"),
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
	{beforeAIM, "ticket 4711", "a part of a data source whose page has a whole one; TestAccExamples plans that"},
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
