"""The example of docs/task-services.md, tested as the page tells users to test theirs."""

from pathlib import Path

from examples.word_count_service import word_count
from howdah.contracts.failures import FailureKind
from howdah.tasks import StopReason
from howdah.tasks.testing import local_target, run_task

SOURCE = "howdah://objects/text.txt"


def test_the_words_of_an_object_are_counted() -> None:
    run = run_task(word_count, {"source": SOURCE}, objects={SOURCE: b"to be  or\nnot to be" * 10_000})
    assert run.outputs == {"words": 50_001}
    assert run.log_lines == ("50001 words",)
    assert run.steps


def test_the_words_of_a_file_on_the_resource_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a text.txt").write_text("one two three")
    run = run_task(word_count, {"path": f"{tmp_path}/a text.txt"}, target=local_target(tmp_path))
    assert run.outputs == {"words": 3}


def test_too_few_words_are_a_failure_that_no_retry_mends() -> None:
    run = run_task(word_count, {"source": SOURCE, "least": 5}, objects={SOURCE: b"one"})
    assert run.failure.kind is FailureKind.PERMANENT
    assert "1 words, fewer than the 5 wanted" in run.failure.sentence


def test_a_stopped_count_ends_at_once() -> None:
    assert run_task(word_count, {"source": SOURCE}, objects={SOURCE: b"one"}, stop=StopReason.REVOKED).revoked


def test_a_text_in_two_places_is_refused() -> None:
    failure = run_task(word_count, {"source": SOURCE, "path": "/tmp/x"}).failure
    assert "either source or path" in failure.sentence


def test_the_page_shows_the_example_as_it_is() -> None:
    root = Path(__file__).parents[3]
    page = (root / "docs" / "task-services.md").read_text(encoding="utf-8")
    assert (root / "examples" / "word_count_service.py").read_text(encoding="utf-8") in page
