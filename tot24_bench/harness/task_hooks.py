"""The functions that the task YAML files name; `tasks/game24/hooks.py` only re-exports them.

The module is imported by lm-eval when it loads a task, so importing lm-eval here costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.api.samplers import ContextSampler

from tot24_bench.harness.documents import (
    TruncationCheck,
    exemplar_rows,
    make_dataset,
    metrics_of_scores,
    puzzle_of,
    score_all,
)

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

_truncated = TruncationCheck({})


def dataset(**kwargs: Any) -> DatasetDict:
    """`custom_dataset`: the rows; also remembers the model's tokenizer for `truncated`."""
    global _truncated
    _truncated = TruncationCheck(kwargs)
    return make_dataset(**kwargs)


def exemplars(rows: Dataset) -> list[dict[str, Any]]:
    """`fewshot_config.process_docs`: the exemplars for the method and variant of the rows."""
    return exemplar_rows(rows[0]["method"], rows[0]["exemplars"])


class ExemplarSampler(ContextSampler):
    """`fewshot_config.sampler`: the first n exemplars in order, never the hand asked."""

    def sample(
        self, n: int, eval_doc: dict[str, Any] | None = None, df: Any = None, **_: Any
    ) -> Sequence[dict[str, Any]]:
        """The first n exemplars; the spare replaces one that equals the hand of `eval_doc`."""
        if n == 0:
            return []
        first = self.df[0]
        asked = puzzle_of(eval_doc) if eval_doc is not None else None
        return exemplar_rows(first["method"], first["exemplars"], asked, n)


def doc_to_text(doc: dict[str, Any]) -> str:
    """What asks for the hand."""
    return str(doc["question"])


def doc_to_target(doc: dict[str, Any]) -> str:
    """An exemplar's worked answer, or the reference answer of a test row."""
    return str(doc["worked"])


def keep_all(responses: Iterable[Sequence[str]], docs: Any) -> list[list[str]]:
    """A filter that hands every repeat on; lm-eval's default keeps only the first.

    Every hand keeps as many as the hand with the fewest: with several processes lm-eval pads the
    shorter shares by asking a last request again.
    """
    hands = [list(hand) for hand in responses]
    fewest = min(map(len, hands), default=0)
    return [hand[:fewest] for hand in hands]


def process_results(doc: dict[str, Any], results: Sequence[Sequence[str]]) -> dict[str, float]:
    """Score every repeat of one hand; the row says what the token limit was."""
    responses = list(results[0])
    cut = [_truncated(response, doc["max_gen_toks"]) for response in responses]
    return metrics_of_scores(score_all(puzzle_of(doc), responses, cut))
