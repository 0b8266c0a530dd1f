"""Which API server, with which token: options, else the environment, else the local stack that runs here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from howdah.cli.errors import CliError

URL_VARIABLE: Final = "HOWDAH_API_URL"
TOKEN_VARIABLE: Final = "HOWDAH_TOKEN"  # noqa: S105 - the name of a variable
CLIENT_FILE: Final = "client.json"
DATA_DIRECTORY: Final = ".howdah"
DIRECTORY_VARIABLE: Final = "HOWDAH_DIR"


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is, and what to say to be let in."""

    api_url: str
    token: str = field(repr=False)


class _ClientFile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    api_url: str
    token: str


def resolve(api_url: str | None, token: str | None, *, start: Path, environment: Mapping[str, str]) -> Access:
    """Return the access: what is given, else ``HOWDAH_API_URL`` and ``HOWDAH_TOKEN``, else the local stack's.

    The local stack's token is never sent to another address than the local stack's.

    Raises:
        CliError: neither is known; the text says what to do.
    """
    api_url = api_url or environment.get(URL_VARIABLE)
    token = token or environment.get(TOKEN_VARIABLE)
    if api_url and token:
        return Access(api_url, token)
    named = environment.get(DIRECTORY_VARIABLE)
    local = read(Path(named) / CLIENT_FILE) if named else find_local(start)
    if local is not None and api_url in {None, local.api_url}:
        return Access(local.api_url, token or local.token)
    if api_url:
        raise CliError(f"no token for {api_url}: give --token, or set {TOKEN_VARIABLE}")
    raise CliError(
        f"no API server is known here: start one with 'howdah up', or give --api-url and --token "
        f"(or set {URL_VARIABLE} and {TOKEN_VARIABLE})"
    )


def find_local(start: Path) -> Access | None:
    """Return the access to the local stack of ``start`` or of the nearest folder above it; None where there is none."""
    for folder in (start, *start.parents):
        path = folder / DATA_DIRECTORY / CLIENT_FILE
        if path.is_file():
            return read(path)
    return None


def read(path: Path) -> Access:
    """Return what a client file says; CliError when it is damaged."""
    try:
        content = _ClientFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CliError(f"{path} can't be read: {error.strerror or error}") from error
    except ValidationError:
        raise CliError(f"{path} is damaged; 'howdah up' writes it anew") from None
    return Access(content.api_url, content.token)
