"""Submits jobs: one remote job per task."""
