list "ccr_registry" "all" {
  provider         = ccr
  include_resource = true
}

list "ccr_migration_policy" "all" {
  provider         = ccr
  include_resource = true
}
