# terraform test. No account, no identity provider, no credentials: the provider is
# replaced. Lists of objects cannot be given here; they are empty.

mock_provider "dbxidentity" {
  mock_data "dbxidentity_divergences" {
    defaults = {
      clean    = false
      complete = true
      fixable  = 3
    }
  }
}

run "three_fixes" {
  command = plan

  assert {
    condition     = output.message == "3 fixes are ready"
    error_message = "The message was: ${output.message}"
  }
}
