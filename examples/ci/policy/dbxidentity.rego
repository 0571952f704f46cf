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

# What was read for this plan. The audit must be in the root module.
audits contains r.values if {
	some r in input.prior_state.values.root_module.resources
	r.mode == "data"
	r.type == "dbxidentity_divergences"
}

# Why the audits want a fix, by "<type>/<id>".
causes[sprintf("%s/%s", [type, row.id])] contains row.cause if {
	some values in audits
	some list, type in {"users": "user", "groups": "group", "service_principals": "service_principal"}
	some row in values[list]
}

# What the audits and the clone plans offer. A ledger is no witness: what is pending
# there may be written into the configuration by hand.
offered_ids contains [key, fix.external_id] if {
	some values in audits
	some key, fix in values.external_id_fixes
}

offered_removals contains key if {
	some values in audits
	some key, _ in values.member_removals
}

offered_memberships contains [m.group_id, m.member_id] if {
	some r in input.prior_state.values.root_module.resources
	r.mode == "data"
	r.type == "dbxidentity_clone_plan"
	some _, m in r.values.memberships
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

# What only the apply makes known may become true.
deny contains msg if {
	some c in changes
	c.change.after_unknown.allow_privileged == true
	msg := sprintf("%s: allow_privileged is not known in the plan; a human applies this", [c.address])
}

# Whoever names a privileged group to a clone plan has it offered.
deny contains msg if {
	some r in input.prior_state.values.root_module.resources
	r.mode == "data"
	r.type == "dbxidentity_clone_plan"
	some _, m in r.values.memberships
	m.privileged == true
	some c in changes
	c.type == "dbxidentity_group_member"
	c.change.after.group_id == m.group_id
	msg := sprintf("%s: the group is privileged; a human applies this", [c.address])
}

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_external_id"
	c.change.after.external_id == ""
	msg := sprintf("%s: would clear the externalId", [c.address])
}

key(c) := sprintf("%s/%s", [c.change.after.principal_type, c.change.after.principal_id])

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_external_id"
	not [key(c), c.change.after.external_id] in offered_ids
	msg := sprintf("%s: no audit in this plan offers this id", [c.address])
}

# A blank or dead id may be filled or replaced, a misspelled one put right; anything
# else links the principal to another living identity, or a local group to the
# identity provider.
deny contains msg if {
	some c in changes
	c.type == "dbxidentity_external_id"
	not harmless(c)
	msg := sprintf("%s: would link the principal to another identity", [c.address])
}

harmless(c) if {
	some cause in causes[key(c)]
	cause in {"linkable_by_name", "external_id_spelling"}
}

deny contains msg if {
	some values in audits
	some id in values.allow_privileged_principals
	some c in changes
	c.change.after.principal_id == id
	msg := sprintf("%s: allow_privileged_principals names it; a human applies this", [c.address])
}

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_group_member_removal"
	not sprintf("%s/%s", [c.change.after.group_id, c.change.after.member_id]) in offered_removals
	msg := sprintf("%s: no audit in this plan offers this removal", [c.address])
}

deny contains msg if {
	some c in changes
	c.type == "dbxidentity_group_member"
	not [c.change.after.group_id, c.change.after.member_id] in offered_memberships
	msg := sprintf("%s: no clone plan in this plan offers this membership", [c.address])
}

deny contains msg if {
	n := count([c | some c in changes; c.type != "dbxidentity_remediation_ledger"])
	n > limit
	msg := sprintf("%d changes at once, and %d are allowed", [n, limit])
}
