"""What is wrong with a YAML file: always which file, which document of it, which field, and what would be right."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from howdah.client.errors import ClientError


@dataclass(frozen=True, slots=True)
class DocumentError:
    """One thing that is wrong. ``index`` counts the documents of the file from 1; None when it is the whole file."""

    path: Path
    index: int | None
    field: str
    message: str

    def __str__(self) -> str:
        """Return it as one line."""
        document = f", document {self.index}" if self.index is not None else ""
        field = f", {self.field}" if self.field else ""
        return f"{self.path}{document}{field}: {self.message}"


class DocumentsError(ClientError):
    """One or more things are wrong; the text has a line for each."""

    def __init__(self, errors: Iterable[DocumentError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))
