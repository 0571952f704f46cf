data "dbxidentity_divergences" "this" {
  primary_domains       = ["example.com"]
  suggest_deactivations = true
  suggest_group_renames = true
}

# A divergence disappears once it is fixed. The ledger remembers it, so that the
# fix stays in the configuration and the next plan is empty.
resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids    = data.dbxidentity_divergences.this.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.this.member_removals
  pending_deactivations   = data.dbxidentity_divergences.this.deactivations
  pending_group_names     = data.dbxidentity_divergences.this.group_renames

  # A plan with more new fixes than this is refused.
  max_new_external_ids    = 50
  max_new_member_removals = 10
  max_new_deactivations   = 10
}

resource "dbxidentity_external_id" "fix" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each = dbxidentity_remediation_ledger.this.member_removals

  group_id    = each.value.group_id
  group_name  = each.value.group_name
  member_id   = each.value.member_id
  member_name = each.value.member_name
}

resource "dbxidentity_principal_status" "leaver" {
  for_each = dbxidentity_remediation_ledger.this.deactivations

  principal_type = each.value.principal_type
  principal_id   = each.value.principal_id
  principal_name = each.value.principal_name
  active         = false
}

resource "dbxidentity_group_name" "local" {
  for_each = dbxidentity_remediation_ledger.this.group_names

  group_id              = each.value.group_id
  name                  = each.value.name
  expected_current_name = each.value.current_name
}
