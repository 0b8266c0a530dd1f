"""Collected by ``make test-images`` only: the images are built first, which takes minutes and needs a Docker engine."""

import os

collect_ignore_glob = [] if os.environ.get("HOWDAH_TEST_IMAGES") else ["test_*.py"]
