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

import {
  to = ccr_registry.cce
  id = "name=cce-hub"
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

import {
  to = ccr_migration_policy.web
  id = "name=web"
}

resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = "v1" },
  ]
}

# The record of the last run. Without it, the first apply would run the policy.
data "ccr_migration_policy" "web" {
  name = "web"
}

data "ccr_executions" "web" {
  policy_id = data.ccr_migration_policy.web.id
}

import {
  to = ccr_policy_execution.web
  id = "${data.ccr_executions.web.policy_id}/${data.ccr_executions.web.ids[0]}"
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
}
