import {
  to = dbxidentity_group_member_removal.contractor
  identity = {
    group_id  = "30000000000006"
    member_id = "100000000001"
  }
}
