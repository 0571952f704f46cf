resource "dbxidentity_external_id" "user" {
  principal_type = "user"
  principal_id   = "100000000007"
  external_id    = "5f0c2f1e-9a0b-4c58-8b62-1d2f3a4b5c6d"

  # The value that was reviewed; blank here. If the account holds another value, the
  # apply stops.
  expected_current_external_id = ""

  # "restore" writes the previous value back on destroy, where the API allows it.
  # The default keeps the new value.
  on_destroy = "keep"
}
