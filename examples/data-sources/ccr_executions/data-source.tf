data "ccr_migration_policy" "web" {
  name = "web"
}

data "ccr_executions" "web" {
  policy_id = data.ccr_migration_policy.web.id
}

output "last_run" {
  value = one([
    for execution in slice(data.ccr_executions.web.executions, 0, min(1, length(data.ccr_executions.web.executions))) :
    "${execution.status}: ${execution.succeed} of ${execution.total} images"
  ])
}
