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

# Patterns, in a registry that is not the CCE hub. Tags that CCR already has are overwritten.
resource "ccr_migration_policy" "shop" {
  name              = "shop"
  description       = "1.x releases of the shop"
  src_registry_id   = ccr_registry.other.id
  dest_project_name = "public"
  override          = true

  filters = [
    { type = "name", value = "shop/*" },
    { type = "tag", value = "1.*" },
  ]
}
