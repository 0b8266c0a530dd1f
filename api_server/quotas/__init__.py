"""Quotas of live jobs and maintenance windows: who may run how much, and when a resource is to be empty."""
