"""Workflows: definitions with their versions, checked when they are written."""
