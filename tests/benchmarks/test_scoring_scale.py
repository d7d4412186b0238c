"""Time and memory of the worst responses we can think of, for `score` and for `analyse`.

    python -m pytest tests/benchmarks/test_scoring_scale.py --benchmark-enable --benchmark-only

Every bait is one part repeated: markers, brackets, digits, notes, and what each regular expression
of `scoring` starts on but cannot end. It is timed at five lengths, each the best of REPEATS; the
exponent from one length to the next (time = length ** exponent) is 1 where time is linear, 2 where
it is quadratic, below 1 where it is bounded. The benchmark prints the slowest, with the exponent
between the two longest and the steepest of all, and fails above MAX_EXPONENT. The ordinary tests
time nothing: they only see that no bait of 100,000 characters hangs, and that memory stays bounded.
"""

from __future__ import annotations

import math
import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.scoring import MAX_RESPONSE_CHARS, analyse, score

PUZZLE = Puzzle.parse("4 4 6 8")

LENGTHS = (12_500, 25_000, 50_000, 100_000, 200_000)
REPEATS = 2
SHOWN = 30

MAX_EXPONENT = 1.4
"""Steepest slope that passes as linear: caches and collections of garbage cost a little more."""

SHORTEST_JUDGED_SECONDS = 0.005
"""Where the longer of two is done sooner, the exponent is noise."""

HANG_SECONDS = 5.0
"""Processor time for 100,000 characters: some thirty times what the slowest bait should need."""

MAX_MEMORY_MULTIPLE = 32
"""Bytes at the peak for each character of a response of 1 MB: lines and thoughts are objects, and
a response with one emoji takes four bytes a character each time that it is copied."""

IN_MEMORY = (
    *("newlines", "spaces", "words", "emoji", "times", "lone surrogates", "line separators"),
    *("Answer lines", "thoughts", "canonical", "false thoughts", "false notes", "JSON newlines"),
)
"""Baits whose memory is measured: of each kind those that make the most objects."""

PATH = "6 - 4 = 2 (left: 2 4 8)\n4 + 8 = 12 (left: 2 12)\n2 * 12 = 24 (left: 24)\n"


def lines(part: str, width: int = 990) -> str:
    """The part repeated to a line that is as long as one line may be for the reader of thoughts."""
    return part * (width // len(part)) + "\n"


# fmt: off
PARTS = {
    # Runs of one sign.
    "spaces": " ", "newlines": "\n", "tabs": "\t", "carriage returns": "\r", "digits": "9",
    "round brackets": "(", "closing brackets": ")", "square brackets": "[", "curly brackets": "{",
    "empty brackets": "()", "equals": "=", "spaced equals": " = ", "minus": "-", "stars": "*",
    "spaced stars": "* ", "slashes": "/", "backslashes": "\\", "dollars": "$", "ticks": "`",
    "hashes": "#", "quotes": "\"", "apostrophes": "'", "greater": "> ", "bars": "| ",
    "tildes": "~", "underscores": "_", "dots": ".", "commas": ", ", "colons": ":", "x": "x",
    "spaced x": "4 x ", "letters": "a", "words": "no way ", "capital words": "THE ", "emoji": "✅",
    "times": "×", "no width": "\u200b", "line separators": "\u2028", "lone surrogates": "\ud800",
    "nulls": "\0",
    # Markers and what almost is one.
    "answer": "answer ", "Answer:": "Answer:", "Answer lines": "Answer:\n",
    "Answer 24": "Answer: 24\n", "Answer prose": "Answer: we take it ",
    "answer to": "answer to the the the the ", "answer (": "answer (aaaaaaaaaaaaaaaaaaaa",
    "answer spaces": "answer" + " " * 30, "answer stars": "answer***",
    "The answer is": "The answer is 4", "headings": "### Answer\n", "boxed": "\\boxed{",
    "boxed 24": "\\boxed{24}", "boxed =": "= \\boxed{24} ", "fboxed": "\\fboxed    ",
    "tags": "<answer>", "closing tags": "</answer>", "half tags": "</answer",
    "special": "<|im_end|>", "half special": "<aaaaaaaaaaaaaaaa", "think": "<think>",
    "unthink": "</think>", "both think": "<think>4 + 8 = 12\n</think>", "Input:": "\nInput:",
    "Input lines": "> > input ", "Steps:": "\nSteps:", "Answer then lines": "Answer:\nx\n",
    "Answer then dress": "Answer: ~~~~~~~~\n",
    # Expressions.
    "sums": "4 + ", "products": "4*", "signed": "- + ", "brackets of sums": "(4 + ",
    "juxtaposed": "4(", "decimals": "4.", "fractions": "\\frac{", "nested fractions": "\\frac{4}{",
    "times command": "4 \\times ", "left right": "\\left(\\right)", "text": "\\text{",
    "text closed": "\\text{a}", "text long": "\\text{" + "a" * 150, "spacing": "\\,",
    "empty groups": "{}", "bold": "**4** ", "equations": "4 + 8 = 12 = ", "dashes": "-> ",
    "notes": "4 (left ", "roots": "√", "absolute": "|4", "commands": "\\a",
    # Claims.
    "no": "no a ", "not be": "not be a ", "cannot": "cannot be a a a a ", "sentences": "I can't. ",
    "denials": "isn't isn't ", "but": "but no solution other than ",
    "impossible": "not impossible ",
    # Thoughts.
    "thoughts": "4 + 8 = 12\n", "false thoughts": "1 + 1 = 3\n",
    "canonical": "4 + 8 = 12 (left: 4 6 12)\n", "false notes": "1 + 1 = 3 (left: 1 2 3)\n",
    "true sums, false notes": "1 + 2 = 3 (left: 1 2 3)\n",
    "sixteen left": "1 + 1 = 2 (left:" + " 1" * 12 + ")\n",
    "dead ends": "4 + 8 = 12 (left: 4 6 12): dead end\n",
    "marked later": "4 + 8 = 12\nThat is a dead end.\n", "back": "Backtrack.\n4 + 8 = 12\n",
    "back to": "Back to 4 4 6 8\n4 + 8 = 12 (left: 4 6 12)\n",
    "back to nowhere": "Back to 7 7\n4 + 8 = 12\n", "Back to": "Back to ",
    "Back to lines": "Back to 4 4 6 8\n", "starts": "Steps:\n4 + 8 = 12 (left: 4 6 12)\n",
    "whole paths": PATH, "numbered": "1. 4 + 8 = 12\n2. 4 * 6 = 24\n",
    "counted up": "3. 4 + 8 = 12\n", "one line": lines("4 + 8 = 12, "),
    "one line, notes": lines("4 + 8 = 12 (left: 4 6 12), "),
    "remaining": "4 + 8 = 12\nRemaining numbers: 4 6 12\n",
    "left far": lines("left " + "a" * 28 + " "), "left cut": "4 + 8 = 12 (left: 4 6\n",
    "left after": lines("4, 6, 12, "), "left after and": lines("4 and 6 and "),
    "listed": lines("4 + 8 = 12 -> [4 6 "), "items": lines("left: 4 6 12 24 "),
    "almost a thought": lines("4 + 8 "), "almost a result": lines("4 + 8 = "),
    "fraction operands": lines("(8/3) * "), "chains": lines("4 + 8 = 12 + 4 = 16 + "),
    "leads": lines("1. "), "steps lead": lines("step 1 "), "hypothetical": lines("if 4 + 8 = 12 "),
    "try": lines("try a a a "), "let's": lines("let's a a "), "another": lines("another a "),
    "not": lines("not a a "), "does not": lines("does not a a "), "attempts": "Attempt 1:\n",
    "path lines": "path\n", "steps heading": lines("a's a's a's a's "),
    "frac lines": lines("\\frac{8}{3} = "), "text lines": lines("\\text{a} = "),
    "approx": lines("8 / 3 \\approx 2.67 "), "JSON newlines": "4 + 8 = 12\\n",
    "powers": lines("4 ** 8 = "), "bold thoughts": "**Step 1:** 4 + 8 = **12**\n",
    "wide spaces": lines("4   +   8   =   "),
}
# fmt: on
BEFORE = {"": "", "after Answer: ": "Answer: "}
BAITS = {f"{name}{part}": (BEFORE[name], PARTS[part]) for name in BEFORE for part in PARTS}
READERS: dict[str, Callable[[Puzzle, str], Any]] = {"score": score, "analyse": analyse}


def bait(name: str, length: int) -> str:
    """The bait at a length; it ends in a letter, so that what it begins is never completed."""
    before, part = BAITS[name]
    return before + part * ((length - len(before)) // len(part)) + "x"


def seconds(read: Callable[[Puzzle, str], Any], response: str) -> float:
    started = time.process_time()
    read(PUZZLE, response)
    return time.process_time() - started


@pytest.mark.parametrize("name", BAITS)
def test_no_bait_of_100_kilobytes_hangs(name: str) -> None:
    assert seconds(analyse, bait(name, 100_000)) < HANG_SECONDS  # it scores, too


@pytest.mark.parametrize("name", IN_MEMORY)
def test_memory_stays_in_step_with_a_megabyte(name: str) -> None:
    response = bait(name, MAX_RESPONSE_CHARS - 1)
    tracemalloc.start()
    try:
        analyse(PUZZLE, response)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MAX_MEMORY_MULTIPLE * MAX_RESPONSE_CHARS


@pytest.mark.benchmark(group="worst cases by length")
def test_time_grows_linearly(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    if not benchmark.enabled:
        pytest.skip("timed by `make bench` only")
    slopes = benchmark.pedantic(measure_all, rounds=1, iterations=1)
    with capsys.disabled():
        print(f"\n\nThe {SHOWN} slowest of {len(slopes)} worst cases: ms by length, then exponents")
        for slope in slopes[:SHOWN]:
            shown = "".join(f"{1000 * one:9.1f}" for one in slope.times)
            print(f"{shown}  last {slope.last:5.2f}  steepest {slope.steepest:5.2f}  {slope.name}")
    assert not [slope for slope in slopes if slope.steepest > MAX_EXPONENT]


class Slope(NamedTuple):
    """The times of one reader on one bait, by length."""

    name: str
    times: tuple[float, ...]

    @property
    def exponents(self) -> tuple[float, ...]:
        """From each length to the next; 0 where that is done too soon to be judged."""
        return tuple(
            math.log(longer / shorter) / math.log(after / before)
            if longer > SHORTEST_JUDGED_SECONDS
            else 0.0
            for (before, after), (shorter, longer) in zip(
                pairwise(LENGTHS), pairwise(self.times), strict=True
            )
        )

    @property
    def last(self) -> float:
        return self.exponents[-1]

    @property
    def steepest(self) -> float:
        """What reaches a bound before the longest length is steep only before it."""
        return max(self.exponents)


def measure_all() -> list[Slope]:
    """Every reader on every bait, the slowest first."""
    slopes = [measure(name, reader) for name in BAITS for reader in READERS]
    return sorted(slopes, key=lambda slope: -slope.times[-1])


def measure(name: str, reader: str) -> Slope:
    times = []
    for length in LENGTHS:
        response = bait(name, length)
        fastest = min(seconds(READERS[reader], response) for _ in range(REPEATS))
        times.append(max(fastest, 1e-6))
    return Slope(f"{reader}: {name}", tuple(times))
