"""Docker's health check: the process that this container runs says of itself that it lives. Standard library only."""

import os
import sys
import urllib.error
import urllib.request
from http import HTTPStatus

PORTS = (os.environ.get("HOWDAH_HEALTH_PORT", "8701"), os.environ.get("HOWDAH_BIND_PORT", "8700"))


def main() -> int:
    """Return 0 when either of the two ports answers that all is well."""
    for port in PORTS:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=3) as answer:
                return 0 if answer.status == HTTPStatus.OK else 1
        except urllib.error.HTTPError:
            return 1
        except OSError:
            continue
    return 1


if __name__ == "__main__":
    sys.exit(main())
