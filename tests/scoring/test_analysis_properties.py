"""What holds for the analysis of every text, and of every search that the solver writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, load_split
from tot24_bench.scoring import Analysis, BrokenRule, analyse, score
from tot24_bench.teachers import DEAD_END, write_response
from tot24_bench.teachers.solver.search import BACK_TO

EXEMPLAR = Puzzle.parse("4 4 6 8")
PUZZLES = st.sampled_from(
    [
        EXEMPLAR,
        Puzzle((24,)),
        Puzzle((1, 1, 1, 1)),
        Puzzle((2, 3), 6, Rule.SOME),
        Puzzle((3, 5), -2),
        Puzzle((1, 2, 3, 4, 5, 6, 7)),
    ]
)

# fmt: off
NUMBERS = [
    "0", "1", "2", "4", "6", "8", "10", "12", "16", "24", "32", "-2", "-4", "1/2", "8/3", "6/4",
    "(8/3)", "(-2)", "0.5", "2.0", "1/0", "0/0", "-0", "00", "999999999999", "4.", ".5", "4/",
]
SIGNS = [
    " + ", " - ", " * ", " / ", "+", "-", "*", "/", " x ", " × ", " ÷ ", " ** ", "^", " \\times ",
]
NOTES = [
    " (left: 4 6 12)", " (left: 2 4 8)", " (left: 24)", "(left:", " (left: 8/3 4)", " left: 4, 6",
    "\nRemaining numbers: 4, 4, 10", "\nLeft: ", " -> [4, 6, 12]", " leaving 4 and 6", " (4 6 12)",
    ": dead end", " dead end", " - dead end.", " ✗", " can't work", " not 24",
]
CUES = [
    "Steps:\n", "Path:\n", "\nBack to 4 4 6 8\n", "Back to ", "\nBacktrack.\n",
    "Let's try another\n", "Step 1: ", "Step 2: ", "1. ", "2) ", "- ", "**",
    "Attempt 2:\n", "so ", "if ", "we need ",
    "<think>", "</think>", "\nInput: 4 4 6 8\n", "Answer: ", "\nAnswer: (6 - 4) * (4 + 8) = 24",
    "Answer: no solution", "\\boxed{", "\\frac{8}{3}", "$", "\\n", "\n", "\n\n", " ", "\r\n",
    ", then ",
]
ODD = [
    "=", " = ", "≈", "\\approx", "(", ")", "{", "}", "[", "]", "\x00", "\ud800", "٣", "²", "é",
    "\\",
]
# fmt: on
STATED = st.builds(
    "{}{}{} = {}{}{}".format,
    *(st.sampled_from(part) for part in (NUMBERS, SIGNS, NUMBERS, NUMBERS, NOTES, ["", "\n"])),
)
TOKEN = st.sampled_from([*NUMBERS, *SIGNS, *NOTES, *CUES, *ODD])
SOUP = st.lists(st.one_of(STATED, TOKEN), max_size=30).map("".join)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@settings(max_examples=400, deadline=None)
@given(PUZZLES, st.one_of(SOUP, ANY_TEXT), st.booleans())
def test_no_text_raises_and_every_analysis_is_consistent(
    puzzle: Puzzle, response: str, truncated: bool
) -> None:
    result = analyse(puzzle, response, truncated=truncated)
    assert result.score == score(puzzle, response, truncated=truncated)
    check_is_consistent(result)
    json.dumps(result.to_json(), ensure_ascii=False).encode("utf-8")


def check_is_consistent(result: Analysis) -> None:
    """What holds of every analysis, whatever it is of."""
    for i, thought in enumerate(result.thoughts):
        assert -1 <= thought.parent < i
        before = result.thoughts[thought.parent] if thought.parent >= 0 else None
        assert thought.place == (before.place if before else 0) + 1
        assert list(thought.left) == sorted(thought.left)
        if thought.exact:
            assert thought.fault is None and (before is None or before.exact)
            assert len(thought.left) == len(result.puzzle.numbers) - thought.place
        else:
            assert result.can_win(thought) is None
    assert [thought.place for thought in result.final] == list(range(1, len(result.final) + 1))
    assert (result.failed_at is None) is result.score.correct
    assert result.attempts == result.backtracks + bool(result.thoughts)
    assert result.states_visited + result.states_revisited <= len(result.thoughts)
    if result.answer_agrees is not None:
        assert result.final[-1].exact and len(result.final[-1].left) == 1


def dealt(split: str) -> st.SearchStrategy[Puzzle]:
    """A hand of the split with its numbers in any order."""
    return st.sampled_from(load_split(split)).flatmap(
        lambda puzzle: st.permutations(puzzle.numbers).map(lambda deal: Puzzle(tuple(deal)))
    )


DEALT = st.one_of(*map(dealt, ("train", "val", "hard100", "hardest")))
TRACES = st.tuples(DEALT, st.integers(), st.floats(0, 1)).map(
    lambda drawn: (drawn[0], write_response(drawn[0], "onestep_tot", Random(drawn[1]), drawn[2]))
)


@settings(max_examples=200, deadline=None)
@given(TRACES)
def test_the_solvers_own_search_is_found_true_in_every_thought(trace: tuple[Puzzle, str]) -> None:
    puzzle, response = trace
    result = analyse(puzzle, response)
    lines = [line for line in response.split("\n") if "=" in line and not line.startswith("Answer")]
    assert len(result.thoughts) == len(lines)
    assert {thought.fault for thought in result.thoughts} == {None}
    assert all(thought.exact for thought in result.thoughts)
    assert (result.failed_at, result.lost_at, result.answer_agrees) == (None, None, True)
    assert result.dead_ends_marked_rightly == sum(line.endswith(DEAD_END) for line in lines)
    assert result.dead_ends_marked_wrongly == 0
    assert len(result.final) == len(puzzle.numbers) - 1
    assert result.final[-1].left == (puzzle.target,)


@settings(max_examples=100, deadline=None)
@given(TRACES)
def test_going_back_is_counted_where_the_solver_goes_back(trace: tuple[Puzzle, str]) -> None:
    puzzle, response = trace
    result = analyse(puzzle, response)
    gone_back = sum(line.startswith(BACK_TO) for line in response.split("\n"))
    marked = sum(line.endswith(DEAD_END) for line in response.split("\n"))
    # A dead end that is the last one before `Back to` is left once, for both.
    assert gone_back <= result.backtracks <= gone_back + marked


@settings(max_examples=50, deadline=None)
@given(dealt("unsolvable"), st.integers(), st.floats(0, 1))
def test_an_unsolvable_hand_is_searched_truly_to_the_end(
    puzzle: Puzzle, seed: int, explore: float
) -> None:
    result = analyse(puzzle, write_response(puzzle, "onestep_tot", Random(seed), explore))
    assert {thought.fault for thought in result.thoughts} <= {None}
    assert (result.failed_at, result.answer_agrees) == (None, None)
    assert result.dead_ends_marked_wrongly == 0 and result.deepest_live is None


STATES_A_RESULT = re.compile(r"(?<= = )[0-9]+(?:/[0-9]+)?(?= \(left|$)", re.MULTILINE)


@settings(max_examples=300, deadline=None)
@given(TRACES, st.data())
def test_a_result_that_is_one_too_large_is_found_where_it_stands(
    trace: tuple[Puzzle, str], data: st.DataObject
) -> None:
    puzzle, response = trace
    search = response[: response.index("\nAnswer:")]
    results = list(STATES_A_RESULT.finditer(search))
    place = data.draw(st.integers(0, len(results) - 1))
    changed = results[place]
    raised = str(Fraction(changed[0]) + 1)
    note = response[changed.end() : response.index("\n", changed.end())]
    if note and data.draw(st.booleans(), label="in the note of the numbers left, too"):
        mended = re.sub(rf"(?<![0-9/]){re.escape(changed[0])}(?![0-9/])", raised, note, count=1)
        assume(mended != note)
        response = response[: changed.end()] + mended + response[changed.end() + len(note) :]
    response = response[: changed.start()] + raised + response[changed.end() :]
    result = analyse(puzzle, response)
    assert len(result.thoughts) == len(results)
    assert {thought.fault for thought in result.thoughts[:place]} <= {None}
    shows_the_path = changed.start() > response.index("\nPath:")
    # A path shown once more has no number left to start from: its false thought is one too many.
    wanted = (
        {BrokenRule.ARITHMETIC, BrokenRule.TOO_MANY} if shows_the_path else {BrokenRule.ARITHMETIC}
    )
    assert result.thoughts[place].fault in wanted and not result.thoughts[place].exact
    assert result.score == score(puzzle, response)


THOUGHT = re.compile(r"(\S+) ([-+*/]) (\S+) = (\S+)(?: \(left: ([^)]*)\))?(: dead end)?")


@settings(max_examples=100, deadline=None)
@given(TRACES, st.data())
def test_a_foreign_number_and_a_false_note_are_found_where_they_stand(
    trace: tuple[Puzzle, str], data: st.DataObject
) -> None:
    puzzle, response = trace
    search = list(THOUGHT.finditer(response[: response.index("\nPath:")]))
    place = data.draw(st.integers(0, len(search) - 1))
    part, fault = data.draw(
        st.sampled_from(
            [(1, BrokenRule.UNAVAILABLE), (3, BrokenRule.UNAVAILABLE), (5, BrokenRule.LEFT)]
        )
    )
    changed = search[place]
    text = changed[part] + " 997" if part == 5 else "997"
    response = response[: changed.start(part)] + text + response[changed.end(part) :]
    faults = [thought.fault for thought in analyse(puzzle, response).thoughts]
    assert set(faults[:place]) <= {None} and faults[place] is fault


Line = re.Match[str]


def stated(line: Line) -> str:
    """The thought without its note and mark."""
    return f"{line[1]} {line[2]} {line[3]} = {line[4]}"


def said_after(line: Line) -> str:
    """Note and mark as the solver writes them."""
    return line[0].removeprefix(stated(line))


def noted(line: Line, before: str, after: str = "") -> str:
    """The numbers left in another dress; nothing where the line does not say."""
    return f"{before}{', '.join(line[5].split())}{after}" if line[5] else ""


TYPOGRAPHIC = str.maketrans("*-", "×−")
DRESSES: dict[str, Callable[[Line], str]] = {
    "typographic signs": lambda line: line[0].translate(TYPOGRAPHIC).replace(" / ", " ÷ "),
    "bullets": lambda line: f"- {line[0]}",
    "bold print": lambda line: f"**{stated(line)}**{said_after(line)}",
    "code ticks": lambda line: f"`{stated(line)}`{said_after(line)}",
    "LaTeX": lambda line: rf"\({stated(line)}\)".replace("*", r"\times") + said_after(line),
    "no spaces": lambda line: stated(line).replace(" ", "") + said_after(line),
    "prose": lambda line: f"We get {line[0]}",
    "commas": lambda line: stated(line) + noted(line, " (left: ", ")") + (line[6] or ""),
    "no notes": lambda line: stated(line) + (line[6] or ""),
    "arrows": lambda line: (
        stated(line) + noted(line, " -> [", "]") + (" (dead end)" if line[6] else "")
    ),
    "notes on the next line": lambda line: (
        stated(line)
        + noted(line, "\nRemaining numbers: ")
        + ("\nThat doesn't work." if line[6] else "")
    ),
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
@settings(max_examples=25, deadline=None)
@given(TRACES)
def test_dress_does_not_change_what_a_search_is_found_to_be(
    dress: Callable[[Line], str], trace: tuple[Puzzle, str]
) -> None:
    puzzle, response = trace
    lines = [
        line if line.startswith("Answer") else THOUGHT.sub(dress, line)
        for line in response.split("\n")
    ]
    plain, dressed = analyse(puzzle, response), analyse(puzzle, "\n".join(lines))
    for thought, same in zip(plain.thoughts, dressed.thoughts, strict=True):
        assert same[1:] == thought[1:]
    assert dressed.answer_agrees is True and dressed.dead_ends_marked_wrongly == 0
    assert dressed.dead_ends_marked_rightly == plain.dead_ends_marked_rightly
