"""The Python SDK for the REST API: what a gateway's code imports."""
