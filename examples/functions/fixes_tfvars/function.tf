data "dbxidentity_divergences" "this" {}

# terraform output -raw fixes > fixes.auto.tfvars.json
output "fixes" {
  value = provider::dbxidentity::fixes_tfvars({
    external_id_fixes = data.dbxidentity_divergences.this.external_id_fixes
    member_removals   = data.dbxidentity_divergences.this.member_removals
  })
}
