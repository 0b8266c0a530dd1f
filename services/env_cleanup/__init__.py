"""Removes what a process left on the resource."""
