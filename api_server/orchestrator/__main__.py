"""``python -m api_server.orchestrator``: the composition root of the orchestrator's process."""

import signal
import sys

from api_server.auth.capabilities import Capabilities
from api_server.orchestrator.orchestrator import Orchestrator
from api_server.orchestrator.settings import OrchestratorSettings
from api_server.registry.engine import make_engine
from api_server.settings import key_bytes
from howdah.contracts.errors import ConfigurationError
from howdah.messaging import connect
from howdah.runtime.clock import SystemClock
from howdah.runtime.collector import leave_alone_what_is_here
from howdah.runtime.ending import end_process_when
from howdah.runtime.health import HealthServer
from howdah.runtime.logs import configure_logs


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    try:
        settings = OrchestratorSettings.load()
    except ConfigurationError as error:
        sys.exit(str(error))
    configure_logs(settings)
    clock = SystemClock()
    engine = make_engine(settings.database_url, pool_size=settings.database_pool, service="orchestrator", by_key=True)
    mint = Capabilities(key_bytes(settings.capability_key), clock)
    with connect(settings, settings.service_name) as messaging:
        orchestrator = Orchestrator(settings, engine, messaging, mint, clock)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: orchestrator.stop())
        health = HealthServer(settings.health_host, settings.health_port, alive={}, ready=orchestrator.checks())
        health.start()
        end_process_when(messaging.beyond_repair)
        leave_alone_what_is_here()
        orchestrator.run()
        health.close()


if __name__ == "__main__":
    main()
