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
}

variable "since" {
  type        = string
  default     = "2000-01-01T00:00:00Z"
  description = "Undo what was written at this time or later, RFC 3339."
}

variable "keep" {
  type        = set(string)
  default     = []
  description = "Principals and memberships to leave as they are, for example [\"user/101\", \"group/1/user/101\"]."
}

variable "allow_privileged" {
  type        = set(string)
  default     = []
  description = "Groups with power that removed members may be put back into, for example [\"group/1\"]."
}

variable "local_again" {
  type        = set(string)
  default     = []
  description = "Groups that were the identity provider's in the journal and are Databricks' own by now, for example [\"group/1\"]."
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

  intents = [
    for l in local.lines : l if try(
      l.event == "intent" && l.version == 1 && l.account_id == var.account_id
      && timecmp(l.time, var.since) >= 0 && !contains(local.not_written, l.write),
    false)
  ]

  # What was there before the first write, and what the last one left.
  external_ids = {
    for principal, writes in { for l in local.intents : l.principal => l... if l.operation == "set_external_id" } :
    principal => { before = writes[0].before, after = writes[length(writes) - 1].after }
    if writes[0].before != writes[length(writes) - 1].after && !contains(var.keep, principal)
  }

  # The Databricks API makes the externalId of a group blank again, and of nothing else.
  restorable = { for principal, x in local.external_ids : principal => x if x.before != "" || startswith(principal, "group/") }
}

locals {
  # A membership that was absent before the first write, and is there after the
  # last one, is taken away again, and the other way round.
  memberships = {
    for key, writes in { for l in local.intents : "${l.group}/${l.principal}" => l... if contains(["add_member", "remove_member"], l.operation) } :
    key => {
      before = writes[0].before, after = writes[length(writes) - 1].after, group = writes[0].group, member = writes[0].principal
      origin = try(writes[length(writes) - 1].group_origin, "") # Older journals do not say it.
    }
    if writes[0].before != writes[length(writes) - 1].after && !contains(var.keep, key)
  }

  # Databricks adds nobody to a group that is the identity provider's when the plan
  # is made, even if the same plan makes it local again.
  of_idp = {
    for key, m in local.memberships : key => m
    if m.before == "member" && !contains(var.local_again, m.group)
    && (m.origin == "idp" || try(local.external_ids[m.group].after != "", false))
  }
}

resource "dbxidentity_external_id" "rollback" {
  for_each = local.restorable

  principal_type               = split("/", each.key)[0]
  principal_id                 = split("/", each.key)[1]
  external_id                  = each.value.before
  expected_current_external_id = each.value.after
  allow_unknown_external_id    = true # It was there before, whatever the identity provider says of it now.

  # A group that becomes the identity provider's again takes no members any more.
  depends_on = [dbxidentity_group_member.rollback]
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
  )
}

output "provisioned" {
  description = "Principals that dbxidentity_resolved_principal asked for; they stay."
  value       = sort(distinct([for l in local.lines : l.principal if try(l.event == "outcome" && l.operation == "resolve_principal" && l.principal != "", false)]))
}
