"""Runs one command on the resource."""
