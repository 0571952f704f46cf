data "dbxidentity_clone_plan" "this" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }

  scan_unity_catalog  = true
  unity_catalog_depth = "all"
  max_additions       = 20
}

# A copy: added memberships stay. With for_each directly over
# data.dbxidentity_clone_plan.this.memberships it would be a mirror: when the source
# loses a group, so does the target.
resource "dbxidentity_remediation_ledger" "this" {
  pending_memberships = data.dbxidentity_clone_plan.this.memberships
}

resource "dbxidentity_group_member" "given" {
  for_each = dbxidentity_remediation_ledger.this.memberships

  group_id         = each.value.group_id
  group_name       = each.value.group_name
  member_id        = each.value.member_id
  member_name      = each.value.member_name
  allow_privileged = each.value.privileged
}
