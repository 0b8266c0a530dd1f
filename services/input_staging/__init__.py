"""Brings input files from the object store to the resource."""
