list "dbxidentity_external_id" "divergent" {
  provider = dbxidentity
  limit    = 1000

  config {
    keys = keys(data.dbxidentity_divergences.all.external_id_fixes)
  }
}
