import {
  to = dbxidentity_group_name.local
  identity = {
    group_id = "30000000000007"
  }
}
