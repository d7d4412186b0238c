"""The leaderboard in the forms that others read: papers, spreadsheets, the hub, Every Eval Ever.

One module a format: `latex`, `csv_table`, `hub_results`, `every_eval_ever`, `puzzles`. `choice`
says which submissions are exported, `output` writes files below one folder and nowhere else.
"""

from tot24_bench.leaderboard.export.choice import NothingToExport, choose, hub_id, interval_method
from tot24_bench.leaderboard.export.csv_table import render_csv
from tot24_bench.leaderboard.export.every_eval_ever import eval_files
from tot24_bench.leaderboard.export.hub import (
    DATASET_ID,
    LeftOut,
    benchmark_yaml,
    hub_files,
    parse_benchmark,
    parse_results,
)
from tot24_bench.leaderboard.export.latex import render_latex
from tot24_bench.leaderboard.export.output import (
    ExportExists,
    File,
    UnsafeOutput,
    write_file,
    write_files,
)
from tot24_bench.leaderboard.export.puzzles import dataset_files

__all__ = [
    "DATASET_ID",
    "ExportExists",
    "File",
    "LeftOut",
    "NothingToExport",
    "UnsafeOutput",
    "benchmark_yaml",
    "choose",
    "dataset_files",
    "eval_files",
    "hub_files",
    "hub_id",
    "interval_method",
    "parse_benchmark",
    "parse_results",
    "render_csv",
    "render_latex",
    "write_file",
    "write_files",
]
