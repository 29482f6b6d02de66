data "ccr_migration_policy" "web" {
  name = "web"
}

output "runs" {
  value = data.ccr_migration_policy.web.execution_times
}
