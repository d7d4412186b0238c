"""The worked examples of the few-shot prompts.

| variant | what is special |
| --- | --- |
| `default` | the published exemplars, but for 4 9 10 13, which is a test hand: 6 8 9 11 stands in |
| `published` | the five of the published prompts, 4 9 10 13 in third place; for comparison only |
| `search` | as default, each path with a dead end and the way back (One-Step ToT only) |

Where another target is asked, or not all numbers are needed, the exemplars ask the same: hands of a
train part, solved by the first path there is (`solved`).

An exemplar never equals the hand asked, whatever the order of its numbers: the spare, 4 5 7 12,
takes its place. Source of the published five: Yao et al. 2023 (arXiv 2305.10601).

>>> pick("default", Puzzle.parse("9 5 5 5"))[-1].puzzle.text
'4 5 7 12'
"""

from __future__ import annotations

from typing import NamedTuple

from tot24_bench.game import (
    TARGET,
    Puzzle,
    Rule,
    State,
    Thought,
    answer_expression,
    can_reach,
    example_puzzles,
    first_path,
    thoughts,
)

VARIANTS = ("default", "published", "search")

DEFAULT_VARIANT = "default"

SHOTS = 5  # exemplars of a full few-shot prompt


class Exemplar(NamedTuple):
    """A worked example: the puzzle, the path as lines of thoughts, and the answer with `= 24`."""

    puzzle: Puzzle
    path: tuple[str, ...]
    answer: str


class UnknownVariant(ValueError):
    """No exemplar variant of that name."""


def pick(variant: str, asked: Puzzle | None = None, shots: int = SHOTS) -> tuple[Exemplar, ...]:
    """The first `shots` exemplars of the variant; the spare replaces one that equals `asked`.

    Raises:
        UnknownVariant: when there is no such variant.
        ValueError: when more shots are asked for than there are exemplars.
    """
    if variant not in VARIANTS:
        raise UnknownVariant(
            f"no exemplar variant {variant[:40]!r}: the variants are {', '.join(VARIANTS)}"
        )
    if not 0 <= shots <= SHOTS:
        raise ValueError(f"{shots} shots asked for: the prompts have 0 to {SHOTS} exemplars")
    if asked is not None and (asked.target, asked.rule) != (TARGET, Rule.ALL):
        return _solved(variant, asked, shots)
    spare = _SEARCH_SPARE if variant == "search" else _SPARE
    chosen = {"default": _DEFAULT, "published": _PUBLISHED, "search": _SEARCH}[variant][:shots]
    return tuple(
        spare if asked is not None and exemplar.puzzle.hand == asked.hand else exemplar
        for exemplar in chosen
    )


def _solved(variant: str, asked: Puzzle, shots: int) -> tuple[Exemplar, ...]:
    """Exemplars with the target and rule of the puzzle asked, never of its hand."""
    if not shots:
        return ()
    if variant == "published":
        raise ValueError(f"the published exemplars make 24, not {asked.target}: use default")
    others = [p for p in example_puzzles(asked.target, asked.rule) if p.hand != asked.hand]
    if len(others) < shots:
        raise ValueError(f"only {len(others)} exemplars can make {asked.target}: use fewer shots")
    return tuple(_worked_out(puzzle, variant == "search") for puzzle in others[:shots])


def _worked_out(puzzle: Puzzle, search: bool) -> Exemplar:
    """A puzzle solved by the first path; in a search after a first thought that leads nowhere."""
    path = first_path(puzzle)
    lines = [line_of(thought) for thought in path]
    for thought in thoughts(State.of(puzzle)) if search else ():
        if not can_reach(thought.left, puzzle.target, puzzle.rule):
            lines.insert(0, f"{line_of(thought)}: dead end")
            break
    answer = f"{answer_expression(puzzle, path)} = {puzzle.target}"
    return Exemplar(puzzle, tuple(lines), answer)


def line_of(thought: Thought) -> str:
    """A thought as prompts show it: `4 + 8 = 12 (left: 4 6 12)`."""
    return f"{thought.text} (left: {thought.left.text})"


def _exemplar(hand: str, path: str, answer: str) -> Exemplar:
    return Exemplar(Puzzle.parse(hand), tuple(path.strip().splitlines()), answer)


_4_4_6_8 = _exemplar(
    "4 4 6 8",
    "4 + 8 = 12 (left: 4 6 12)\n6 - 4 = 2 (left: 2 12)\n2 * 12 = 24 (left: 24)",
    "(6 - 4) * (4 + 8) = 24",
)
_2_9_10_12 = _exemplar(
    "2 9 10 12",
    "12 * 2 = 24 (left: 9 10 24)\n10 - 9 = 1 (left: 1 24)\n24 * 1 = 24 (left: 24)",
    "(12 * 2) * (10 - 9) = 24",
)
_4_9_10_13 = _exemplar(
    "4 9 10 13",
    "13 - 10 = 3 (left: 3 4 9)\n9 - 3 = 6 (left: 4 6)\n4 * 6 = 24 (left: 24)",
    "4 * (9 - (13 - 10)) = 24",
)
_6_8_9_11 = _exemplar(
    "6 8 9 11",
    "11 - 9 = 2 (left: 2 6 8)\n8 / 2 = 4 (left: 4 6)\n4 * 6 = 24 (left: 24)",
    "(8 / (11 - 9)) * 6 = 24",
)
_1_4_8_8 = _exemplar(
    "1 4 8 8",
    "8 / 4 = 2 (left: 1 2 8)\n1 + 2 = 3 (left: 3 8)\n3 * 8 = 24 (left: 24)",
    "(1 + 8 / 4) * 8 = 24",
)
_5_5_5_9 = _exemplar(
    "5 5 5 9",
    "5 + 5 = 10 (left: 5 9 10)\n10 + 5 = 15 (left: 9 15)\n15 + 9 = 24 (left: 24)",
    "((5 + 5) + 5) + 9 = 24",
)
_SPARE = _exemplar(
    "4 5 7 12",
    "7 - 5 = 2 (left: 2 4 12)\n4 / 2 = 2 (left: 2 12)\n2 * 12 = 24 (left: 24)",
    "(4 / (7 - 5)) * 12 = 24",
)

_DEFAULT = (_4_4_6_8, _2_9_10_12, _6_8_9_11, _1_4_8_8, _5_5_5_9)
_PUBLISHED = (_4_4_6_8, _2_9_10_12, _4_9_10_13, _1_4_8_8, _5_5_5_9)

# The same hands and answers, reached after one or two dead ends. A dead end is marked where it is
# seen; the next thought starts from the numbers that were left before it, and a line "Back to ..."
# says so where the way back is longer than one thought.
_SEARCH = (
    _4_4_6_8._replace(path=("8 * 6 = 48 (left: 4 4 48): dead end", *_4_4_6_8.path)),
    _2_9_10_12._replace(
        path=(
            "12 * 2 = 24 (left: 9 10 24)",
            "10 + 9 = 19 (left: 19 24): dead end",
            "10 - 9 = 1 (left: 1 24)",
            "24 * 1 = 24 (left: 24)",
        ),
    ),
    _6_8_9_11._replace(
        path=(
            "11 + 9 = 20 (left: 6 8 20): dead end",
            *_6_8_9_11.path[:1],
            "6 + 2 = 8 (left: 8 8): dead end",
            *_6_8_9_11.path[1:],
        ),
    ),
    _1_4_8_8._replace(path=("8 - 8 = 0 (left: 0 1 4): dead end", *_1_4_8_8.path)),
    _5_5_5_9._replace(
        path=(
            "5 * 5 = 25 (left: 5 9 25)",
            "9 - 5 = 4 (left: 4 25): dead end",
            "25 - 9 = 16 (left: 5 16): dead end",
            "25 / 5 = 5 (left: 5 9): dead end",
            "Back to 5 5 5 9",
            *_5_5_5_9.path,
        ),
    ),
)
_SEARCH_SPARE = _SPARE._replace(path=("12 - 7 = 5 (left: 4 5 5): dead end", *_SPARE.path))
