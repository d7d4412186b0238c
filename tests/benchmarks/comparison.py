"""Our scorer beside others: how many tricky answers each judges right, and how fast.

    make compare    # or, with the peers installed: python tests/benchmarks/comparison.py

The answers are `tests/scoring/corpus`, those that every peer knows the rules of: four numbers, all
used, target 24. Asked is only whether an answer is right. What each peer is given, and what it
cannot know from that:

- `tot24-bench`: the puzzle and the whole response.
- `math-verify`: the gold answer 24 and the whole response, from which it takes the answer itself.
  It compares values and is never told which numbers may be used: it accepts whatever says 24.
- `math-verify, expression`: the expression that our finder takes out of the response, as `$...$`.
- `math-verify, expression and numbers`: the same, and a regular expression checks the numbers used.
- `reasoning-gym`: `score_answer` of its puzzle24, given the same expression, since it asks for one
  alone. It counts four numbers from 1 to 10 but does not look at the hand; the 10 is raised to 13.
- `sympy`: `parse_expr` of the same expression is 24, and a regular expression checks the numbers.
- `regex and eval`: reads the response itself: the last `Answer:`, up to the `=`, through Python.

No peer but `regex and eval` and `math-verify` has to find the answer, none knows the claim that
there is no solution, and all but ours run Python on what they are given, so they see only the
corpus, which is ours. It was written to be tricky, by those who wrote our rules: the figures say
what each peer does with it, not how often models write such answers. Times are medians of ordinary,
distinct responses, taken in blocks that are longer than the caches of the peers, the checkers in
another order in each block, after all have been warmed up.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import platform
import re
import statistics
import time
import warnings
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from typing import NamedTuple

from tot24_bench.game import Puzzle, load_split
from tot24_bench.scoring import Commitment, find_answer, score
from tot24_bench.teachers import write_response

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "scoring" / "corpus" / "answers.jsonl"

BLOCK = 50
"""Responses that one checker is timed on in a row; math-verify remembers the last 20 texts."""

TIMED_RESPONSES = 7 * BLOCK
"""Responses of the published table: every checker is first once."""

EXAMPLES = 4
"""Wrong answers that the table shows for each peer that accepts them."""

PEERS = ("math-verify", "reasoning-gym", "sympy")


class Asked(NamedTuple):
    """One answer to judge: the response, and the expression that our finder takes out of it."""

    puzzle: Puzzle
    response: str
    expression: str


class Case(NamedTuple):
    """An answer, and whether a careful reader calls it right."""

    asked: Asked
    right: bool
    claims_no_solution: bool


Checker = Callable[[Asked], bool]


class Row(NamedTuple):
    """What one checker made of the corpus, and how long it takes."""

    name: str
    given: str
    accepts_wrong: tuple[Case, ...]
    rejects_right: tuple[Case, ...]
    raised: int
    microseconds: float


def compare(responses: int = TIMED_RESPONSES) -> list[Row]:
    """Every checker that is installed on the corpus and on `responses` ordinary responses."""
    checkers = available()
    cases = load_cases()
    times = measure([checker for _, _, checker in checkers], ordinary(BLOCK + responses))
    return [
        judge(name, given, checker, cases)._replace(microseconds=microseconds)
        for (name, given, checker), microseconds in zip(checkers, times, strict=True)
    ]


def load_cases() -> list[Case]:
    """The corpus, without the cases that only our rules know: other puzzles, and cut off ones."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").split("\n") if line]
    return [
        Case(
            as_asked(Puzzle(tuple(row["numbers"])), row["response"]),
            row["correct"],
            row["verdict"] == "no_solution",
        )
        for row in rows
        if len(row["numbers"]) == 4 and row["target"] == 24 and "truncated" not in row
    ]


def as_asked(puzzle: Puzzle, response: str) -> Asked:
    answer = find_answer(response, puzzle)
    return Asked(puzzle, response, answer.text if answer.kind is Commitment.EXPRESSION else "")


def ordinary(count: int) -> list[Asked]:
    """Right answers after a chain of thought, as our solver writes them for `train` hands."""
    hands = load_split("train")[:count]
    return [as_asked(puzzle, write_response(puzzle, "cot", Random(0))) for puzzle in hands]


def judge(name: str, given: str, checker: Checker, cases: Iterable[Case]) -> Row:
    accepts_wrong, rejects_right, raised = [], [], 0
    for case in cases:
        try:
            with warnings.catch_warnings(action="ignore"):  # Python's, of what it is asked to run
                says = checker(case.asked)
        except Exception:  # a peer that gives up says no
            says, raised = False, raised + 1
        if says and not case.right:
            accepts_wrong.append(case)
        elif case.right and not says:
            rejects_right.append(case)
    return Row(name, given, tuple(accepts_wrong), tuple(rejects_right), raised, math.nan)


def measure(checkers: list[Checker], asked: list[Asked]) -> list[float]:
    """The median microseconds of each checker for one response; the first block warms them up."""
    times: list[list[float]] = [[] for _ in checkers]
    for start in range(0, len(asked), BLOCK):
        first = start // BLOCK % len(checkers)
        for i in (*range(first, len(checkers)), *range(first)):
            for one in asked[start : start + BLOCK]:
                started = time.perf_counter()
                says = checkers[i](one)
                taken = time.perf_counter() - started
                assert says, f"a right answer is rejected: {one}"
                if start:
                    times[i].append(taken)
    return [1e6 * statistics.median(taken) if taken else math.nan for taken in times]


# The checkers.


def available() -> list[tuple[str, str, Checker]]:
    """The checkers whose packages are installed: name, what they are given, and the checker."""
    found = [
        (
            "tot24-bench",
            "puzzle, response",
            lambda asked: score(asked.puzzle, asked.response).correct,
        )
    ]
    makers = (_math_verify, _reasoning_gym, _sympy)
    for maker in makers:
        try:
            found += maker()
        except ImportError:
            continue
    return [*found, ("regex and eval", "puzzle, response", _regex_and_eval)]


def _math_verify() -> list[tuple[str, str, Checker]]:
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    gold = parse("24")

    def is_24(text: str) -> bool:
        # Without its timeouts, which only cost time here: the corpus is ours.
        return bool(verify(gold, parse(text, parsing_timeout=None), timeout_seconds=None))

    return [
        ("math-verify", "24, response", lambda asked: is_24(asked.response)),
        ("math-verify, expression", "24, expression", lambda asked: is_24(f"${asked.expression}$")),
        (
            "math-verify, expression and numbers",
            "24, expression, hand",
            lambda asked: _uses_the_hand(asked) and is_24(f"${asked.expression}$"),
        ),
    ]


def _reasoning_gym() -> list[tuple[str, str, Checker]]:
    from reasoning_gym import create_dataset

    dataset = create_dataset("puzzle24", size=1, seed=0)
    dataset.config.max_value = 13

    def accepts(asked: Asked) -> bool:
        entry = {"metadata": {"numbers": list(asked.puzzle.numbers)}}
        return bool(dataset.score_answer(asked.expression, entry) == 1.0)

    return [("reasoning-gym puzzle24", "expression", accepts)]


def _sympy() -> list[tuple[str, str, Checker]]:
    from sympy.parsing.sympy_parser import parse_expr

    def accepts(asked: Asked) -> bool:
        return _uses_the_hand(asked) and bool(parse_expr(asked.expression) == 24)

    return [("sympy", "expression, hand", accepts)]


def _uses_the_hand(asked: Asked) -> bool:
    numbers = [int(digits) for digits in re.findall(r"\d+", asked.expression)]
    return tuple(sorted(numbers)) == asked.puzzle.hand


def _regex_and_eval(asked: Asked) -> bool:
    """The checker that one writes first. Never give it what a model wrote."""
    expression = asked.response.rpartition("Answer:")[2].strip().split("=")[0]
    if not _uses_the_hand(asked._replace(expression=expression)):
        return False
    try:
        return abs(eval(expression, {"__builtins__": {}}) - 24) < 1e-6
    except Exception:
        return False


# The page.


def render(rows: list[Row], cases: list[Case], responses: int) -> str:
    """The table and what it rests on, in Markdown."""
    right = [case for case in cases if case.right]
    claims = sum(case.claims_no_solution for case in right)
    head = ("checker", "is given", "judged right", "accepts a wrong answer", "rejects a right one")
    lines = [
        "# Our scorer beside others",
        "",
        f"{len(cases)} tricky answers (`tests/scoring/corpus`: four numbers, target 24). A careful "
        f"reader calls {len(right)} of them right, {claims} of these claims that there is no "
        f"solution, which no peer knows. Times: the median of {responses} ordinary, distinct "
        "responses in one run. What each checker is given, and cannot know from it, stands in "
        "`tests/benchmarks/comparison.py`. `make compare` writes this page.",
        "",
        f"| {' | '.join(head)} | raises | µs a response |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        wrong = len(row.accepts_wrong) + len(row.rejects_right)
        lines.append(
            f"| {row.name} | {row.given} | {len(cases) - wrong} of {len(cases)} "
            f"| {len(row.accepts_wrong)} | {len(row.rejects_right)} | {row.raised} "
            f"| {row.microseconds:,.0f} |"
        )
    lines += ["", "Wrong answers that each accepts, the shortest first:", ""]
    lines += [f"- {row.name}: {_examples(row.accepts_wrong)}" for row in rows]
    lines += ["", f"{_versions()}.", ""]
    return "\n".join(lines)


def _examples(cases: tuple[Case, ...]) -> str:
    shortest = sorted(cases, key=lambda case: len(case.asked.response))[:EXAMPLES]
    shown = [
        f"`{case.asked.response.replace(chr(10), ' ')}` of {case.asked.puzzle.text}"
        for case in shortest
        if "`" not in case.asked.response
    ]
    return "; ".join(shown) or "none"


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def main() -> None:
    """Read the command line; see the module."""
    parser = argparse.ArgumentParser(description="Our scorer beside others, as a table.")
    parser.add_argument("--responses", type=int, default=TIMED_RESPONSES, help="responses timed")
    parser.add_argument("--write", type=Path, help="write the page to this file, too")
    arguments = parser.parse_args()
    page = render(compare(arguments.responses), load_cases(), arguments.responses)
    print(page)
    if arguments.write is not None:
        arguments.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
