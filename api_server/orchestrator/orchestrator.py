"""The orchestrator as a whole: its loops' threads, and a clean end."""

import threading

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from api_server.lifecycle.commands import Mint
from api_server.orchestrator.composition import Ground, Loop, loops_of
from api_server.orchestrator.settings import OrchestratorSettings
from api_server.registry.outbox import OutboxRelay, open_registry
from howdah.messaging.abstract import Messaging, MessagingError
from howdah.messaging.standings import StandingsTable
from howdah.runtime.clock import Clock
from howdah.runtime.health import Check

log = structlog.get_logger(__name__)

_JOIN_SECONDS = 15.0


class Orchestrator:
    """Takes events in and publishes what follows. Any number of replicas share the work.

    ``run`` blocks until ``stop``; if one loop dies of a defect, all end and the process with them: its supervisor
    starts it again, and it goes on from the registry.
    """

    def __init__(
        self, settings: OrchestratorSettings, engine: Engine, messaging: Messaging, mint: Mint, clock: Clock
    ) -> None:
        self._engine = engine
        self._messaging = messaging
        self._stop = threading.Event()
        self._error: BaseException | None = None
        producer = messaging.producer()
        registry, self._relay = open_registry(engine, producer)
        self._standings = StandingsTable(messaging)
        ground = Ground(settings, engine, registry, messaging, producer, self._standings, mint, clock)
        self._loops = loops_of(ground)

    @property
    def relay(self) -> OutboxRelay:
        """The relay of this replica."""
        return self._relay

    def checks(self) -> dict[str, Check]:
        """Return what readiness asks: the database, and every loop."""
        loops = {name: loop.trouble for name, loop in self._loops.items()}
        kafka, resources = self._messaging.producer().trouble, self._standings.trouble
        return {"database": self._database, "kafka": kafka, "resources": resources, **loops}

    def _database(self) -> str | None:
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"the database does not answer: {str(error).partition(chr(10))[0]}"
        return None

    def stop(self) -> None:
        """Ask all loops to end; safe in a signal handler."""
        self._stop.set()
        self._messaging.give_up_waiting()

    def run(self) -> None:
        """Work until ``stop``; raises what a loop died of."""
        self._relay.start()
        self._standings.start()
        threads = [
            threading.Thread(target=self._guarded, args=(name, loop), name=name, daemon=True)
            for name, loop in self._loops.items()
        ]
        for thread in threads:
            thread.start()
        log.info("orchestrator is up", writer=self._relay.writer)
        self._stop.wait()
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        self._standings.close()
        self._relay.close()
        log.info("orchestrator has ended")
        if self._error is not None:
            raise self._error

    def _guarded(self, name: str, loop: Loop) -> None:
        """Run a loop; the boundary of the process: a defect of one ends them all."""
        try:
            loop.run(self._stop)
        except Exception as error:
            if isinstance(error, MessagingError) and self._stop.is_set():
                log.warning("loop was stopped while Kafka did not answer", loop=name, error=str(error))
                return
            log.exception("loop died", loop=name)
            self._error = error
            self._stop.set()
