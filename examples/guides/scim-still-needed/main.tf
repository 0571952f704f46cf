terraform {
  required_providers {
    dbxidentity = { source = "dbxidentity/dbxidentity" }
  }
}

provider "dbxidentity" {
  idp = { databricks = {} }
}

# The day after the last connector was switched off.
data "dbxidentity_audit_events" "after" {
  workspace_id     = "7000000000000001"
  sql_warehouse_id = "d3a0c1f5e7b2946a"
  since            = "2026-11-20"
  kinds            = ["aim", "provisioned", "scim_writers", "errors"]
}

locals {
  events = data.dbxidentity_audit_events.after
}

output "still_writing" {
  value = [
    for w in coalesce(local.events.scim_writers, []) :
    "${w.level} ${coalesce(w.workspace_id, "-")} ${w.writer}: ${coalesce(w.actor, "SCIM token")} with ${coalesce(w.agent, "no user agent")}, ${w.count} times, the last ${w.last}"
  ]
}

output "aim_at_work" {
  value = [for d in coalesce(local.events.aim, []) : "${d.day} ${d.action} ${d.status}: ${d.count}"]
}

output "how_far_this_reaches" {
  value = local.events.coverage.summary
}

check "scim_is_silent" {
  assert {
    condition     = local.events.complete && try(length(local.events.scim_writers), -1) == 0
    error_message = "Something still writes by SCIM, or the log could not be read in full: see still_writing and how_far_this_reaches."
  }
}
