"""Screenshots of every screen of a running console, in both themes and three sizes. Run by ``make console-pictures``.

``python scripts/console_pictures.py STACK FOLDER [NAME…]``: STACK is the folder of a running ``howdah up``. Only the
named screens, if any are named.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from howdah.client import Client
from howdah.client.run_models import Experiment

SIZES: Final = {"1440": (1440, 900), "1280": (1280, 800), "390": (390, 844)}
THEMES: Final = ("light", "dark")
CHROMIUM: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
DOCS: Final = Path(__file__).parents[1] / "docs" / "pictures"
IN_DOCS: Final = (
    "experiments-1440-light",
    "experiments-selected-1440-dark",
    "run-graph-1440-light",
    "run-timeline-1440-dark",
    "run-files-1440-light",
    "run-logs-1440-dark",
    "launch-form-1440-light",
    "health-open-1440-dark",
    "lanes-1440-light",
    "lane-1440-light",
    "schedule-1440-light",
    "task-type-1440-light",
    "dead-letters-1440-light",
    "resource-editor-1440-light",
    "experiments-390-light",
    "composer-1440-light",
)
"""Those that the user guide shows."""
SETTLE: Final = """() => new Promise((done) => {
  const quiet = () => !document.querySelector(".skeleton") && document.fonts.status === "loaded";
  let calm = 0;
  const look = () => {
    calm = quiet() ? calm + 1 : 0;
    if (calm > 20) done();
    else requestAnimationFrame(look);
  };
  look();
})"""


def screens(client: Client) -> dict[str, str]:
    """Return the path of each screen, with runs that are there."""
    found = {
        name: f"/{name}"
        for name in (
            "experiments",
            "jobs",
            "drafts",
            "schedules",
            "task-types",
            "health",
            "lanes",
            "dead-letters",
            "services",
            "workflows",
            "applications",
            "resources",
            "credentials",
            "settings",
            "launch",
        )
    }
    found |= {f"resources-{tab}": f"/resources?tab={tab}" for tab in ("storage", "quotas", "maintenance")}
    found |= {"experiments-selected": "/experiments", "tokens": "/settings?tab=tokens", "audit": "/settings?tab=audit"}
    if resource := client.resources.find("petrel") or next(iter(client.resources.list()), None):
        found["health-open"] = f"/health?open={resource.name}"
        found["resource-editor"] = f"/resources?open={resource.id}"
    if behind := client.resources.find("heron"):
        found["resource-agent"] = f"/resources?open={behind.id}"
    if interface := client.interfaces.find("gray-scott"):
        found["launch-form"] = f"/launch?app={interface.name}"
        found["interface-editor"] = f"/applications?tab=interfaces&open={interface.id}"
    if workflow := client.workflows.find("coral-patterns") or next(iter(client.workflows.list()), None):
        found |= {
            "composer": f"/workflows/{workflow.name}?step=simulate",
            "composer-yaml": f"/workflows/{workflow.name}?yaml=yes",
            "workflow-versions": f"/workflows/{workflow.name}?tab=versions",
            "workflow-runs": f"/workflows/{workflow.name}?tab=runs",
        }
    found |= {"lane": "/lanes?open=command/fast", "schedule-new": "/schedules?open=new"}
    if schedule := next(iter(client.schedules.list()), None):
        found["schedule"] = f"/schedules?open={schedule.id}"
        found["schedule-form"] = f"/schedules?open={schedule.id}&edit=yes"
    if kind := next(iter(client.task_types.list()), None):
        found["task-type"] = f"/task-types?open={kind.name}"
        found["task-type-form"] = f"/task-types?open={kind.name}&edit=yes"
    found |= {"service": "/services?open=command", "service-instances": "/services?tab=instances"}
    if letter := next(iter(client.dead_letters.list()), None):
        found["dead-letter"] = f"/dead-letters?open={letter.id}"
    return found | of_runs(list(client.experiments.list()))


def of_runs(known: list[Experiment]) -> dict[str, str]:
    """Return the paths of the screens of single runs: a wide one, one that ended well, one that failed."""
    if not known:
        return {}
    wide = max(known, key=lambda one: (one.model_extra or {}).get("tasks", {}).get("total", 0))
    ended = next((one for one in known if one.state == "COMPLETED" and one.kind == "application"), wide)
    found = {"run-graph": f"/experiments/{wide.id}", "run-timeline": f"/experiments/{wide.id}?tab=timeline"}
    found |= {f"run-{tab}": f"/experiments/{ended.id}?tab={tab}" for tab in ("events", "files", "logs")}
    found["run-tasks"] = f"/experiments/{wide.id}?tab=tasks"
    found["run-graph-application"] = f"/experiments/{ended.id}"
    found["run-timeline-application"] = f"/experiments/{ended.id}?tab=timeline"
    for one in known:
        task = (one.failure.model_extra or {}).get("task_id") if one.failure else None
        if task:
            found["run-failed"] = f"/experiments/{one.id}?task={task}"
            break
    return found


def login(browser: Browser, url: str, token: str, theme: str, size: tuple[int, int]) -> Page:
    """Return a page that is signed in."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if theme == "dark" else "light"
    )
    answer = context.request.post(f"{url}/api/v1/session", data={"token": token})
    if not answer.ok:
        raise SystemExit(f"the login was refused: {answer.status} {answer.text()}")
    return context.new_page()


def _print_error(error: object) -> None:
    print(error)  # noqa: T201


def take(page: Page, url: str, name: str, path: str, target: Path) -> None:
    """Open a screen, wait until nothing is on its way, and keep its picture."""
    page.goto(f"{url}{path}")
    page.wait_for_selector("main#content")
    page.wait_for_selector("[data-stream=live]")
    page.wait_for_load_state("load")
    page.evaluate(SETTLE)
    if name == "experiments-selected":
        boxes = page.locator("[data-row] input[type=checkbox]")
        for index in range(1, min(6, boxes.count()), 2):
            boxes.nth(index).check()
    page.screenshot(path=target)


def copy_into_docs(taken: list[Path]) -> None:
    """Put the main ones of those that were taken into the documentation."""
    DOCS.mkdir(exist_ok=True)
    for source in taken:
        if source.stem in IN_DOCS:
            shutil.copyfile(source, DOCS / source.name)


def main(url: str, token: str, folder: Path, only: set[str]) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with Client(url, token) as client:
        wanted = {name: path for name, path in screens(client).items() if not only or name in only}
    taken: list[Path] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        for label, size in SIZES.items():
            for theme in THEMES:
                page = login(browser, url, token, theme, size)
                page.on("console", lambda said: print(said.text) if said.type == "error" else None)  # noqa: T201
                page.on("pageerror", _print_error)
                for name, path in wanted.items():
                    taken.append(folder / f"{name}-{label}-{theme}.png")
                    take(page, url, name, path, taken[-1])
                page.context.close()
        browser.close()
    copy_into_docs(taken)


if __name__ == "__main__":
    known = json.loads((Path(sys.argv[1]) / "client.json").read_text())
    main(known["api_url"], known["token"], Path(sys.argv[2]), set(sys.argv[3:]))
