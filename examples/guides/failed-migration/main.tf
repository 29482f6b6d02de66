terraform {
  required_version = ">= 1.11"

  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

variable "cce_username" {
  type = string
}

variable "cce_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "tag" {
  description = "Tag of the image to migrate."
  type        = string
  default     = "v1"
}

resource "ccr_registry" "cce" {
  name = "cce-hub"
  type = "docker-registry"
  url  = "http://hub.baidubce.com"

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password
    access_secret_wo_version = 1
  }
}

resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = var.tag },
  ]
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
  on_empty  = "fail"
}

output "migrated" {
  value = "${ccr_policy_execution.web.succeed} of ${ccr_policy_execution.web.total} images"
}
