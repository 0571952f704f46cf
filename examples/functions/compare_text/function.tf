data "dbxidentity_principal_diff" "this" {
  principal_a = { user_name = "user31@example.com" }
  principal_b = { user_name = "user32@example.com" }
}

# terraform output -raw comparison
output "comparison" {
  value = provider::dbxidentity::compare_text(data.dbxidentity_principal_diff.this)
}
