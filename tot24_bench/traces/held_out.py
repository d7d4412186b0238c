"""What may not be trained on, wherever it shows: in the hand asked, a prompt, or a response.

| what | where |
| --- | --- |
| hands of a test part, held-out targets, and 4 4 6 8 | the hand asked |
| hands of a test part | the exemplars of the prompt; a response that runs on into another hand |
| the same as four numbers or more left of a larger hand, or as a list | all that a response shows |
| the same as numbers that are combined to the target (`combined`) | all that a response shows |
| three-number states of hard100, where they are to be avoided | all that the response shows |

The numbers left that `propose` and `value` ask about are in every search of every train hand; with
fewer than four of them, parts say nothing about them. What keeps those of hard100 out is
`Avoid.STATE_HOLDOUT`.

Responses are read in whatever dress (`shown`), and what looks like a hand and cannot be read counts
as held out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from tot24_bench.game import (
    EXEMPLAR_IN_NO_SPLIT,
    SMALLEST_HAND,
    TARGET,
    Hand,
    InvalidPuzzle,
    Number,
    Numbers,
    Puzzle,
    State,
    held_out_split_of,
    held_out_states,
    held_out_targets,
    is_test_hand,
    part_of,
    solved_by,
    trees_to,
)
from tot24_bench.prompts import STEP_METHODS, build_any
from tot24_bench.scoring import (
    Analysis,
    Replay,
    Step,
    Thought,
    analyse,
    check,
    read_canonical,
    read_steps,
)
from tot24_bench.traces.combined import in_digits, solved, steps_in, terms
from tot24_bench.traces.shown import (
    after_input,
    bare,
    lists_in,
    states_in,
    undealt,
    without_look_ahead,
)
from tot24_bench.traces.trace import Trace

EXEMPLAR = "exemplar 4 4 6 8"
"""What `held_out_split` calls the hand that every prompt shows."""

INNER = 3
"""Numbers of the states that are held out."""


class Avoid(StrEnum):
    """What is held out beside test hands: nothing, or the inner states of hard100."""

    NOTHING = "nothing"
    STATE_HOLDOUT = "state_holdout"


def held_out_split(puzzle: Puzzle, method: str = "onestep_tot") -> str | None:
    """Why a puzzle may not be asked in training: the split that holds it; None where it may.

    >>> held_out_split(Puzzle.parse("10 6 5 4")), held_out_split(Puzzle.parse("1 1 4 6"))
    ('hard100', None)
    """
    if puzzle.hand == EXEMPLAR_IN_NO_SPLIT:
        return EXEMPLAR
    if puzzle.target in held_out_targets():
        return "held-out target"
    if is_inner_state(method, puzzle) or part_of(puzzle.hand) != "test":
        return None
    return held_out_split_of(puzzle.hand) or "other test hands"


def is_inner_state(method: str, puzzle: Puzzle) -> bool:
    """Whether what was asked is no hand, but numbers left on the way."""
    return method in STEP_METHODS and len(puzzle.numbers) < SMALLEST_HAND


def leaks(puzzles: list[Puzzle], method: str) -> bool:
    """Whether one of the puzzles is held out; the exemplar 4 4 6 8 may be shown."""
    return any(held_out_split(puzzle, method) not in (None, EXEMPLAR) for puzzle in puzzles)


def shown_puzzles(text: str, asked: Puzzle) -> list[Puzzle]:
    """The hands that follow `Input` in a text, with the target of the puzzle asked.

    What stands there and is no hand is left out, and so are some of the numbers asked; `leak_in`
    does not leave out what it cannot read.

    >>> [one.text for one in shown_puzzles("Input: 1 2 3 4\\n**input:** x\\n", Puzzle((1, 1)))]
    ['1 2 3 4']
    """
    found = []
    for hand in after_input(bare(text))[0]:
        try:
            puzzle = Puzzle(hand, asked.target, asked.rule)
        except InvalidPuzzle:
            continue
        if not _is_part(puzzle, asked):
            found.append(puzzle)
    return found


def prompted(trace: Trace) -> list[Puzzle]:
    """The hands that the prompt showed which the teacher saw; none where that is not known.

    A prompt that is not ours cannot be looked at. No prompt of a trace is trained on: the dataset's
    prompts are built anew.
    """
    if not trace.shots:
        return []
    try:
        prompt = build_any(trace.method, trace.puzzle, shots=trace.shots, variant=trace.variant)
    except ValueError:
        return []
    return shown_puzzles(prompt.text, trace.puzzle)


class Leak(NamedTuple):
    """What a response shows and may not be trained on.

    Attributes:
        what: in words.
        is_state: whether it is a state of `Avoid.STATE_HOLDOUT`, and no hand.
    """

    what: str
    is_state: bool


def leak_in(
    completion: str,
    asked: Puzzle,
    method: str,
    avoid: Avoid = Avoid.NOTHING,
    analysis: Analysis | None = None,
    *,
    replay: bool = True,
) -> Leak | None:
    """The first thing in a response that is held out, true or not, whatever its dress.

    Args:
        completion: what is trained on.
        asked: the puzzle that it answers.
        method: how it was asked.
        avoid: whether held-out states count.
        analysis: of the completion, where it is known.
        replay: whether the completion's thoughts start from the puzzle; else as they are stated.

    >>> leak_in("input: [10, 6, 5, 4]", Puzzle.parse("1 1 4 6"), "io")
    Leak(what='4 5 6 10', is_state=False)
    """
    canonical = read_canonical(completion)
    text = completion if canonical is not None else bare(completion)
    steps = read_steps(text) if canonical is None else canonical.steps
    thoughts: tuple[Thought, ...] = ()
    # `propose` lists what could come next: nothing goes on from anything.
    if replay and method != "propose":
        thoughts = (analysis or analyse(asked, completion)).thoughts
    if canonical is not None and thoughts and all(thought.exact for thought in thoughts):
        # Nearly every row of the solver: thoughts of the hand asked alone, and the answer.
        text = text.rpartition("\n")[2]
        if len(asked.hand) <= SMALLEST_HAND and avoid is Avoid.NOTHING:
            steps, thoughts = [], ()
    numbers = states_in(steps, thoughts)
    if method in STEP_METHODS:  # most thoughts start from what was asked
        numbers |= {check(step, asked.hand)[1] for step in steps}
    hands: set[Hand] = {hand for state in numbers if (hand := _whole(state)) is not None}
    if canonical is None:
        after, unread = after_input(text)
        for told in unread:
            if Counter(told) - Counter((*asked.hand, asked.target)):
                return Leak(f"unreadable: Input {' '.join(map(str, told))[:60]}", False)
        for hand in after:
            try:
                puzzle = Puzzle(hand, asked.target, asked.rule)
            except InvalidPuzzle:
                return Leak(f"unreadable: {' '.join(map(str, hand))}", False)
            if not _is_part(puzzle, asked) and leaks([puzzle], method):
                return Leak(" ".join(map(str, puzzle.hand)), False)
        lists = [*lists_in(text), *lists_in(undealt(in_digits(text)))]
        numbers |= {*lists, *after}
        hands |= {hand for one in lists for hand in _hands_of(one, asked)}
    hands |= _solved(text, asked, thoughts, steps)
    for hand in sorted(hands):
        if hand != asked.hand and _is_held_back(hand):
            return Leak(" ".join(map(str, hand)), False)
    if avoid is Avoid.STATE_HOLDOUT:
        state = held_out_state_of({*numbers, asked.hand})
        if state is not None:
            return Leak(state.text, True)
    return None


def sections(text: str, asked: Puzzle) -> Iterator[tuple[Puzzle, str]]:
    """A text cut where `Input` shows another hand, each piece with the puzzle that it is about.

    >>> [(one.text, said) for one, said in sections("A\\nInput: 1 1 4 6\\nB", Puzzle((1, 2)))]
    [('1 2', 'A'), ('1 1 4 6', 'Input: 1 1 4 6\\nB')]
    """
    lines: list[str] = []
    for line in text.split("\n"):
        named = not line.isascii() or "input" in line.lower()
        if named and (hands := shown_puzzles(line, asked)):
            if lines:
                yield asked, "\n".join(lines)
            asked, lines = hands[-1], []
        lines.append(line)
    yield asked, "\n".join(lines)


def _solved(
    text: str, asked: Puzzle, thoughts: Sequence[Thought], steps: Sequence[Step]
) -> set[Hand]:
    """The hands of a test part that a response makes the target of, or comes to on its way."""
    targets = frozenset({TARGET, asked.target})
    own = {thought.step[:3] for thought in thoughts if thought.exact}
    if not thoughts:  # of `propose`: each goes on from what was asked
        own = {step[:3] for step in steps if check(step, asked.hand)[0] is None}
    found: set[Numbers] = set()
    if len(asked.hand) > SMALLEST_HAND:
        path = [(thought.parent, *thought.step[:3]) for thought in thoughts]
        for _, tree in trees_to(asked.hand, path, targets):
            found |= solved_by(tree, targets)
        trees = [tree for tree in steps_in(terms(text)) if tree.leaves == 2]
        if len(trees) > len(steps):  # told in words
            said = [Step(*tree.step, tree.value, None) for tree in trees]
            found |= {thought.left for thought in Replay(asked).run(said) if thought.exact}
    states = {thought.left for thought in thoughts if thought.exact}
    whole = {one for state in states for one in state if not isinstance(one, int)}
    text = without_look_ahead(text, states)
    ends = Counter(one.step[:3] for one in thoughts if one.exact and one.step.value in targets)
    found |= solved(text, targets, lambda tree: tree.step in own, ends, whole, _is_held_back)
    return {hand for numbers in found if (hand := _whole(numbers)) is not None}


def _is_held_back(numbers: Numbers) -> bool:
    """Whether numbers, ascending, are four or more that a test part holds back."""
    return len(numbers) >= SMALLEST_HAND and is_test_hand(numbers)


def held_out_state_of(shown: Iterable[tuple[Number, ...]]) -> State | None:
    """The first of some states that is an inner state of hard100, whatever the signs."""
    states = {State(_unsigned(numbers)) for numbers in shown if len(numbers) == INNER}
    return min(states & held_out_states(), default=None)


def _is_part(shown: Puzzle, asked: Puzzle) -> bool:
    """Whether fewer numbers are shown than any hand has, or some of the hand asked ("from the
    input: 5 and 5")."""
    if len(shown.numbers) < INNER:
        return True
    return len(shown.numbers) < SMALLEST_HAND and not Counter(shown.hand) - Counter(asked.hand)


def _whole(numbers: Sequence[Number]) -> Hand | None:
    """Numbers as a hand, ascending; None where one of them is no whole number above 0."""
    hand = tuple(sorted(one for one in numbers if isinstance(one, int) and one > 0))
    return hand if len(hand) == len(numbers) else None


def _hands_of(told: Sequence[Number], asked: Puzzle) -> Iterator[Hand]:
    """The hands that a list may be meant for: all of it, and where it is longer than the hand
    asked every four of it side by side."""
    whole = _whole(told)
    if whole is None:
        return
    yield whole
    if len(told) > max(SMALLEST_HAND, len(asked.numbers)):
        for start in range(len(told) - SMALLEST_HAND + 1):
            window = _whole(told[start : start + SMALLEST_HAND])
            assert window is not None
            yield window


def _unsigned(left: tuple[Number, ...]) -> tuple[Number, ...]:
    return tuple(sorted(-number if number < 0 else number for number in left))
