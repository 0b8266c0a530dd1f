"""Howdah: executes the tasks of science gateways on remote compute resources, over Kafka."""

__version__ = "0.1.0"
