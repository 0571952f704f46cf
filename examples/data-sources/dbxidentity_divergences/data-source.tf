# The whole account.
data "dbxidentity_divergences" "all" {
  # Your own mail domains, to separate your stale users from those of other domains.
  primary_domains = ["example.com"]

  waivers = [{
    principal_type = "user"
    category       = "EXTERNAL_ID_MATCH_NAME_MISMATCH"
    reason         = "Renaming is under way with Databricks support."
    expires        = "2030-12-31"
  }]
}

# Some principals only. The whole account is still read, because an external id
# must be unique in it.
data "dbxidentity_divergences" "some" {
  targets = [
    { principal_type = "user", principal_id = "100000000007" },
    { principal_type = "user", principal_id = "100000000008" },
  ]
}

output "divergent_users_by_cause" {
  value = { for u in data.dbxidentity_divergences.all.users : u.cause => u.username... }
}
