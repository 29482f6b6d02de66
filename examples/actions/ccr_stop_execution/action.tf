data "ccr_migration_policy" "web" {
  name = "web"
}

data "ccr_executions" "running" {
  policy_id = data.ccr_migration_policy.web.id
  status    = "InProgress"
}

# Stops what runs of the policy: terraform apply -invoke=action.ccr_stop_execution.running
action "ccr_stop_execution" "running" {
  for_each = toset(data.ccr_executions.running.ids)

  config {
    policy_id    = data.ccr_migration_policy.web.id
    execution_id = each.key
  }
}
