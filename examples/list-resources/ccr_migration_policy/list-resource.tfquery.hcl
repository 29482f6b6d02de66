list "ccr_migration_policy" "web" {
  provider         = ccr
  include_resource = true

  config {
    name_regex = "^web"
  }
}
