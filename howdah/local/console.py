"""What ``howdah up`` shows: coloured lines and a download bar on a terminal, plain lines elsewhere."""

import sys
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from howdah.local.progress import Progress


class PlainLines:
    """One line for every piece of news: for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """Write the line."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def fetched(self, name: str, count: int, total: int) -> None:
        """Write a line for the file."""
        self.say(f"      {count}/{total} {name}")


class Terminal:
    """Lines for people; downloads fill a bar."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Bar | None = None

    def say(self, text: str) -> None:
        """Print the line; what the supervisor numbers is set off."""
        self._console.print(text, style="bold" if text.startswith("[") else "", markup=False, highlight=False)

    def fetched(self, name: str, count: int, total: int) -> None:
        """Move the bar on; it goes away with the last file."""
        if self._bar is None:
            columns = (TextColumn("     "), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=self._console, transient=True)
            self._bar.add_task("", total=total)
            self._bar.start()
        self._bar.update(self._bar.tasks[0].id, completed=count, description=name)
        if count == total:
            self._bar.stop()
            self._bar = None


def progress_for(stream: TextIO = sys.stdout) -> Progress:
    """Return the presentation that suits ``stream``."""
    return Terminal(Console(file=stream)) if stream.isatty() else PlainLines(stream)
