"""The quick way of reading a canonical response gives what the general way gives."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Puzzle,
    Rule,
    State,
    answer_expression,
    can_make,
    first_path,
    load_split,
    three_make,
    two_make,
)
from tot24_bench.game.states import can_still_win
from tot24_bench.scoring import (
    analyse,
    find_answer,
    one_expression,
    read_canonical,
    read_steps,
    wins,
)
from tot24_bench.scoring.steps import MAX_STEPS, _number, number_of, numbers_of
from tot24_bench.teachers import DEAD_END, write_response

ROOT = Path(__file__).parents[2]
TRANSCRIPTS = ROOT.parent / "shared" / "data" / "transcripts"
RESULTS = sorted((ROOT / "results").rglob("*.samples.jsonl.gz"))

HANDS = [*load_split("train")[::7], *load_split("hard100")[::5], *load_split("unsolvable")[::40]]
PUZZLES = st.sampled_from(HANDS).flatmap(
    lambda puzzle: st.permutations(puzzle.numbers).map(lambda deal: Puzzle(tuple(deal)))
)
TRACES = st.tuples(PUZZLES, st.integers(), st.floats(0, 1)).map(
    lambda drawn: (drawn[0], write_response(drawn[0], "onestep_tot", Random(drawn[1]), drawn[2]))
)


def check_both_ways(puzzle: Puzzle, text: str) -> bool:
    """Hold the quick reading against the general one; whether the text is canonical."""
    quick = read_canonical(text)
    if quick is None:
        return False
    # Equal numbers may be of different types: their texts tell them apart.
    assert repr(quick.steps) == repr(read_steps(text, text.rindex("\nAnswer: ") + 1))
    return True


@settings(max_examples=300, deadline=None)
@given(TRACES)
def test_what_the_solver_writes_is_read_the_quick_way(trace: tuple[Puzzle, str]) -> None:
    puzzle, text = trace
    assert check_both_ways(puzzle, text) is not text.endswith("no solution")
    quick = read_canonical(text)
    if quick is not None:
        assert find_answer(text, puzzle).text == quick.answer[0]


SMALL = st.sampled_from(["0", "1", "2", "4", "6", "8", "12", "24", "007", "999999999999"])
NUMBER = st.one_of(SMALL, st.sampled_from(["8/3", "6/4", "4/2", "0/5", "1/0", "24/1"]))
OPERAND = NUMBER.map(lambda number: f"({number})" if "/" in number else number)
LEFT = st.lists(NUMBER, min_size=1, max_size=13).map(lambda left: " ".join(left))
NOTE = st.one_of(
    st.just(""), st.builds(" (left: {}){}".format, LEFT, st.sampled_from(["", DEAD_END]))
)
THOUGHT = st.builds(
    "{} {} {} = {}{}".format, OPERAND, st.sampled_from("+-*/"), OPERAND, NUMBER, NOTE
)
LINE = st.one_of(
    THOUGHT, THOUGHT, st.sampled_from(["Steps:", "Path:"]), LEFT.map("Back to {}".format)
)
ANSWER = st.one_of(
    st.sampled_from(
        [
            "(6 - 4) * (4 + 8) = 24", "(4 + 8) * (6 - 4) = 24", "4 * 6 = 24", "24 = 24",
            "46 + 8 = 24", "4 / 0 = 24", "(4 = 24", "4) * (6 = 24", "1 + 1 = 2", "6 4 = 24",
            "2(3) = 6", "5 ** 2 = 25", "((8 - 6) * 4) * 4 = 24", "(8 - 6) * 4 * 4 = 32", "- 4 = 4",
            "(" * 30 + "4" + ")" * 30 + " = 4",
        ]
    ),
    st.text("0123456789()+-*/= ", max_size=12),
)  # fmt: skip
SOUP = st.builds(
    "Steps:\n{}\nAnswer: {}".format, st.lists(LINE, max_size=12).map("\n".join), ANSWER
)
ODD = st.sampled_from(
    [
        Puzzle.parse("4 4 6 8"),
        Puzzle((24,)),
        Puzzle((2, 3), 6, Rule.SOME),
        Puzzle((3, 5), -2),
        Puzzle((4, 6), 0),
        Puzzle((1, 2, 3, 4, 5, 6, 7)),
        Puzzle((4, 6, 8, 12)),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(ODD, SOUP)
@example(Puzzle((4, 6)), "Steps:\n4 * 6 = 24 (left: 24)\nAnswer: 4 * 6 = 23")
@example(Puzzle((4, 6)), "Steps:\n4 * 6 = 24 (left: 24)\nAnswer: 4 * 6 = 024")
@example(Puzzle((4, 6)), "Steps:\n4 * 6 = 24 (left: 24): dead end\n6 * 4 = 24\nAnswer: 4 * 6 = 24")
@example(Puzzle((1, 1)), "Steps:\n1 - 1 = 0 (left: 0)\nPath:\n1 / 1 = 1\nAnswer: 1 - 1 = 0")
@example(Puzzle((4, 6), 10), "Steps:\n4 / 0 = 1\nBack to 4 1/0\n6 + 4 = 10\nAnswer: 6 + 4 = 10")
def test_canonical_lines_in_any_order_are_read_alike(puzzle: Puzzle, text: str) -> None:
    check_both_ways(puzzle, text)


def glued(text: str, place: int) -> str:
    return text[:place] + text[place:].replace(" ", "", 1)


MUTATIONS = {
    "inserted": lambda text, i, sign: text[:i] + sign + text[i:],
    "deleted": lambda text, i, sign: text[:i] + text[i + 1 :],
    "swapped": lambda text, i, sign: (
        text[:i] + text[i + 1 : i + 2] + text[i : i + 1] + text[i + 2 :]
    ),
    "changed": lambda text, i, sign: text[:i] + sign + text[i + 1 :],
    "lines joined": lambda text, i, sign: text[:i] + text[i:].replace("\n", "", 1),
    "line twice": lambda text, i, sign: text[:i] + text[i:].partition("\n")[0] + "\n" + text[i:],
    "cut off": lambda text, i, sign: text[:i],
    "glued": lambda text, i, sign: glued(text, i),
}
SIGNS = st.sampled_from(
    [*"0123456789+-*/=(): \n\t\r,.<&\\x", "\n\n", "×", "٣", "²", "\u2028", "\x85"]
)
SIGNS |= st.sampled_from(
    ["Answer: ", "answer", "Input: ", "box", "Steps:", "<think>", "dead end", " 0"]
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(sorted(MUTATIONS)), st.floats(0, 1), SIGNS), min_size=1, max_size=4
)


@settings(max_examples=1000, deadline=None)
@given(TRACES, CHANGES)
def test_a_changed_search_is_read_alike(
    trace: tuple[Puzzle, str], changes: list[tuple[str, float, str]]
) -> None:
    puzzle, text = trace
    for name, where, sign in changes:
        text = MUTATIONS[name](text, int(where * len(text)), sign)
    check_both_ways(puzzle, text)


SWAPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), SMALL), min_size=1, max_size=3)


@settings(max_examples=500, deadline=None)
@given(TRACES, SWAPS, st.booleans())
def test_a_search_with_other_numbers_in_it_is_read_alike(
    trace: tuple[Puzzle, str], swaps: list[tuple[float, str]], shuffled: bool
) -> None:
    """The text stays canonical: only what it says is no longer true."""
    puzzle, text = trace
    head, *lines, answer = text.split("\n")
    for where, number in swaps:
        at = int(where * len(lines))
        words = lines[at].split(" ")
        places = [i for i, word in enumerate(words) if word.isdecimal()]
        if places:
            words[places[len(number) % len(places)]] = number
        lines[at] = " ".join(words)
    if shuffled:
        lines = lines[::-1]
    check_both_ways(puzzle, "\n".join([head, *lines, answer]))


def responses(path: Path) -> Iterator[tuple[Puzzle, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            for response in row.get("responses", ()):
                yield Puzzle.from_json(row["puzzle"]), response


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: f"{path.parent.name}-{path.name[:-17]}")
def test_stored_responses_are_read_alike(path: Path) -> None:
    quick = total = 0
    for puzzle, response in islice(responses(path), 2_000):
        quick += check_both_ways(puzzle, response)
        total += 1
    if not total:
        pytest.skip(f"{path.name} holds scores alone")
    if path.parent.name.startswith("solver") and "onestep" in path.name:
        assert quick == total


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


@pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason=f"no public transcripts at {TRANSCRIPTS}")
def test_public_transcripts_are_read_alike() -> None:
    for path in sorted(TRANSCRIPTS.iterdir()):
        lines = path.read_text(encoding="utf-8")
        rows = map(json.loads, lines.splitlines()) if path.suffix == ".jsonl" else json.loads(lines)
        for i, text in enumerate(texts_in(list(rows))):
            check_both_ways(HANDS[i % len(HANDS)], text)


@given(st.from_regex(r"[0-9]{1,12}(/[0-9]{1,12})?", fullmatch=True))
def test_a_remembered_number_is_the_number(text: str) -> None:
    for written in (text, f"({text})" if "/" in text else text):
        try:
            wanted = _number(text)
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                number_of(written)
            return
        assert repr(number_of(written)) == repr(wanted)
        assert numbers_of(f" {written} 4") == (wanted, 4)


RATIONAL = st.one_of(st.integers(-30, 400), st.fractions(-9, 30, max_denominator=9)).map(
    lambda number: number if isinstance(number, int) else _number(str(number))
)


@settings(max_examples=500, deadline=None)
@given(st.lists(RATIONAL, min_size=1, max_size=3), st.integers(-30, 400))
@example([0, 0, 0], 0)
@example([0, 3, 8], 24)
@example([Fraction(8, 3), 9], 24)
@example([Fraction(1, 3), 8], 24)
def test_states_are_judged_at_sight_as_they_are_by_search(
    numbers: list[Fraction | int], target: int
) -> None:
    state = tuple(sorted(numbers))
    assert wins(state, target) is can_still_win(State(state), target)


def test_two_and_three_numbers_make_what_the_tables_say() -> None:
    for target in (0, 1, 7, 24):
        for x in range(13):
            for y in range(x, 13):
                assert two_make(x, y, target) is can_make((x, y), target)
                for z in (0, 1, 2, 5, 12):
                    assert three_make(x, y, z, target) is can_make((x, y, z), target)


@given(st.sampled_from(load_split("train")))
def test_a_path_is_put_together_as_the_game_does(puzzle: Puzzle) -> None:
    path = first_path(puzzle)
    assert one_expression(puzzle.numbers, path) == answer_expression(puzzle, path)


def test_more_thoughts_than_are_read_go_the_general_way() -> None:
    text = "Steps:\n" + "6 - 4 = 2 (left: 2 4 8): dead end\n" * MAX_STEPS + "Answer: 4 * 6 = 24"
    assert read_canonical(text) is None
    assert len(analyse(Puzzle.parse("4 4 6 8"), text).thoughts) == MAX_STEPS


def test_the_steps_are_those_that_the_general_reader_reads() -> None:
    for puzzle in HANDS[::10]:
        text = write_response(puzzle, "onestep_tot", Random(1))
        canonical = read_canonical(text)
        if canonical is not None:
            assert canonical.steps == read_steps(text, text.rindex("Answer:"))


@pytest.mark.parametrize(
    "unit",
    [
        "4 + 8 = 12 (left: 4 6 12)\n",
        "4 + 8 = 12 (left:" + " 1" * 13,
        "Back to " + "1" * 12,
        "(4/" * 9,
        "Steps:\n",
        "\nAnswer: ",
        "\nAnswer: (",
        "1 ",
        "\n",
    ],
)
def test_hostile_lengths_cost_no_more_than_their_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = "Steps:\n" + unit * (length // len(unit)) + "\nAnswer: 4 * 6 = 24"
        started = time.process_time()
        read_canonical(text)
        return time.process_time() - started

    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(3)) < 40 * short + 0.05
