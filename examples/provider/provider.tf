terraform {
  required_version = ">= 1.11"

  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

# Keys come from BAIDUCLOUD_ACCESS_KEY and BAIDUCLOUD_SECRET_KEY.
provider "ccr" {}

variable "cce_username" {
  type = string
}

variable "cce_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

# Where the images are.
resource "ccr_registry" "cce" {
  name = "cce-hub"
  type = "docker-registry"
  url  = "http://hub.baidubce.com"

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password # sent to CCR, and kept in no plan and no state
    access_secret_wo_version = 1
  }
}

# Which image goes into which namespace of CCR.
resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = "v1" },
  ]
}

# Runs the policy, waits, and runs it again when its filters change.
resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
}

output "migrated" {
  value = "${ccr_policy_execution.web.succeed} of ${ccr_policy_execution.web.total} images"
}
