"""Storage resources: from where inputs are read besides the platform's own store."""
