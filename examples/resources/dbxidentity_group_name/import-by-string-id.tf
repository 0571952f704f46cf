import {
  to = dbxidentity_group_name.local
  id = "group/30000000000007"
}
