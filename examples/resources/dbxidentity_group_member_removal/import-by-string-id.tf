import {
  to = dbxidentity_group_member_removal.contractor
  id = "removal/30000000000006/member/100000000001"
}
