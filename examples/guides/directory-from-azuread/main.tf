# A directory file from what the azuread provider has read. The shapes are those
# of azuread_users, azuread_group and azuread_service_principals.

variable "users" {
  description = "users of data.azuread_users with return_all."
  type = list(object({
    object_id           = string
    user_principal_name = string
    mail                = string
    display_name        = string
    account_enabled     = bool
  }))
}

variable "groups" {
  description = "One data.azuread_group per group."
  type = list(object({
    object_id    = string
    display_name = string
    members      = list(string)
  }))
}

variable "service_principals" {
  description = "service_principals of data.azuread_service_principals with return_all."
  type = list(object({
    object_id       = string
    client_id       = string
    display_name    = string
    account_enabled = bool
  }))
}

output "directory" {
  description = "Write it to the file that idp.file.path names."
  sensitive   = true # names and mail addresses
  value = jsonencode({
    version = 1
    users = [for u in var.users : {
      id           = u.object_id
      user_name    = u.user_principal_name
      mail         = u.mail
      display_name = u.display_name
      enabled      = u.account_enabled
      # The data source has no user type; the UPN of an invited guest shows it.
      guest = strcontains(upper(u.user_principal_name), "#EXT#")
    }]
    groups = [for g in var.groups : {
      id           = g.object_id
      display_name = g.display_name
      members      = g.members
    }]
    service_principals = [for s in var.service_principals : {
      id             = s.object_id
      application_id = s.client_id
      display_name   = s.display_name
      enabled        = s.account_enabled
    }]
  })
}
