# Writes back what a journal says was there before. A root module of its own, run
# once: its state may be thrown away afterwards, because destroy keeps.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

variable "journal" {
  type        = string
  default     = "journal.jsonl"
  description = "Journal of the run that is to be undone (journal_path)."
}

variable "account_id" {
  type        = string
  description = "Account that the journal's lines must be of; others are left out."

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.account_id))
    error_message = "account_id must be the id of the account as the journal has it: a UUID in lower case."
  }
}

variable "since" {
  type        = string
  default     = "2000-01-01T00:00:00Z"
  description = "Undo what was written at this time or later, RFC 3339."

  validation {
    condition     = can(timecmp(var.since, "2000-01-01T00:00:00Z"))
    error_message = "since must be a time in RFC 3339 with its zone, such as 2026-11-23T08:00:00Z, not ${var.since}."
  }
}

variable "only" {
  type        = set(string)
  default     = []
  description = "Undo nothing but this: principals (with their memberships) and memberships, for example [\"user/101\", \"group/1/user/101\"]. Empty: everything."

  validation {
    condition     = alltrue([for key in var.only : can(regex("^((group/[0-9]+/)?(user|group|service_principal)/[0-9]+|rule/.+)$", key))])
    error_message = "only takes keys of the journal: user/<id>, group/<id>, service_principal/<id> or group/<id>/user/<id>, with internal Databricks ids, or rule/<id in the identity provider>, not ${join(", ", var.only)}."
  }
}

variable "keep" {
  type        = set(string)
  default     = []
  description = "ExternalIds and memberships to leave as they are, for example [\"user/101\", \"group/1/user/101\"]."

  validation {
    condition     = alltrue([for key in var.keep : can(regex("^((group/[0-9]+/)?(user|group|service_principal)/[0-9]+|rule/.+)$", key))])
    error_message = "keep takes keys of the journal: user/<id>, group/<id>, service_principal/<id> or group/<id>/user/<id>, with internal Databricks ids, or rule/<id in the identity provider>, not ${join(", ", var.keep)}."
  }
}

variable "allow_privileged" {
  type        = set(string)
  default     = []
  description = "Privileged groups that removed members may be put back into, or that may get their name back, for example [\"group/1\"]."

  validation {
    condition     = alltrue([for key in var.allow_privileged : can(regex("^group/[0-9]+$", key))])
    error_message = "allow_privileged takes groups as group/<id>, with internal Databricks ids, not ${join(", ", var.allow_privileged)}."
  }
}

variable "local_again" {
  type        = set(string)
  default     = []
  description = "Groups that were the identity provider's in the journal and are Databricks' own by now, for example [\"group/1\"]."

  validation {
    condition     = alltrue([for key in var.local_again : can(regex("^group/[0-9]+$", key))])
    error_message = "local_again takes groups as group/<id>, with internal Databricks ids, not ${join(", ", var.local_again)}."
  }
}

provider "dbxidentity" {
  # A journal of its own: the roll-back can be undone by the same means.
  journal_path = "rollback.jsonl"
}

locals {
  # A line that was torn when its machine died is none.
  lines = [for line in split("\n", file(var.journal)) : try(jsondecode(line), null)]

  # "no" is said only of what certainly did not happen. A write without an
  # outcome may have happened.
  not_written = toset([for l in local.lines : l.write if try(l.event == "outcome" && l.wrote == "no", false)])

  understood = [for l in local.lines : l if try(contains(["intent", "outcome"], l.event) && l.version == 1 && l.account_id != "" && l.write != "", false)]
  of_account = [for l in local.understood : l if l.event == "intent" && l.account_id == var.account_id && l.operation != "resolve_principal"]

  intents = [for l in local.of_account : l if timecmp(l.time, var.since) >= 0 && !contains(local.not_written, l.write)]

  # What was there before the first write, and what the last one left.
  changed_ids = {
    for principal, writes in { for l in local.intents : l.principal => l... if l.operation == "set_external_id" } :
    principal => { before = writes[0].before, after = writes[length(writes) - 1].after }
    if writes[0].before != writes[length(writes) - 1].after
  }
  external_ids = {
    for principal, x in local.changed_ids : principal => x
    if !contains(var.keep, principal) && (length(var.only) == 0 || contains(var.only, principal))
  }

  # The Databricks API makes the externalId of a group blank again, and of nothing else.
  restorable = { for principal, x in local.external_ids : principal => x if x.before != "" || startswith(principal, "group/") }
}

locals {
  # A membership that was absent before the first write, and is there after the
  # last one, is taken away again, and the other way round.
  changed_memberships = {
    for key, writes in { for l in local.intents : "${l.group}/${l.principal}" => l... if contains(["add_member", "remove_member"], l.operation) } :
    key => {
      before = writes[0].before, after = writes[length(writes) - 1].after, group = writes[0].group, member = writes[0].principal
      origin = try(writes[length(writes) - 1].group_origin, "") # Older journals do not say it.
    }
    if writes[0].before != writes[length(writes) - 1].after
  }
  memberships = {
    for key, m in local.changed_memberships : key => m
    if !contains(var.keep, key) && (length(var.only) == 0 || contains(var.only, key) || contains(var.only, m.member))
  }

  # Databricks adds no one to a group of the identity provider when the plan
  # is made, even if the same plan makes it local again.
  of_idp = {
    for key, m in local.memberships : key => m
    if m.before == "member" && !contains(var.local_again, m.group)
    && (m.origin == "idp" || try(local.changed_ids[m.group].after != "", false))
  }
}

locals {
  changed_fields = {
    for key, operations in { set_group_name = ["set_group_name"], set_active = ["set_active"], access_rule = ["add_access_rule", "remove_access_rule"] } : key => {
      for principal, writes in { for l in local.intents : l.principal => l... if contains(operations, l.operation) } :
      principal => { before = writes[0].before, after = writes[length(writes) - 1].after }
      if writes[0].before != writes[length(writes) - 1].after
    }
  }
  fields = {
    for operation, changed in local.changed_fields : operation => {
      for principal, x in changed : principal => x
      if !contains(var.keep, principal) && (length(var.only) == 0 || contains(var.only, principal))
    }
  }
}

locals {
  # What a person wrote and the journal does not have.
  unmatched = setsubtract(setunion(var.keep, var.only), concat(
    keys(local.changed_ids), keys(local.changed_memberships), [for m in local.changed_memberships : m.member],
    keys(local.changed_fields.set_group_name), keys(local.changed_fields.set_active), keys(local.changed_fields.access_rule),
  ))
  unmatched_groups = setsubtract(
    setunion(var.allow_privileged, var.local_again),
    concat([for m in local.changed_memberships : m.group], keys(local.changed_fields.set_group_name)),
  )
}

check "journal_has_what_was_meant" {
  assert {
    condition     = length(local.intents) > 0
    error_message = "The journal has no write of account ${var.account_id} since ${var.since} that may have happened: nothing is undone. See the output considered."
  }
  assert {
    condition     = length(local.unmatched) == 0
    error_message = "keep and only name what no write that is considered has changed: ${join(", ", local.unmatched)}."
  }
  assert {
    condition     = length(local.unmatched_groups) == 0
    error_message = "allow_privileged and local_again name groups of which no membership and no name that is considered has changed: ${join(", ", local.unmatched_groups)}."
  }
}

output "considered" {
  description = "How much of the journal was considered: compare it with what you expect."
  value = {
    lines          = length([for line in split("\n", file(var.journal)) : line if trimspace(line) != ""])
    not_understood = length([for line in split("\n", file(var.journal)) : line if trimspace(line) != ""]) - length(local.understood)
    writes         = length(local.of_account)
    writes_to_undo = length(local.intents)
    external_ids   = "${length(local.restorable)} of ${length(local.changed_ids)}"
    memberships    = "${length(local.memberships) - length(local.of_idp)} of ${length(local.changed_memberships)}"
    names          = "${length(local.fields.set_group_name)} of ${length(local.changed_fields.set_group_name)}"
    deactivations  = "0 of ${length(local.changed_fields.set_active)}"
    access_rules   = "${length([for x in local.fields.access_rule : x if x.before == "denied"])} of ${length(local.changed_fields.access_rule)}"
  }
}

resource "dbxidentity_external_id" "rollback" {
  for_each = local.restorable

  principal_type               = split("/", each.key)[0]
  principal_id                 = split("/", each.key)[1]
  external_id                  = each.value.before
  expected_current_external_id = each.value.after
  allow_unknown_external_id    = true # It was there before, whatever the identity provider says of it now.

  # A group that becomes the identity provider's again takes no members and no name any more.
  depends_on = [dbxidentity_group_member.rollback, dbxidentity_group_name.rollback]
}

resource "dbxidentity_group_member" "rollback" {
  for_each = { for key, m in local.memberships : key => m if m.before == "member" && !contains(keys(local.of_idp), key) }

  group_id         = split("/", each.value.group)[1]
  member_id        = split("/", each.value.member)[1]
  allow_privileged = contains(var.allow_privileged, each.value.group)
  on_destroy       = "keep"
}

resource "dbxidentity_group_member_removal" "rollback" {
  for_each = { for key, m in local.memberships : key => m if m.before == "absent" }

  group_id  = split("/", each.value.group)[1]
  member_id = split("/", each.value.member)[1]
}

resource "dbxidentity_group_name" "rollback" {
  for_each = local.fields.set_group_name

  group_id              = split("/", each.key)[1]
  name                  = each.value.before
  expected_current_name = each.value.after
  allow_privileged      = contains(var.allow_privileged, each.key)
}

# A rule that was removed is added again; one that was added takes a person, since no
# resource is the absence of a rule.
resource "dbxidentity_account_access_identity_rule" "rollback" {
  for_each = { for key, x in local.fields.access_rule : key => x if x.before == "denied" }

  external_principal_id = trimprefix(each.key, "rule/")
}

output "not_reversible" {
  description = "What stays as it is, and what to do about it, per principal and membership."
  value = merge(
    {
      for principal, x in local.external_ids : principal => "Its externalId was blank, which the API cannot make it again; it keeps ${x.after}."
      if !contains(keys(local.restorable), principal)
    },
    {
      for key, m in local.of_idp : key => join(" ", [
        "${m.group} was the identity provider's: add ${m.member} to it there.",
        "Or set on_destroy = \"restore\" on the dbxidentity_group_member_removal that removed it, apply, and destroy that.",
        "If the group is Databricks' own by now, name it in local_again.",
      ])
    },
    {
      for principal, x in local.fields.set_active : "deactivate/${principal}" => join(" ", [
        "It was deactivated, and a journal does not say whether it may return: make it active in the account console if it may.",
        "Or set on_destroy = \"restore\" on the dbxidentity_principal_status that deactivated it, apply, and destroy that.",
      ]) if x.after == "false"
    },
    {
      for key, x in local.fields.access_rule : key => join(" ", [
        "The rule was added to the denylist: remove it in the account console.",
        "Or set on_destroy = \"delete\" on the dbxidentity_account_access_identity_rule that added it, apply, and destroy that.",
      ]) if x.before == "absent"
    },
  )
}

output "provisioned" {
  description = "Principals that dbxidentity_resolved_principal asked for; they stay."
  value       = sort(distinct([for l in local.lines : l.principal if try(l.event == "outcome" && l.operation == "resolve_principal" && l.principal != "", false)]))
}
