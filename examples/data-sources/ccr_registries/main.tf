terraform {
  required_providers {
    ccr = {
      source = "terraform-provider-ccr/ccr"
    }
  }
}
