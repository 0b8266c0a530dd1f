"""The local stack: Apache Kafka, PostgreSQL, a sandbox resource and the platform under one supervisor."""
