"""The one scorer as a scorer of Inspect (inspect_ai), with the metrics of our lm-eval tasks.

    Task(dataset=[Sample(input=..., metadata={"numbers": "4 4 6 8"})], scorer=game24())

A sample's metadata says what was asked: `numbers`, and `target` or `rule` where they are not 24 and
`all`. A complete task is in docs/rewards.md.
"""

from __future__ import annotations

from tot24_bench.game import read_puzzle
from tot24_bench.harness import metrics_of_scores
from tot24_bench.scoring import score

try:
    from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
    from inspect_ai.solver import TaskState
except ImportError as missing:
    raise ImportError(
        "the Inspect scorer needs inspect_ai: pip install 'tot24-bench[inspect]'"
    ) from missing

CUT_OFF = ("max_tokens", "model_length")
"""Inspect's stop reasons that say that a limit, not the model, ended the response."""


@scorer(metrics={"*": [mean(), stderr()]})
def game24() -> Scorer:
    """The scorer: `acc`, `valid`, `answered`, `false_claim` and `truncated`, each 0 or 1 a sample.

    Beside them stand the answer, the reason in a sentence, and the whole Score as metadata.

    Raises:
        InvalidPuzzle: when a sample's metadata holds no hand; Inspect reports the sample as an
            error instead of scoring it.
    """

    async def judge(state: TaskState, target: Target) -> Score:
        truncated = state.output.stop_reason in CUT_OFF
        puzzle = read_puzzle(state.metadata)
        result = score(puzzle, state.output.completion, truncated=truncated)
        return Score(
            value=metrics_of_scores([result]),
            answer=result.answer,
            explanation=result.reason,
            metadata=result.to_json(),
        )

    return judge
