# Keeps one member out of one group. If the member returns, the next apply removes
# it again. For the removals that an audit finds, see the example of
# dbxidentity_remediation_ledger.
resource "dbxidentity_group_member_removal" "contractor" {
  group_id  = "30000000000006"
  member_id = "100000000001"

  # "restore" adds the member again on destroy, if this resource removed it and the
  # API allows it.
  on_destroy = "keep"
}
