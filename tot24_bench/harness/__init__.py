"""The bridge to lm-eval: documents, hooks, limits, and running an evaluation from Python."""

from tot24_bench.harness.documents import (
    DEFAULT_SPLIT,
    MAX_GEN_TOKS,
    METRICS,
    SEARCH,
    count_tokens,
    mean_metrics,
    metrics_of_scores,
    named_split,
    score_all,
)
from tot24_bench.harness.evaluate import (
    BATCH_SIZE,
    DEFAULT_SEED,
    Evaluation,
    EvaluationPlan,
    HandResult,
    NotRankZero,
    TaskResult,
    check_model_searches,
    evaluate,
    load_model,
    model_sha256,
    plain_command,
)
from tot24_bench.harness.generating import Response, can_respond, own_generation, respond
from tot24_bench.harness.processes import (
    end_silently,
    is_first_process,
    leave_together,
    process_count,
)
from tot24_bench.harness.tasks import (
    GROUP,
    SEARCH_TASK,
    expand_by_split,
    method_of,
    split_of,
    task_name,
    tasks_path,
)
