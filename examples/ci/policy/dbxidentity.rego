# A policy over the JSON of a plan (terraform show -json plan.bin), for Open Policy
# Agent and conftest: what a pipeline may apply without a human.
#
#   conftest test --policy examples/ci/policy plan.json
#
# The limit can be set as data: {"dbxidentity": {"limit": 50}}.
package main

import rego.v1

default limit := 20

limit := data.dbxidentity.limit

allowed_types := {
	"dbxidentity_external_id",
	"dbxidentity_group_member",
	"dbxidentity_group_member_removal",
	"dbxidentity_resolved_principal",
	"dbxidentity_remediation_ledger",
}

# Changes that an apply would make.
changes contains c if {
	some c in input.resource_changes
	c.mode == "managed"
	some action in c.change.actions
	not action in {"no-op", "read"}
}

# Why the audits of the plan want a fix, by "<type>/<id>". They must be in the
# root module of the plan.
causes[sprintf("%s/%s", [type, row.id])] contains row.cause if {
	some r in input.prior_state.values.root_module.resources
	r.type == "dbxidentity_divergences"
	some list, type in {"users": "user", "groups": "group", "service_principals": "service_principal"}
	some row in r.values[list]
}

ledger_removals contains key if {
	some c in input.resource_changes
	c.type == "dbxidentity_remediation_ledger"
	some key, _ in c.change.after.member_removals
}

deny contains msg if {
	some c in changes
	not c.type in allowed_types
	msg := sprintf("%s: this pipeline changes identities only, not %s", [c.address, c.type])
}

deny contains msg if {
	some c in changes
	"delete" in c.change.actions
	msg := sprintf("%s: would be deleted", [c.address])
}

deny contains msg if {
	some c in changes
	c.change.after.allow_privileged == true
	msg := sprintf("%s: gives a privileged group; a human applies this", [c.address])
}

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_external_id"
	c.change.after.external_id == ""
	msg := sprintf("%s: would clear the externalId", [c.address])
}

# An id that is there may be replaced when it is nobody's, or misspelled; anything
# else links the principal to another living identity.
deny contains msg if {
	some c in changes
	c.type == "dbxidentity_external_id"
	c.change.after.expected_current_external_id != ""
	c.change.after.expected_current_external_id != null
	not replaceable(c)
	msg := sprintf("%s: would link the principal to another identity", [c.address])
}

replaceable(c) if {
	some cause in causes[sprintf("%s/%s", [c.change.after.principal_type, c.change.after.principal_id])]
	cause in {"linkable_by_name", "external_id_spelling"}
}

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_group_member_removal"
	not sprintf("%s/%s", [c.change.after.group_id, c.change.after.member_id]) in ledger_removals
	msg := sprintf("%s: no audit asked for this removal", [c.address])
}

deny contains msg if {
	n := count([c | some c in changes; c.type != "dbxidentity_remediation_ledger"])
	n > limit
	msg := sprintf("%d changes at once, and %d are allowed", [n, limit])
}
