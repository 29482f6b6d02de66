data "ccr_registry" "cce" {
  name = "cce-hub"
}

output "url" {
  value = data.ccr_registry.cce.url
}
