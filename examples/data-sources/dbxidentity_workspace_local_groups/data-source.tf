data "dbxidentity_workspace_local_groups" "this" {}

output "local_groups" {
  value = [
    for g in data.dbxidentity_workspace_local_groups.this.groups :
    "${g.workspace_name}: ${g.group_name}, ${length(g.members)} members"
  ]
}
