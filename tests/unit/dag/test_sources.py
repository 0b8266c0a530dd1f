"""The words of a source."""

import pytest

from api_server.dag.sources import SourceKind, file_name_of, read_source

PRODUCT = "howdah://products/0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        (PRODUCT, SourceKind.PRODUCT, "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"),
        ("howdah://storage/archive/a/b c.txt", SourceKind.STORAGE, "b c.txt"),
        ("https://example.org/d/e%20f.csv?token=x", SourceKind.WEB, "e f.csv"),
        ("https://example.org", SourceKind.WEB, ""),
        ("https://example.org/a%2Fb", SourceKind.WEB, ""),
    ],
)
def test_a_source_is_read_and_names_its_file(text: str, kind: SourceKind, name: str) -> None:
    source = read_source(text)
    assert source is not None
    assert (source.kind, file_name_of(source)) == (kind, name)


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "https://user:secret@example.org/x",
        "https://example.org/x y",
        "https://example.org\\@internal/",
        "howdah://storage/archive/../x",
        "howdah://storage/archive//x",
        "howdah://storage//x",
        "howdah://products/../x",
        "",
    ],
)
def test_what_is_no_source_is_none(text: str) -> None:
    assert read_source(text) is None
