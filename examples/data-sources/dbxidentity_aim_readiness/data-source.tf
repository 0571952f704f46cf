data "dbxidentity_aim_readiness" "this" {
  primary_domains = ["example.com"]

  # Views and functions that ask for groups: a warehouse for each metastore.
  sql_definitions = [{ workspace_id = "1234567890123456", sql_warehouse_id = "1234567890abcdef" }]

  waivers = [{
    # No API reports it: say so here once you have looked.
    check   = "names_in_code"
    reason  = "The owners of scripts and dashboards have looked: all of them use application ids."
    expires = "2030-12-31"
  }]
}

# Null means that something is not known, so compare with true.
check "ready_to_enable_aim" {
  assert {
    condition     = data.dbxidentity_aim_readiness.this.ready_to_enable_aim == true
    error_message = coalesce(data.dbxidentity_aim_readiness.this.ready_to_enable_aim_reason, "Not asked for.")
  }
}

output "what_blocks" {
  value = {
    for c in data.dbxidentity_aim_readiness.this.checks : c.id => c.summary
    if c.status == "not_met" && c.severity != "info"
  }
}
