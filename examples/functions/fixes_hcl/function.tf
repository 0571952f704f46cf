data "dbxidentity_divergences" "this" {}

# terraform output -raw fixes > fixes.tf
output "fixes" {
  value = provider::dbxidentity::fixes_hcl({
    external_id_fixes = data.dbxidentity_divergences.this.external_id_fixes
  })
}
