list "dbxidentity_group_name" "local" {
  provider = dbxidentity
  limit    = 1000
}
