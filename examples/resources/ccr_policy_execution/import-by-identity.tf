import {
  to = ccr_policy_execution.web
  identity = {
    policy_id = "1"
    id        = "1"
  }
}
