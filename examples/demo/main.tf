# Migrates images from one registry to another in three ways. `make demo` runs this against a local endpoint; with the
# variables set to a CCE account's, and names of your own images in the filters, it does the same on CCR.

terraform {
  required_version = ">= 1.11"

  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

provider "ccr" {} # endpoint and keys come from the environment

variable "source_url" {
  type        = string
  description = "Where the images are, with http:// or https://."
}

variable "source_username" {
  type      = string
  sensitive = true
}

variable "source_password" {
  type      = string
  sensitive = true
}

variable "destination" {
  type        = string
  description = "The CCR namespace that takes the images. It has to exist."
  default     = "public"
}

resource "ccr_registry" "source" {
  name        = "demo-source"
  description = "Where the demo's images come from"
  type        = "docker-registry"
  url         = var.source_url
  insecure    = false

  credential = {
    access_key    = var.source_username
    access_secret = var.source_password
  }
}

# One image. The CCE hub wants a literal name; whether a pattern in a tag filter works there is not documented.
resource "ccr_migration_policy" "web" {
  name              = "demo-web"
  description       = "One image by name and tag"
  src_registry_id   = ccr_registry.source.id
  dest_project_name = var.destination
  override          = true

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = "v1" },
  ]
}

# Patterns: every repository of a namespace, but only its 1.x releases. The CCE hub takes no pattern in a name.
resource "ccr_migration_policy" "shop" {
  name              = "demo-shop"
  description       = "The 1.x releases of a whole namespace"
  src_registry_id   = ccr_registry.source.id
  dest_project_name = var.destination
  override          = true

  filters = [
    { type = "name", value = "shop/*" },
    { type = "tag", value = "1.*" },
  ]
}

# A multi-architecture image arrives with all of its platforms. Without a tag filter every tag is taken.
resource "ccr_migration_policy" "multi" {
  name              = "demo-multi"
  description       = "An image for several platforms"
  src_registry_id   = ccr_registry.source.id
  dest_project_name = var.destination
  override          = true

  filters = [
    { type = "name", value = "cce/multi" },
  ]
}

# An execution runs its policy once, and again whenever one of its triggers changes.
resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
}

resource "ccr_policy_execution" "shop" {
  policy_id = ccr_migration_policy.shop.id
  triggers  = { filters = jsonencode(ccr_migration_policy.shop.filters) }
}

resource "ccr_policy_execution" "multi" {
  policy_id = ccr_migration_policy.multi.id
  triggers  = { filters = jsonencode(ccr_migration_policy.multi.filters) }
}

locals {
  runs = {
    web   = ccr_policy_execution.web
    shop  = ccr_policy_execution.shop
    multi = ccr_policy_execution.multi
  }
}

output "migrated" {
  value = { for name, run in local.runs : name => "${run.succeed} of ${run.total} images, ${run.failed} failed: ${run.status}" }
}

output "images" {
  description = "How many images arrived in all."
  value       = sum([for run in values(local.runs) : run.succeed])
}
