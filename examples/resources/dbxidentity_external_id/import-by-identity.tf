import {
  to = dbxidentity_external_id.user
  identity = {
    principal_type = "user"
    principal_id   = "100000000007"
  }
}
