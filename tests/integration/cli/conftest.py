"""A local stack that the tests of the command line share; what one of them deploys it takes away, or names its own."""

from collections.abc import Iterator

import pytest

from tests.fixtures.up import Up


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = Up(tmp_path_factory.mktemp("command-line") / "stack", "--no-example")
    try:
        up.await_line("Howdah is up.")
        yield up
    finally:
        up.stop()
