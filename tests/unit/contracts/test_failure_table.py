"""What people read about failure kinds is what the platform does."""

from pathlib import Path

import pytest

from howdah.contracts.failures import MEANINGS, FailureKind, RetryOverride, RetryPolicy

PAGE = Path(__file__).parents[3] / "docs" / "outages.md"


@pytest.mark.parametrize("kind", FailureKind)
def test_the_page_says_of_each_kind_what_the_platform_does(kind: FailureKind) -> None:
    meaning = MEANINGS[kind]
    retried, counted = ("yes" if told else "no" for told in (meaning.retried, meaning.counts_against_resource))
    assert f"| `{kind.value}` | {retried} | {counted} | {meaning.sentence} |" in PAGE.read_text(encoding="utf-8")


def test_a_resource_changes_only_what_it_names() -> None:
    policy = RetryPolicy()
    assert policy.overridden(None) == policy
    changed = policy.overridden(RetryOverride(max_attempts=9, outage_seconds=60))
    assert changed == policy.model_copy(update={"max_attempts": 9})


def test_a_longer_first_wait_than_the_longest_makes_that_the_longest() -> None:
    assert RetryPolicy().overridden(RetryOverride(initial_delay_seconds=900)).max_delay_seconds == 900
