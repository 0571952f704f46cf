# Root module 2: applies what was reviewed. The fixes are in git, in
# fixes.auto.tfvars.json beside this file; nothing else decides what is written.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

# It needs no identity provider: the audit has looked the ids up. Keep the journal:
# with it a run can be taken back (guide "Journal and roll-back").
provider "dbxidentity" {
  journal_path = "journal.jsonl"
}

variable "external_id_fixes" {
  description = "Written by the audit, never changed by hand."
  type = map(object({
    principal_type      = string
    principal_id        = string
    principal_name      = string # for reviewers
    current_external_id = string
    external_id         = string
    category            = string
    reversible          = bool
  }))
  default = {}

  # Reviewers and the addresses in the plan go by the keys.
  validation {
    condition     = alltrue([for key, fix in var.external_id_fixes : key == "${fix.principal_type}/${fix.principal_id}"])
    error_message = "A key names another principal than its fix."
  }
}

variable "member_removals" {
  description = "Written by the audit, never changed by hand."
  type = map(object({
    group_id    = string
    group_name  = string # for reviewers, as all below but member_id
    member_id   = string
    member_type = string
    member_name = string
    category    = string
    cause       = string
  }))
  default = {}

  validation {
    condition     = alltrue([for key, removal in var.member_removals : key == "${removal.group_id}/${removal.member_id}"])
    error_message = "A key names another membership than its removal."
  }
}

resource "dbxidentity_external_id" "fix" {
  for_each = var.external_id_fixes

  principal_type               = each.value.principal_type
  principal_id                 = each.value.principal_id
  principal_name               = each.value.principal_name
  external_id                  = each.value.external_id
  expected_current_external_id = each.value.current_external_id
}

resource "dbxidentity_group_member_removal" "fix" {
  for_each = var.member_removals

  group_id    = each.value.group_id
  group_name  = each.value.group_name
  member_id   = each.value.member_id
  member_name = each.value.member_name
}
