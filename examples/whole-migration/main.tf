# A whole migration in one configuration: what is safe is fixed, linked, renamed, deactivated
# and removed, and who is to stay out is denied. Read the plan of each apply before it is made;
# the journal takes everything back (examples/rollback) but for what its output
# not_reversible lists.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# The tenant and its credentials come from DBXIDENTITY_ENTRA_TENANT_ID and its neighbours.
provider "dbxidentity" {
  automatic_identity_management = "off"
  idp                           = { entra = {} }
  journal_path                  = "journal.jsonl"
}

variable "primary_domains" {
  type        = set(string)
  default     = ["example.com"]
  description = "Your own mail domains: no one else is deactivated."
}

variable "denied" {
  type        = set(string)
  default     = []
  description = "Object ids in the identity provider of those who stay out of the account."
}

variable "report" {
  type        = bool
  default     = false
  description = "Adds the report and the assignments to the outputs. They are of before the apply, so the plan after it shows others."
}

variable "assignments" {
  type        = map(object({ workspace_id = string, workspace_name = string, group_id = string, group_name = string }))
  default     = {}
  description = "Groups that are given a workspace, as the output assignments has them."
}

data "dbxidentity_divergences" "this" {
  primary_domains       = var.primary_domains
  link_groups           = true
  suggest_deactivations = true
  suggest_group_renames = true
  plan_warning          = false
}

resource "dbxidentity_remediation_ledger" "this" {
  pending_external_ids    = data.dbxidentity_divergences.this.external_id_fixes
  pending_member_removals = data.dbxidentity_divergences.this.member_removals
  pending_deactivations   = data.dbxidentity_divergences.this.deactivations
  pending_group_names     = data.dbxidentity_divergences.this.group_renames
}

resource "dbxidentity_external_id" "this" {
  for_each = dbxidentity_remediation_ledger.this.external_ids

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

resource "dbxidentity_group_member_removal" "this" {
  for_each = dbxidentity_remediation_ledger.this.member_removals

  group_id    = each.value.group_id
  group_name  = each.value.group_name
  member_id   = each.value.member_id
  member_name = each.value.member_name
}

resource "dbxidentity_principal_status" "this" {
  for_each = dbxidentity_remediation_ledger.this.deactivations

  principal_type = each.value.principal_type
  principal_id   = each.value.principal_id
  principal_name = each.value.principal_name
  active         = false
}

resource "dbxidentity_group_name" "this" {
  for_each = dbxidentity_remediation_ledger.this.group_names

  group_id              = each.value.group_id
  name                  = each.value.name
  expected_current_name = each.value.current_name
}

resource "dbxidentity_account_access_identity_rule" "this" {
  for_each = var.denied

  external_principal_id = each.value
}

output "report" {
  sensitive = true # names
  value     = var.report ? provider::dbxidentity::report_html({ divergences = data.dbxidentity_divergences.this }) : null
}

# Groups that are in a workspace only through a group above them need an assignment of their
# own. One that is made is not needed any more, and a for_each straight over the findings would
# take it away again. So they are pinned, and what was pinned stays:
#   terraform output -raw assignments > assignments.auto.tfvars.json
data "dbxidentity_aim_readiness" "this" {
  count           = var.report ? 1 : 0
  primary_domains = var.primary_domains
}

output "assignments" {
  value = var.report ? jsonencode({
    assignments = merge(data.dbxidentity_aim_readiness.this[0].workspace_assignments_needed, var.assignments)
  }) : null
}

# The official provider makes them; it takes the same settings and variables. Add it to
# required_providers as databricks = { source = "databricks/databricks" }, and uncomment:
#
#   resource "databricks_mws_permission_assignment" "this" {
#     for_each = var.assignments
#
#     workspace_id = each.value.workspace_id
#     principal_id = each.value.group_id
#     permissions  = ["USER"]
#   }
