list "ccr_registry" "cce" {
  provider         = ccr
  include_resource = true

  config {
    type = "docker-registry"
  }
}
