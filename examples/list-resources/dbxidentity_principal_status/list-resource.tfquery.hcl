list "dbxidentity_principal_status" "inactive" {
  provider = dbxidentity
  limit    = 1000
}
