"""Where files come from and go to besides the platform's own object store: registered storage, and the web.

An origin is all that a task service needs to read one file, except the secret. It is made by the planner, which has
checked that the gateway may read there; the services check again what only they can (addresses, registered roots).
A delivery names a place in the same words.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from howdah.contracts.ids import UUID_TEXT, CredentialId
from howdah.contracts.paths import RelativePath
from howdah.contracts.resources import RemotePath, ResourceTarget

MAX_URL: Final = 2_000


class StorageKind(StrEnum):
    """How a storage resource is reached."""

    FILE = "file"
    """A folder of the services' own machine that its operator has registered (``HOWDAH_STAGING_FILE_ROOTS``)."""
    HTTP = "http"
    S3 = "s3"
    SFTP = "sftp"
    """A host that is logged in to by SSH."""


WebUrl = Annotated[str, StringConstraints(max_length=MAX_URL, pattern=r"^https?://[^\s/?#@\\]+([/?][!-~]*)?$")]
"""Without user name, password and fragment."""
RootName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def credential_ids(self) -> tuple[CredentialId, ...]:
        """Every credential that reading there takes."""
        return ()


class FileOrigin(_Origin):
    """A file below a registered root."""

    kind: Literal["file"] = "file"
    root: RootName
    path: RelativePath


class HttpOrigin(_Origin):
    """What a web server answers to a GET."""

    kind: Literal["http"] = "http"
    url: WebUrl


class S3Origin(_Origin):
    """An object of a bucket; without a key id, of a public one. The credential is a password: the secret key."""

    kind: Literal["s3"] = "s3"
    bucket: BucketName
    key: Annotated[str, StringConstraints(min_length=1, max_length=1_024)]
    endpoint_url: WebUrl | None = None
    region: Annotated[str, StringConstraints(max_length=64)] | None = None
    access_key_id: Annotated[str, StringConstraints(max_length=128)] | None = None
    credential_id: Annotated[CredentialId, UUID_TEXT] | None = None

    @property
    def credential_ids(self) -> tuple[CredentialId, ...]:
        """The secret key's."""
        return (self.credential_id,) if self.credential_id else ()


class SftpOrigin(_Origin):
    """A file on another resource, read by SSH as that resource's account."""

    kind: Literal["sftp"] = "sftp"
    target: ResourceTarget
    root: RemotePath
    path: RelativePath

    @property
    def credential_ids(self) -> tuple[CredentialId, ...]:
        """Those of the way there."""
        return self.target.credential_ids


Origin = Annotated[FileOrigin | HttpOrigin | S3Origin | SftpOrigin, Field(discriminator="kind")]


class Delivery(BaseModel):
    """Where an output is put besides the platform's store; of several files, the folder that they go into."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
    """What people call it: ``howdah://storage/<name>/<path>``."""
    place: Origin
