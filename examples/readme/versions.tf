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
