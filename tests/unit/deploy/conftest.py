"""These tests render with kubectl: where there is none, they are not collected."""

import shutil

collect_ignore_glob = [] if shutil.which("kubectl") else ["test_*.py"]
