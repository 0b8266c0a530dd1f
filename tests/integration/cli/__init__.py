"""The command line against a running platform."""
