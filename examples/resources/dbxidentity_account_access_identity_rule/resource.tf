# Needs an idp of the kind entra, okta or file: no one is denied while it is not certain
# who is in the group.
resource "dbxidentity_account_access_identity_rule" "contractors" {
  # The object id in the identity provider.
  external_principal_id = "9564b08b-e87c-4fc3-a2f5-d027ab92d42a"

  # "delete" removes the rule on destroy, if this resource added it.
  on_destroy = "keep"
}
