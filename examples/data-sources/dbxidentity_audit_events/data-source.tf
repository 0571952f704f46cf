data "dbxidentity_audit_events" "november" {
  workspace_id     = "7000000000000001"
  sql_warehouse_id = "d3a0c1f5e7b2946a"
  since            = "2026-11-01"
  until            = "2026-11-30"
}

# Who still writes by SCIM. An empty list is not proof: see coverage.
output "scim_writers" {
  value = [
    for w in coalesce(data.dbxidentity_audit_events.november.scim_writers, []) :
    "${w.level} ${coalesce(w.workspace_id, "-")}: ${coalesce(w.agent, "unknown program")}, ${w.count} writes, the last ${w.last}"
  ]
}

# Groups of the identity provider that people edit in Databricks.
output "edited_by_hand" {
  value = [
    for e in coalesce(data.dbxidentity_audit_events.november.membership_edits, []) :
    "${e.group_name}: ${coalesce(e.member_name, "?")} ${e.change} by ${coalesce(e.actor, "?")}"
  ]
}

output "coverage" {
  value = data.dbxidentity_audit_events.november.coverage
}
