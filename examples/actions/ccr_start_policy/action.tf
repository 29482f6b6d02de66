# Runs the policy now: terraform apply -invoke=action.ccr_start_policy.web
action "ccr_start_policy" "web" {
  config {
    policy_id = ccr_migration_policy.web.id
    timeout   = "2h"
  }
}
