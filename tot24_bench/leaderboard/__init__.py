"""The leaderboard: the submission schema, its store, its statistics, and its tables.

>>> key_of("scout-2m", "game24_io", shots=0)
'scout-2m/game24_io.0shot'
"""

from tot24_bench.leaderboard.baselines import (
    Baseline,
    Options,
    keys_of,
    load_baselines,
    missing_methods,
    pick_baselines,
    plan_of,
    run_baseline,
)
from tot24_bench.leaderboard.contribution import (
    Told,
    check_beside,
    check_consistent,
    check_files,
    describe,
    gather,
    header_path,
    key_conflicts,
    mend,
    places,
    questions,
    unnamed,
    written,
)
from tot24_bench.leaderboard.cross_checks import Fault
from tot24_bench.leaderboard.entry import Entry, Outcome, interval
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.records import Metrics, ModelInfo, Sample, Training
from tot24_bench.leaderboard.rerun import CannotRerun, find_checkpoint, rerun
from tot24_bench.leaderboard.rescored import (
    Origin,
    check_split,
    header_of,
    samples_of,
    several_figures,
)
from tot24_bench.leaderboard.runs import run_plans
from tot24_bench.leaderboard.spool import Spool
from tot24_bench.leaderboard.store import (
    BadSubmission,
    ResultsNotWritable,
    SubmissionExists,
    TooLarge,
    check_writable,
    path_of,
    paths,
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
from tot24_bench.leaderboard.submission_schema import submission_schema
from tot24_bench.leaderboard.tables import (
    COUNTS,
    Fit,
    Run,
    choose,
    compare,
    compare_failures,
    draw,
    fit,
    make_run,
    pair_names,
    render_entries,
    render_markdown,
    render_pairs,
    render_rich,
    render_summary,
    rows,
    shares,
    summarise,
    warnings,
)
from tot24_bench.leaderboard.tally import Rescored, rescore
from tot24_bench.leaderboard.training_file import read_training
from tot24_bench.leaderboard.upgrade import upgrade
from tot24_bench.leaderboard.verification import Verified, kept_by_git, texts_of, verify
from tot24_bench.statistics import Interval, clustered, wilson
