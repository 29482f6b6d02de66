output "registry_id" {
  description = "Id of the source registry."
  value       = ccr_registry.source.id
}

output "results" {
  description = "What became of each image, by its reference."
  value = {
    for image, run in ccr_policy_execution.image : image => {
      destination = local.destinations[image]
      status      = run.status
      status_text = run.status_text
      total       = run.total
      succeed     = run.succeed
      failed      = run.failed
    }
  }
}

output "migrated" {
  description = "How many of the images CCR counts as succeeded."
  value       = "${length([for run in values(ccr_policy_execution.image) : run if run.succeed > 0])} of ${length(var.images)} images"
}
