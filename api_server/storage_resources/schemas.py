"""What is said and shown about storage resources."""

from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from api_server.http.model import ApiModel, Description, Id, Instant
from howdah.contracts.resources import HostKeyLine, RemotePath
from howdah.contracts.storage import BucketName, RootName, StorageKind, WebUrl

HostName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9:][A-Za-z0-9._:-]*$")]
Account = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._][A-Za-z0-9._@/+=-]*$")]
StorageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Stands in URIs: ``howdah://storage/<name>/<path>``."""

_ROOTS: Final[dict[StorageKind, TypeAdapter[str]]] = {
    StorageKind.FILE: TypeAdapter(RootName),
    StorageKind.HTTP: TypeAdapter(WebUrl),
    StorageKind.S3: TypeAdapter(BucketName),
    StorageKind.SFTP: TypeAdapter(RemotePath),
}
_ROOT_WORDS: Final = {
    StorageKind.FILE: "the name of a folder that the operator has registered",
    StorageKind.HTTP: "a web address without user name and query",
    StorageKind.S3: "the name of a bucket",
    StorageKind.SFTP: "a folder on the host, absolute or below the home (~/)",
}
_ONLY: Final = {
    "host": {StorageKind.SFTP},
    "host_keys": {StorageKind.SFTP},
    "username": {StorageKind.SFTP, StorageKind.S3},
    "credential_id": {StorageKind.SFTP, StorageKind.S3},
    "endpoint_url": {StorageKind.S3},
    "region": {StorageKind.S3},
}


class StorageBody(ApiModel):
    """A storage resource as an administrator of the gateway describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "archive",
                "kind": "sftp",
                "root": "/data/published",
                "host": "archive.example.org",
                "username": "gateway",
                "credential_id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11",
                "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"],
            }
        },
    )
    name: StorageName
    description: Description = ""
    kind: StorageKind
    """``file`` reads on the services' own machines: platform administrators only."""
    root: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    """What paths are relative to: a folder (sftp), a bucket (s3), an address (http), a registered folder (file)."""
    host: HostName | None = None
    port: int = Field(default=22, ge=1, le=65_535)
    username: Account | None = None
    """The account (sftp), or the access key id (s3; without one the bucket is public)."""
    credential_id: Id | None = None
    """A key or password (sftp), or the secret key as a password (s3)."""
    host_keys: tuple[HostKeyLine, ...] = Field(default=(), max_length=20)
    """Pinned: a host that shows another key is refused."""
    endpoint_url: WebUrl | None = None
    """Of an S3 that is not Amazon's."""
    region: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9-]+$")] | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        try:
            _ROOTS[self.kind].validate_python(self.root)
        except ValidationError:
            raise ValueError(f"root: must be {_ROOT_WORDS[self.kind]}") from None
        if self.kind is StorageKind.HTTP and "?" in self.root:
            raise ValueError(f"root: must be {_ROOT_WORDS[self.kind]}")
        for name, kinds in _ONLY.items():
            if getattr(self, name) and self.kind not in kinds:
                raise ValueError(f"{name}: a storage resource of the kind {self.kind.value} has none; leave it out")
        needed = ("host", "username", "credential_id", "host_keys") if self.kind is StorageKind.SFTP else ()
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"{missing[0]}: needed to reach it by SSH")
        if self.kind is StorageKind.S3 and (self.username is None) != (self.credential_id is None):
            raise ValueError("credential_id: the access key id (username) and the secret key go together")
        return self


class StorageShown(ApiModel):
    """A storage resource. A file of it is ``howdah://storage/<name>/<path>``."""

    id: Id
    name: str
    description: str
    kind: StorageKind
    root: str
    host: str | None
    port: int
    username: str | None
    credential_id: Id | None
    host_keys: list[str]
    endpoint_url: str | None
    region: str | None
    enabled: bool
    version: int
    created_at: Instant
    updated_at: Instant
