# One member that stays away from one group. If it returns, the next apply takes
# it out again. What an audit finds comes from member_removals, through
# dbxidentity_remediation_ledger: see the example there.
resource "dbxidentity_group_member_removal" "contractor" {
  group_id  = "30000000000006"
  member_id = "100000000001"

  # "restore" puts the member back when the instance is destroyed, if it was this
  # instance that removed it, and where the API can.
  on_destroy = "keep"
}
