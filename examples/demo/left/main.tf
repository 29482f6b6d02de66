# What an account holds: after the demo's destroy, neither of these has anything of it.

terraform {
  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

data "ccr_registries" "all" {}

data "ccr_policies" "all" {}

output "left" {
  value = length(data.ccr_registries.all.ids) + length(data.ccr_policies.all.ids)
}
