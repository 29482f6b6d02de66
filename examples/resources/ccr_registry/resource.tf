# CCE images. The apply fails unless CCR reaches the hub and can log in.
resource "ccr_registry" "cce" {
  name            = "cce-hub"
  type            = "docker-registry"
  url             = "http://hub.baidubce.com"
  require_healthy = true

  credential = {
    access_key               = var.cce_username
    access_secret_wo         = var.cce_password
    access_secret_wo_version = 1 # increase it when the password changes
  }
}

resource "ccr_registry" "harbor" {
  name        = "harbor"
  description = "Images of the build farm"
  type        = "harbor"
  url         = "https://harbor.example.com"

  credential = {
    access_key               = "robot$ccr"
    access_secret_wo         = var.harbor_password
    access_secret_wo_version = 1
  }
}
