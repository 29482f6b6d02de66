terraform {
  required_version = ">= 1.11"

  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}

# What CCR does not tell: the credential of each registry, and the filters of each policy.
variable "usernames" {
  description = "User name for each registry, by its name."
  type        = map(string)
}

variable "passwords" {
  description = "Password for each registry, by its name."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "filters" {
  description = "Filters of each policy, by its name."
  type        = map(set(object({ type = string, value = string })))
}

data "ccr_registries" "all" {}

data "ccr_policies" "all" {}

locals {
  registries = { for registry in data.ccr_registries.all.registries : registry.name => registry }
  policies   = { for policy in data.ccr_policies.all.policies : policy.name => policy }
}

import {
  for_each = local.registries
  to       = ccr_registry.all[each.key]
  id       = each.value.id
}

resource "ccr_registry" "all" {
  for_each = local.registries

  name        = each.value.name
  type        = each.value.type
  url         = each.value.url
  description = each.value.description
  insecure    = each.value.insecure

  credential = {
    access_key               = var.usernames[each.key]
    access_secret_wo         = var.passwords[each.key]
    access_secret_wo_version = 1
  }
}

import {
  for_each = local.policies
  to       = ccr_migration_policy.all[each.key]
  id       = each.value.id
}

resource "ccr_migration_policy" "all" {
  for_each = local.policies

  name              = each.value.name
  description       = each.value.description
  src_registry_id   = ccr_registry.all[each.value.src_registry_name].id
  dest_project_name = each.value.dest_project_name
  override          = each.value.override
  filters           = var.filters[each.key]
}
