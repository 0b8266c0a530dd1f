"""The API server's composition root: which parts there are and how they hang together.

``create_app`` makes the application of parts that somebody opened; without any it can still describe itself in OpenAPI.
``make_parts`` makes the real ones. Nothing here decides anything.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

import structlog
from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

import howdah
from api_server.applications.router import router as applications
from api_server.auth.capabilities import Capabilities
from api_server.auth.tokens import TokenAuthenticator
from api_server.capabilities.router import router as exchange
from api_server.cluster.opening import open_control_plane
from api_server.cluster.router import router as services
from api_server.cluster.service import Operators
from api_server.compute_resources.agents_router import router as agents
from api_server.compute_resources.health_router import router as resource_health
from api_server.compute_resources.looks_router import router as looks
from api_server.compute_resources.queues_router import router as resource_queues
from api_server.compute_resources.router import router as compute_resources
from api_server.console.site import ConsoleSite
from api_server.credentials.router import router as credentials
from api_server.data_products.router import router as data_products
from api_server.experiments.creations import gathered_creations
from api_server.experiments.logs_router import router as logs
from api_server.experiments.marking_router import router as marking
from api_server.experiments.outputs_router import router as outputs
from api_server.experiments.router import router as experiments
from api_server.experiments.runs_router import router as runs
from api_server.experiments.scripts_router import router as scripts
from api_server.experiments.steering_router import router as steering
from api_server.files.router import router as files
from api_server.files.signed_router import router as signed_objects
from api_server.gateways.router import router as gateways
from api_server.gateways.session_router import router as session
from api_server.http.dependencies import commit_limiter
from api_server.http.gathering import Gathering
from api_server.http.observe import Observed
from api_server.http.openapi import describe, operation_id
from api_server.http.probes import router as probes
from api_server.http.problem import install_problem_handlers
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.redrive import Redrive
from api_server.lifecycle.requests import AnyRequest
from api_server.lifecycle.steering import Steering
from api_server.objects.fsspec_store import open_store
from api_server.objects.signatures import PATH as OBJECTS_PATH
from api_server.objects.signatures import UrlSigner
from api_server.objects.store import ObjectStore
from api_server.operations.instances import ServiceInstances
from api_server.operations.lanes_router import router as lanes
from api_server.operations.router import router as operations
from api_server.overview.router import router as overview
from api_server.quotas.router import router as quotas
from api_server.quotas.windows_router import router as maintenance_windows
from api_server.registry.engine import make_engine
from api_server.registry.repositories.idempotency import purge_idempotency_keys
from api_server.registry.secrets import Vault
from api_server.registry.unit_of_work import Registry
from api_server.schedules.router import router as schedules
from api_server.settings import ApiSettings, key_bytes
from api_server.storage_resources.router import router as storage_resources
from api_server.stream.hub import FeedHub
from api_server.stream.live import LiveFeed
from api_server.stream.router import router as stream
from api_server.task_types.router import router as task_types
from api_server.workflows.router import router as workflows
from api_server.workflows.signals_router import router as signals
from howdah.messaging.abstract import Admin, Messaging
from howdah.messaging.standings import StandingsTable
from howdah.runtime.clock import Clock, SystemClock
from howdah.runtime.health import Check

log = structlog.get_logger(__name__)

API: Final = "/api/v1"
_PURGE_SECONDS: Final = 600.0
_FORM_OVERHEAD: Final = 100_000
"""What a multipart form may have around its file."""


def routers() -> tuple[APIRouter, ...]:
    """Return what is served below ``API``."""
    return (
        experiments,
        workflows,
        signals,
        steering,
        marking,
        runs,
        logs,
        outputs,
        scripts,
        stream,
        files,
        data_products,
        storage_resources,
        compute_resources,
        quotas,
        maintenance_windows,
        schedules,
        looks,
        agents,
        task_types,
        resource_health,
        resource_queues,
        applications,
        credentials,
        gateways,
        session,
        operations,
        overview,
        lanes,
        services,
    )


@dataclass(frozen=True)
class Parts:
    """What routes find in ``app.state``, under these names."""

    registry: Registry
    authenticator: TokenAuthenticator
    object_store: ObjectStore
    signer: UrlSigner
    vault: Vault
    capabilities: Capabilities
    lifecycle: Lifecycle
    creations: Gathering[AnyRequest]
    steering: Steering
    redrive: Redrive
    live_feed: LiveFeed
    service_instances: ServiceInstances
    operators: Operators
    brokers: Admin
    standings: StandingsTable
    clock: Clock
    ready: Mapping[str, Check]


def create_app(settings: ApiSettings, parts: Parts | None = None) -> FastAPI:
    """Return the application. While it runs it follows the feed and forgets old idempotency keys."""
    app = FastAPI(
        title="Howdah",
        version=howdah.__version__,
        description="Executes the experiments of science gateways on remote compute resources.",
        lifespan=_running(settings, parts) if parts else None,
        generate_unique_id_function=operation_id,
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.fingerprint_key = settings.derived_key("idempotency-fingerprint")
    app.state.commit_limiter = commit_limiter()
    for part in fields(parts) if parts else ():
        setattr(app.state, part.name, getattr(parts, part.name))
    for router in routers():
        app.include_router(router, prefix=API)
    for router in (exchange, signed_objects, probes):
        app.include_router(router)
    install_problem_handlers(app)
    app.router.default = ConsoleSite(settings.console_directory)  # what no route took: a file or a page of the console
    app.add_middleware(Observed, body_limit=_body_limit(settings))
    _describe_ourselves(app)
    return app


def _describe_ourselves(app: FastAPI) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way of customising it


def _body_limit(settings: ApiSettings) -> Callable[[str, str], int]:
    def limit(method: str, path: str) -> int:
        if method == "PUT" and path.startswith(OBJECTS_PATH):
            return settings.max_upload_bytes
        if method == "POST" and path == f"{API}/files":
            return settings.max_upload_bytes + _FORM_OVERHEAD
        return settings.max_json_bytes

    return limit


def _running(settings: ApiSettings, parts: Parts) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = settings.worker_threads
        parts.live_feed.hub.start()
        parts.service_instances.start()
        parts.standings.start()
        purging = asyncio.create_task(_purge_now_and_then(parts.registry))
        try:
            yield
        finally:
            purging.cancel()
            await run_sync(parts.live_feed.hub.close)
            parts.operators.control.close()

    return lifespan


async def _purge_now_and_then(registry: Registry) -> None:
    def purge() -> None:
        with registry.transaction() as work:
            purge_idempotency_keys(work.session)

    while True:
        try:
            await run_sync(purge)
        except SQLAlchemyError as error:
            log.warning("idempotency keys were not purged; trying again later", error=str(error))
        await asyncio.sleep(_PURGE_SECONDS)


def make_parts(settings: ApiSettings, registry: Registry, messaging: Messaging) -> Parts:
    """Return the parts that stand on a database and a way to Kafka."""
    engine = registry.engine
    clock = SystemClock()
    signer = UrlSigner(settings.derived_key("signed-urls"), settings.services_url, clock)
    authenticator = TokenAuthenticator(engine, clock, settings.token_cache_seconds)
    capabilities = Capabilities(key_bytes(settings.capability_key), clock)
    hub = FeedHub(engine)
    standings = StandingsTable(messaging)
    lifecycle = Lifecycle(capabilities, clock, standings)
    return Parts(
        registry=registry,
        authenticator=authenticator,
        object_store=open_store(settings.object_store_url, settings.object_store_options, signer),
        signer=signer,
        vault=Vault(settings.master_key_bytes),
        capabilities=capabilities,
        lifecycle=lifecycle,
        creations=gathered_creations(registry, lifecycle, f"{API}/experiments"),
        steering=Steering(capabilities, clock, standings),
        standings=standings,
        redrive=Redrive(clock),
        live_feed=LiveFeed(registry, hub, authenticator),
        service_instances=ServiceInstances(messaging, clock),
        operators=Operators(open_control_plane(settings), messaging, settings.kafka_replication_factor),
        brokers=messaging.admin(),
        clock=clock,
        ready={"database": _database_check(engine), "kafka": messaging.producer().trouble, "live feed": hub.trouble},
    )


def _database_check(engine: Engine) -> Check:
    def check() -> str | None:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"the database does not answer: {type(error).__name__}"
        return None

    return check


def open_engine(settings: ApiSettings) -> Engine:
    """Return the engine of a process of the API half."""
    return make_engine(settings.database_url, pool_size=settings.database_pool, service=settings.service_name)
