resource "dbxidentity_external_id" "user" {
  principal_type = "user"
  principal_id   = "100000000007"
  external_id    = "5f0c2f1e-9a0b-4c58-8b62-1d2f3a4b5c6d"

  # What the account held when the change was reviewed; blank here. Anything else
  # in the account stops the apply.
  expected_current_external_id = ""

  # "restore" writes the previous value back when the resource is destroyed, where
  # the API can. The default keeps what was set.
  on_destroy = "keep"
}
