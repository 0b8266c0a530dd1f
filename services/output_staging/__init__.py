"""Brings output files from the resource into the object store."""
