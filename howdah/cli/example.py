"""Where the example is: in the installed package, or beside it in a checkout."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from howdah.cli.errors import CliError

NAME: Final = "gray-scott"


def example_folder(name: str = NAME) -> Path:
    """Return the folder with the example's catalogue.yaml and experiment.yaml."""
    package = Path(str(files("howdah")))
    for folder in (package / "examples" / name, package.parent / "examples" / name):
        if (folder / "experiment.yaml").is_file():
            return folder
    raise CliError(f"the example {name} is not part of this installation; --no-example goes without")
