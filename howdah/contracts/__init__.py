"""The wire and the words of the platform: ids, states, failures, tasks, messages, topics.

Everybody imports this room and it imports nobody: pydantic only, no I/O, no clock, no settings.
"""
