"""Reaching a compute resource: transports, file transfer, schedulers, the submission protocol.

Knows nothing of Kafka and of the registry; raises ``TaskError`` with the failure kind.
"""
