r"""Prompts for one move of a search that runs in many calls: `propose`, `value`, `value_at_once`.

A multi-step Tree of Thoughts (Yao et al. 2023, arXiv 2305.10601) asks a model what could come next,
and then how good each state is. Its states are the numbers left. `value` asks to try them out
before judging; `value_at_once` asks for the judgement alone, so that the likelihoods of its three
words say it in one pass. The wording is our own, and so are the exemplars: hands of a train part
and the states that one thought makes of them, none of them an inner state of hard100.

>>> print(build_any("value", Puzzle.parse("10 14"), shots=1).text)
The input is the numbers left on the way to 24.
Can they still make 24 with + - * /, using every number exactly once?
Try it out in a few lines, then end with one line that says which.
"Judgement: sure" if they can, "Judgement: impossible" if they cannot.
"Judgement: likely" if you cannot tell.
Input: 4 4 6
4 - 4 = 0 (left: 0 6)
4 * 4 = 16 (left: 6 16)
6 - 4 = 2 (left: 2 4)
Judgement: impossible
Input: 10 14
<BLANKLINE>
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tot24_bench.game import (
    TARGET,
    Number,
    Puzzle,
    Rule,
    State,
    Thought,
    can_reach,
    example_puzzles,
    first_path,
    held_out_states,
    thoughts,
)
from tot24_bench.prompts.exemplars import DEFAULT_VARIANT, SHOTS, line_of, pick
from tot24_bench.prompts.prompt import (
    METHODS,
    Prompt,
    UnknownMethod,
    build,
    question,
)

STEP_METHODS = ("propose", "value", "value_at_once")
"""The methods of one move: a prompt holds the numbers left, not a hand to be solved."""

ALL_METHODS = (*METHODS, *STEP_METHODS)

JUDGEMENT = "Judgement: "  # starts the line that ends a `value` response

SURE, LIKELY, IMPOSSIBLE = "sure", "likely", "impossible"
"""The judgements: the target can be made, the writer cannot tell, it cannot be made."""

MAX_LEFT = 6  # numbers left that a prompt may show: beyond that nobody checks a judgement
SHOWN_THOUGHTS = 8  # thoughts that an exemplar of `propose` lists: some of a state's twenty or more
SHOWN_TRIES = 3  # thoughts that an exemplar of `value` tries before it calls a state impossible

_USING = {
    Rule.ALL: "using every number exactly once",
    Rule.SOME: "using each number at most once (they need not all be used)",
}
_ASK = (
    "The input is the numbers left on the way to {target}.",
    "Can they still make {target} with + - * /, {using}?",
)
_WORDS = (
    '"Judgement: sure" if they can, "Judgement: impossible" if they cannot.',
    '"Judgement: likely" if you cannot tell.',
)
_INSTRUCTIONS = {
    "propose": (
        "The input is the numbers left on the way to {target}, to be made with + - * /, {using}.",
        "List thoughts that could come next, one a line, and nothing else: combine two of the "
        "numbers, and show the numbers that are then left, like 5 + 3 = 8 (left: 2 8) after 2 3 5.",
    ),
    "value": (
        *_ASK,
        "Try it out in a few lines, then end with one line that says which.",
        *_WORDS,
    ),
    "value_at_once": (*_ASK, "Say which in one line, and nothing else.", *_WORDS),
}


class NotAState(ValueError):
    """Numbers left that no prompt shows; the message says which do."""


class Example(NamedTuple):
    """An exemplar: the numbers left, and a response to them."""

    puzzle: Puzzle
    response: str


def build_any(
    method: str, puzzle: Puzzle, *, shots: int = SHOTS, variant: str = DEFAULT_VARIANT
) -> Prompt:
    """The prompt of any of `ALL_METHODS`; those of `STEP_METHODS` have one variant only.

    Raises:
        UnknownMethod, UnknownVariant, ValueError: as `build`.
        NotAState: more numbers left than MAX_LEFT, or one for `propose`.
    """
    if method not in ALL_METHODS:
        raise UnknownMethod(f"no method {method[:40]!r}: the methods are {', '.join(ALL_METHODS)}")
    if method not in STEP_METHODS:
        return build(method, puzzle, shots=shots, variant=variant)
    pick(variant, shots=shots)  # an unknown variant, or too many shots
    return build_step(method, puzzle, puzzle.numbers, shots=shots)


def build_step(
    method: str, puzzle: Puzzle, left: tuple[Number, ...], *, shots: int = SHOTS
) -> Prompt:
    """The prompt of one move on the way of a puzzle, which it holds; it shows the numbers left.

    Raises:
        NotAState: more numbers left than MAX_LEFT, or one for `propose`.
        ValueError: too many shots, or more than there are exemplars.
    """
    least = 2 if method == "propose" else 1
    if not least <= len(left) <= MAX_LEFT:
        raise NotAState(
            f"a {method} prompt shows {least} to {MAX_LEFT} numbers left, "
            f"not {len(left)}: give a state within that"
        )
    every = examples(method, puzzle.target, puzzle.rule) if shots else ()
    chosen = [example for example in every if example.puzzle.hand != tuple(sorted(left))][:shots]
    if len(chosen) < shots:
        raise ValueError(f"only {len(chosen)} exemplars can make {puzzle.target}: use fewer shots")
    turns = [turn for example in chosen for turn in (question(example.puzzle), example.response)]
    turns.append(f"Input: {State(left).text}\n")
    said = step_instruction(method, puzzle.target, puzzle.rule)
    return Prompt(puzzle, method, DEFAULT_VARIANT, said, tuple(turns))


def step_instruction(method: str, target: int = TARGET, rule: Rule = Rule.ALL) -> str:
    """The instruction of one of `STEP_METHODS`, with a newline."""
    said = "\n".join(_INSTRUCTIONS[method]) + "\n"
    return said.format(target=target, using=_USING[rule])


@lru_cache(maxsize=256)
def examples(method: str, target: int = TARGET, rule: Rule = Rule.ALL) -> tuple[Example, ...]:
    """Every exemplar of one of `STEP_METHODS` for a target and a rule."""
    found: list[Example] = []
    for place, puzzle in enumerate(example_puzzles(target, rule, SHOTS + 15)):
        odd = bool(place % 2)
        if method == "propose":  # hands and states in turn: a search proposes from both
            state = puzzle if odd else _state_of(puzzle, alive=True)
        else:
            state = _state_of(puzzle, alive=odd)
        if state is not None:
            response = _proposals(state) if method == "propose" else _judged(method, state, odd)
            if response is not None:
                found.append(Example(state, response))
    return tuple(found)


def _state_of(puzzle: Puzzle, alive: bool) -> Puzzle | None:
    """The first state after one thought that can (or cannot) win and that a prompt may show."""
    for thought in thoughts(State.of(puzzle)):
        numbers = thought.left.numbers
        showable = all(isinstance(number, int) and 0 < number <= 99 for number in numbers)
        if not showable or thought.left in held_out_states():
            continue
        if can_reach(thought.left, puzzle.target, puzzle.rule) is alive:
            whole = tuple(number for number in numbers if isinstance(number, int))
            return Puzzle(whole, puzzle.target, puzzle.rule)
    return None


def _proposals(puzzle: Puzzle) -> str | None:
    """Some thoughts, evenly spread, with one that wins among them; None where none may be shown."""
    found = [t for t in thoughts(State.of(puzzle)) if t.left not in held_out_states()]
    wins = next((t for t in found if can_reach(t.left, puzzle.target, puzzle.rule)), None)
    if wins is None:
        return None
    count = min(SHOWN_THOUGHTS, len(found))
    shown = [found[i * len(found) // count] for i in range(count)]
    if wins not in shown:
        shown[0] = wins
    return "\n".join(map(line_of, shown))


def _judged(method: str, puzzle: Puzzle, alive: bool) -> str:
    tries: tuple[Thought, ...] = ()
    if method == "value" and alive:
        tries = first_path(puzzle)
    elif method == "value":
        tries = tuple(one for one in thoughts(State.of(puzzle)) if one.op in "-*")[:SHOWN_TRIES]
    return "\n".join((*map(line_of, tries), JUDGEMENT + (SURE if alive else IMPOSSIBLE)))
