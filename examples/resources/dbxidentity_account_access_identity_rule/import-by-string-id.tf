import {
  to = dbxidentity_account_access_identity_rule.contractors
  id = "rule/9564b08b-e87c-4fc3-a2f5-d027ab92d42a"
}
