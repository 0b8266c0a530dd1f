"""What every process of the platform needs: settings, clock, logs, metrics, tracing, health endpoint.

Nothing here knows Kafka, SSH or SQL.
"""
