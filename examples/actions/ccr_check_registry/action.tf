data "ccr_registry" "cce" {
  name = "cce-hub"
}

# A registry that CCR has: terraform apply -invoke=action.ccr_check_registry.cce
action "ccr_check_registry" "cce" {
  config {
    registry_id = data.ccr_registry.cce.id
  }
}

# One that it does not have yet: terraform apply -invoke=action.ccr_check_registry.new
action "ccr_check_registry" "new" {
  config {
    registry = {
      name          = "cce-hub-2"
      type          = "docker-registry"
      url           = "http://hub.baidubce.com"
      access_key    = var.cce_username
      access_secret = var.cce_password
    }
  }
}
