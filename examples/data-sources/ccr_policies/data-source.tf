data "ccr_registry" "cce" {
  name = "cce-hub"
}

data "ccr_policies" "from_cce" {
  src_registry_id   = data.ccr_registry.cce.id
  dest_project_name = "public"
}

output "policies" {
  value = zipmap(data.ccr_policies.from_cce.names, data.ccr_policies.from_cce.ids)
}
