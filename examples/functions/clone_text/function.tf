data "dbxidentity_clone_plan" "this" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}

# terraform output -raw plan
output "plan" {
  value = provider::dbxidentity::clone_text(data.dbxidentity_clone_plan.this)
}
