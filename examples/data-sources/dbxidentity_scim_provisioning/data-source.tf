data "dbxidentity_scim_provisioning" "this" {
  compare_account = true
}

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

# Before a workspace's connector is stopped: whom the account's connector has to take along.
# null: not everything could be read, and uncompared says what.
output "take_along" {
  value = {
    who        = data.dbxidentity_scim_provisioning.this.workspace_only
    uncompared = data.dbxidentity_scim_provisioning.this.uncompared
  }
}
