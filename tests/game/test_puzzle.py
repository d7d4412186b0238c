"""What is a puzzle, what is not, and that bad input says so in one line."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import InvalidPuzzle, Puzzle, Rule, read_puzzle
from tot24_bench.game.puzzle import MAX_NUMBER, MAX_NUMBERS

NUMBERS = st.lists(st.integers(1, MAX_NUMBER), min_size=1, max_size=MAX_NUMBERS)
PUZZLES = st.builds(
    Puzzle,
    NUMBERS.map(tuple),
    st.integers(-MAX_NUMBER, MAX_NUMBER),
    st.sampled_from(Rule),
)


class Int64Like(int):
    """An integer of a foreign type, as numpy's are: prints and serialises differently."""


@settings(deadline=None, max_examples=100)
@given(PUZZLES)
def test_a_puzzle_survives_json(puzzle: Puzzle) -> None:
    assert Puzzle.from_json(json.loads(json.dumps(puzzle.to_json()))) == puzzle


def test_json_may_leave_out_target_and_rule() -> None:
    assert Puzzle.from_json({"numbers": [4, 4, 6, 8]}) == Puzzle((4, 4, 6, 8), 24, Rule.ALL)


def test_json_may_hold_the_hand_as_text() -> None:
    puzzle = Puzzle.from_json({"numbers": "4 4 6", "target": 14, "rule": "some"})
    assert puzzle == Puzzle((4, 4, 6), 14, Rule.SOME)


@settings(deadline=None, max_examples=50)
@given(NUMBERS, st.data())
def test_any_mix_of_spaces_commas_and_semicolons_separates(
    numbers: list[int], data: st.DataObject
) -> None:
    separator = st.text(" \t\n\r,;\u00a0\u3000", min_size=1, max_size=4)
    text = data.draw(st.text(" ,;\n", max_size=3))
    for number in numbers:
        text += f"{number}{data.draw(separator)}"
    assert Puzzle.parse(text).numbers == tuple(numbers)


@pytest.mark.parametrize("text", ["4 4 6 8", "4,4,6,8", " 4; 4;6 ,8\n", "04 4 6 8", "4\t4\n6\r\n8"])
def test_a_hand_reads_as_people_write_it(text: str) -> None:
    assert Puzzle.parse(text).numbers == (4, 4, 6, 8)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        ",;,",
        "4 4 6 x",
        "4.5 4 6 8",
        "4.0 4 6 8",
        "-4 4 6 8",
        "+4 4 6 8",
        "0 4 6 8",
        "4 4 6 1e1",
        "4 4 6 0x8",
        "4 4 6 1_0",
        "4 4 6 ８",
        "4 4 6 ٨",
        "4 4 6 ²",
        "4|4|6|8",
        "4 4 6 8/1",
        "4 4 6 1000000001",
        "4 4 6 " + "9" * 10_000,
        " ".join("1" * (MAX_NUMBERS + 1)),
        "\x00",
        "4 4 6 8\x00",
        "🂤 4 6 8",
        "x" * 10_000,
    ],
)
def test_text_that_is_no_hand_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(InvalidPuzzle) as refused:
        Puzzle.parse(text)
    message = str(refused.value)
    assert message and "\n" not in message and len(message) < 200
    assert "4 4 6 8" in message, "the message shows how a hand is written"


@pytest.mark.parametrize(
    "numbers",
    [
        (),
        (0, 4, 6, 8),
        (-1, 4, 6, 8),
        (4.0, 4, 6, 8),
        (4.5, 4, 6, 8),
        (float("nan"),),
        (True, 4, 6, 8),
        (False,),
        ("4", 4, 6, 8),
        (None,),
        (Fraction(4), 4, 6, 8),
        (Int64Like(4), 4, 6, 8),
        (MAX_NUMBER + 1,),
        (1,) * (MAX_NUMBERS + 1),
        ((4, 4), 6, 8),
        "4468",
    ],
)
def test_numbers_that_are_not_positive_integers_are_refused(numbers: Any) -> None:
    with pytest.raises(InvalidPuzzle, match="4 4 6 8"):
        Puzzle(numbers)


def test_numpy_integers_are_refused_rather_than_printed_as_np_int64() -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(InvalidPuzzle):
        Puzzle(tuple(numpy.array([4, 4, 6, 8])))


@pytest.mark.parametrize(
    "target", [24.0, "24", True, None, Fraction(24), MAX_NUMBER + 1, -MAX_NUMBER - 1]
)
def test_a_target_that_is_no_small_integer_is_refused(target: Any) -> None:
    with pytest.raises(InvalidPuzzle, match="target must be an integer"):
        Puzzle((4, 4, 6, 8), target)


@pytest.mark.parametrize("rule", ["most", "", None, [], 1])
def test_a_rule_that_does_not_exist_is_refused_with_the_two_that_do(rule: Any) -> None:
    with pytest.raises(InvalidPuzzle, match="'all' or 'some'"):
        Puzzle((4, 4, 6, 8), 24, rule)


@pytest.mark.parametrize("arguments", [((10**5000, 4),), ((4, 4), 10**5000)])
def test_an_integer_too_long_to_print_is_refused_like_any_other(arguments: Any) -> None:
    with pytest.raises(InvalidPuzzle):
        Puzzle(*arguments)


@pytest.mark.parametrize("numbers", [None, 4468, 4.5])
def test_json_whose_numbers_are_no_list_is_refused(numbers: Any) -> None:
    with pytest.raises(InvalidPuzzle):
        Puzzle.from_json({"numbers": numbers})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"hand": [4, 4, 6, 8]},
        {"numbers": []},
        {"numbers": ""},
        {"numbers": [4, 4, 6, "8"]},
        {"numbers": {"a": 4}},
        {"numbers": [4, 4, 6, 8], "target": "24"},
        {"numbers": "4 4 6 8", "target": 2.5},
        {"numbers": "4 4 6 8", "rule": "any"},
    ],
)
def test_json_that_is_no_puzzle_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidPuzzle):
        Puzzle.from_json(data)


def test_the_hand_is_ascending_and_the_text_as_dealt() -> None:
    puzzle = Puzzle.parse("10 4 9 4")
    assert puzzle.hand == (4, 4, 9, 10), "by value, not by digits"
    assert puzzle.text == "10 4 9 4"
    assert puzzle != Puzzle.parse("4 4 9 10"), "two deals of one hand are two puzzles"


@settings(deadline=None, max_examples=50)
@given(NUMBERS.flatmap(lambda numbers: st.tuples(st.just(numbers), st.permutations(numbers))))
def test_every_deal_of_the_same_numbers_is_the_same_hand(deals: tuple[list[int], ...]) -> None:
    first, second = (Puzzle(tuple(numbers)) for numbers in deals)
    assert first.hand == second.hand == tuple(sorted(deals[0]))


def test_equal_puzzles_hash_alike_even_when_given_as_list_and_plain_text() -> None:
    spelled_out: Any = ([4, 4, 6, 8], 24, "all")
    assert Puzzle(*spelled_out) == Puzzle.parse("4 4 6 8")
    assert len({Puzzle(*spelled_out), Puzzle.parse("4 4 6 8")}) == 1


@pytest.mark.parametrize("name", ["numbers", "target", "rule"])
def test_a_puzzle_cannot_be_changed(name: str) -> None:
    puzzle = Puzzle.parse("4 4 6 8")
    with pytest.raises(FrozenInstanceError):
        setattr(puzzle, name, getattr(puzzle, name))


def test_the_list_that_a_puzzle_was_made_from_is_not_shared() -> None:
    numbers: Any = [4, 4, 6, 8]
    puzzle = Puzzle(numbers)
    numbers[0] = 13
    assert puzzle.numbers == (4, 4, 6, 8)


WRITTEN = st.sampled_from(
    [
        lambda numbers: " ".join(map(str, numbers)),
        lambda numbers: ", ".join(map(str, numbers)),
        lambda numbers: "-".join(map(str, numbers)),
        lambda numbers: str(list(numbers)),
        lambda numbers: str([str(number) for number in numbers]),
        lambda numbers: [float(number) for number in numbers],
        lambda numbers: [f"{number}.0" for number in numbers],
        lambda numbers: [Int64Like(number) for number in numbers],
        lambda numbers: {"nums": list(numbers)},
        lambda numbers: json.dumps({"numbers": list(numbers)}),
    ]
)


@settings(deadline=None, max_examples=200)
@given(PUZZLES, WRITTEN, st.sampled_from([int, float, str, lambda number: f"{number}.0"]))
def test_however_others_write_a_puzzle_it_is_the_same(
    puzzle: Puzzle, write: Any, write_target: Any
) -> None:
    target = write_target(puzzle.target)
    assert read_puzzle(write(puzzle.numbers), target, str(puzzle.rule)) == puzzle
    truth = {"target": target, "numbers": write(puzzle.numbers), "rule": puzzle.rule}
    if not isinstance(truth["numbers"], dict):
        assert read_puzzle(truth) == puzzle


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("four 4 6 8", "'four' is not a positive integer"),
        ("4 -4 6 8", "'-4' is not a positive integer"),
        ([4, 4, 6, 8.5], "8.5 is not a positive integer"),
        ([True, 4, 6, 8], "True is not a positive integer"),
        ([4, 4, 6, float("nan")], "nan is not a positive integer"),
        ({"target": 24}, 'a puzzle needs "numbers"'),
        ({"numbers": {"numbers": [4, 4, 6, 8]}}, 'a puzzle needs "numbers"'),
        ({"numbers": [4, 4, 6, 8], "target": 24.5}, "the target must be an integer"),
        ({"numbers": [4, 4, 6, 8], "target": True}, "the target must be an integer"),
        ({"numbers": [4, 4, 6, 8], "rule": "any"}, "no rule 'any'"),
        (None, "the numbers must be a list"),
        (24, "the numbers must be a list"),
    ],
)
def test_what_others_write_and_is_no_puzzle(value: object, message: str) -> None:
    with pytest.raises(InvalidPuzzle, match=message):
        read_puzzle(value)


def test_a_target_is_not_chosen_between_two() -> None:
    truth = {"numbers": [4, 4, 6, 8], "target": 22}
    assert read_puzzle(truth, 22.0).target == 22
    with pytest.raises(InvalidPuzzle, match="two targets: 22 in the puzzle, and 24"):
        read_puzzle(truth, 24)


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["numbers", "nums", "target", "rule"]), inner)
        ),
    )
)
def test_no_value_of_any_kind_is_another_error(value: object) -> None:
    for written in (value, json.dumps(value)):
        try:
            assert isinstance(read_puzzle(written), Puzzle)
        except InvalidPuzzle as error:
            assert "\n" not in str(error)
