import {
  to = ccr_policy_execution.web
  id = "1/1" # <policy id>/<execution id>
}
