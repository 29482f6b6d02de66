# <policy id>/<execution id>
terraform import ccr_policy_execution.web 1/1
