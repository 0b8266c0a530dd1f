"""``python -m api_server``: serve (the default), the steps of an installation, ``openapi``."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import structlog
import uvicorn

from api_server.http.openapi import document_bytes
from api_server.installing import (
    InstallationSettings,
    await_migrations,
    make_first_tokens,
    make_keys,
    make_topics,
    migrate,
)
from api_server.main import create_app, make_parts, open_engine
from api_server.registry.outbox import open_registry
from api_server.settings import ApiSettings, for_description
from howdah.contracts.errors import ConfigurationError
from howdah.messaging import connect
from howdah.runtime.collector import leave_alone_what_is_here
from howdah.runtime.ending import end_process_when
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
        end_process_when(messaging.beyond_repair)
        leave_alone_what_is_here()
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


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m api_server", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve", help="serve HTTP (the default)")
    waiting = [
        commands.add_parser("migrate", help="create or update the tables"),
        commands.add_parser("await-migrations", help="return once the tables are those of this version"),
        commands.add_parser("topics", help="make the topics that are missing"),
    ]
    for each in waiting:
        each.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="how long to try")
    commands.add_parser("keys", help="fill the Secrets of an installation on Kubernetes, as far as they are empty")
    first = commands.add_parser("bootstrap", help="make the first gateway and its tokens; print them once")
    first.add_argument("--gateway", default="default", help="the gateway's name")
    first.add_argument("--rotate", action="store_true", help="make both tokens anew and revoke the earlier ones")
    first.add_argument("--secrets", action="store_true", help="put them into Kubernetes Secrets instead, once")
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
        _run(arguments)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "keys":
        configure_logs(installation := InstallationSettings.load())
        make_keys(installation)
        return
    settings = ApiSettings.load()
    configure_logs(settings)
    match arguments.command:
        case "migrate":
            migrate(settings, arguments.wait)
        case "await-migrations":
            await_migrations(settings, arguments.wait)
        case "topics":
            make_topics(settings, arguments.wait)
        case "bootstrap":
            make_first_tokens(settings, arguments.gateway, rotate=arguments.rotate, into_secrets=arguments.secrets)
        case _:
            serve(settings)


if __name__ == "__main__":
    sys.exit(main())
