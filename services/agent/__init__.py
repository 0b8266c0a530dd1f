"""All task services in one process at a resource."""
