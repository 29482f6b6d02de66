locals {
  image = provider::ccr::parse_image("hub.baidubce.com/cce/web:v1")
}

# "hub.baidubce.com", "cce/web", "v1" and, as the reference has no digest, null
output "image" {
  value = [local.image.registry, local.image.repository, local.image.tag, local.image.digest]
}
