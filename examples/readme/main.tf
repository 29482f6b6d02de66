resource "ccr_registry" "cce" {
  name       = "cce-hub"
  type       = "docker-registry"
  url        = "http://hub.baidubce.com"
  credential = { access_key = var.cce_username, access_secret_wo = var.cce_password, access_secret_wo_version = 1 }
}

resource "ccr_migration_policy" "web" {
  name              = "web"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"
  filters           = [{ type = "name", value = "cce/web" }, { type = "tag", value = "v1" }]
}

resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id
  triggers  = { filters = jsonencode(ccr_migration_policy.web.filters) }
}
