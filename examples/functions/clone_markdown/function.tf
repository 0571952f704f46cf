data "dbxidentity_clone_plan" "this" {
  source = { user_name = "user31@example.com" }
  target = { user_name = "user32@example.com" }
}

# terraform output -raw ticket | gh issue create --title "Access for user32" --body-file -
output "ticket" {
  value = provider::dbxidentity::clone_markdown(data.dbxidentity_clone_plan.this)
}
