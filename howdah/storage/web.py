"""Files of web servers: no internal address, checked at every redirect, silence and size limited."""

import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import howdah
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.storage.addresses import Network, resolve
from howdah.storage.opened import CHUNK_BYTES, Opened

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Web:
    """What limits the use of the web."""

    allowed: Sequence[Network]
    silence_seconds: float

    @contextmanager
    def open(self, url: str) -> Iterator[Opened]:
        """Yield the content of ``url``; TaskError says what is wrong with it, or with the server."""
        connection, response = self._answer(url)
        try:
            length = response.getheader("Content-Length")
            yield Opened(_chunks(response, url), int(length) if length and length.isdigit() else None)
        finally:
            response.close()
            connection.close()

    def put(self, url: str, chunks: Iterable[bytes], size_bytes: int) -> None:
        """Write the content of ``url`` by PUT; a redirect is not followed. TaskError says what is wrong."""
        parts = _checked(url)
        connection = self._connection(parts)
        try:
            response = _asked(connection, parts, url, _Body(chunks, size_bytes))
            if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                raise _refused(response, url)
        finally:
            connection.close()

    def _answer(self, url: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        for _ in range(MAX_REDIRECTS + 1):
            parts = _checked(url)
            connection = self._connection(parts)
            try:
                response = _asked(connection, parts, url)
                if response.status == HTTPStatus.OK:
                    return connection, response
                url = _next(response, url)
            except BaseException:
                connection.close()
                raise
            connection.close()
        raise _failure(FailureKind.PERMANENT, url, f"is redirected more than {MAX_REDIRECTS} times")

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = resolve(host, port, self.allowed)
        if parts.scheme == "https":
            return _PinnedTls(host, port, addresses, self.silence_seconds)
        return _Pinned(host, port, addresses, self.silence_seconds)


class _Pinned(http.client.HTTPConnection):
    """Connects to an address that was checked, whatever the name says now."""

    def __init__(self, host: str, port: int, addresses: Sequence[str], timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._addresses = addresses

    def connect(self) -> None:
        self.sock = _first_open(self._addresses, self.port, self.timeout)


class _PinnedTls(http.client.HTTPSConnection):
    """The same, with the certificate checked against the name."""

    def __init__(self, host: str, port: int, addresses: Sequence[str], timeout: float) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=timeout, context=self._tls)
        self._addresses = addresses

    def connect(self) -> None:
        plain = _first_open(self._addresses, self.port, self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _first_open(addresses: Sequence[str], port: int, timeout: float | None) -> socket.socket:
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.username is not None or parts.password is not None:
        raise _failure(FailureKind.PERMANENT, url, "is no address of a web server without a user name in it")
    return parts


class _Body(NamedTuple):
    """What a PUT brings."""

    chunks: Iterable[bytes]
    size_bytes: int


def _asked(
    connection: http.client.HTTPConnection, parts: SplitResult, url: str, body: _Body | None = None
) -> http.client.HTTPResponse:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": f"howdah/{howdah.__version__}", "Accept-Encoding": "identity", "Accept": "*/*"}
    try:
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            # With the length told nothing is chunked, and a server knows a body that broke off.
            length = {"Content-Length": str(body.size_bytes), "Content-Type": "application/octet-stream"}
            connection.request("PUT", path, body=body.chunks, headers=headers | length)
        return connection.getresponse()
    except ssl.SSLCertVerificationError as error:
        what = f"has a certificate that is not trusted: {error.verify_message}"
        raise _failure(FailureKind.PERMANENT, url, what) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = f"could not be reached: {error or type(error).__name__}"
        raise _failure(FailureKind.INTERNAL, url, what) from None


def _next(response: http.client.HTTPResponse, url: str) -> str:
    location = response.getheader("Location")
    if response.status in _REDIRECTS and location:
        return urljoin(url, location)
    raise _refused(response, url)


def _refused(response: http.client.HTTPResponse, url: str) -> TaskError:
    kind = FailureKind.INTERNAL if response.status in _PASSING else FailureKind.PERMANENT
    return _failure(kind, url, f"was answered with {response.status} {response.reason}")


def _chunks(response: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
    try:
        while chunk := response.read(CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _failure(FailureKind.INTERNAL, url, f"broke off: {error or type(error).__name__}") from None


def _failure(kind: FailureKind, url: str, what: str) -> TaskError:
    shown = url.partition("?")[0][:300]  # what stands after it may be a secret
    return TaskError.of(kind, f"{shown} {what}.", operation="reach the web server")
