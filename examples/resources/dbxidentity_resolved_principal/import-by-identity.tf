import {
  to = dbxidentity_resolved_principal.analyst
  identity = {
    principal_type = "user"
    principal_id   = "100000000001"
  }
}
