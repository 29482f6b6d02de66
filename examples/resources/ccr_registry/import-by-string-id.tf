import {
  to = ccr_registry.cce
  id = "name=cce-hub" # or its id, "1"
}
