"""Workflow definitions: what is wrong with one, and the tasks that a run of it has. Pure."""
