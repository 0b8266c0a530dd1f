"""The API server and everything else that touches PostgreSQL."""
