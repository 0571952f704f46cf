import {
  to = dbxidentity_external_id.user
  id = "user/100000000007"
}
