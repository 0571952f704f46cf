import {
  to = dbxidentity_principal_status.leaver
  identity = {
    principal_type = "user"
    principal_id   = "100000000016"
  }
}
