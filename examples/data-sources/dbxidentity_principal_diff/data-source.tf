# A colleague who has been there for years, and a new one. The hints also show which
# groups give access to no workspace.
data "dbxidentity_principal_diff" "colleagues" {
  principal_a      = { user_name = "user31@example.com" }
  principal_b      = { user_name = "user32@example.com" }
  check_workspaces = true
}

# Two service principals, by their display names.
data "dbxidentity_principal_diff" "jobs" {
  principal_a = { display_name = "nightly-export", principal_type = "service_principal" }
  principal_b = { display_name = "nightly-export-v2", principal_type = "service_principal" }
}

output "what_the_new_one_lacks" {
  value = {
    for row in data.dbxidentity_principal_diff.colleagues.only_in_a :
    row.group_name => { hint = row.hint, path = join(" > ", row.path_in_a) }
  }
}

# A gate for a pipeline: null means unknown.
check "same_groups" {
  assert {
    condition     = coalesce(data.dbxidentity_principal_diff.jobs.equal, false)
    error_message = "The new job is not, or not surely, in the groups of the old one: ${jsonencode(data.dbxidentity_principal_diff.jobs.counts)}."
  }
}
