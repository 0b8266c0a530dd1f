"""What is measured in a page: frames, long tasks, memory, and when a change is to be seen.

Scripts run through the browser's own debugging channel; the page's policy, which forbids evaluating text, stays on.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.console.examined import CATEGORIES, Event

_ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LONG_TASKS: Final = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.longTasks.push(one.duration);
  }).observe({ entryTypes: ["longtask"] });
}"""
_FRAMES: Final = """(milliseconds) => new Promise((done) => {
  const canvas = document.querySelector("[data-testid=graph]");
  const box = canvas.getBoundingClientRect();
  const at = (x, y) => ({ pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true });
  canvas.setPointerCapture = () => undefined;
  canvas.dispatchEvent(new PointerEvent("pointerdown", at(700, 400)));
  const began = performance.now();
  const frames = [];
  const step = (now) => {
    frames.push(now);
    const turn = (now - began) / 400;
    const place = at(700 - 500 * Math.sin(turn), 400 + 250 * Math.sin(turn / 2));
    canvas.dispatchEvent(new PointerEvent("pointermove", place));
    if (now - began < milliseconds) requestAnimationFrame(step);
    else {
      canvas.dispatchEvent(new PointerEvent("pointerup", at(700, 400)));
      const gaps = frames.slice(1).map((one, index) => one - frames[index]).sort((a, b) => a - b);
      done({ fps: (1000 * gaps.length) / (frames.at(-1) - frames[0]), p95: gaps[Math.floor(gaps.length * 0.95)] });
    }
  };
  requestAnimationFrame(step);
})"""
_WHEN_SEEN: Final = """(selector) => {
  window.seen = [];
  const look = () => {
    const found = document.querySelector(selector);
    const words = found && found.textContent;
    if (words && words !== window.seen.at(-1)?.words)
      window.seen.push({ words, at: performance.timeOrigin + performance.now() });
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
_APPEARS: Final = """([selector, since]) => new Promise((done) => {
  const look = () => {
    if (!document.querySelector(selector)) return false;
    done(performance.now() - since);
    return true;
  };
  if (!look()) {
    const watch = new MutationObserver(() => look() && watch.disconnect());
    watch.observe(document, { subtree: true, childList: true, attributes: true });
  }
})"""
_CLICK_AND_SEE: Final = """([link, selector]) => new Promise((done) => {
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!document.querySelector(selector)) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  watch.observe(document.body, { subtree: true, childList: true });
  document.querySelector(link).click();
})"""
_FIRST_PAINT: Final = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === "first-contentful-paint") done(one.startTime);
  }).observe({ type: "paint", buffered: true });
})"""


@contextmanager
def signed_in(url: str, token: str) -> Iterator[BrowserContext]:
    """A browser with a session of ``token``."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium is missing: scripts/install-test-packages.sh installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=url)
        answer = context.request.post("/api/v1/session", data={"token": token})
        if not answer.ok:
            raise SystemExit(f"the login was refused: {answer.status} {answer.text()}")
        yield context
        browser.close()


class Watched:
    """A tab and its debugging channel."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self._channel: CDPSession = context.new_cdp_session(self.page)
        self._channel.send("Performance.enable")

    def open(self, path: str, selector: str) -> float:
        """Load a page anew; return the milliseconds from the start of the navigation until ``selector`` is there."""
        self.page.goto(path, wait_until="commit")
        return float(self.page.evaluate(_APPEARS, [selector, 0]))

    def click(self, link: str, selector: str) -> float:
        """Click ``link``; return the milliseconds until ``selector`` is there and was drawn."""
        return float(self.page.evaluate(_CLICK_AND_SEE, [link, selector]))

    def first_paint(self) -> float:
        """Return the milliseconds from the start of the navigation until something with content was painted."""
        return float(self.page.evaluate(_FIRST_PAINT))

    def pan(self, milliseconds: int) -> Mapping[str, float]:
        """Drag the graph about; return frames a second and the 95th percentile of the time between two."""
        found: dict[str, float] = self.page.evaluate(_FRAMES, milliseconds)
        return found

    def watch_long_tasks(self) -> None:
        """Begin to note tasks of the main thread that take longer than 50 ms."""
        self.page.evaluate(_LONG_TASKS)

    def long_tasks(self) -> list[float]:
        """Return how long those took since."""
        found: list[float] = self.page.evaluate("() => window.longTasks")
        return found

    def watch(self, selector: str) -> None:
        """Begin to note each change of what ``selector`` says."""
        self.page.evaluate(_WHEN_SEEN, selector)

    def seen(self) -> list[dict[str, Any]]:
        """Return what it said, and when, in milliseconds since 1970."""
        found: list[dict[str, Any]] = self.page.evaluate("() => window.seen")
        return found

    def heap_mb(self, *, collect: bool = False) -> float:
        """Return the JavaScript heap in use; with ``collect`` after what is not needed was thrown away."""
        if collect:
            self._channel.send("HeapProfiler.collectGarbage")
        return self._metric("JSHeapUsedSize") / 1e6

    def now(self) -> float:
        """Return the microsecond that it is on the clock of traces."""
        return self._metric("Timestamp") * 1e6

    def _metric(self, name: str) -> float:
        metrics = self._channel.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == name)

    @contextmanager
    def traced(self) -> Iterator[list[Event]]:
        """Trace the page with a CPU profile; the events are in the list once it is left."""
        browser = self.page.context.browser
        if browser is None:
            raise RuntimeError("a page of a browser that was launched here is needed")
        found: list[Event] = []
        browser.start_tracing(page=self.page, categories=list(CATEGORIES))
        try:
            yield found
        finally:
            found += json.loads(browser.stop_tracing())["traceEvents"]
