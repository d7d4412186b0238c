"""Rows of searches to test with: real hands, invented searches, really scored answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tot24_bench.game import Puzzle, load_split, solve
from tot24_bench.harness import SEARCH_TASK, Evaluation, EvaluationPlan, HandResult, TaskResult
from tot24_bench.leaderboard import Searched, Submission, search_submission
from tot24_bench.scoring import score
from tot24_bench.search import HandSearch, SearchSettings

BFS = SearchSettings(method="tot_bfs")
ORACLE = SearchSettings(method="best_of_k", prompt="io", k=20)
SYMBOLIC = SearchSettings(method="tot_bfs", beam=1, temperature=0, answer="symbolic")
WRONG = "Answer: 1 + 1 = 24"


def answer_of(puzzle: Puzzle) -> str:
    return f"Answer: {solve(puzzle)[0].expression} = 24"


def record_of(puzzle: Puzzle, right: Sequence[bool], **changes: Any) -> HandSearch:
    fields: dict[str, Any] = {
        "finals": tuple(answer_of(puzzle) if good else WRONG for good in right),
        "right": tuple(right),
        "calls": 40,
        "prompt_tokens": 900,
        "completion_tokens": 300,
        "states": 25,
        "dropped": 2,
        "unjudged": 1,
    }
    return HandSearch(**(fields | changes))


def make_evaluation(
    records: dict[Puzzle, HandSearch], split: str = "hard100", **plan: Any
) -> Evaluation:
    """What lm-eval gives of the task of searches, whose prompts are no prompts of a model."""
    hands = []
    for puzzle, record in records.items():
        first = record.finals[0]
        scores = (score(puzzle, first),)
        hands.append(HandResult(puzzle, f"Input: {puzzle.text}", (first,), (20,), scores, 7))
    generation = {"until": ["\nInput:"], "max_gen_toks": 896, "do_sample": False, "top_p": 0.9}
    task = TaskResult(SEARCH_TASK, "search", tuple(hands), generation, {})
    arguments = {"pretrained": "nowhere/scout-2m-search"}
    asked = EvaluationPlan("hf", arguments, (SEARCH_TASK,), split=split, **({"shots": 0} | plan))
    return Evaluation(asked, (task,), 2_000_000, "fp32", 9.0)


def make_search(
    chosen: SearchSettings = BFS,
    hands: int = 3,
    right: Callable[[int], Sequence[bool]] = lambda place: (place < 2, True),
    split: str = "hard100",
    name: str = "scout-2m-search",
    **plan: Any,
) -> Submission:
    """A search of the first hands of a split; `right` says how the answers to each went."""
    asked = load_split(split)[:hands]
    records = {puzzle: record_of(puzzle, right(i)) for i, puzzle in enumerate(asked)}
    limits = {"propose": 256, "value": 128, "answer": 128}
    searched = Searched(
        records,
        oracle_stop=chosen.uses_answers,
        symbolic_step=chosen.answer == "symbolic",
        sent=40 * hands - 10,
        limits=limits,
    )
    return search_submission(make_evaluation(records, split, **plan), chosen, searched, name)
