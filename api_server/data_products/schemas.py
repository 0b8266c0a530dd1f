"""What is said and shown about data products."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api_server.http.model import ApiModel, Description, Id, Instant, Name
from howdah.contracts.params import MAX_FILE_BYTES, Sha256

ReplicaUri = Annotated[
    str, StringConstraints(max_length=2_000, pattern=r"^howdah://(objects/.+|storage/[A-Za-z0-9][A-Za-z0-9._-]*/.+)$")
]
Labels = dict[
    Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")],
    Annotated[str, StringConstraints(max_length=500)],
]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\x00-\x1f\x7f]+$")]


class OutputOf(ApiModel):
    """An output of an experiment's latest run, which must be there."""

    experiment_id: Id
    name: Name


class ProductBody(ApiModel):
    """A data product: where its bytes are, or the output that it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "reference.fasta",
                "description": "Release 42",
                "labels": {"project": "corals"},
                "replicas": ["howdah://storage/archive/releases/42/reference.fasta"],
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        },
    )
    name: FileName | None = None
    """What the file is called; by default as it was uploaded, or as the run called it."""
    description: Description = ""
    labels: Labels = Field(default_factory=dict, max_length=50)
    replicas: tuple[ReplicaUri, ...] = Field(default=(), max_length=20)
    """Uploaded files (``howdah://objects/…``) and files on storage resources (``howdah://storage/<name>/<path>``)."""
    output: OutputOf | None = None
    """In place of ``replicas``: keep this output."""
    size_bytes: int | None = Field(default=None, ge=0, le=MAX_FILE_BYTES)
    sha256: Sha256 | None = None
    """Of what the platform stores itself it is known; of other replicas it is checked whenever one is used."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.output is None) == (not self.replicas):
            raise ValueError("replicas: name at least one, or an output in their place")
        if self.output is not None and (self.sha256 or self.size_bytes is not None):
            raise ValueError("sha256: of an output it is known; leave it and size_bytes out")
        named = self.output is not None or any(uri.startswith("howdah://objects/") for uri in self.replicas)
        if self.name is None and not named:
            raise ValueError("name: needed where no replica is an uploaded file")
        return self


class ProductEdit(ApiModel):
    """What can be changed about a data product: what is said about it, never what it is."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "reference.fasta", "labels": {"state": "final"}}})

    name: FileName
    description: Description = ""
    labels: Labels = Field(default_factory=dict, max_length=50)


class NewReplica(ApiModel):
    """One more place where a product's bytes are."""

    model_config = ConfigDict(json_schema_extra={"example": {"uri": "howdah://storage/archive/reference.fasta"}})

    uri: ReplicaUri


class Replica(ApiModel):
    """One place where a product's bytes are."""

    id: Id
    uri: str
    storage_id: Id | None
    created_at: Instant


class ProductShown(ApiModel):
    """A data product. ``uri`` is what an experiment's input of type ``file`` takes."""

    id: Id
    uri: str = Field(examples=["howdah://products/0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"])
    owner: str
    name: str
    description: str
    content_type: str
    size_bytes: int | None
    sha256: str | None
    labels: dict[str, str]
    experiment_id: Id | None
    output_name: str | None
    replicas: list[Replica]
    version: int
    created_at: Instant
    updated_at: Instant
