#!/usr/bin/env python3
"""Gray–Scott reaction–diffusion: two chemicals, U and V, from which spots, stripes and labyrinths grow.

    ∂u/∂t = D_u ∇²u − u v² + F (1 − u)          U is fed at the rate F
    ∂v/∂t = D_v ∇²v + u v² − (F + k) v          V is removed at the rate F + k

J. E. Pearson, "Complex patterns in a simple system", Science 261 (1993) 189. Explicit Euler steps (Δt = 1) with the
five-point Laplacian on a square grid of side 1.

Standard library only, Python 3.9 or newer: it runs as it is on the login node of any cluster.

Reads   a CSV file of seeds (x, y, radius, concentration; lengths in grid cells): where V is put at the start
Writes  history.csv   step, mean_u, mean_v, max_v, covered (the share of the cells with v > 0.1)
        pattern.png   V at the end, coloured
        standard output: a summary
"""

from __future__ import annotations

import argparse
import csv
import math
import struct
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Union

Field = list[list[float]]
Seed = tuple[float, float, float, float]
Colour = tuple[int, int, int]
Row = dict[str, float]
Number = Union[int, float]  # noqa: UP007 - the bar came with Python 3.10

DIFFUSION_U = 0.16
DIFFUSION_V = 0.08
COVERED_ABOVE = 0.1
HISTORY_ROWS = 100

PALETTES = {
    "ember": [(9, 5, 20), (78, 16, 74), (173, 39, 70), (240, 112, 40), (253, 208, 92), (255, 252, 220)],
    "ocean": [(4, 10, 30), (8, 48, 92), (16, 104, 140), (56, 168, 160), (150, 222, 178), (246, 252, 232)],
    "grey": [(0, 0, 0), (255, 255, 255)],
}


class InputError(Exception):
    """The input file is not what the program needs; the text says which line and why."""


def read_seeds(path: Path) -> list[Seed]:
    """Return the seeds as (x, y, radius, concentration); InputError names the line that is wrong."""
    seeds: list[Seed] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = {"x", "y", "radius", "concentration"} - set(rows.fieldnames or ())
        if missing:
            raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
        for row in rows:
            try:
                seed = (float(row["x"]), float(row["y"]), float(row["radius"]), float(row["concentration"]))
            except (TypeError, ValueError):
                raise InputError(f"{path}, line {rows.line_num}: four numbers were expected") from None
            if not all(map(math.isfinite, seed)) or seed[2] <= 0 or not 0 < seed[3] <= 1:
                raise InputError(f"{path}, line {rows.line_num}: radius must be positive, concentration in (0, 1]")
            seeds.append(seed)
    if not seeds:
        raise InputError(f"{path}: no seed, and nothing grows out of nothing")
    return seeds


def plant(size: int, seeds: Sequence[Seed]) -> tuple[Field, Field]:
    """Return the fields u and v at the start, each a list of rows."""
    u = [[1.0] * size for _ in range(size)]
    v = [[0.0] * size for _ in range(size)]
    for y in range(size):
        for x in range(size):
            for seed_x, seed_y, radius, concentration in seeds:
                if (x - seed_x) ** 2 + (y - seed_y) ** 2 <= radius * radius:
                    v[y][x] = concentration
                    u[y][x] = 1.0 - concentration
    return u, v


def advance(u: Field, v: Field, feed: float, kill: float, *, periodic: bool) -> tuple[Field, Field]:
    """Return both fields one time step later."""
    size = len(u)
    new_u: Field = []
    new_v: Field = []
    for y in range(size):
        above, below = (y - 1, (y + 1) % size) if periodic else (max(y - 1, 0), min(y + 1, size - 1))
        new_u_row: list[float] = []
        new_v_row: list[float] = []
        u_left_row, u_right_row = beside(u[y], periodic=periodic)
        v_left_row, v_right_row = beside(v[y], periodic=periodic)
        cells = zip(  # noqa: B905 - strict came with Python 3.10
            u[y], u[above], u[below], u_left_row, u_right_row, v[y], v[above], v[below], v_left_row, v_right_row
        )
        for u0, u_up, u_down, u_left, u_right, v0, v_up, v_down, v_left, v_right in cells:
            reaction = u0 * v0 * v0
            new_u_row.append(
                u0 + DIFFUSION_U * (u_up + u_down + u_left + u_right - 4.0 * u0) - reaction + feed * (1.0 - u0)
            )
            new_v_row.append(
                v0 + DIFFUSION_V * (v_up + v_down + v_left + v_right - 4.0 * v0) + reaction - (feed + kill) * v0
            )
        new_u.append(new_u_row)
        new_v.append(new_v_row)
    return new_u, new_v


def beside(row: list[float], *, periodic: bool) -> tuple[list[float], list[float]]:
    """Return the row shifted so that each cell meets its left and its right neighbour; walls mirror."""
    if periodic:
        return row[-1:] + row[:-1], row[1:] + row[:1]
    return row[:1] + row[:-1], row[1:] + row[-1:]


def measure(step: int, u: Field, v: Field) -> Row:
    """Return one row of the table."""
    cells = len(u) * len(u)
    return {
        "step": step,
        "mean_u": sum(map(sum, u)) / cells,
        "mean_v": sum(map(sum, v)) / cells,
        "max_v": max(map(max, v)),
        "covered": sum(value > COVERED_ABOVE for row in v for value in row) / cells,
    }


def simulate(u: Field, v: Field, options: argparse.Namespace) -> tuple[Field, list[Row]]:
    """Run all steps; return the final v and the rows of the table."""
    every = max(1, options.steps // HISTORY_ROWS)
    history = [measure(0, u, v)]
    for step in range(1, options.steps + 1):
        u, v = advance(u, v, options.feed, options.kill, periodic=options.periodic)
        if step % every == 0 or step == options.steps:
            history.append(measure(step, u, v))
        if step % max(1, options.steps // 10) == 0:
            print(f"step {step:>6} of {options.steps}: covered {history[-1]['covered']:6.2%}", flush=True)
    return v, history


def write_table(path: Path, history: Sequence[Row]) -> None:
    """Write the rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(history[0])
        for row in history:
            table.writerow([row["step"]] + [f"{value:.6f}" for name, value in row.items() if name != "step"])


def colour(share: float, palette: Sequence[Colour]) -> bytes:
    """Return the red, green and blue of ``share`` in [0, 1], interpolated between the palette's colours."""
    position = share * (len(palette) - 1)
    index = min(int(position), len(palette) - 2)
    rest = position - index
    ends = zip(palette[index], palette[index + 1])  # noqa: B905 - strict came with Python 3.10
    return bytes(round(low + (high - low) * rest) for low, high in ends)


def write_picture(path: Path, field: Field, palette: Sequence[Colour], title: str, scale: int) -> None:
    """Write the field as a PNG (8-bit RGB; ISO/IEC 15948), each cell ``scale`` by ``scale`` pixels."""
    highest = max(map(max, field)) or 1.0
    table = [colour(step / 255, palette) for step in range(256)]
    side = len(field) * scale
    lines = []
    for row in field:
        pixels = b"".join(table[int(min(max(value / highest, 0.0), 1.0) * 255)] * scale for value in row)
        lines.append((b"\x00" + pixels) * scale)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)))
        file.write(chunk(b"iTXt", b"Title\x00\x00\x00\x00\x00" + title.encode("utf-8")))
        file.write(chunk(b"IDAT", zlib.compress(b"".join(lines), 6)))
        file.write(chunk(b"IEND", b""))


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk: length, kind, data, CRC."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)


def number(kind: Callable[[str], Number], lowest: Number, highest: Number) -> Callable[[str], Number]:
    """Return an argparse type: a number from ``lowest`` to ``highest``."""

    def parse(text: str) -> Number:
        value = kind(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be between {lowest} and {highest}")
        return value

    return parse


def truth(text: str) -> bool:
    """Return what ``true`` or ``false`` means."""
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError("must be true or false")
    return text.lower() == "true"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description="Gray–Scott reaction–diffusion on a square grid.")
    parser.add_argument("--seeds", type=Path, required=True, help="CSV file: x,y,radius,concentration")
    parser.add_argument("--steps", type=number(int, 1, 1000000), default=1200, help="time steps")
    parser.add_argument("--size", type=number(int, 8, 1024), default=72, help="cells along a side")
    parser.add_argument("--feed", type=number(float, 0.0, 0.1), default=0.0545, help="the feed rate F")
    parser.add_argument("--kill", type=number(float, 0.0, 0.1), default=0.062, help="the removal rate k")
    parser.add_argument("--palette", choices=sorted(PALETTES), default="ember")
    parser.add_argument("--periodic", type=truth, nargs="?", const=True, default=False, help="edges are joined")
    parser.add_argument("--title", default="Gray-Scott", help="written into the picture's metadata")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulation and write its results into the current directory."""
    options = parse(arguments)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a login shell may be plain ASCII
    try:
        seeds = read_seeds(options.seeds)
    except (InputError, OSError, UnicodeDecodeError) as error:
        print(f"gray_scott: {error}", file=sys.stderr)
        return 1
    print(f"{options.title}: F = {options.feed}, k = {options.kill}, {len(seeds)} seeds", flush=True)
    began = time.time()
    v, history = simulate(*plant(options.size, seeds), options)
    write_table(Path("history.csv"), history)
    write_picture(Path("pattern.png"), v, PALETTES[options.palette], options.title, scale=max(1, 576 // options.size))
    last = history[-1]
    seconds = time.time() - began
    print(f"{options.steps} steps on {options.size} x {options.size} cells in {seconds:.1f} s")
    print(f"mean v {last['mean_v']:.4f}, maximum {last['max_v']:.4f}, covered {last['covered']:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
