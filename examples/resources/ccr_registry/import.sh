terraform import ccr_registry.cce 1
terraform import ccr_registry.cce 'name=cce-hub'
