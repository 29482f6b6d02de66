# Runs the policy whenever an apply has created or changed it (Terraform 1.16 or newer, for "caller").
resource "ccr_migration_policy" "api" {
  name              = "api"
  src_registry_id   = ccr_registry.cce.id
  dest_project_name = "public"

  filters = [
    { type = "name", value = "cce/api" },
  ]

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.ccr_start_policy.changed]
    }
  }
}

action "ccr_start_policy" "changed" {
  config {
    policy_id = caller.id
  }
}
