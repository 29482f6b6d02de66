data "ccr_migration_policy" "web" {
  name = "web"
}

data "ccr_executions" "web" {
  policy_id = data.ccr_migration_policy.web.id
}

output "last_run" {
  value = try(data.ccr_executions.web.executions[0].status, "never ran")
}
