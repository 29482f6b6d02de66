import {
  to = ccr_migration_policy.web
  id = "name=web" # or its id, "1"
}
