"""The one scorer as a metric of lighteval, under the names of our lm-eval tasks.

    LightevalTaskConfig(..., metrics=[game24()])

A Doc's `specific` says what was asked: `numbers`, and `target` or `rule` where they are not 24 and
`all`. A complete task is in docs/rewards.md.
"""

from __future__ import annotations

from typing import Any

from tot24_bench.game import read_puzzle
from tot24_bench.harness import METRICS, metrics_of_scores
from tot24_bench.scoring import score

try:
    import numpy as np
    from lighteval.metrics.metrics_sample import SampleLevelComputation
    from lighteval.metrics.utils.metric_utils import SampleLevelMetricGrouping
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc, SamplingMethod
except ImportError as missing:
    raise ImportError(
        "the lighteval metric needs lighteval: pip install 'tot24-bench[lighteval]'"
    ) from missing

NAMES = tuple(name for name in METRICS if name != "truncated")
"""Its metrics. lighteval pads what it generates to the longest of a batch, so that nobody can tell
afterwards which response the token limit cut off."""


class Game24(SampleLevelComputation):
    """The metrics of one hand: means over its samples, each in 0..1."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: Any) -> dict[str, float]:
        """Score every sample of a hand, as lighteval hands it on: without its reasoning tags.

        Raises:
            InvalidPuzzle: when the Doc's `specific` holds no hand.
        """
        puzzle = read_puzzle(doc.specific or {})
        metrics = metrics_of_scores([score(puzzle, text) for text in model_response.final_text])
        return {name: metrics[name] for name in NAMES}


def game24() -> SampleLevelMetricGrouping:
    """The metric to name in a task: the means over the hands of what `Game24` computes."""
    return SampleLevelMetricGrouping(
        metric_name=list(NAMES),
        higher_is_better={name: name != "false_claim" for name in NAMES},
        category=SamplingMethod.GENERATIVE,
        sample_level_fn=Game24(),
        corpus_level_fn=dict.fromkeys(NAMES, np.mean),
    )
