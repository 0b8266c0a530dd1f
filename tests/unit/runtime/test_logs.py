"""What a process writes on standard error, seen from outside."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, structlog
from howdah.runtime import tracing
from howdah.runtime.logs import configure_logs
from howdah.runtime.settings import RuntimeSettings

configure_logs(RuntimeSettings.load(service_name="tried", log_level="INFO"))
log = structlog.get_logger("ours")
log.debug("too fine")
tracing.enter("00-" + "a" * 32 + "-" + "b" * 16 + "-01")
log.info("ours", number=7, object=object)
logging.getLogger("library").warning("theirs %s", 8)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("went wrong")
print("went on")
"""


def test_every_record_is_one_json_line_whoever_wrote_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    ours, theirs, wrong = (json.loads(line) for line in done.stderr.splitlines())
    assert (ours["event"], ours["level"], ours["number"], ours["service"]) == ("ours", "info", 7, "tried")
    assert (theirs["event"], theirs["level"], theirs["service"]) == ("theirs 8", "warning", "tried")
    assert {record["trace_id"] for record in (ours, theirs, wrong)} == {"a" * 32}
    assert "ZeroDivisionError" in wrong["exception"]
    assert all("timestamp" in record for record in (ours, theirs, wrong))


def test_a_log_that_cannot_be_written_does_not_stop_the_work() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=full, text=True, check=False, timeout=60
        )
    assert done.stdout == "went on\n"
