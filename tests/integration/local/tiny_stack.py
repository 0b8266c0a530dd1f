"""A stack of two tiny real children under the real supervisor: ``python tiny_stack.py <directory> [options]``.

Each child writes its pid, says over HTTP that it lives and goes on for ever; the first ignores SIGTERM when asked to be
stubborn.
"""

import argparse
import sys
from pathlib import Path

from howdah.local.child import ChildSpec
from howdah.local.errors import LocalStackError
from howdah.local.http_probe import livez
from howdah.local.kept_child import Backoff, Patience
from howdah.local.ports import PortBook
from howdah.local.run_record import RunRecord, only_supervisor
from howdah.local.supervisor import Chore, Plan, Supervisor, Wave

CHILD = """
import http.server, pathlib, signal, sys, threading
name, folder, stubborn, port = sys.argv[1:]
class Live(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Live)
threading.Thread(target=server.serve_forever, daemon=True).start()
def leave(*_):
    with open(f"{folder}/ends", "a") as ends:
        ends.write(f"{name}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn == "yes" else leave)
pathlib.Path(f"{folder}/{name}.pid.new").write_text(str(__import__("os").getpid()))
pathlib.Path(f"{folder}/{name}.pid.new").rename(f"{folder}/{name}.pid")
print(name, "is up", flush=True)
while True:
    signal.pause()
"""


class Lines:
    """Progress as plain lines on standard output."""

    def say(self, text: str) -> None:
        """Print."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def fetched(self, name: str, count: int, total: int) -> None:
        """Nothing is fetched here."""


def spec(name: str, folder: Path, options: argparse.Namespace) -> ChildSpec:
    pid_file = folder / f"{name}.pid"

    def ready() -> str | None:
        return None if pid_file.exists() else f"{pid_file} is not there yet"

    port = PortBook(folder / "ports.json").get(name)
    stubborn = "yes" if options.stubborn and name == "first" else "no"
    return ChildSpec(
        name=name,
        command=(sys.executable, "-S", "-c", CHILD, name, str(folder), stubborn, str(port)),
        ready=ready,
        ready_timeout_seconds=20,
        alive=livez(port),
        grace_seconds=2,
        dies_with_us=not options.orphans,
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--orphans", action="store_true")
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--failing", action="store_true")
    options = parser.parse_args()
    folder = options.directory / "out"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pid"):
        old.unlink()
    last = ChildSpec(name="last", command=("sh", "-c", "echo no luck; exit 3"), ready=lambda: "never ready")
    plan = Plan(
        stages=[
            Wave("the first", lambda: (spec("first", folder, options),)),
            Chore("a chore", lambda _: (folder / "chore").touch()),
            Wave("the second", lambda: (spec("second", folder, options),)),
            *([Wave("the last", lambda: (last,))] if options.failing else []),
        ],
        backoff=Backoff(initial_seconds=0.1, max_seconds=0.5),
        patience=Patience(check_seconds=0.2, checks=3),
        on_ready=lambda: Lines().say("all ready"),
    )
    try:
        with only_supervisor(options.directory):
            RunRecord(options.directory).stop_orphans(Lines())
            for old in folder.glob("*.pid"):
                old.unlink()
            Supervisor(options.directory, plan, Lines()).run()
    except LocalStackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
