"""Schedules: which experiment is launched when, by itself. Said and shown here; launching is the orchestrator's."""
