from pathlib import Path

from howdah.contracts.schemas import schemas

COMMITTED = Path(__file__).parents[3] / "docs" / "schemas"


def test_the_committed_schemas_are_those_of_the_models() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.glob("*.json")}
    assert committed == schemas(), "run `make schemas` and commit the result"
