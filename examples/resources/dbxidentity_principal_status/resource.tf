# For the leavers that an audit finds, see the example of dbxidentity_remediation_ledger.
resource "dbxidentity_principal_status" "leaver" {
  principal_type = "user"
  principal_id   = "100000000016"
  active         = false

  # The plan shows the name, and the apply stops if the user has another one by then.
  principal_name = "user20@example.com"

  # "restore" makes the user active again on destroy, if this resource deactivated it and
  # the identity provider has it, enabled.
  on_destroy = "keep"
}
