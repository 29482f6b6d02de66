import {
  to = ccr_registry.cce
  identity = {
    id = "1"
  }
}
