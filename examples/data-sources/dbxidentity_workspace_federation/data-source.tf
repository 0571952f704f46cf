data "dbxidentity_workspace_federation" "this" {}

output "workspaces_without_federation" {
  value = [
    for w in data.dbxidentity_workspace_federation.this.workspaces : w.name
    if w.federation != "enabled"
  ]
}
