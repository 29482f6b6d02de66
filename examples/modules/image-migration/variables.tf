variable "images" {
  description = "References of the images to migrate, such as hub.baidubce.com/cce/web:v1. Each needs a tag."
  type        = set(string)

  validation {
    condition     = alltrue([for image in var.images : provider::ccr::parse_image(image).digest == null])
    error_message = "CCR selects images by tag. Name these by a tag and not by a digest: ${join(", ", [for image in var.images : image if provider::ccr::parse_image(image).digest != null])}."
  }
}

variable "namespace" {
  description = "Namespace of CCR that takes the images. It has to exist."
  type        = string
}

variable "username" {
  description = "User name for the source registry."
  type        = string
}

variable "password" {
  description = "Password for the source registry. It is kept in no plan and no state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Any number; increase it when the password changes."
  type        = number
  default     = 1
}

variable "registry_name" {
  description = "Name of the source registry in CCR, and the beginning of the names of its policies."
  type        = string
  default     = "cce-hub"
}

variable "registry_url" {
  description = "URL of the source registry, with http:// or https://."
  type        = string
  default     = "http://hub.baidubce.com"

  validation {
    condition     = can(regex("^https?://[^/]+", var.registry_url))
    error_message = "The registry_url ${var.registry_url} has to begin with http:// or https:// and a host, such as http://hub.baidubce.com."
  }
}

variable "registry_type" {
  description = "Kind of the source registry: docker-registry (CCE too) or harbor."
  type        = string
  default     = "docker-registry"
}

variable "override" {
  description = "Whether a tag that the namespace has is overwritten. Otherwise it is left alone and counts as succeeded, whatever its content."
  type        = bool
  default     = false
}

variable "on_failure" {
  description = "What an image that could not be migrated does to the apply: fail or continue, with a warning."
  type        = string
  default     = "fail"
}

variable "run" {
  description = "Any text; a change migrates all images again, such as tags whose content has changed."
  type        = string
  default     = ""
}
