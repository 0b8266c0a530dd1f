"""One document in a YAML or JSON file, as a model; every error says which file and which field."""

from pathlib import Path
from typing import Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from howdah.cli.errors import CliError
from howdah.contracts.wrong_fields import first_wrong

M = TypeVar("M", bound=BaseModel)

_MAX_BYTES: Final = 1_000_000


def read_document(file: Path, model: type[M]) -> M:
    """Return what the file says; CliError when it can't be read, or is not what ``model`` takes."""
    try:
        with file.open("rb") as content:
            return model.model_validate(yaml.safe_load(content.read(_MAX_BYTES)))
    except OSError as error:
        raise CliError(f"{file} can't be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise CliError(f"{file} is no YAML: {error}") from None
    except ValidationError as error:
        field, message = first_wrong(error)
        raise CliError(f"{file}: {field or 'the document'}: {message}") from None
