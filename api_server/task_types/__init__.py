"""Registered task types: what tasks of a type take and give."""
