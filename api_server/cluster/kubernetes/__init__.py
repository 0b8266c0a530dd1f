"""The Kubernetes backend: services are Deployments that carry the platform's labels, in its own namespace."""
