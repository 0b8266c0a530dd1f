"""What is shown about files."""

from pydantic import Field

from api_server.http.model import ApiModel, Id, Instant


class FileShown(ApiModel):
    """An uploaded file. ``uri`` is what an experiment's input of type ``file`` takes."""

    id: Id
    uri: str = Field(examples=["howdah://objects/0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11/uploads/0199e0d5"])
    name: str
    content_type: str
    size_bytes: int
    sha256: str
    created_by: str
    created_at: Instant


class ObjectWritten(ApiModel):
    """What came in through a signed URL."""

    size_bytes: int
    sha256: str
