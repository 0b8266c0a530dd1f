"""``howdah up`` and the system's Chromium: what a person has before them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from howdah.client import Client
from howdah.client.catalogue import apply_documents, read_documents
from tests.fixtures.up import Up

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "gray-scott"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

expect.set_options(timeout=60_000)


@dataclass(frozen=True)
class House:
    """A running stack with the example's application, and how one gets in."""

    directory: Path
    url: str
    token: str
    login_link: str

    def client(self) -> Client:
        return Client(self.url, self.token)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    up = Up(directory, "--no-example")
    try:
        link = up.await_words(r"console\s+(\S+/login#code=\S+)").group(1)
        token = up.await_words(r"token\s+(hwd_\S+)").group(1)
        up.await_words("Ctrl-C stops everything")
        house = House(directory, link.partition("/login")[0], token, link)
        with house.client() as client:
            list(apply_documents(client, read_documents(EXAMPLE / "catalogue.yaml")))
        yield house
    finally:
        up.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium is missing: scripts/install-test-packages.sh installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, house: House) -> Iterator[BrowserContext]:
    """A browser that is signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=house.url)
    answer = context.request.post("/api/v1/session", data={"token": house.token})
    assert answer.ok, answer.text()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab; what the browser complains about (a broken policy, a crash) fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert complaints == []
