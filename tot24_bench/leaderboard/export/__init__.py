"""The leaderboard in the forms that others read: papers, spreadsheets, the hub, Every Eval Ever."""

from tot24_bench.files import ExportExists, File, UnsafeOutput, write_file, write_files
from tot24_bench.leaderboard.export.every_eval_ever import eval_files
from tot24_bench.leaderboard.export.hub import DATASET_ID, LeftOut, hub_files, hub_id
from tot24_bench.leaderboard.export.puzzles import dataset_files
from tot24_bench.leaderboard.export.tables import (
    NothingToExport,
    choose,
    render_csv,
    render_latex,
)
