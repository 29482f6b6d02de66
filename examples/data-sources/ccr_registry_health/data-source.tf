data "ccr_registry" "cce" {
  name = "cce-hub"
}

data "ccr_registry_health" "cce" {
  registry_id = data.ccr_registry.cce.id
}

# Every plan and apply warns when CCR cannot log in to the registry.
check "cce_is_reachable" {
  assert {
    condition     = data.ccr_registry_health.cce.healthy
    error_message = "CCR cannot log in to ${data.ccr_registry.cce.url}."
  }
}
