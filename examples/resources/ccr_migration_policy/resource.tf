# One image, by repository and tag.
resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"

  filters = [
    { type = "name", value = "cce/web" },
    { type = "tag", value = "v1" },
  ]
}

# Every tag of an image that begins with "v", and tags that CCR already has are overwritten.
resource "ccr_migration_policy" "api" {
  name              = "api"
  description       = "Releases of the API"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"
  override          = true

  filters = [
    { type = "name", value = "cce/api" },
    { type = "tag", value = "v*" },
  ]
}
