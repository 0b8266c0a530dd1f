"""What a task service asks the API server for: secrets, signed URLs, a longer life for its capability.

A failure here is the platform's own: it is retried a few times at once, then reported as ``internal``, never against a
resource. Secrets stay in memory for minutes and are never logged.
"""

import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from howdah.contracts.errors import HowdahError, TaskError
from howdah.contracts.exchange import (
    CAPABILITIES_PATH,
    CAPABILITY_HEADER,
    SECRETS_PATH,
    SIGNED_URLS_PATH,
    Access,
    RenewedCapability,
    Secret,
    SecretRequest,
    SignedUrl,
    SignedUrlRequest,
)
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId
from howdah.contracts.wrong_fields import wrong_fields
from howdah.runtime.clock import Clock
from howdah.tasks.cancel import CancelToken
from howdah.tasks.http import internal, refuse_unavailable, with_retries
from howdah.tasks.settings import ServiceSettings

SECRET_SECONDS: Final = 300.0
_EXPIRED: Final = "capability-expired"

_SECRET: TypeAdapter[Secret] = TypeAdapter(Secret)
_SIGNED_URL = TypeAdapter(SignedUrl)
_RENEWED = TypeAdapter(RenewedCapability)
T = TypeVar("T")


class Grant:
    """The capability that a command carries: what its task may ask for. Renewed in place, when it has expired."""

    def __init__(self, capability: str | None, token: CancelToken | None = None) -> None:
        self.capability = capability
        self.token = token or CancelToken()

    def __repr__(self) -> str:
        """Say nothing of the capability."""
        return "Grant(…)"


class RefusedError(TaskError):
    """The server answered, and grants this capability nothing: another one may do."""


class Exchange(Protocol):
    """What handlers need of the API server; ``ApiClient`` is the real one."""

    def secret(self, credential_id: CredentialId, grant: Grant, *, fresh: bool = False) -> Secret:
        """Return the secret behind the credential; ``fresh`` goes past the memory: a resource refused the last."""
        ...

    def signed_url(self, uri: str, access: Access, grant: Grant) -> SignedUrl:
        """Return a URL that gives access to the object for a while."""
        ...


class _CapabilityExpiredError(HowdahError):
    """The server asks for a renewal."""


class _Problem(BaseModel):
    """As much of RFC 9457's problem document as is needed; the type's last segment is the code."""

    model_config = ConfigDict(extra="ignore")

    type: str = ""
    code: str = ""
    title: str = ""
    detail: str = ""

    def names(self, code: str) -> bool:
        return code in {self.code, self.type.rstrip("/").rpartition("/")[2].rpartition(":")[2]}


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: Secret
    until: float


class ApiClient:
    """Calls the API server's internal endpoints; thread-safe.

    Every method raises TaskError: ``internal`` when the server can't be reached or refuses, ``canceled`` when the task
    has ended meanwhile.
    """

    def __init__(self, settings: ServiceSettings, http: httpx2.Client, clock: Clock) -> None:
        self._base = str(settings.api_url).rstrip("/")
        self._token = settings.service_token
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._secrets: dict[CredentialId, _Kept] = {}

    def secret(self, credential_id: CredentialId, grant: Grant, *, fresh: bool = False) -> Secret:
        """Return the secret behind the credential, from memory when it was fetched within five minutes."""
        now = self._clock.monotonic()
        with self._lock:
            kept = self._secrets.get(credential_id)
        if kept is not None and now < kept.until and not fresh:
            return kept.secret
        request = SecretRequest(credential_id=credential_id)
        secret = self._ask("fetch the secret of the login account", SECRETS_PATH, request, _SECRET, grant)
        with self._lock:
            self._secrets = {key: one for key, one in self._secrets.items() if now < one.until}
            self._secrets[credential_id] = _Kept(secret, now + SECRET_SECONDS)
        return secret

    def signed_url(self, uri: str, access: Access, grant: Grant) -> SignedUrl:
        """Return a URL that gives access to the object for a while."""
        request = SignedUrlRequest(uri=uri, access=access)
        return self._ask(f"get access to {uri}", SIGNED_URLS_PATH, request, _SIGNED_URL, grant)

    def renew(self, grant: Grant) -> None:
        """Give the grant a fresh capability."""
        operation = "renew the task's capability"
        grant.capability = self._post(operation, CAPABILITIES_PATH, None, _RENEWED, grant).capability

    def _ask(self, operation: str, path: str, body: BaseModel, answer: TypeAdapter[T], grant: Grant) -> T:
        if grant.capability is None:
            raise internal(operation, "the command carries no capability")
        try:
            return self._post(operation, path, body, answer, grant)
        except _CapabilityExpiredError:
            self.renew(grant)
        try:
            return self._post(operation, path, body, answer, grant)
        except _CapabilityExpiredError:
            raise internal(operation, "the capability expired again at once after its renewal") from None

    def _post(self, operation: str, path: str, body: BaseModel | None, answer: TypeAdapter[T], grant: Grant) -> T:
        response = with_retries(operation, grant.token, lambda: self._try(path, body, grant))
        if response.is_success:
            try:
                return answer.validate_json(response.content)
            except ValidationError as error:
                fields = ", ".join(wrong.field for wrong in wrong_fields(error))
                raise internal(operation, f"the API server's answer is not understood ({fields})") from None
        raise _refusal(operation, response)

    def _try(self, path: str, body: BaseModel | None, grant: Grant) -> httpx2.Response:
        headers = {
            "Authorization": f"Bearer {self._token.get_secret_value()}",
            CAPABILITY_HEADER: grant.capability or "",
            "Content-Type": "application/json",
        }
        content = b"" if body is None else body.model_dump_json().encode()
        response = self._http.post(f"{self._base}{path}", content=content, headers=headers)
        refuse_unavailable(response)
        return response


def _refusal(operation: str, response: httpx2.Response) -> HowdahError:
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        problem = _Problem()
    if response.status_code == HTTPStatus.UNAUTHORIZED and problem.names(_EXPIRED):
        return _CapabilityExpiredError(operation)
    if response.status_code == HTTPStatus.CONFLICT and problem.names("task-terminal"):
        return RefusedError.of(FailureKind.CANCELED, "The task has ended meanwhile; nothing more is done for it.")
    words = problem.detail or problem.title or "no reason given"
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return RefusedError(internal(operation, f"the API server refused: {words[:300]}").failure)
    return internal(operation, f"the API server answered {response.status_code}: {words[:300]}")
