# What a new colleague lacks, as a report for a browser and as a ticket. A root
# module of its own, applied before the access is given: in examples/clone an output
# would change with what was added, and the plan after the apply would not be empty.

terraform {
  required_providers {
    dbxidentity = {
      source = "dbxidentity/dbxidentity"
    }
  }
}

provider "dbxidentity" {
  read_only = true
}

variable "source_user" {
  description = "User name of the colleague who has the access."
  type        = string
  default     = "user31@example.com"
}

variable "target_user" {
  description = "User name of the one who should get it."
  type        = string
  default     = "user32@example.com"
}

data "dbxidentity_clone_plan" "this" {
  source = { user_name = var.source_user }
  target = { user_name = var.target_user }

  scan_unity_catalog  = true
  unity_catalog_depth = "all"
}

# Sensitive, so that names stay out of what an apply prints.
output "report" {
  sensitive = true
  value     = provider::dbxidentity::report_html({ clone = data.dbxidentity_clone_plan.this })
}

output "ticket" {
  sensitive = true
  value     = provider::dbxidentity::clone_markdown(data.dbxidentity_clone_plan.this)
}
