variable "objects" {
  type = number
}

# Without it each holds what a registry declares.
variable "bare" {
  type    = bool
  default = false
}

# A change of it changes one object.
variable "description" {
  type    = string
  default = null
}

resource "terraform_data" "bench" {
  count = var.objects

  input = var.bare ? null : {
    name        = "registry-${count.index}"
    type        = "docker-registry"
    url         = "http://hub.baidubce.com"
    description = count.index == 0 ? var.description : null

    credential = {
      access_key               = "demo"
      access_secret_wo_version = 1
    }
  }
}
