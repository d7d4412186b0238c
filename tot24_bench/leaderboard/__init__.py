"""The leaderboard: the submission schema, its store, its statistics, and its tables.

>>> key_of("scout-2m", "game24_io", shots=0)
'scout-2m/game24_io.0shot'
"""

from tot24_bench.leaderboard.entry import Entry, Outcome
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.page import render_markdown
from tot24_bench.leaderboard.records import Metrics, ModelInfo, Sample, Training
from tot24_bench.leaderboard.rows import Row, rows
from tot24_bench.leaderboard.statistics import Interval, clustered, interval, wilson
from tot24_bench.leaderboard.store import (
    BadSubmission,
    ResultsNotWritable,
    SubmissionExists,
    TooLarge,
    check_writable,
    path_of,
    read,
    read_all,
    read_entries,
    read_entry,
    write,
    write_stream,
)
from tot24_bench.leaderboard.submission import (
    Header,
    Submission,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
)
from tot24_bench.leaderboard.table import render_rich

__all__ = [
    "BadSubmission",
    "Entry",
    "Header",
    "Interval",
    "Metrics",
    "ModelInfo",
    "Outcome",
    "ResultsNotWritable",
    "Row",
    "Sample",
    "Submission",
    "SubmissionExists",
    "TooLarge",
    "Training",
    "check_writable",
    "clustered",
    "interval",
    "key_of",
    "mean_tokens_of",
    "metrics_of",
    "path_of",
    "prompts_sha256",
    "read",
    "read_all",
    "read_entries",
    "read_entry",
    "render_markdown",
    "render_rich",
    "rows",
    "wilson",
    "write",
    "write_stream",
]
