variable "objects" {
  type = number
}

# A change of it changes one object.
variable "description" {
  type    = string
  default = null
}

resource "terraform_data" "bench" {
  count = var.objects

  input = {
    name        = "object-${count.index}"
    description = count.index == 0 ? var.description : null
  }
}
