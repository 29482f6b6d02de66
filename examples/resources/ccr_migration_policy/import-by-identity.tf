import {
  to = ccr_migration_policy.web
  identity = {
    id = "1"
  }
}
