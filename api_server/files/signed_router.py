"""Where the signed URLs of a local object store lead: the signature is all that is asked for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api_server.files.router import BYTES
from api_server.files.schemas import ObjectWritten
from api_server.files.upload import store_body
from api_server.http.dependencies import Objects
from api_server.http.download import send_object
from api_server.http.problem import problems
from api_server.objects.signatures import UrlSigner
from api_server.problems import BadRequestError, NotFoundError, RangeNotSatisfiableError, TooLargeError
from howdah.contracts.exchange import Access

router = APIRouter(prefix="/objects", tags=["objects"])

Expires = Annotated[int, Query(ge=0, le=1 << 40)]
Signature = Annotated[str, Query(pattern=r"^[0-9a-f]{64}$")]


async def _signer(request: Request) -> UrlSigner:
    signer: UrlSigner = request.app.state.signer
    return signer


Signer = Annotated[UrlSigner, Depends(_signer)]
SHA256_HEADER = "Howdah-Sha256"


@router.get(
    "/{key:path}",
    response_class=Response,
    responses={**BYTES, **problems(BadRequestError, NotFoundError, RangeNotSatisfiableError)},
)
def read_object(  # noqa: PLR0913, PLR0917 - what a signed URL is made of
    request: Request, store: Objects, signer: Signer, key: str, expires: Expires, access: Access, signature: Signature
) -> Response:
    """Read an object through a signed URL, whole or a Range of it."""
    signer.check(key, access, expires, signature)
    if access is not Access.READ:
        raise BadRequestError(errors=[("access", "this URL is for writing: PUT to it")])
    return send_object(request, store, key, name=key.rsplit("/", 1)[-1])


@router.put("/{key:path}", responses=problems(BadRequestError, TooLargeError))
async def write_object(  # noqa: PLR0913, PLR0917 - what a signed URL is made of
    request: Request,
    store: Objects,
    signer: Signer,
    key: str,
    expires: Expires,
    access: Access,
    signature: Signature,
    response: Response,
) -> ObjectWritten:
    """Write an object through a signed URL: seen by nobody until all of it has come in."""
    signer.check(key, access, expires, signature)
    if access is not Access.WRITE:
        raise BadRequestError(errors=[("access", "this URL is for reading: GET it")])
    written = await store_body(request, store, key, request.app.state.settings.max_upload_bytes)
    response.headers[SHA256_HEADER] = written.sha256
    return ObjectWritten(size_bytes=written.size_bytes, sha256=written.sha256)
