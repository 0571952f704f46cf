# The groups of one user.
list "dbxidentity_group_member" "of_user" {
  provider = dbxidentity
  limit    = 1000

  config {
    member_id = "100000000016"
  }
}
