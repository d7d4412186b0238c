"""The leaderboard's tables: rows and ranks, the page, entries beside each other, failures."""

from tot24_bench.leaderboard.tables.compare import (
    choose,
    compare,
    find,
    pair_names,
    render_entries,
    render_pairs,
)
from tot24_bench.leaderboard.tables.cost import CostPoint, cost_csv, cost_points, draw_cost
from tot24_bench.leaderboard.tables.difficulty_fit import Fit, fit
from tot24_bench.leaderboard.tables.drawing import NoPoints
from tot24_bench.leaderboard.tables.failures import (
    COUNTS,
    Run,
    draw,
    make_run,
    place_label,
    shares,
    warnings,
)
from tot24_bench.leaderboard.tables.failures import compare as compare_failures
from tot24_bench.leaderboard.tables.first_failures import (
    FailurePoint,
    draw_first_failures,
    first_failure_csv,
    first_failure_points,
)
from tot24_bench.leaderboard.tables.frontier import Point, points
from tot24_bench.leaderboard.tables.frontier import as_csv as frontier_csv
from tot24_bench.leaderboard.tables.frontier import as_rows as frontier_table
from tot24_bench.leaderboard.tables.frontier import draw as draw_frontier
from tot24_bench.leaderboard.tables.page import render_markdown, render_rich
from tot24_bench.leaderboard.tables.pairing import settings_of
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.robustness import (
    RobustnessPoint,
    draw_robustness,
    robustness_csv,
    robustness_points,
)
from tot24_bench.leaderboard.tables.rows import (
    COLUMNS,
    MAX_NOTE_CHARS,
    MAX_NOTES,
    NOT_KNOWN,
    RIGHT_ALIGNED,
    SECTIONS,
    Ranked,
    Row,
    flags_of,
    method_of,
    no_rows,
    note_numbers,
    notes_of,
    rows,
    sections,
    short,
    short_count,
    trained_on,
    why_no_row,
)
from tot24_bench.leaderboard.tables.size import (
    SizePoint,
    draw_sizes,
    nearly_asked,
    size_csv,
    size_points,
)
from tot24_bench.leaderboard.tables.summary import Summary, render_summary, summarise
