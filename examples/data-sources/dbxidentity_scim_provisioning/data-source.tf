data "dbxidentity_scim_provisioning" "this" {}

# What someone should look at, by connector.
output "findings" {
  value = {
    for c in data.dbxidentity_scim_provisioning.this.connectors : c.display_name => {
      status   = c.status
      target   = c.target.address
      findings = [for f in c.findings : "${f.summary} ${f.remedy}"]
    }
  }
}

# Users who are deactivated when a group is removed from the app.
output "depend_on_one_group" {
  value = {
    for g in flatten([for c in data.dbxidentity_scim_provisioning.this.connectors : coalesce(c.assigned.groups, [])]) :
    g.external_id => length(coalesce(g.only_here, []))
  }
}
