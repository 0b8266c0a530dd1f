"""Entry point of the ``howdah`` command. Exit codes: 0 done, 1 a problem or a failed experiment, 2 wrong usage."""

import os
import sys

from howdah.cli.app import app
from howdah.contracts.errors import HowdahError

EXIT_PROBLEM = 1
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command; every error is told in words. The process's one boundary that catches everything."""
    try:
        app(prog_name="howdah")
    except HowdahError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        if os.environ.get("HOWDAH_DEBUG"):
            raise
        _fail(f"unexpected {type(error).__name__}: {error}. This is a defect; HOWDAH_DEBUG=1 shows where")


def _fail(words: str) -> None:
    sys.stdout.flush()
    sys.stderr.write("".join(f"howdah: {line}\n" for line in words.splitlines()))
    sys.exit(EXIT_PROBLEM)


if __name__ == "__main__":
    main()
