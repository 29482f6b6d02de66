resource "ccr_policy_execution" "web" {
  policy_id = ccr_migration_policy.web.id

  # Any change here runs the policy again.
  triggers = {
    filters = jsonencode(ccr_migration_policy.web.filters)
    run     = "1"
  }

  on_empty = "fail"

  timeouts = {
    create = "2h"
  }
}

output "migrated" {
  value = "${ccr_policy_execution.web.succeed} of ${ccr_policy_execution.web.total} images: ${ccr_policy_execution.web.status}"
}
