"""The end of a process that can't go on: whoever keeps it (supervisor, kubelet) starts it anew, with fresh clients."""

import os
import signal
import threading
from typing import Final

import structlog

from howdah.runtime.health import Check

log = structlog.get_logger(__name__)

_LOOK_EVERY_SECONDS: Final = 2.0


def end_process_when(beyond_repair: Check) -> None:
    """From now on look every other second; once the check has something to say, end the process as SIGTERM does."""

    def look() -> None:
        never = threading.Event()
        while (why := beyond_repair()) is None:
            never.wait(_LOOK_EVERY_SECONDS)
        log.error("the process ends, to be started anew", why=why)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="ending", daemon=True).start()
