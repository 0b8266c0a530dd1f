"""Applications: what can be run (module), what it takes and gives (interface), how it is started (deployment)."""
