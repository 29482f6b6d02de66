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

module "images" {
  source = "../../../modules/image-migration"

  images = [
    "hub.baidubce.com/cce/web:v1",
    "hub.baidubce.com/cce/web:v2",
    "hub.baidubce.com/cce/api:v1",
  ]
  namespace = "public"
  username  = var.cce_username
  password  = var.cce_password
}

output "results" {
  value = module.images.results
}
