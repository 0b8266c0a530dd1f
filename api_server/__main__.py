"""``python -m api_server``: serve (the default), ``migrate``, ``bootstrap``, ``openapi``."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import structlog
import uvicorn
from sqlalchemy.orm import Session

from api_server.gateways.bootstrap import bootstrap
from api_server.http.openapi import document_bytes
from api_server.main import create_app, make_parts, open_engine
from api_server.registry.migrations import upgrade
from api_server.registry.outbox import open_registry
from api_server.settings import ApiSettings, for_description
from howdah.contracts.errors import ConfigurationError
from howdah.messaging import connect
from howdah.runtime.logs import configure_logs

log = structlog.get_logger(__name__)


def serve(settings: ApiSettings) -> None:
    """Serve until SIGTERM or Ctrl-C; then let open requests end, publish what they committed, and close."""
    # uvicorn raises the signal again when it has shut down: then, and before it serves, the parts are to be closed too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as closing:
        engine = open_engine(settings)
        closing.callback(engine.dispose)
        messaging = closing.enter_context(connect(settings, settings.service_name))
        producer = messaging.producer()
        registry, relay = open_registry(engine, producer)
        relay.start()
        closing.callback(relay.close)
        app = create_app(settings, make_parts(settings, registry, messaging))
        log.info("serving", host=settings.bind_host, port=settings.bind_port, public_url=settings.public_url)
        uvicorn.run(
            app,
            host=settings.bind_host,
            port=settings.bind_port,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )


def migrate(settings: ApiSettings) -> None:
    """Bring the database to the present; any number of processes may do so at once."""
    engine = open_engine(settings)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def make_first_tokens(settings: ApiSettings, gateway: str, *, rotate: bool) -> None:
    """Print, once, the first gateway's id and tokens as one line of JSON."""
    with ExitStack() as closing:
        engine = open_engine(settings)
        closing.callback(engine.dispose)
        with Session(engine) as session, session.begin():
            made = bootstrap(session, gateway, rotate=rotate)
    sys.stdout.write(json.dumps(made) + "\n")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api_server", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="serve HTTP (the default)")
    commands.add_parser("migrate", help="create or update the tables")
    first = commands.add_parser("bootstrap", help="make the first gateway and its tokens; print them once")
    first.add_argument("--gateway", default="default", help="the gateway's name")
    first.add_argument("--rotate", action="store_true", help="make both tokens anew and revoke the earlier ones")
    first.add_argument("--json", action="store_true", help="accepted for clarity: the answer is always JSON")
    commands.add_parser("openapi", help="print the OpenAPI document")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 2 means that a setting or an argument is wrong, and says which."""
    arguments = _arguments(argv)
    try:
        if arguments.command == "openapi":
            sys.stdout.buffer.write(document_bytes(create_app(for_description())))
            return 0
        settings = ApiSettings.load()
        configure_logs(settings)
        match arguments.command:
            case "migrate":
                migrate(settings)
            case "bootstrap":
                make_first_tokens(settings, arguments.gateway, rotate=arguments.rotate)
            case _:
                serve(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
