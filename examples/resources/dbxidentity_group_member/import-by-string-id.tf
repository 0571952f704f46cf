import {
  to = dbxidentity_group_member.analyst
  id = "group/30000000000006/member/100000000003"
}
