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
  description = "Kept in no plan and no state: every plan and apply that sends it needs it again."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "cce_password_version" {
  description = "Increase it whenever the password changes."
  type        = number
  default     = 1
}

resource "ccr_registry" "cce" {
  name = "cce-hub"
  type = "docker-registry"
  url  = "http://hub.baidubce.com"

  # The apply fails when CCR cannot log in with what it was given.
  require_healthy = true

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password
    access_secret_wo_version = var.cce_password_version
  }
}
