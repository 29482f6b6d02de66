variable "registries" {
  type = number
}

variable "policies" {
  type = number
}

variable "executions" {
  type    = number
  default = 0
}

# A change of it changes one registry and one policy.
variable "description" {
  type    = string
  default = null
}

variable "source_url" {
  type    = string
  default = "http://hub.baidubce.com"
}

terraform {
  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

resource "ccr_registry" "bench" {
  count = var.registries

  name        = "registry-${count.index}"
  type        = "docker-registry"
  url         = var.source_url
  description = count.index == 0 ? var.description : null

  credential = {
    access_key               = "demo"
    access_secret_wo         = "demo-password"
    access_secret_wo_version = 1
  }
}

resource "ccr_migration_policy" "bench" {
  count = var.policies

  name              = "policy-${count.index}"
  src_registry_id   = ccr_registry.bench[count.index].id
  dest_project_name = "public"
  description       = count.index == 0 ? var.description : null

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = "v1" },
  ]
}

resource "ccr_policy_execution" "bench" {
  count = var.executions

  policy_id = ccr_migration_policy.bench[count.index].id
}
