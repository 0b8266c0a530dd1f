"""The internal paths of ``howdah.contracts.exchange``: for task services only."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Request, Response

from api_server.auth.capabilities import Capabilities, Grant
from api_server.auth.principal import Principal, Scope
from api_server.capabilities import service
from api_server.http.dependencies import Objects, Work, requires
from api_server.http.problem import problems
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError
from api_server.registry.secrets import Vault
from howdah.contracts.exchange import (
    CAPABILITIES_PATH,
    CAPABILITY_HEADER,
    SECRETS_PATH,
    SIGNED_URLS_PATH,
    RenewedCapability,
    Secret,
    SecretRequest,
    SignedUrl,
    SignedUrlRequest,
)

router = APIRouter(tags=["internal"])

Service = Annotated[Principal, requires(Scope.INTERNAL)]
CapabilityText = Annotated[str, Header(alias=CAPABILITY_HEADER, max_length=65_536)]


async def _live_grant(request: Request, principal: Service, capability: CapabilityText) -> Grant:
    capabilities: Capabilities = request.app.state.capabilities
    return capabilities.verify(capability, principal)


async def _any_grant(request: Request, principal: Service, capability: CapabilityText) -> Grant:
    capabilities: Capabilities = request.app.state.capabilities
    return capabilities.verify(capability, principal, allow_expired=True)


LiveGrant = Annotated[Grant, Depends(_live_grant)]
AnyGrant = Annotated[Grant, Depends(_any_grant)]

AskedSecret = Annotated[SecretRequest, Body(examples=[{"credential_id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"}])]
AskedUrl = Annotated[
    SignedUrlRequest, Body(examples=[{"uri": "howdah://objects/0199e0d4/outputs/table.csv", "access": "write"}])
]


@router.post(SECRETS_PATH, responses=problems(NotFoundError, InvalidRequestError))
def reveal_secret(  # noqa: PLR0913, PLR0917 - who, for which task, what
    request: Request, work: Work, principal: Service, grant: LiveGrant, body: AskedSecret, response: Response
) -> Secret:
    """Reveal the secret behind a credential to the service whose task needs it. Each time is audited."""
    vault: Vault = request.app.state.vault
    response.headers["Cache-Control"] = "no-store"
    return service.reveal(work, vault, principal, grant, body.credential_id)


@router.post(SIGNED_URLS_PATH, responses=problems(NotFoundError, InvalidRequestError))
def sign_url(request: Request, store: Objects, grant: LiveGrant, body: AskedUrl, response: Response) -> SignedUrl:
    """Sign a URL to an object that the task names."""
    response.headers["Cache-Control"] = "no-store"
    return service.sign(store, grant, body, request.app.state.settings)


@router.post(CAPABILITIES_PATH, responses=problems(ConflictError))
def renew_capability(request: Request, work: Work, grant: AnyGrant, response: Response) -> RenewedCapability:
    """Renew a capability, expired or not, while its task goes on."""
    response.headers["Cache-Control"] = "no-store"
    return service.renew(work, request.app.state.capabilities, grant)
