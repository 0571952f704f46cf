# The identity provider has a group of this name, and this is another one. For the groups
# that an audit finds, see the example of dbxidentity_remediation_ledger.
resource "dbxidentity_group_name" "local" {
  group_id = "30000000000007"
  name     = "test (local)"

  # The name that was reviewed. If the group has another one, the apply stops.
  expected_current_name = "test"

  # "restore" writes the previous name back on destroy, if it is free. The default keeps
  # the new name.
  on_destroy = "keep"
}
