locals {
  parsed = { for image in var.images : image => provider::ccr::parse_image(image) }

  # What each image is called in CCR: only the last part of its repository's name is kept.
  destinations = {
    for image, parsed in local.parsed :
    image => "${var.namespace}/${basename(parsed.repository)}:${parsed.tag}"
  }

  # The end of each name tells apart images whose names look alike otherwise, such as cce/web:v1 and cce-web:v1.
  policies = {
    for image, parsed in local.parsed :
    image => join("-", [
      var.registry_name,
      replace(lower("${parsed.repository}-${parsed.tag}"), "/[^a-z0-9._-]/", "-"),
      substr(sha256(image), 0, 8),
    ])
  }

  clashes = [
    for destination, images in { for image, destination in local.destinations : destination => image... } :
    "${join(" and ", images)} as ${destination}" if length(images) > 1
  ]

  foreign = [
    for image, parsed in local.parsed :
    image if parsed.registry != try(regex("^https?://([^/]+)", var.registry_url)[0], "")
  ]
}

resource "ccr_registry" "source" {
  name = var.registry_name
  type = var.registry_type
  url  = var.registry_url

  credential = {
    access_key               = var.username
    access_secret_wo         = var.password
    access_secret_wo_version = var.password_version
  }

  lifecycle {
    precondition {
      condition     = length(local.clashes) == 0
      error_message = "Images would overwrite each other in CCR: ${join("; ", local.clashes)}."
    }
    precondition {
      condition     = length(local.foreign) == 0
      error_message = "Images that are not in ${var.registry_url}: ${join(", ", local.foreign)}."
    }
  }
}

resource "ccr_migration_policy" "image" {
  for_each = local.parsed

  name              = local.policies[each.key]
  description       = each.key
  src_registry_id   = ccr_registry.source.id
  dest_project_name = var.namespace
  override          = var.override

  filters = [
    { type = "name", value = each.value.repository },
    { type = "tag", value = each.value.tag },
  ]
}

resource "ccr_policy_execution" "image" {
  for_each = local.parsed

  policy_id  = ccr_migration_policy.image[each.key].id
  on_failure = var.on_failure
  on_empty   = var.on_failure

  triggers = {
    destination = ccr_migration_policy.image[each.key].dest_project_name
    filters     = jsonencode(ccr_migration_policy.image[each.key].filters)
    run         = var.run
  }
}
