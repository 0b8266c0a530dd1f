"""JSON Schemas of every message on the wire and of workflow definitions: ``python -m howdah.contracts.schemas DIR``.

Generated from the models. The committed copies in ``docs/schemas`` are what other languages build on; a test holds them
against the models.
"""

import json
import sys
from pathlib import Path

from howdah.contracts import codec
from howdah.contracts.workflows import FORMAT, WorkflowDefinition


def schemas() -> dict[str, str]:
    """Return file name → JSON Schema text, one file for each message kind."""
    found: dict[str, str] = {}
    for model in sorted({model for one in codec.ALL for model in one.models}, key=lambda model: model.__name__):
        kind = model.model_fields["kind"].default
        version = model.model_fields["version"].default
        text = json.dumps(model.model_json_schema(mode="serialization"), indent=2, sort_keys=True)
        found[f"{kind}.v{version}.json"] = text + "\n"
    definition = json.dumps(WorkflowDefinition.model_json_schema(), indent=2, sort_keys=True)
    found[f"{FORMAT.replace('/', '.v')}.json"] = definition + "\n"
    return found


def main(directory: Path) -> None:
    """Write the schemas into ``directory`` and remove what no longer exists."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = schemas()
    for stale in set(directory.glob("*.json")) - {directory / name for name in wanted}:
        stale.unlink()
    for name, text in wanted.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
