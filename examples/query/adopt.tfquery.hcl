# The external ids that diverge, as they are now: adopted, a change of them is a diff.
list "dbxidentity_external_id" "divergent" {
  provider = dbxidentity
  limit    = 1000

  config {
    keys = keys(data.dbxidentity_divergences.all.external_id_fixes)
  }
}

# Whoever was deactivated by hand.
list "dbxidentity_principal_status" "inactive" {
  provider = dbxidentity
  limit    = 1000
}

# The names of the groups that Databricks manages.
list "dbxidentity_group_name" "local" {
  provider = dbxidentity
  limit    = 1000
}

# The members of one group. keys(data.dbxidentity_divergences.all.member_removals) in
# its place lists those that the identity provider does not confirm.
list "dbxidentity_group_member" "of_group" {
  provider = dbxidentity
  limit    = 1000

  config {
    group_ids = ["30000000000014"]
  }
}
