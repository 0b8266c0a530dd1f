"""The only way to start or steer a run."""
