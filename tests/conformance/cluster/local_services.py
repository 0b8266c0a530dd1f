"""A stack of two tiny services under the real supervisor: ``python local_services.py <directory>``."""

import sys
from pathlib import Path

from howdah.contracts.services import ServiceDeployment, ServiceKind
from howdah.local.child import ChildSpec, Member
from howdah.local.fleet import FIRST, Fleet
from howdah.local.kept_child import Backoff
from howdah.local.run_record import only_supervisor
from howdah.local.supervisor import Plan, Supervisor, Wave
from tests.fixtures.kubernetes import BUILT_IN, PLATFORM

CHILD = """
import pathlib, signal, sys
ready = pathlib.Path(sys.argv[1])
def leave(*_):
    ready.unlink(missing_ok=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
ready.touch()
while True:
    signal.pause()
"""


class Silence:
    def say(self, text: str) -> None:
        """Nobody listens."""

    def fetched(self, name: str, count: int, total: int) -> None:
        """Nothing is fetched here."""


def main() -> None:
    directory = Path(sys.argv[1])
    (directory / "up").mkdir(parents=True, exist_ok=True)

    def describe(name: str, deployment: ServiceDeployment | None, number: int, revision: str) -> ChildSpec:
        flag = directory / "up" / f"{name}--{number}"
        broken = deployment is not None and "BROKEN" in deployment.environment
        return ChildSpec(
            name=f"{name}--{number}" if number > 1 else name,
            command=("sh", "-c", "exit 3") if broken else (sys.executable, "-S", "-c", CHILD, str(flag)),
            ready=lambda: None if flag.exists() else "not up yet",
            grace_seconds=5,
            member=Member(name, revision),
        )

    fleet = Fleet(directory / "services.json", [BUILT_IN], [PLATFORM], describe)
    own = ChildSpec(
        name=PLATFORM,
        command=(sys.executable, "-S", "-c", CHILD, str(directory / "up" / PLATFORM)),
        member=Member(PLATFORM, FIRST),
    )
    stages = [Wave("platform", lambda: (own,)), Wave("services", lambda: fleet.specs(ServiceKind.BUILT_IN))]
    with only_supervisor(directory):
        plan = Plan(stages, fleet=fleet, backoff=Backoff(initial_seconds=0.1, max_seconds=0.2))
        Supervisor(directory, plan, Silence()).run()


if __name__ == "__main__":
    main()
