"""The leaderboard: the submission schema, its store, its statistics, and its tables.

>>> key_of("scout-2m", "game24_io", shots=0)
'scout-2m/game24_io.0shot'
"""

from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.records import Metrics, ModelInfo, Sample
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
    write,
    write_stream,
)
from tot24_bench.leaderboard.submission import Header, Submission, mean_tokens_of, metrics_of
from tot24_bench.leaderboard.table import Row, render_markdown, render_rich, rows

__all__ = [
    "BadSubmission",
    "Header",
    "Interval",
    "Metrics",
    "ModelInfo",
    "ResultsNotWritable",
    "Row",
    "Sample",
    "Submission",
    "SubmissionExists",
    "TooLarge",
    "check_writable",
    "clustered",
    "interval",
    "key_of",
    "mean_tokens_of",
    "metrics_of",
    "path_of",
    "read",
    "read_all",
    "render_markdown",
    "render_rich",
    "rows",
    "wilson",
    "write",
    "write_stream",
]
