import pytest

from howdah.cli.fetching import file_name, size
from howdah.client.run_models import Output


@pytest.mark.parametrize(
    ("given", "saved"),
    [
        ("pattern.png", "pattern.png"),
        ("results/pattern.png", "pattern.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.bat", "evil.bat"),
        ("..", "pattern.png"),
        ("", "pattern.png"),
        ("a\nb", "pattern.png"),
        (None, "pattern.png"),
    ],
)
def test_an_output_never_leaves_the_folder_that_was_asked_for(given: str | None, saved: str) -> None:
    output = Output(name="pattern", file_name=given, content_type="image/png")
    assert file_name(output) == saved


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (2_500_000, "2.5 MB"), (10**16, "10000.0 TB")],
)
def test_sizes_are_readable(count: int | None, text: str) -> None:
    assert size(count) == text
