"""Credentials: how resources are reached. A secret goes in, and comes out only to the service whose task needs it."""
