"""Outputs in the terminal: listed, or saved under names that can do no harm."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from rich.table import Table

from howdah.cli.session import table
from howdah.client import Client
from howdah.client.run_models import Output

_UNITS = ("B", "KB", "MB", "GB", "TB")
_ENDINGS = {"text/csv": ".csv", "text/plain": ".txt", "image/png": ".png", "application/json": ".json"}


def outputs_table(outputs: Sequence[Output]) -> Table:
    """Return the outputs as a table."""
    rows = (
        (one.name, one.file_name, size(one.size_bytes) if one.present else one.reason, one.content_type, one.sha256)
        for one in outputs
    )
    return table(("NAME", "FILE", "SIZE", "TYPE", "SHA-256"), rows)


def save_outputs(
    client: Client, experiment_id: str, outputs: Sequence[Output], directory: Path
) -> list[tuple[str, Path]]:
    """Save the outputs that were made in ``directory``; return the name and path of each."""
    saved = []
    taken: set[str] = set()
    for output in outputs:
        if not output.present:
            continue
        name = file_name(output)
        if name in taken:
            name = f"{output.name}-{name}"
        taken.add(name)
        saved.append((output.name, client.experiments.download_output(experiment_id, output, directory / name)))
    return saved


def file_name(output: Output) -> str:
    """Return the last part of the output's file name, never a path: it comes from the server."""
    last = PurePosixPath((output.file_name or "").replace("\\", "/")).name
    if last in {"", ".", ".."} or not last.isprintable():
        return PurePosixPath(output.name).name + _ENDINGS.get(output.content_type or "", "")
    return last


def size(count: int | None) -> str:
    """Return the number of bytes as people read it."""
    if count is None:
        return ""
    value = float(count)
    for unit in _UNITS:
        if value < 1_000 or unit == _UNITS[-1]:  # noqa: PLR2004 - SI
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1_000
    raise AssertionError("unreachable: the last unit takes everything")
