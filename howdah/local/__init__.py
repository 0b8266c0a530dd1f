"""The local stack: Kafka, PostgreSQL, a sandbox resource and the whole platform on one machine, under one supervisor.

``up`` runs it in the foreground; ``status``, ``restart`` and ``stop`` ask the one that runs in a directory. Everything
is from Python packages; nothing is installed on the machine. Imports neither ``api_server`` nor ``services``: it
starts them as programs.
"""

from howdah.local.errors import LocalStackError
from howdah.local.up import DEFAULT_DIRECTORY, restart, status, stop, up

__all__ = ["DEFAULT_DIRECTORY", "LocalStackError", "restart", "status", "stop", "up"]
