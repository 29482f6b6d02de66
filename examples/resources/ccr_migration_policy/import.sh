terraform import ccr_migration_policy.web 1
terraform import ccr_migration_policy.web 'name=web'
