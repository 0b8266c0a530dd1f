"""Screenshots of every screen of a running console, in both themes and three sizes. Run by ``make console-pictures``.

``python scripts/console_pictures.py STACK FOLDER [NAME…]``: STACK is the folder of a running ``howdah up``. Only the
named screens, if any are named.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from howdah.client import Client

SIZES = {"1440": (1440, 900), "1280": (1280, 800), "390": (390, 844)}
THEMES = ("light", "dark")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def screens(client: Client) -> dict[str, str]:
    """Return the path of each screen, with runs that are there."""
    found = {
        "experiments": "/experiments",
        "jobs": "/jobs",
        "drafts": "/drafts",
        "health": "/health",
        "lanes": "/lanes",
        "dead-letters": "/dead-letters",
        "services": "/services",
        "applications": "/applications",
        "resources": "/resources",
        "credentials": "/credentials",
        "settings": "/settings",
        "tokens": "/settings?tab=tokens",
        "audit": "/settings?tab=audit",
        "launch": "/launch",
    }
    if resource := next(iter(client.resources.list()), None):
        found["health-open"] = f"/health?open={resource.name}"
    if application := next(iter(client.interfaces.list()), None):
        found["launch-form"] = f"/launch?app={application.name}"
    run = max(client.experiments.list(), key=lambda one: one.tasks.get("total", 0), default=None)
    ended = next(
        (one for one in client.experiments.list() if one.state == "COMPLETED" and one.kind == "application"), run
    )
    if run is not None and ended is not None:
        found["run-graph"] = f"/experiments/{run.id}"
        found["run-graph-application"] = f"/experiments/{ended.id}"
        found["run-timeline"] = f"/experiments/{ended.id}?tab=timeline"
        for tab in ("tasks", "events", "files", "logs"):
            found[f"run-{tab}"] = f"/experiments/{ended.id}?tab={tab}"
        if failed := next((one for one in client.experiments.list() if one.failure and one.failure.model_extra), None):
            task = (failed.failure.model_extra or {}).get("task_id") if failed.failure else None
            found["run-failed"] = f"/experiments/{failed.id}?task={task}"
    return found


def login(browser: Browser, url: str, token: str, theme: str, size: tuple[int, int]) -> Page:
    """Return a page that is signed in."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)  # type: ignore[arg-type]
    answer = context.request.post(f"{url}/api/v1/session", data={"token": token})
    if not answer.ok:
        raise SystemExit(f"the login was refused: {answer.status} {answer.text()}")
    return context.new_page()


def main(url: str, token: str, folder: Path, only: set[str]) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with Client(url, token) as client:
        wanted = {name: path for name, path in screens(client).items() if not only or name in only}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        for label, size in SIZES.items():
            for theme in THEMES:
                page = login(browser, url, token, theme, size)
                page.on("console", lambda said: print(said.text) if said.type == "error" else None)  # noqa: T201
                page.on("pageerror", print)
                for name, path in wanted.items():
                    page.goto(f"{url}{path}")
                    page.wait_for_selector("main#content")
                    page.wait_for_selector("[data-stream=live]")
                    page.wait_for_load_state("load")
                    page.evaluate("() => document.fonts.ready")
                    page.wait_for_timeout(500)  # the strip's numbers and the canvas come with the answers
                    page.screenshot(path=folder / f"{name}-{label}-{theme}.png")
                page.context.close()
        browser.close()


if __name__ == "__main__":
    known = json.loads((Path(sys.argv[1]) / "client.json").read_text())
    main(known["api_url"], known["token"], Path(sys.argv[2]), set(sys.argv[3:]))
