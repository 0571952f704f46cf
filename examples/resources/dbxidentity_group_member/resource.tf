# One member of a group that is Databricks' own. A member that is there already
# is taken over as it is, and stays when this instance is destroyed.
resource "dbxidentity_group_member" "analyst" {
  group_id  = "30000000000006"
  member_id = "100000000003"

  # A group with power (account role, ADMIN of a workspace, owner of a metastore,
  # manager of such a group) needs the deliberate word of this instance:
  # allow_privileged = true

  # "keep" and "remove" override what destroy does by default: it removes the
  # member only if this instance added it.
  # on_destroy = "keep"
}
