"""These tests run in ``.venv-s3`` alone (``make test-s3``); elsewhere there is neither s3fs nor a server: no test."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("s3fs") and find_spec("moto") else ["test_buckets.py"]
