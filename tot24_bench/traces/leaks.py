r"""Refuse what may not be trained on, wherever it shows: a hand asked, a prompt, or a response.

| what | where |
| --- | --- |
| hands of a test part, held-out targets, and 4 4 6 8 | the hand asked |
| hands of a test part | the exemplars of the prompt; a response that runs on into another hand |
| the same as four numbers or more left of a larger hand, or as a list | all that a response shows |
| the same as numbers that are combined to the target (`solutions`) | all that a response shows |
| three-number states of hard100, where they are to be avoided | all that the response shows |

The numbers left that `propose` and `value` ask about are in every search of every train hand; with
fewer than four of them, parts say nothing about them. What keeps those of hard100 out is
`Avoid.STATE_HOLDOUT`.

Responses are read in whatever dress, and more is read than a person would: a list that is none
costs a trace, one that is overlooked is a leak. What looks like a hand and cannot be read counts as
held out. Every way to training data passes the `Guard`: the filter's datasets, when they are
written and when they are read, the rows that `training` makes itself, and the files of
contributors.

>>> Guard().check_text("So 5 * (10 - 6) + 4 makes 24", Puzzle.parse("1 1 4 6"), "io", "row 0")
Traceback (most recent call last):
tot24_bench.game.splits.LeakedHand: row 0 shows a held-out hand of a test part: 4 5 6 10: remove it
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from tot24_bench.game import (
    EXEMPLAR_IN_NO_SPLIT,
    SMALLEST_HAND,
    TARGET,
    Hand,
    InvalidPuzzle,
    LeakedHand,
    Numbers,
    Puzzle,
    Rule,
    State,
    guard_parts,
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
    ReplayedThought,
    Step,
    analyse,
    check,
    read_canonical,
    read_steps,
)
from tot24_bench.traces.solutions import bare, in_digits, solved, steps_in, terms, to_number
from tot24_bench.traces.store import Trace
from tot24_bench.traces.tried_out import without_backward, without_look_ahead

EXEMPLAR = "exemplar 4 4 6 8"  # what `held_out_split` calls the hand that every prompt shows
INNER = 3  # numbers of the states that are held out
MAX_NUMBERS = 12  # numbers of the largest hand


class Avoid(StrEnum):
    """What is held out beside test hands: nothing, or the inner states of hard100."""

    NOTHING = "nothing"
    STATE_HOLDOUT = "state_holdout"


class Leak(NamedTuple):
    """What a response shows and may not be trained on, in words; a held-out state, or a hand."""

    what: str
    is_state: bool = False


class Guard:
    """The last line before training: whatever wrote a row, it may not show what is held out.

    A `LeakedHand` names the hand or the state, and where it stands. `hands` are all that were
    asked or shown as hands so far, with their targets.
    """

    def __init__(self, avoid: Avoid = Avoid.NOTHING) -> None:
        self.hands: set[tuple[Hand, int]] = set()
        self._avoid = avoid

    def check(self, row: Mapping[str, Any], where: str) -> None:
        """Look at a row of ours: the hand asked, the exemplars, all that the completion shows."""
        asked, completion = self.check_prompt(row, where)
        self._check(completion, asked, row["method"], where)

    def check_prompt(self, row: Mapping[str, Any], where: str) -> tuple[Puzzle, str]:
        """Look at all but what the completion shows; the puzzle and the completion."""
        rule = Rule(row.get("rule", Rule.ALL))
        asked = Puzzle.parse(row["numbers"], row.get("target", TARGET), rule)
        if asked.target in held_out_targets():
            raise LeakedHand(f"{where} asks for the held-out target {asked.target}: drop it")
        messages = row.get("messages") or []
        completion = row.get("completion") or (messages[-1]["content"] if messages else "")
        texts = [row.get("prompt") or "", *(one["content"] for one in messages), completion]
        shown = [one for text in texts for one in shown_puzzles(text, asked)]
        self.check_hands([asked, *shown], row["method"], where)
        shots = {one["content"] for one in messages[:-1] if one["role"] == "assistant"}
        for shot in sorted(shots):
            self._check(shot, asked, row["method"], where, replay=False)
        return asked, completion

    def check_text(self, text: str, asked: Puzzle, method: str, where: str) -> Puzzle:
        """Look at a text that may show several hands one after the other, each with its solution.

        The text before it was about the puzzle asked, by a method that may be none of ours. What
        its end is about, the hand that it shows last, is returned.
        """
        puzzle = asked
        for puzzle, piece in sections(text, asked):
            self._check(piece, puzzle, method, where)
        return puzzle

    def check_hands(self, puzzles: Iterable[Puzzle], method: str, where: str) -> None:
        """Look at hands that are asked or shown as such, and at their targets."""
        for one in puzzles:
            if (one.hand, one.target) not in self.hands:
                if not is_inner_state(method, one):
                    guard_parts([one], where)
                self.hands.add((one.hand, one.target))

    def _check(
        self, text: str, asked: Puzzle, method: str, where: str, *, replay: bool = True
    ) -> None:
        leak = leak_in(text, asked, method, self._avoid, replay=replay)
        if leak is not None:
            kind = "state" if leak.is_state else "hand of a test part"
            raise LeakedHand(f"{where} shows a held-out {kind}: {leak.what}: remove it")

    def text(self) -> str:
        """The hands as JSON Lines that `tot24 overlap` reads, ascending."""
        hands = [{"numbers": hand, "target": target} for hand, target in sorted(self.hands)]
        return "".join(json.dumps(one) + "\n" for one in hands)


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


def is_held_out(puzzle: Puzzle, method: str = "onestep_tot") -> bool:
    """Whether a puzzle may not be shown in training; the exemplar 4 4 6 8 may."""
    return held_out_split(puzzle, method) not in (None, EXEMPLAR)


def is_inner_state(method: str, puzzle: Puzzle) -> bool:
    """Whether what was asked is no hand, but numbers left on the way."""
    return method in STEP_METHODS and len(puzzle.numbers) < SMALLEST_HAND


def prompt_leaks(trace: Trace) -> bool:
    """Whether the prompt that the teacher saw shows a held-out hand, as far as it is known.

    A prompt that is not ours cannot be looked at. No prompt of a trace is trained on: the dataset's
    prompts are built anew.
    """
    if not trace.shots:
        return False
    try:
        prompt = build_any(trace.method, trace.puzzle, shots=trace.shots, variant=trace.variant)
    except ValueError:  # not of this version
        return False
    return any(is_held_out(one, trace.method) for one in shown_puzzles(prompt.text, trace.puzzle))


def shown_puzzles(text: str, asked: Puzzle) -> list[Puzzle]:
    """The hands that follow `Input` in a text, with the target of the puzzle asked.

    What stands there and is no hand is left out, and so are some of the numbers asked; `leak_in`
    does not leave out what it cannot read.

    >>> [one.text for one in shown_puzzles("Input: 1 2 3 4\\n**input:** x\\n", Puzzle((1, 1)))]
    ['1 2 3 4']
    """
    puzzles = (_puzzle_of(hand, asked) for hand in after_input(bare(text))[0])
    return [one for one in puzzles if one is not None and not _is_part(one, asked)]


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
        analysis: of the completion, where it is known.
        replay: whether the completion's thoughts start from the puzzle; else as they are stated.

    >>> leak_in("input: [10, 6, 5, 4]", Puzzle.parse("1 1 4 6"), "io")
    Leak(what='4 5 6 10', is_state=False)
    """
    canonical = read_canonical(completion)
    text = completion if canonical is not None else bare(completion)
    steps = read_steps(text) if canonical is None else canonical
    thoughts: tuple[ReplayedThought, ...] = ()
    # `propose` lists what could come next: nothing goes on from anything.
    if replay and method != "propose":
        # A judgement is no answer: all that a move of a search says stands before one.
        if (analysis is None and canonical is not None) or method in STEP_METHODS:
            thoughts = Replay(asked).run(steps)
        else:
            thoughts = (analysis or analyse(asked, completion)).thoughts
    if canonical is not None and thoughts and all(thought.exact for thought in thoughts):
        # Nearly every row of the solver: thoughts of the hand asked alone, and the answer.
        text = text.rpartition("\n")[2]
        if len(asked.hand) <= SMALLEST_HAND and avoid is Avoid.NOTHING:
            steps, thoughts = [], ()
    shown = states_in(steps, thoughts)
    sound = {asked.hand, *(thought.left for thought in thoughts if thought.exact)}
    text = without_backward(without_look_ahead(text, sound), asked)
    if method in STEP_METHODS:  # most thoughts start from what was asked
        shown |= {check(step, asked.hand)[1] for step in steps}
    hands = {tuple(sorted(one)) for one in shown}
    if canonical is None:
        after, unread = after_input(text)
        for told in unread:
            if Counter(told) - Counter((*asked.hand, asked.target)):
                return Leak(f"unreadable: Input {' '.join(map(str, told))[:60]}")
        for hand in after:
            puzzle = _puzzle_of(hand, asked)
            if puzzle is None:
                return Leak(f"unreadable: {' '.join(map(str, hand))}")
            if not _is_part(puzzle, asked) and is_held_out(puzzle, method):
                return Leak(" ".join(map(str, puzzle.hand)))
        lists = [*lists_in(text), *lists_in(undealt(in_digits(text)))]
        shown |= {*lists, *after}
        hands |= {hand for one in lists for hand in _hands_of(one, asked)}
    hands |= _solved(text, asked, thoughts, steps)
    leaked = [hand for hand in hands if hand != asked.hand and _is_held_back(hand)]
    if leaked:
        return Leak(" ".join(map(str, min(leaked))))
    if avoid is Avoid.STATE_HOLDOUT:
        state = held_out_state_of({*shown, asked.hand})
        if state is not None:
            return Leak(state.text, is_state=True)
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


def held_out_state_of(shown: Iterable[Numbers]) -> State | None:
    """The first of some states that is an inner state of hard100, whatever the signs."""
    inner = (one for one in shown if len(one) == INNER)
    states = {State(tuple(sorted(max(number, -number) for number in one))) for one in inner}
    return min(states & held_out_states(), default=None)


def states_in(steps: Iterable[Step], thoughts: Iterable[ReplayedThought]) -> set[Numbers]:
    """The numbers that thoughts leave, go back to, or must have started from; ascending."""
    found = {thought.left for thought in thoughts}
    for step in steps:
        if step.back_to is not None:
            found.add(tuple(sorted(step.back_to)))
        if step.left is not None:
            found.add(tuple(sorted(step.left)))
            before = list(step.left)
            if step.value in before:
                before.remove(step.value)
                found.add(tuple(sorted((*before, step.a, step.b))))
    return found


def after_input(text: str) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """The hands that follow the word `Input`; the numbers where no plain list of them follows it.

    >>> after_input("**input :** 4, 5, 6 and 10.\\n"), after_input("Input: 4 5 6 10 (make 24)")
    (([(4, 5, 6, 10)], []), ([], [(4, 5, 6, 10, 24)]))
    """
    found: list[tuple[int, ...]] = []
    unread: list[tuple[int, ...]] = []
    if "input" not in text.lower():
        return found, unread
    lines = [line for line in text.split("\n") if line.strip()]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        # Each line is read once, from its first `Input` on: more of them on it are no clean list.
        word = _INPUT.search(line)
        if word is None:
            continue
        rest = line[word.end() :]
        digits = _DIGITS.search(rest)
        told = rest if digits else following if _BARE.fullmatch(rest) else ""
        numbers = tuple(map(int, _DIGITS.findall(told)))
        if 0 < len(numbers) <= MAX_NUMBERS and _LIST_ALONE.fullmatch(told):
            found.append(numbers)
        elif digits and len(numbers) >= INNER:
            unread.append(numbers)
    return found, unread


def lists_in(text: str) -> list[Numbers]:
    """Every list of three numbers or more, as they stand: side by side, or one a line.

    A number that an operation or an equation takes is of no list.

    >>> lists_in("Back to [4, 5, 16], not 1 | 2 | 3 and 4")
    [(4, 5, 16), (1, 2, 3, 4)]
    """
    text = _IN_BRACKETS.sub(r"\1", text)
    found: list[Numbers] = []
    for match in _LIST.finditer(text):
        numbers = _numbers_of(match[0])
        if _SIGN_AFTER.match(text, match.end()):
            numbers = numbers[:-1]
        if _SIGN_BEFORE.search(text, max(0, match.start() - 3), match.start()):
            numbers = numbers[1:]
        if len(numbers) >= INNER:
            found.append(numbers)
    return found + [_numbers_of(match[0]) for match in _COLUMN.finditer(text)]


def undealt(text: str) -> str:
    """The text with hands as plain lists: without quotes and suits, of objects the numbers alone.

    >>> undealt('10 of hearts, 6♣ [{"value": 4}, {"suit": "clubs", "value": 5}] 10/6/4/5')
    '10, 6 [4, 5] 10 6 4 5'
    """
    text = _SUIT.sub("", text)
    if "{" in text:
        text = _ONE_NUMBER.sub(r"\1", text)
    text = _BETWEEN_SLASHES.sub(lambda match: match[0].replace("/", " "), text)
    return text.replace('"', "").replace("'", "")


def _solved(
    text: str, asked: Puzzle, thoughts: Sequence[ReplayedThought], steps: Sequence[Step]
) -> set[Numbers]:
    """What a response makes the target of, or of a larger hand comes to on its way; ascending."""
    targets = frozenset({TARGET, asked.target})
    sound = [thought for thought in thoughts if thought.exact]
    own = {thought.step[:3] for thought in sound}
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
    states = {thought.left for thought in sound}
    whole = {one for state in states for one in state if not isinstance(one, int)}
    ends = Counter(thought.step[:3] for thought in sound if thought.step.value in targets)
    return found | solved(text, targets, own, ends, whole, _is_held_back)


def _is_held_back(numbers: Numbers) -> bool:
    """Whether numbers, ascending, are four or more that a test part holds back."""
    return len(numbers) >= SMALLEST_HAND and is_test_hand(numbers)


def _puzzle_of(hand: tuple[int, ...], asked: Puzzle) -> Puzzle | None:
    """Numbers with the target and the rule of the puzzle asked; None where they are no hand."""
    try:
        return Puzzle(hand, asked.target, asked.rule)
    except InvalidPuzzle:
        return None


def _is_part(shown: Puzzle, asked: Puzzle) -> bool:
    """Whether too few numbers are shown, or some of those asked ("from the input: 5 and 5")."""
    if len(shown.numbers) < INNER:
        return True
    return len(shown.numbers) < SMALLEST_HAND and not Counter(shown.hand) - Counter(asked.hand)


def _hands_of(told: Numbers, asked: Puzzle) -> Iterator[Numbers]:
    """The hands that a list may be meant for: all of it; of a long one every four in a row, too."""
    yield tuple(sorted(told))
    longer = len(told) > max(SMALLEST_HAND, len(asked.numbers))
    if longer and all(isinstance(one, int) and one > 0 for one in told):
        for start in range(len(told) - SMALLEST_HAND + 1):
            yield tuple(sorted(told[start : start + SMALLEST_HAND]))


def _numbers_of(text: str) -> Numbers:
    return tuple(to_number(one[0]) for one in _NUMBER.finditer(text))


_SUIT = re.compile(
    "[ \t]?[\u2660-\u2667]|[ \t](?:of[ \t])?(?:hearts?|clubs?|spades?|diamonds?)\\b", re.IGNORECASE
)
_ONE_NUMBER = re.compile(r"\{[^{}0-9]{0,80}([0-9]{1,12})[^{}0-9]{0,80}\}")
_BETWEEN_SLASHES = re.compile(
    r"(?<![\w./)])[0-9]{1,12}(?:[ ]?/[ ]?[0-9]{1,12}){3,11}(?![\w/(]|\.[0-9])"
)
_DIGITS = re.compile(r"\d{1,12}")
_INPUT = re.compile(r"(?<![a-z])inputs?(?![a-z])", re.IGNORECASE)
_DRESS = r"[\s:>*_.\"'#|\[({=-]*"
_BARE = re.compile(rf"{_DRESS}(?:numbers|hand)?{_DRESS}", re.IGNORECASE)
_LIST_ALONE = re.compile(
    rf"{_DRESS}(?:(?:numbers|hand)\b)?{_DRESS}"
    r"\d{1,12}(?:(?:[\s,;|&]|and\b)+\d{1,12})*[\s:*_.,;\"'|\])}]*",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\(\s?(-?\d{1,12}/\d{1,12})\s?\)")
_UNIT = r"-?\d{1,12}(?:/\d{1,12}|\.\d{1,6})?"
_NUMBER = re.compile(_UNIT)
_LIST = re.compile(
    rf"(?<![\w./-]){_UNIT}(?:(?:[^\S\n]|[,;|&]|\band\b){{1,8}}{_UNIT}(?!\w)){{2,40}}", re.IGNORECASE
)
_COLUMN = re.compile(
    rf"(?m)^(?:[ \t>*#-]{{0,8}}{_UNIT}[ \t,;]{{0,4}}\n){{2,12}}[ \t>*#-]{{0,8}}{_UNIT}$"
)
_SIGN_AFTER = re.compile(r"[^\S\n]{0,3}(?:[+*/=^]|-(?!>|-))")
_SIGN_BEFORE = re.compile(r"[+*/^-]\s{0,2}$")
