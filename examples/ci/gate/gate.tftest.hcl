# terraform test -junit-xml=report.xml
#
# command = plan: without it a run block would apply the module and destroy it
# again. Plain asserts, because a failed check block counts as an error, and
# then findings would look like broken reads.

run "clean" {
  command = plan

  assert {
    condition     = data.dbxidentity_workspace_federation.this.clean
    error_message = "Not every workspace has identity federation."
  }

  assert {
    condition     = data.dbxidentity_divergences.this.clean
    error_message = "Identities diverge from the identity provider: ${jsonencode(data.dbxidentity_divergences.this.counts)}"
  }
}
