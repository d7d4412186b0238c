"""The leaderboard: the submission schema, its store, its statistics, and its tables.

>>> key_of("scout-2m", "game24_io", shots=0)
'scout-2m/game24_io.0shot'
"""

from tot24_bench.leaderboard.add import (
    Told,
    check_beside,
    check_consistent,
    describe,
    gather,
    mend,
    questions,
    read_training,
)
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
from tot24_bench.leaderboard.cross_checks import Fault
from tot24_bench.leaderboard.entry import Entry, Outcome, interval
from tot24_bench.leaderboard.key import key_of
from tot24_bench.leaderboard.method_runs import (
    BadMethods,
    Done,
    MethodRun,
    best_methods,
    load_methods,
    run_methods,
)
from tot24_bench.leaderboard.rescore import (
    Origin,
    Rescored,
    Spool,
    check_split,
    header_of,
    rescore,
    samples_of,
    several_figures,
)
from tot24_bench.leaderboard.runs import (
    CannotRerun,
    Searched,
    find_checkpoint,
    model_name,
    plan_keys,
    rerun,
    run_plans,
    run_search,
    search_submission,
)
from tot24_bench.leaderboard.store import (
    BadSubmission,
    ResultsNotWritable,
    SubmissionExists,
    TooLarge,
    check_writable,
    header_path,
    path_of,
    paths,
    read,
    read_all,
    read_entries,
    read_entry,
    submission_schema,
    write,
    write_stream,
)
from tot24_bench.leaderboard.submission import (
    Header,
    Metrics,
    ModelInfo,
    Sample,
    Submission,
    Training,
    mean_tokens_of,
    metrics_of,
    prompts_sha256,
    report_of,
)
from tot24_bench.leaderboard.tables import (
    COUNTS,
    CostPoint,
    FailurePoint,
    Fit,
    NoPoints,
    Point,
    RobustnessPoint,
    Run,
    SizePoint,
    choose,
    compare,
    compare_failures,
    cost_csv,
    cost_points,
    draw,
    draw_cost,
    draw_first_failures,
    draw_frontier,
    draw_robustness,
    draw_sizes,
    find,
    first_failure_csv,
    first_failure_points,
    fit,
    frontier_csv,
    frontier_table,
    make_run,
    method_of,
    pair_names,
    place_label,
    points,
    render_entries,
    render_markdown,
    render_pairs,
    render_rich,
    render_summary,
    robustness_csv,
    robustness_points,
    rows,
    shares,
    size_csv,
    size_points,
    summarise,
    warnings,
)
from tot24_bench.leaderboard.verify import (
    Verified,
    check_files,
    kept_by_git,
    texts_of,
    upgrade,
    verify,
)
from tot24_bench.leaderboard.votes import Votes
from tot24_bench.statistics import clustered, wilson
