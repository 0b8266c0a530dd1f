"""Makes the process's work directory."""
