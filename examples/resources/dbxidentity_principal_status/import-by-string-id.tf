import {
  to = dbxidentity_principal_status.leaver
  id = "user/100000000016"
}
