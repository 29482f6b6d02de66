data "ccr_registries" "all" {}

data "ccr_registries" "cce" {
  type       = "docker-registry"
  name_regex = "^cce-"
}

output "urls" {
  value = { for registry in data.ccr_registries.all.registries : registry.name => registry.url }
}

output "cce" {
  value = data.ccr_registries.cce.names
}
