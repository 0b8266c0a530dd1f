"""What the console has to reach."""

from typing import Final

from benchmarks.bar import Bar

BARS: Final = (
    Bar("graph_ready_ms", 1_000, "run of 10,000 tasks, each a node of its own: from the address to the drawn graph"),
    Bar("graph_folded_ready_ms", 1_000, "the same with 25 fan-outs of 400"),
    Bar("pan_fps", 50, "dragging the 10,000 nodes about, frames a second", least=True),
    Bar("storm_longest_task_ms", 100, "1,000 state changes a second on the graph: the longest task of the main thread"),
    Bar("storm_heap_mb", 200, "the most heap meanwhile"),
    Bar("list_first_paint_ms", 1_000, "100,000 experiments: first paint"),
    Bar("list_rows_ms", 1_000, "100,000 experiments: the first rows are there"),
    Bar("page_ms", 300, "the slowest page of the list on the server, median of each kind"),
    Bar("seen_p95_ms", 200, "event committed to what the list says of it, 95th percentile"),
    Bar("log_first_lines_ms", 500, "100 MB log: from the click to its first lines"),
    Bar("log_heap_mb", 150, "heap after reading its begin, middle, end and searching it"),
    Bar("initial_js_kb", 180, "initial JavaScript, gzipped"),
    Bar("css_kb", 20, "CSS, gzipped"),
)
