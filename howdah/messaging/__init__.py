"""Kafka for the platform; read ``abstract`` first."""
