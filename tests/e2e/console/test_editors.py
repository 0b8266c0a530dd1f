"""What is made and edited in the console, in real Chromium: workflows, schedules, task types, where outputs go.

A workflow goes from an empty canvas to its run: drawn, refused where wrong, kept, compared, run.
"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.console.conftest import House
from tests.e2e.console.test_console import LIVE, serious_findings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

BAD_YAML = "name: drawn-by-hand\nnodes:\n  first: {kind: task, type: command, inputs: {argv: [hostname]}}\n  loop: ["
CIRCLE = re.compile("circle")


def drag(page: Page, start: Locator, end: Locator) -> None:
    """Draw a line with the pointer, as a person does: over several places."""
    end.hover()  # waits until it stands still
    start.hover()
    begin, goal = start.bounding_box(), end.bounding_box()
    assert begin is not None
    assert goal is not None
    page.mouse.move(begin["x"] + begin["width"] - 4, begin["y"] + begin["height"] / 2)
    page.mouse.down()
    page.mouse.move(begin["x"] + begin["width"] + 30, begin["y"] + 10, steps=3)
    page.mouse.move(goal["x"] + 30, goal["y"] + goal["height"] / 2, steps=6)
    page.mouse.up()


def card(page: Page, name: str) -> Locator:
    return page.get_by_test_id("composer").get_by_role("button", name=re.compile(f"^{name}, "))


def draw(page: Page) -> None:
    page.goto("/workflows")
    page.get_by_role("link", name="Compose one").click()
    expect(page.locator(LIVE)).to_be_visible()
    page.get_by_label("Name of the workflow").fill("drawn-by-hand")
    page.get_by_label("Name of the workflow").press("Enter")
    palette = page.get_by_role("complementary", name="What a step can be")
    palette.get_by_role("button", name="command").click()
    expect(card(page, "command")).to_be_visible()
    # A line from the new step back to nothing that comes before it is drawn; the one that closes a circle is refused.
    drag(page, page.get_by_label("Out-port success of first"), card(page, "command"))
    drag(page, page.get_by_label("Out-port success of command"), card(page, "first"))
    expect(page.get_by_role("status").filter(has_text=CIRCLE)).to_be_visible()
    for step in ("first", "command"):
        card(page, step).click()
        page.get_by_label("Resource", exact=True).fill("sandbox")
        page.get_by_label("Resource", exact=True).press("Enter")
    expect(page.get_by_test_id("checked")).to_have_text("Nothing is wrong with it.")
    # What the one prints is what the other is given: drawn with the keys alone.
    page.get_by_label(re.compile("^Output stdout of first")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label(re.compile("^Input argv of first"))).to_be_disabled()
    page.keyboard.press("Escape")
    card(page, "command").click()
    page.get_by_label("Name", exact=True).fill("say")
    page.get_by_label("Name", exact=True).press("Enter")
    argv = page.get_by_role("group", name="Step say").get_by_label(re.compile("^argv"))
    argv.fill('["echo", "it ran on ${nodes.first.outputs.stdout}"]')
    argv.press("Enter")
    expect(page.get_by_test_id("checked")).to_have_text("Nothing is wrong with it.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Kept as version 1")).to_be_visible()
    expect(page).to_have_url(re.compile("/workflows/drawn-by-hand"))


def change_as_text(page: Page) -> None:
    # The same as text: what is half typed leaves the drawing alone, what is whole becomes the drawing.
    page.get_by_role("button", name="YAML").click()
    text = page.get_by_label("The definition as YAML")
    expect(text).to_have_value(re.compile("after:\n +- (node: )?first"))
    kept = text.input_value()
    text.fill(BAD_YAML)
    expect(page.get_by_role("list", name="Problems")).to_contain_text("no valid YAML")
    expect(card(page, "say")).to_be_visible()
    text.fill(kept.replace("nodes:\n", "parameters:\n  who:\n    type: string\n    default: world\nnodes:\n", 1))
    expect(page.get_by_test_id("checked")).to_have_text("Nothing is wrong with it.")
    page.get_by_role("button", name="YAML").click()
    expect(page.get_by_role("complementary", name="Workflow").get_by_text("who", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save version").click()
    page.get_by_label("What is new in it").fill("greets")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Version 2 is kept")).to_be_visible()


def test_a_workflow_is_drawn_kept_changed_compared_and_run(house: House, page: Page) -> None:
    draw(page)
    change_as_text(page)
    page.get_by_role("link", name="versions").click()
    expect(page.get_by_role("region", name="The difference as text")).to_contain_text("+    default: world")
    page.get_by_role("button", name="Run…").click()
    page.get_by_label(re.compile("^who")).fill("console")
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    expect(page.get_by_test_id("run-state")).to_contain_text("Nothing is left to do", timeout=240_000)
    with house.client() as client:
        run = next(one for one in client.experiments.list() if one.kind == "workflow")
        said = next(task for task in client.experiments.tasks(run.id) if task.name == "say")
        assert said.outputs is not None
        assert str(said.outputs["stdout"]).startswith("it ran on ")
    page.goto("/workflows/drawn-by-hand?tab=runs")
    expect(page.get_by_role("grid", name="Runs").get_by_role("row").filter(has_text="Completed")).to_be_visible()


def test_deliveries_are_checked_while_one_types_and_kept_in_the_draft(house: House, page: Page) -> None:
    with house.client() as client:
        client.storage.create({"name": "archive", "kind": "http", "root": "https://archive.example.org/runs"})
    page.goto("/launch?app=gray-scott")
    page.get_by_label("Name", exact=True).fill("Corals, delivered")
    page.get_by_role("button", name="Deliver an output").click()
    row = page.get_by_role("group", name="Delivery 1")
    row.get_by_label("Output").select_option("pattern")
    path = row.get_by_label("Called there")
    path.fill("../secrets")
    path.blur()
    expect(row).to_contain_text("Must not have empty")
    path.fill("42/pattern.png")
    expect(row).not_to_contain_text("Must not")
    assert serious_findings(page) == []
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("row").filter(has_text="Corals, delivered").click()
    expect(page.get_by_label("Called there")).to_have_value("42/pattern.png")
    with house.client() as client:
        draft = next(one for one in client.experiments.list() if one.name == "Corals, delivered")
        kept = client.experiments.get(draft.id).model_extra or {}
    assert kept["spec"]["deliveries"] == [{"output": "pattern", "to": "howdah://storage/archive/42/pattern.png"}]


def test_a_schedule_is_made_of_a_draft_paused_edited_and_removed(house: House, page: Page) -> None:
    with house.client() as client:
        sandbox = client.resources.find("sandbox")
        assert sandbox is not None
        task = {"name": "t", "type": "command", "params": {"argv": ["true"]}, "resource_id": sandbox.id}
        client.experiments.create_tasks(name="Every night", tasks=[task])
    page.goto("/schedules")
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Find an experiment or a workflow").fill("Every night")
    page.get_by_role("button").filter(has_text="Every night").click()
    cron = page.get_by_label("When (cron)")
    cron.fill("61 2 * * *")
    moments = page.get_by_role("region", name="Next moments")
    expect(moments).to_contain_text("five fields were expected")
    cron.fill("30 2 * * *")
    expect(moments).to_contain_text("02:30")
    assert serious_findings(page) == []
    page.get_by_role("button", name="Create schedule").click()
    opened = page.get_by_role("complementary", name="Schedule Every night")
    opened.get_by_role("button", name="Pause").click()
    expect(opened).to_contain_text("None while it is paused")
    opened.get_by_role("button", name="Edit…").click()
    page.get_by_label("Name", exact=True).fill("Every morning")
    page.get_by_role("button", name="Save", exact=True).click()
    opened = page.get_by_role("complementary", name="Schedule Every morning")
    opened.get_by_role("button", name="Remove…").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No schedule yet")).to_be_visible()
    with house.client() as client:
        assert list(client.schedules.list()) == []


def test_a_task_type_is_registered_described_anew_and_forgotten_by_keyboard(page: Page) -> None:
    page.goto("/task-types?open=new")
    name = page.get_by_label("Name", exact=True)
    name.fill("Word Count")
    name.press("Tab")
    expect(page.get_by_text("Small letters and digits")).to_be_visible()
    name.fill("word-count")
    schema = page.get_by_label("What its tasks take (JSON Schema)")
    schema.fill('{"type": "object", ')
    schema.press("Tab")
    expect(page.get_by_text("This is no JSON object yet")).to_be_visible()
    schema.fill('{"type": "object", "properties": {"text": {"default": null}}}')
    assert serious_findings(page) == []
    name.press("Enter")
    table = page.get_by_role("grid", name="Task types")
    expect(table).to_contain_text("word-count")
    table.press("j")
    table.press("Enter")
    page.get_by_role("button", name="Edit or remove…").press("Enter")
    expect(page.get_by_label("What its tasks take (JSON Schema)")).to_have_value(re.compile('"default": null'))
    page.get_by_label("What its tasks do").fill("Counts the words of a text")
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    opened = page.get_by_role("complementary", name="Task type word-count")
    expect(opened).to_contain_text("version 2")
    opened.get_by_role("button", name="Edit or remove…").press("Enter")
    page.get_by_role("button", name="Remove…").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
    expect(page.get_by_text("None yet")).to_be_visible()
