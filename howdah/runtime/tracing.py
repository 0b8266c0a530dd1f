"""W3C trace context: one trace id follows an experiment from the REST call to the last remote command."""

import secrets
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("howdah_traceparent", default=None)


def new_trace() -> str:
    """Return a fresh ``traceparent`` (version 00, sampled)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_of(parent: str | None) -> str:
    """Return a ``traceparent`` of the same trace with a span of its own; a fresh trace where there is no parent."""
    if parent is None:
        return new_trace()
    version, trace_id, _, flags = parent.split("-")
    return f"{version}-{trace_id}-{secrets.token_hex(8)}-{flags}"


def current() -> str | None:
    """Return the ``traceparent`` of the work at hand, if any."""
    return _current.get()


def enter(traceparent: str | None) -> None:
    """Make ``traceparent`` that of the work at hand in this context."""
    _current.set(traceparent)
