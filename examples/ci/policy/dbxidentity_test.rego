package main_test

import data.main
import rego.v1

plan(changes) := {"resource_changes": changes}

change(type, actions, after) := {
	"address": sprintf("%s.this", [type]), "mode": "managed", "type": type,
	"change": {"actions": actions, "after": after},
}

fix(current, wanted) := change("dbxidentity_external_id", ["create"], {
	"principal_type": "user", "principal_id": "1", "external_id": wanted, "expected_current_external_id": current,
})

ledger := change("dbxidentity_remediation_ledger", ["update"], {"member_removals": {"1/2": {"group_id": "1", "member_id": "2"}}})

audited(changes, cause) := {
	"resource_changes": changes,
	"prior_state": {"values": {"root_module": {"resources": [{
		"mode": "data", "type": "dbxidentity_divergences",
		"values": {"users": [{"id": "1", "cause": cause}], "groups": [], "service_principals": []},
	}]}}},
}

test_nothing if count(main.deny) == 0 with input as plan([])

test_blank_is_filled if count(main.deny) == 0 with input as plan([fix("", "new")])

test_stale_is_replaced if count(main.deny) == 0 with input as audited([fix("old", "new")], "linkable_by_name")

test_spelling_is_replaced if count(main.deny) == 0 with input as audited([fix("OLD", "old")], "external_id_spelling")

test_relink_is_refused if {
	some msg in main.deny with input as audited([fix("old", "new")], "linked_to_other_identity")
	contains(msg, "another identity")
}

test_replacing_without_an_audit_is_refused if count(main.deny) == 1 with input as plan([fix("old", "new")])

test_clearing_is_refused if {
	some msg in main.deny with input as plan([fix("", "")])
	contains(msg, "clear")
}

test_deleting_is_refused if {
	some msg in main.deny with input as plan([change("dbxidentity_external_id", ["delete"], null)])
	contains(msg, "deleted")
}

test_replacement_is_refused if {
	some msg in main.deny with input as plan([change("dbxidentity_group_member", ["delete", "create"], {"group_id": "1"})])
	contains(msg, "deleted")
}

test_privileged_is_refused if {
	some msg in main.deny with input as plan([change("dbxidentity_group_member", ["create"], {"group_id": "1", "member_id": "2", "allow_privileged": true})])
	contains(msg, "privileged")
}

test_removal_of_an_audit if {
	removal := change("dbxidentity_group_member_removal", ["create"], {"group_id": "1", "member_id": "2"})
	count(main.deny) == 0 with input as plan([removal, ledger])
}

test_removal_of_nobody_is_refused if {
	removal := change("dbxidentity_group_member_removal", ["create"], {"group_id": "1", "member_id": "3"})
	count(main.deny) == 1 with input as plan([removal, ledger])
}

test_another_provider_is_refused if count(main.deny) == 1 with input as plan([change("databricks_group", ["create"], {})])

test_no_op_and_read_are_none if {
	count(main.deny) == 0 with input as plan([change("databricks_group", ["no-op"], {}), change("other", ["read"], {})])
}

test_limit if {
	many := [c | some i in numbers.range(1, 21); c := object.union(fix("", "new"), {"address": sprintf("fix[%d]", [i])})]
	some msg in main.deny with input as plan(many)
	contains(msg, "21 changes")
}

test_limit_as_data if {
	many := [c | some i in numbers.range(1, 21); c := object.union(fix("", "new"), {"address": sprintf("fix[%d]", [i])})]
	count(main.deny) == 0 with input as plan(many) with data.dbxidentity.limit as 50
}
