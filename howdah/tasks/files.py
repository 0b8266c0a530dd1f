"""Files of the object store, streamed through signed URLs: never whole in memory, never by way of a message."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import httpx2

from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import Access
from howdah.contracts.failures import FailureKind
from howdah.tasks.api import Exchange, Grant
from howdah.tasks.http import internal, refuse_unavailable, with_retries

CHUNK_BYTES: Final = 256 * 1024
_MISSING: Final = frozenset({404, 410})

Chunks = Callable[[], Generator[bytes, None, None]]
"""Gives the content from its beginning each time it is called: a transfer that broke off starts over."""


class Files(Protocol):
    """The object store as handlers see it; ``ObjectFiles`` is the real one."""

    @contextmanager
    def open_input(self, uri: str, grant: Grant) -> Iterator[Iterator[bytes]]:
        """Yield the object's content in chunks."""
        ...

    def store_output(self, uri: str, chunks: Chunks, size_bytes: int, grant: Grant) -> None:
        """Write the object."""
        ...


class ObjectFiles:
    """Reads and writes objects with signed URLs; thread-safe.

    Failures of the store are TaskError(internal), those of the source or sink that the caller brings pass unchanged.
    """

    def __init__(self, exchange: Exchange, http: httpx2.Client) -> None:
        self._exchange = exchange
        self._http = http

    @contextmanager
    def open_input(self, uri: str, grant: Grant) -> Iterator[Iterator[bytes]]:
        """Yield the object's content in chunks. TaskError: permanent when there is no such object, else internal."""
        operation = f"read {uri}"
        response = with_retries(operation, grant.token, lambda: self._get(uri, grant))
        try:
            _accept(operation, response)
            yield _chunks_of(response, operation)
        finally:
            response.close()

    def store_output(self, uri: str, chunks: Chunks, size_bytes: int, grant: Grant) -> None:
        """Write the object of exactly ``size_bytes``; tried again from the start when the store breaks off."""
        operation = f"write {uri}"
        response = with_retries(operation, grant.token, lambda: self._put(uri, chunks, size_bytes, grant))
        _accept(operation, response)

    def _get(self, uri: str, grant: Grant) -> httpx2.Response:
        signed = self._exchange.signed_url(uri, Access.READ, grant)
        response = self._http.send(self._http.build_request("GET", signed.url), stream=True)
        try:
            refuse_unavailable(response)
            if not response.is_success:
                response.read()
        except BaseException:
            response.close()
            raise
        return response

    def _put(self, uri: str, chunks: Chunks, size_bytes: int, grant: Grant) -> httpx2.Response:
        signed = self._exchange.signed_url(uri, Access.WRITE, grant)
        content = chunks()
        try:
            # Stores that presign insist on the length: no chunked encoding.
            response = self._http.put(signed.url, content=content, headers={"Content-Length": str(size_bytes)})
        finally:
            content.close()
        refuse_unavailable(response)
        return response


def _accept(operation: str, response: httpx2.Response) -> None:
    if response.is_success:
        return
    if response.status_code in _MISSING:
        raise TaskError.of(
            FailureKind.PERMANENT, f"Could not {operation}: there is no such object in the store", operation=operation
        )
    raise internal(operation, f"the object store answered {response.status_code}")


def _chunks_of(response: httpx2.Response, operation: str) -> Iterator[bytes]:
    try:
        yield from response.iter_bytes(CHUNK_BYTES)
    except httpx2.TransportError as error:
        raise internal(operation, f"the transfer broke off ({type(error).__name__}: {error})") from error
