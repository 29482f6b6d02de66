terraform {
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

resource "ccr_registry" "other" {
  name = "other"
  type = "docker-registry"
  url  = "http://registry.example.com"

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password
    access_secret_wo_version = 1
  }
}
