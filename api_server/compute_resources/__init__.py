"""Compute resources: the machines that run jobs, and the login account that the gateway uses there."""
