data "dbxidentity_principal_access" "this" {
  principal = { user_name = "user31@example.com" }

  scan_unity_catalog = true
}

# Where one can enter, and through which group.
output "workspaces" {
  value = [
    for row in data.dbxidentity_principal_access.this.workspaces :
    "${row.level} in ${row.workspace_name}: ${row.direct ? "assigned" : join(" > ", row.path)}"
  ]
}

# The whole of it to read, such as before someone leaves.
output "report" {
  value = provider::dbxidentity::report_markdown({ access = data.dbxidentity_principal_access.this })
}

# A gate for a pipeline: null means unknown.
check "no_privileges" {
  assert {
    condition     = !coalesce(data.dbxidentity_principal_access.this.privileged, true)
    error_message = "This principal is privileged, or may be: ${jsonencode(data.dbxidentity_principal_access.this.powers)}."
  }
}
