import {
  to = dbxidentity_group_member.analyst
  identity = {
    group_id  = "30000000000006"
    member_id = "100000000003"
  }
}
