"""Data products: files known by what they are, wherever their replicas are."""
