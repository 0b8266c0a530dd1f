"""What is stored or on its way is read by the release before, or nobody could go back: docs/changing-messages.md."""

import json
from typing import Final

import pytest
from pydantic import BaseModel

from tests.fixtures.releases import UPGRADE_FROM
from tests.unit.releases.stored import EARLIER, Recorded, models, refuses_others, versions, written_as

_RECORD: Final = json.loads(EARLIER.read_text())
RECORDED: Final[Recorded] = _RECORD["models"]
PRESENT: Final = models()
KNOWN: Final = sorted(set(RECORDED) & set(PRESENT))
CURE: Final = "see docs/changing-messages.md"


def _new_fields(name: str) -> list[str]:
    fields = PRESENT[name].model_fields.items()
    return [field for field, info in fields if written_as(field, info) not in RECORDED[name]["fields"]]


def _is_left_out_by_default(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields[name]
    return (
        field.exclude_if is not None
        and not field.is_required()
        and field.exclude_if(field.get_default(call_default_factory=True))
    )


def test_the_record_is_of_the_release_from_which_upgrades_are_rehearsed() -> None:
    assert _RECORD["release"] == UPGRADE_FROM, f"write the record anew: {CURE}"


def test_what_the_release_before_kept_is_kept_still() -> None:
    assert sorted(set(RECORDED) - set(PRESENT)) == [], f"models are gone that are stored: {CURE}"


@pytest.mark.parametrize("name", KNOWN)
def test_a_new_field_is_left_out_where_it_says_nothing_if_the_release_before_refuses_it(name: str) -> None:
    if not RECORDED[name]["refuses_others"]:
        return
    written = [one for one in _new_fields(name) if not _is_left_out_by_default(PRESENT[name], one)]
    assert not written, f"{name}: {written} are always written, and refused: give them exclude_if; {CURE}"


@pytest.mark.parametrize("name", KNOWN)
def test_a_new_field_is_not_demanded_of_what_the_release_before_wrote(name: str) -> None:
    demanded = [one for one in _new_fields(name) if PRESENT[name].model_fields[one].is_required()]
    assert not demanded, f"{name}: {demanded} are demanded, and were not written: give them a default; {CURE}"


@pytest.mark.parametrize("name", KNOWN)
def test_a_field_that_the_release_before_demands_is_still_written(name: str) -> None:
    fields = PRESENT[name].model_fields
    always = {written_as(field, info) for field, info in fields.items() if info.exclude_if is None}
    gone = sorted(set(RECORDED[name]["demanded"]) - always)
    assert not gone, f"{name}: {gone} are demanded by the release before: take them away one release later; {CURE}"


@pytest.mark.parametrize("name", KNOWN)
def test_a_field_that_the_release_before_wrote_is_still_read(name: str) -> None:
    model = PRESENT[name]
    names = {written_as(field, info) for field, info in model.model_fields.items()}
    refused = sorted(set(RECORDED[name]["fields"]) - names) if refuses_others(model) else []
    assert not refused, f"{name}: {refused} stand in what was stored, and are refused: keep reading them; {CURE}"


@pytest.mark.parametrize("name", [name for name in KNOWN if RECORDED[name]["versions"]])
def test_a_message_is_written_in_a_version_that_the_release_before_reads(name: str) -> None:
    written = PRESENT[name].model_fields["version"].default
    assert written in RECORDED[name]["versions"], f"{name}: read version {written} one release before it is written"
    assert set(RECORDED[name]["versions"]) <= set(versions(PRESENT[name])), f"{name}: a version is read no more"
