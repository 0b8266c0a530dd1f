"""What people read about failure kinds is what the platform does."""

import re
from pathlib import Path

import pytest

from howdah.contracts.failures import MEANINGS, FailureKind, RetryOverride, RetryPolicy

PAGE = Path(__file__).parents[3] / "docs" / "outages.md"


@pytest.mark.parametrize("kind", FailureKind)
def test_the_page_says_of_each_kind_what_the_platform_does(kind: FailureKind) -> None:
    meaning = MEANINGS[kind]
    retried, counted = ("yes" if told else "no" for told in (meaning.retried, meaning.counts_against_resource))
    assert f"| `{kind.value}` | {retried} | {counted} | {meaning.sentence} |" in PAGE.read_text(encoding="utf-8")


ROW = re.compile(
    r"^\| [^|]+ \| (?:`(?P<kind>[a-z_]+)`|none) \| (?P<task>[a-z, ]+) \| (?P<tests>(?:`test_\w+`(?:, )?)+) \|$",
    re.MULTILINE,
)
WORDS = {(True, True): "waits, blocks", (True, False): "waits", (False, False): "fails"}


def test_every_fault_of_the_way_names_the_state_that_follows_from_its_kind_and_a_test_that_exists() -> None:
    known = set[str]()
    for path in (Path(__file__).parents[2]).rglob("test_*.py"):
        known |= set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    rows = list(ROW.finditer(PAGE.read_text(encoding="utf-8")))
    assert len(rows) >= 25
    for row in rows:
        assert set(re.findall(r"test_\w+", row["tests"])) <= known, row[0]
        if row["kind"] is None:
            assert row["task"] == "goes on", row[0]
        else:
            meaning = MEANINGS[FailureKind(row["kind"])]
            assert row["task"] == WORDS[meaning.retried, meaning.counts_against_resource], row[0]


def test_a_resource_changes_only_what_it_names() -> None:
    policy = RetryPolicy()
    assert policy.overridden(None) == policy
    changed = policy.overridden(RetryOverride(max_attempts=9, outage_seconds=60))
    assert changed == policy.model_copy(update={"max_attempts": 9})


def test_a_longer_first_wait_than_the_longest_makes_that_the_longest() -> None:
    assert RetryPolicy().overridden(RetryOverride(initial_delay_seconds=900)).max_delay_seconds == 900
