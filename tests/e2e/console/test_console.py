"""What people do in the console, in real Chromium against the whole local stack."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from howdah.client import Client
from howdah.contracts import topics
from howdah.local import status
from howdah.messaging import connect
from howdah.messaging.abstract import BatchReader, Outgoing, Record
from howdah.runtime.settings import KafkaSettings
from tests.e2e.console.conftest import EXAMPLE, ROOT, House

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

AXE = (ROOT / "web_console" / "node_modules" / "axe-core" / "axe.min.js").resolve()
LIVE = "[data-stream=live]"
INPUTS = {"program": "gray_scott.py", "seeds": "seeds.csv"}


HEARD_OF = "id => howdahLive.store.seq(id) > 0"
PATIENCE_SECONDS = 120.0


def become_true(page: Page, predicate: str, argument: object = None) -> None:
    """Ask until it holds. Playwright's own wait evaluates text in the page, which the policy rightly forbids."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not page.evaluate(predicate, argument):
        assert time.monotonic() < until, predicate
        page.wait_for_timeout(100)


def command(name: str, script: str, resource_id: str, *after: str) -> dict[str, object]:
    argv = ["sh", "-c", script]
    return {
        "name": name,
        "type": "command",
        "params": {"argv": argv},
        "resource_id": resource_id,
        "depends_on": list(after),
    }


def launch(client: Client, name: str, *scripts: str) -> str:
    sandbox = client.resources.find("sandbox")
    assert sandbox is not None
    resource_id = sandbox.id
    tasks = [command(f"step-{number}", script, resource_id) for number, script in enumerate(scripts, 1)]
    return client.experiments.create_tasks(name=name, tasks=tasks, launch=True).id


def test_a_login_link_signs_in_once_and_leaves_no_code_behind(house: House, browser: Browser) -> None:
    with house.client() as client:
        link = client.login_link()
    first, second = browser.new_context(), browser.new_context()
    page = first.new_page()
    page.goto(link)
    expect(page).to_have_url(f"{house.url}/experiments")
    expect(page.locator(LIVE)).to_be_visible()
    other = second.new_page()
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("used already")
    expect(other).to_have_url(f"{house.url}/login")
    first.close()
    second.close()


def test_the_example_is_launched_from_the_form_and_watched_to_its_picture(house: House, page: Page) -> None:
    page.goto("/launch")
    page.get_by_role("link", name=re.compile("gray-scott")).click()
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.get_by_text("Give it a name")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Corals from the console")
    steps = page.get_by_label(re.compile("^steps"))
    steps.fill("0")
    steps.blur()
    expect(page.get_by_text("Must be at least 1")).to_be_visible()
    steps.fill("400")
    for name in ("program", "seeds"):
        file = {"program": "gray_scott.py", "seeds": "seeds.csv"}[name]
        page.get_by_label(f"File for inputs.{name}").set_input_files(EXAMPLE / file)
        expect(page.get_by_label(re.compile(f"^{name}:"))).to_have_value(re.compile("^howdah://objects/"))
    expect(page.get_by_text("Ready to launch")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("run-name")).to_have_text("Corals from the console")
    expect(page.get_by_test_id("graph")).to_be_visible()
    expect(page.get_by_test_id("run-state")).to_contain_text("outputs can be fetched", timeout=240_000)
    page.get_by_role("link", name="Files").click()
    picture = page.get_by_test_id("picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 576  # 72 cells of 8 pixels
    with house.client() as client:
        run = next(one for one in client.experiments.list() if one.name == "Corals from the console")
        submission = next(one for one in client.experiments.tasks(run.id) if one.type == "job-submission")
    page.goto(f"/experiments/{run.id}?task={submission.id}")
    page.get_by_role("tab", name="Script").click()
    expect(page.get_by_role("region", name="Batch script")).to_contain_text("#!/bin/sh")


def test_a_canceled_experiment_is_seen_to_be_canceled(house: House, page: Page) -> None:
    with house.client() as client:
        experiment = launch(client, "To be canceled", "sleep 600")
    page.goto(f"/experiments/{experiment}?tab=tasks")
    expect(page.locator(LIVE)).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_label(re.compile("Why")).fill("wrong input")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Clone it to run it again")
    with house.client() as client:
        assert client.experiments.get(experiment).state == "CANCELED"


def test_a_failure_says_why_and_is_retried_in_place(house: House, page: Page, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    with house.client() as client:
        experiment = launch(client, "To fail", "true", f"test -e {mended} || {{ echo boom >&2; exit 7; }}")
    page.goto(f"/experiments/{experiment}?tab=tasks")
    expect(page.get_by_test_id("run-state")).to_contain_text("7")
    page.goto("/experiments?f=needs:you")
    row = page.get_by_role("row").filter(has_text="To fail")
    expect(row).to_contain_text("Not retried")
    row.click()
    mended.touch()
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Nothing is left to do")
    with house.client() as client:
        ended = client.experiments.get(experiment)
        assert ended.state == "COMPLETED"
        assert [run.number for run in client.experiments.processes(experiment)] == [2, 1]


def test_a_resource_that_is_away_is_seen_probed_drained_and_given_up_on(house: House, page: Page) -> None:
    with house.client() as client:
        sandbox = client.resources.find("sandbox")
        assert sandbox is not None
        described = sandbox.model_dump(mode="json", exclude={"id", "version", "created_at", "updated_at"})
        petrel = client.resources.create(described | {"name": "petrel", "host": "127.0.0.1", "port": 9})
        tasks = [command(f"map-{number}", "true", petrel.id) for number in range(4)]
        client.experiments.create_tasks(name="Waits for petrel", tasks=tasks, launch=True)
    page.goto("/health?open=petrel")
    expect(page.get_by_test_id("worst")).to_contain_text("petrel is out")
    detail = page.get_by_role("region", name="petrel")
    expect(detail).to_contain_text("If it works")
    expect(detail.get_by_role("link", name="Waits for petrel")).to_be_visible()
    detail.get_by_role("button", name="Probe now").click()
    expect(page.get_by_text("petrel is probed now")).to_be_visible()
    detail.get_by_role("button", name="Drain…").click()
    page.get_by_label(re.compile("^Why")).fill("new file system")
    page.get_by_role("button", name="Drain it").click()
    expect(page.get_by_text("petrel drains ahead of its maintenance")).to_be_visible()
    page.goto("/experiments?f=waits:petrel")
    row = page.get_by_role("row").filter(has_text="Waits for petrel")
    expect(row).to_contain_text("Blocked")
    row.click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Resumes by itself")
    page.get_by_role("button", name="Give up…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Give up").click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Retry it when the resource answers again")


def test_a_lane_is_paused_for_a_reason_that_waiting_runs_tell_and_goes_on(house: House, page: Page) -> None:
    page.goto("/lanes?open=command/fast")
    page.get_by_role("button", name="Pause…").click()
    page.get_by_label(re.compile("Why")).fill("the scratch disk is exchanged")
    page.get_by_role("button", name="Pause the lane").click()
    expect(page.get_by_test_id("lane-paused")).to_contain_text("the scratch disk is exchanged")
    expect(page.get_by_text("held", exact=True).first).to_be_visible()
    with house.client() as client:
        experiment = launch(client, "Behind a paused lane", "true")
    run = page.context.new_page()
    run.goto(f"/experiments/{experiment}?tab=tasks")
    expect(run.get_by_test_id("run-state")).to_contain_text("the scratch disk is exchanged")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause…")).to_be_visible()
    expect(run.get_by_test_id("run-state")).to_contain_text("Nothing is left to do")
    # An ended run asks for nothing by itself: the stream has told that something is to be read again.
    with run.expect_response(re.compile(f"/experiments/{experiment}$")), house.client() as client:
        client.lanes.pause("job-submission", "slow", "told to open pages")
    with house.client() as client:
        client.lanes.resume("job-submission", "slow")


def test_all_that_match_are_put_away_and_brought_back_with_their_tags(house: House, page: Page) -> None:
    with house.client() as client:
        sandbox = client.resources.find("sandbox")
        assert sandbox is not None
        tasks = [command("t", "true", sandbox.id)]
        requests = [{"kind": "tasks", "name": f"Old draft {n}", "tasks": tasks} for n in range(70)]
        for one in client.experiments.create_batch(requests):
            client.experiments.annotate(one.id, tags=["old"])
    page.goto("/experiments?f=tag:old")
    expect(page.get_by_test_id("list-count")).to_contain_text("of 70 in this view")
    page.get_by_label(re.compile("^Select Old draft")).first.check()
    page.get_by_role("button", name="Select all 70 that match").click()
    page.get_by_role("button", name=re.compile("^Archive")).click()
    page.get_by_role("dialog").get_by_role("button", name="Archive 70").click()
    expect(page.get_by_text("70 were put away")).to_be_visible()
    expect(page.get_by_text("No experiment fits this filter")).to_be_visible()
    page.goto("/experiments?f=tag:old archived:yes")
    expect(page.get_by_test_id("list-count")).to_contain_text("of 70 in this view")
    page.get_by_role("row").filter(has_text="Old draft").first.click()
    page.get_by_role("button", name="Bring back").click()
    page.get_by_role("button", name="Edit notes and tags").click()
    page.get_by_label("Tags, with commas between").fill("old, kept")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="kept")).to_be_visible()
    with house.client() as client:
        assert [one.tags for one in client.experiments.list(tags=["kept"])] == [["old", "kept"]]


def test_the_main_path_by_keyboard_alone(house: House, page: Page) -> None:
    """Launch, follow, output: no pointer, and nothing that a screen reader's user would not have."""
    with house.client() as client:
        files = {name: client.files.upload(EXAMPLE / file).uri for name, file in INPUTS.items()}
    page.goto("/experiments")
    expect(page.locator(LIVE)).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_role("link", name=re.compile("gray-scott"))).to_be_visible()
    tab_to(page, "a[href*='app=gray-scott']")
    page.keyboard.press("Enter")
    typed = {"name": "By keyboard alone", "inputs.program": files["program"], "inputs.seeds": files["seeds"]}
    for field, text in typed.items():
        tab_to(page, f"[data-field='{field}']")
        page.keyboard.insert_text(text)
    expect(page.get_by_text("Ready to launch")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("run-name")).to_have_text("By keyboard alone")
    expect(page.get_by_test_id("run-state")).to_contain_text("outputs can be fetched", timeout=240_000)
    tab_to(page, "[data-testid=graph]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Task")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Task")).to_be_hidden()
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("5")
    expect(page.get_by_test_id("picture")).to_be_visible()


def tab_to(page: Page, selector: str, most: int = 60) -> None:
    """Press Tab until ``selector`` has the focus."""
    for _ in range(most):
        if page.evaluate("selector => Boolean(document.activeElement?.matches(selector))", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} was not reached in {most} steps")


def test_a_dead_letter_is_sent_again_after_a_dry_run(house: House, page: Page) -> None:
    bootstrap = status(house.directory).kafka_bootstrap
    assert bootstrap is not None
    with house.client() as client:
        experiment = launch(client, "Told to be dead", "sleep 300")
    with connect(KafkaSettings.load(kafka_bootstrap=bootstrap), "test") as messaging:
        reader = messaging.batches([topics.tasks("command").name], "console-test")
        reader.dead_letter(command_of(reader, experiment), "made up by a test")
        reader.close()
    page.goto("/dead-letters")
    page.get_by_role("button", name=re.compile("made up by a test")).click()
    page.get_by_role("button", name="Redrive this cluster…").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 would be sent, 0 refused")
    page.get_by_role("button", name="Redrive 1").click()
    expect(page.get_by_text("1 sent again, 0 refused")).to_be_visible()
    page.get_by_role("link", name="Sent again").click()
    expect(page.get_by_role("grid").get_by_role("row").filter(has_text="made up by a test")).to_be_visible()
    with house.client() as client:
        client.experiments.cancel(experiment, "the test is over")


def command_of(reader: BatchReader, experiment_id: str) -> Record:
    """Read until the experiment's command comes by, as any other consumer would."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for record in reader.poll(1.0):
            if record.value and experiment_id.encode() in record.value:
                return record
    raise AssertionError("the command did not come by")


def test_a_dead_letter_is_read_and_put_aside_with_a_note(house: House, page: Page) -> None:
    bootstrap = status(house.directory).kafka_bootstrap
    assert bootstrap is not None
    with connect(KafkaSettings.load(kafka_bootstrap=bootstrap), "test") as messaging:
        topic = topics.tasks("command").name
        messaging.producer().send_all([Outgoing(topic=topic, partition=0, value=b"\x00no message")])
    page.goto("/dead-letters")
    row = page.get_by_role("grid").get_by_role("row").filter(has_text="howdah.tasks.command")
    expect(row).to_be_visible()
    row.click()
    page.get_by_role("button", name="Discard…").click()
    page.get_by_label("Why").fill("made by a test")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Put aside; it stays readable")).to_be_visible()


def test_the_stream_recovers_from_a_killed_server_without_a_gap(house: House, page: Page) -> None:
    with house.client() as client:
        experiment = launch(client, "Through a crash", *["sleep 4"] * 12)
    page.goto(f"/experiments/{experiment}?tab=tasks")
    expect(page.locator(LIVE)).to_be_visible()
    server = next(child for child in status(house.directory).children if child.name == "api-server")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    expect(page.locator("[data-stream=stale]")).to_be_visible()
    expect(page.locator(LIVE)).to_be_visible(timeout=120_000)
    expect(page.get_by_test_id("run-state")).to_contain_text("Nothing is left to do", timeout=240_000)
    with house.client() as client:
        last = client.experiments.get(experiment)
        assert last.state == "COMPLETED"
    become_true(page, "([id, seq]) => howdahLive.store.seq(id) === seq", [experiment, last.last_seq])


def test_two_tabs_share_one_stream_and_the_second_takes_over(house: House, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto("/experiments")
        expect(page.locator(LIVE)).to_be_visible()
    assert [page.evaluate("howdahLive.feed.isLeader") for page in (first, second)] == [True, False]
    with house.client() as client:
        experiment = launch(client, "Seen in both tabs", "true")
    for page in (first, second):
        become_true(page, HEARD_OF, experiment)
    first.close()
    become_true(second, "() => howdahLive.feed.isLeader && howdahLive.feed.status.kind === 'live'")
    with house.client() as client:
        later = launch(client, "Seen after the first tab went", "true")
    become_true(second, HEARD_OF, later)


def serious_findings(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands: which rule, in which pieces."""
    page.evaluate(AXE.read_text())  # as a script tag it would break the page's own policy
    return [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_has_a_serious_accessibility_finding(house: House, browser: Browser, theme: str) -> None:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        base_url=house.url,
        color_scheme="dark" if theme == "dark" else "light",
    )
    assert context.request.post("/api/v1/session", data={"token": house.token}).ok
    page = context.new_page()
    with house.client() as client:
        run = next(iter(client.experiments.list())).id
    paths = [
        "experiments",
        "jobs",
        "drafts",
        "health",
        "lanes?open=command/fast",
        "schedules",
        "schedules?open=new",
        "schedules?open=new&from=text",
        "task-types",
        "task-types?open=new",
        "workflows",
        "dead-letters",
        "services",
        "applications",
        "resources",
    ]
    paths += ["resources?tab=storage", "resources?tab=quotas&open=new", "health?open=sandbox"]
    paths += ["credentials", "settings", "settings?tab=tokens", "settings?tab=audit", "launch", "launch?app=gray-scott"]
    paths += [f"experiments/{run}?tab={tab}" for tab in ("graph", "timeline", "tasks", "events", "files", "logs")]
    found = []
    for path in paths:
        page.goto(f"/{path}")
        expect(page.locator(LIVE)).to_be_visible()
        found += [(path, *finding) for finding in serious_findings(page)]
    context.close()
    assert found == []
