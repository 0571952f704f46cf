# A directory file from what the okta provider has read. The shapes are those of
# okta_users, okta_groups and okta_group with include_users.

variable "users" {
  description = "users of data.okta_users."
  type = list(object({
    id     = string
    login  = string
    email  = string
    status = string
  }))
}

variable "groups" {
  description = "groups of data.okta_groups."
  type = list(object({
    id   = string
    name = string
  }))
}

variable "members" {
  description = "users of one data.okta_group per group, by group id."
  type        = map(set(string))
}

output "directory" {
  description = "Write it to the file that idp.file.path names."
  sensitive   = true # names and mail addresses
  value = jsonencode({
    version = 1
    users = [for u in var.users : {
      id        = u.id
      user_name = u.login
      mail      = u.email
      # Suspended and deprovisioned users still exist.
      enabled = !contains(["SUSPENDED", "DEPROVISIONED"], u.status)
    }]
    groups = [for g in var.groups : {
      id           = g.id
      display_name = g.name
      # Null, not [], where the members were not read: they are unknown then.
      members = try(tolist(var.members[g.id]), null)
    }]
    # Okta has none; [] says so, while leaving it out makes them unknown.
    service_principals = []
  })
}
