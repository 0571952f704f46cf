data "dbxidentity_aim_readiness" "this" {
  primary_domains = ["example.com"]

  waivers = [{
    # No API reports it: whoever has looked says so here.
    check   = "group_names_in_sql"
    reason  = "The owners of the views have looked: no definition names a group."
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
