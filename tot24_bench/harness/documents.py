"""What lm-eval reads and reports: one row a hand, the exemplars as rows, metrics of responses.

A row holds the numbers as dealt, the target and rule, the method and exemplar variant, and the
texts of the prompt's parts (`instruction`, `question`, `worked`), so that lm-eval joins them and
nothing is written twice. For a test row `worked` is a reference answer by the solver; it is never
shown. A search reads the puzzle from its row and prompts the model itself: the texts of the method
`search`, which are those of `io`, stand there for a model that is none.

Whether the token limit cut a response off is counted with the model's own tokenizer, since lm-eval
hands its tasks text, not token counts.

>>> [row["question"] for row in exemplar_rows("io", "default", shots=1)]
['Input: 4 4 6 8\\n']
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tot24_bench.game import (
    GENERATED,
    BadDraw,
    Puzzle,
    answer_expression,
    first_path,
    is_solvable,
    load_split,
    parse_name,
)
from tot24_bench.prompts import (
    DEFAULT_VARIANT,
    SHOTS,
    instruction,
    pick,
    question,
    variant_of,
    worked,
)
from tot24_bench.scoring import Score, score

if TYPE_CHECKING:
    from datasets import DatasetDict
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger(__name__)

DEFAULT_SPLIT = "hard100"  # the published test set; what a task means when no split is named
TEST = "test"  # lm-eval's name for the rows asked

SEARCH = "search"
"""The method of the task that searches around a model answer."""

MAX_GEN_TOKS = {"io": 128, "cot": 512, "onestep_tot": 896, SEARCH: 896}
"""Tokens that a method may generate; the YAML files say the same (a test compares). A 5-shot
One-Step prompt is about 1,100 tokens for a small byte-pair tokenizer, so that prompt and response
fit the 2,048 tokens of SmolLM. Of GPT-4o's 100 public One-Step responses half are under 840
characters and 90 under 3,400; the rest restart endlessly. A whole search has no limit of tokens:
its own is that of the longest text that it can end with, a One-Step response chosen of several."""

METRICS = ("acc", "valid", "answered", "false_claim", "truncated")
"""What a task reports, each the mean over hands of the mean over a hand's repeats."""


def test_rows(
    method: str, split: str, variant: str, limit: int | None = None
) -> list[dict[str, Any]]:
    """The rows of a split; `limit` replaces the method's own token limit."""
    pick(variant)  # an unknown one says so, before the rows are made
    return [
        {
            **_row(method, variant, puzzle, f"Answer: {_reference(puzzle)}"),
            "max_gen_toks": limit or MAX_GEN_TOKS[method],
        }
        for puzzle in load_split(split)
    ]


def exemplar_rows(
    method: str, variant: str, asked: Puzzle | None = None, shots: int = SHOTS
) -> list[dict[str, Any]]:
    """The exemplars of a method as rows, of the asked hand's target; none equals that hand."""
    exemplars = pick(variant_of(method, variant), asked, shots)
    return [_row(method, variant, one.puzzle, worked(_said(method), one)) for one in exemplars]


def make_dataset(
    tot24_method: str,
    tot24_of: str | None = None,
    tot24_split: str | None = None,
    tot24_seed: int | str | None = None,
    tot24_size: int | str | None = None,
    tot24_exemplars: str = DEFAULT_VARIANT,
    tot24_max_gen_toks: int | None = None,
    **others: Any,
) -> DatasetDict:
    """lm-eval's `custom_dataset`: the rows of one split.

    Args:
        tot24_method: the prompting method; set by the task's YAML.
        tot24_of: the split of a task that has one of its own, such as game24_io_fresh; set by YAML.
        tot24_split: which split; from `--metadata '{"tot24_split": "val"}'`, as are the others.
        tot24_seed, tot24_size: the draw of a generated split.
        tot24_exemplars: which exemplar variant.
        tot24_max_gen_toks: the token limit where `--gen_kwargs` changes it: lm-eval does not tell a
            task, and `truncated` is judged by it.
        others: lm-eval passes the model's arguments as well; they say nothing about the data.

    Raises:
        ValueError: a key or a split that there is not, or two splits at once.
    """
    from datasets import Dataset, DatasetDict

    if unknown := sorted(key for key in others if key.startswith("tot24_")):
        raise ValueError(
            f"no metadata key {unknown[0][:60]!r}: the keys are tot24_split, tot24_seed, "
            "tot24_size, tot24_exemplars and tot24_max_gen_toks"
        )
    if tot24_of and tot24_split not in (None, tot24_of):
        raise ValueError(
            f"this task asks {tot24_of}, not {str(tot24_split)[:40]!r}: for another split name its "
            "task, or give tot24_split to a task that names none"
        )
    split = named_split(tot24_of or tot24_split or DEFAULT_SPLIT, tot24_seed, tot24_size)
    rows = test_rows(tot24_method, split, tot24_exemplars, tot24_max_gen_toks)
    return DatasetDict({TEST: Dataset.from_list(rows)})


def named_split(split: str, seed: int | str | None = None, size: int | str | None = None) -> str:
    """The full name of a split, such as `fresh-s7-n500`.

    Raises:
        UnknownSplit: when there is no such split.
        BadDraw: for a seed or a size that is not a number, or a split that has none.
    """
    if seed is None and size is None:
        return split
    said = parse_name(split)
    if said is None:
        load_split(split)  # an unknown one says so
        raise BadDraw(f"{split} is a fixed split: seed and size are for {', '.join(GENERATED)}")
    return said.with_numbers(seed, size).text


def puzzle_of(row: Mapping[str, Any]) -> Puzzle:
    """The puzzle that a row asks."""
    return Puzzle.parse(row["numbers"], row["target"], row["rule"])


def metrics_of_scores(scores: Sequence[Score]) -> dict[str, float]:
    """The metrics of one hand: means over its repeats, each in 0..1."""
    return {
        "acc": fmean(one.correct for one in scores),
        "valid": fmean(one.valid for one in scores),
        "answered": fmean(one.answered for one in scores),
        "false_claim": fmean(one.false_claim for one in scores),
        "truncated": fmean(one.truncated for one in scores),
    }


def mean_metrics(hands: Iterable[Sequence[Score]]) -> dict[str, float]:
    """The metrics of a task: the mean over its hands, each given by the scores of its repeats."""
    each = [metrics_of_scores(scores) for scores in hands]
    if not each:
        raise ValueError("no hands to take metrics of: evaluate at least one")
    return {name: fmean(hand[name] for hand in each) for name in METRICS}


def score_all(
    puzzle: Puzzle, responses: Sequence[str], truncated: Sequence[bool]
) -> tuple[Score, ...]:
    """Score each response of one hand."""
    return tuple(
        score(puzzle, response, truncated=cut)
        for response, cut in zip(responses, truncated, strict=True)
    )


class TruncationCheck:
    """Tells whether a response used up its tokens, for one model.

    The tokenizer is loaded only when a response is long enough (a token is at least a byte) for the
    question to arise. For a model whose arguments name no tokenizer that can be loaded nothing is
    called truncated; a warning says so once.
    """

    def __init__(self, model_args: Mapping[str, Any]) -> None:
        name = model_args.get("tokenizer") or model_args.get("pretrained")
        self._name = name if isinstance(name, str) else None
        self._revision = str(model_args.get("revision") or "main")
        self._trusted = model_args.get("trust_remote_code") is True

    def __call__(self, response: str, limit: int) -> bool:
        """Whether the response holds at least `limit` tokens."""
        if len(response.encode("utf-8", "replace")) < limit:
            return False
        tokenizer = _load(self._name, self._revision, self._trusted) if self._name else None
        if tokenizer is None:
            _warn_once()
            return False
        return count_tokens(tokenizer, response) >= limit


def count_tokens(tokenizer: Any, text: str) -> int:
    """The tokens of a response, counted from its text.

    A token of bytes that are no UTF-8 stands in the text as one U+FFFD. As text that sign has three
    bytes, which some tokenizers make three tokens of, so each is counted as the one that it was.
    """
    broken = text.count("\ufffd")
    known = text.replace("\ufffd", "") if broken else text
    return len(tokenizer(known, add_special_tokens=False)["input_ids"]) + broken


@lru_cache(maxsize=4)
def _load(name: str, revision: str, trusted: bool) -> PreTrainedTokenizerBase | None:
    """The tokenizer; None where it cannot be loaded, which must not cost a finished run."""
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            name, revision=revision, trust_remote_code=trusted
        )
    except Exception as error:
        log.warning("cannot load the tokenizer %s: %s", name, str(error).partition("\n")[0][:200])
        return None
    return tokenizer


@lru_cache(maxsize=1)
def _warn_once() -> None:
    log.warning(
        "cannot tell which responses were cut off by the token limit: "
        "add tokenizer=NAME to --model_args to have `truncated` counted"
    )


def _row(method: str, variant: str, puzzle: Puzzle, answer: str) -> dict[str, Any]:
    return {
        "numbers": puzzle.text,
        "target": puzzle.target,
        "rule": str(puzzle.rule),
        "method": method,
        "exemplars": variant,
        "instruction": instruction(_said(method), puzzle.target, puzzle.rule),
        "question": question(puzzle),
        "worked": answer,
    }


def _said(method: str) -> str:
    """The method whose texts a task shows."""
    return "io" if method == SEARCH else method


def _reference(puzzle: Puzzle) -> str:
    if not is_solvable(puzzle):
        return "no solution"
    return f"{answer_expression(puzzle, first_path(puzzle))} = {puzzle.target}"
