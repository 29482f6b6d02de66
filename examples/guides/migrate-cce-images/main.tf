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

variable "namespace" {
  description = "Namespace of CCR that takes the images. It has to exist."
  type        = string
  default     = "public"
}

variable "images" {
  description = "References of the images, each with a tag."
  type        = set(string)

  validation {
    condition     = alltrue([for image in var.images : provider::ccr::parse_image(image).digest == null])
    error_message = "Name these by a tag and not by a digest: ${join(", ", [for image in var.images : image if provider::ccr::parse_image(image).digest != null])}."
  }
}

locals {
  images = { for image in var.images : image => provider::ccr::parse_image(image) }
}

resource "ccr_registry" "cce" {
  name            = "cce-hub"
  type            = "docker-registry"
  url             = "http://hub.baidubce.com"
  require_healthy = true

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password
    access_secret_wo_version = 1
  }
}

resource "ccr_migration_policy" "image" {
  for_each = local.images

  name              = "${replace("${each.value.repository}-${each.value.tag}", "/", "-")}-${substr(sha256(each.key), 0, 8)}"
  description       = each.key
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = var.namespace

  filters = [
    { type = "name", value = each.value.repository },
    { type = "tag", value = each.value.tag },
  ]
}

resource "ccr_policy_execution" "image" {
  for_each = local.images

  policy_id = ccr_migration_policy.image[each.key].id
  on_empty  = "fail"

  # A change of any of these migrates the image again.
  triggers = {
    destination = ccr_migration_policy.image[each.key].dest_project_name
    filters     = jsonencode(ccr_migration_policy.image[each.key].filters)
  }
}

output "migrated" {
  value = {
    for image, run in ccr_policy_execution.image : image => "${run.succeed} of ${run.total}: ${run.status}"
  }
}
