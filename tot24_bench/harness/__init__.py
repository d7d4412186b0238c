"""The bridge to lm-eval: documents, hooks, limits, and running an evaluation from Python."""

from tot24_bench.harness.documents import (
    DEFAULT_SPLIT,
    METRICS,
    mean_metrics,
    metrics_of_scores,
    named_split,
    score_all,
)
from tot24_bench.harness.evaluate import (
    BATCH_SIZE,
    DEFAULT_SEED,
    Evaluation,
    HandResult,
    NotRankZero,
    Plan,
    TaskResult,
    evaluate,
    load_model,
)
from tot24_bench.harness.limits import MAX_GEN_TOKS
from tot24_bench.harness.plain_command import plain_command
from tot24_bench.harness.processes import is_first_process, process_count
from tot24_bench.harness.tasks import (
    GROUP,
    expand_by_split,
    method_of,
    split_of,
    task_name,
    tasks_path,
)
from tot24_bench.harness.truncation import count_tokens
