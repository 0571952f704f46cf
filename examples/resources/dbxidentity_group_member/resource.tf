# One member of a group that Databricks manages. If the member is already in the
# group, it stays there when this resource is destroyed.
resource "dbxidentity_group_member" "analyst" {
  group_id  = "30000000000006"
  member_id = "100000000003"

  # A privileged group (account role, ADMIN of a workspace, owner of a metastore,
  # manager of such a group) must be allowed explicitly:
  # allow_privileged = true

  # By default, destroy removes the member only if this resource added it. "keep" and
  # "remove" override that.
  # on_destroy = "keep"
}
