"""Structured logs on standard error: one JSON object a line, or coloured lines for people."""

import contextlib
import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import orjson
import structlog

from howdah.runtime import tracing
from howdah.runtime.settings import RuntimeSettings


def _with_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if traceparent := tracing.current():
        event["trace_id"] = traceparent.split("-")[1]
    return event


class _UnfailingStream(io.TextIOBase):
    """Loses a line, where the disk is full or the reader has gone, rather than the work that told of it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # ValueError: the stream was closed
            self._stream.write(text)
            self._stream.flush()
        return len(text)


def configure_logs(settings: RuntimeSettings) -> None:
    """Send structlog's and the standard library's records to standard error in the chosen format."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _with_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if settings.log_format == "console"
        else structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode())
    )
    _configure_standard_library(settings, [*shared, structlog.stdlib.ExtraAdder()], renderer)
    # Our own records take the short way: through the standard library each would cost three times as much.
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _UnfailingStream(sys.stderr))),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=settings.service_name)


def _configure_standard_library(
    settings: RuntimeSettings, shared: list[structlog.types.Processor], renderer: structlog.types.Processor
) -> None:
    """Let the libraries' records look like ours."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
