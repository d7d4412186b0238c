"""A search by written look-ahead: right, complete, and true on every line, read independently."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import (
    Puzzle,
    Rule,
    State,
    can_reach,
    draw,
    held_out_states,
    is_solvable,
    load_split,
)
from tot24_bench.scoring import analyse, score, score_method
from tot24_bench.teachers import CannotTeach, Curriculum, judgement_lines, write
from tot24_bench.teachers.solver.curriculum import BadCurriculum
from tot24_bench.teachers.solver.look_ahead import Way, look_ahead
from tot24_bench.teachers.solver.truth import Truth
from tot24_bench.traces import Guard
from tot24_bench.traces.judge import judge_response

LOOK_AHEAD = Curriculum(judge="look-ahead", max_lines=None)
EARLY = Curriculum(judge="look-ahead", max_lines=None, fractions="early")
WAYS = pytest.mark.parametrize("curriculum", [LOOK_AHEAD, EARLY], ids=["last", "early"])

FIRST = re.compile(r"([a-d])[-+*/]([a-d]): (\d+) ([-+*/]) (\d+) = ([\d/]+) \(left: ([\d/ ]+)\)")
LOOK = re.compile(r"([\d/]+) \| ([\d/]+) ([\d/]+):((?: [-+*/][\d/]+)*)( !)?")

cards = st.integers(1, 13)
hands = st.tuples(cards, cards, cards, cards)


def response(puzzle: Puzzle, curriculum: Curriculum = LOOK_AHEAD) -> str:
    return write(puzzle, "onestep_tot", Random(0), curriculum)


CIRCLES = {
    "last": ("/+*-%", "+*-/%", "*-/+%"),
    "early": ("/%+*-", "%+*-/", "+*-/%", "*-/%+"),
}


def first_lines(text: str) -> list[str]:
    """Thought and numbers left, of each first thought."""
    found = map(FIRST.fullmatch, text.split("\n"))
    return [" ".join(first.groups()[2:]) for first in found if first]


def kinds_of(text: str) -> list[str]:
    """The operation of each first thought; % for a quotient with a rest."""
    words = [line.split(" ") for line in first_lines(text)]
    return ["%" if op == "/" and int(a) % int(b) else op for a, op, b, *_ in words]


def made(x: Fraction, y: Fraction) -> set[Fraction]:
    return {x + y, abs(x - y), x * y} | ({x / y} if y else set()) | ({y / x} if x else set())


@WAYS
@pytest.mark.parametrize("split", ["train", "val", "hard100", "hardest"])
def test_every_hand_is_answered_right_by_thoughts_that_hold(
    split: str, curriculum: Curriculum
) -> None:
    for puzzle in load_split(split):
        found = analyse(puzzle, response(puzzle, curriculum))
        assert found.score.correct and not found.score.false_rhs, puzzle
        assert all(thought.fault is None for thought in found.thoughts), puzzle
        assert not any(thought.step.dead_end for thought in found.thoughts), puzzle


@WAYS
@given(hand=hands)
def test_a_search_finds_a_way_where_there_is_one_and_says_so_where_not(
    hand: tuple[int, ...], curriculum: Curriculum
) -> None:
    puzzle = Puzzle(hand)
    text = response(puzzle, curriculum)
    if is_solvable(puzzle):
        assert score(puzzle, text).correct
    else:
        assert text.endswith("\nAnswer: no solution")


@WAYS
@given(hand=hands)
def test_every_line_of_a_look_ahead_is_true(hand: tuple[int, ...], curriculum: Curriculum) -> None:
    first_line, *lines = response(Puzzle(hand), curriculum).split("\n")[1:]
    assert first_line == "a={} b={} c={} d={}".format(*hand)
    dealt = dict(zip("abcd", hand, strict=True))
    left: list[Fraction] = []
    taken = set()
    for line in lines:
        if first := FIRST.fullmatch(line):
            one, other, a, op, b, value, rest = first.groups()
            assert (dealt[one], dealt[other]) == (int(a), int(b))
            assert (op, a, b) not in taken
            taken.add((op, a, b))
            left = [Fraction(number) for number in rest.split()]
            kept = [Fraction(dealt[letter]) for letter in "abcd" if letter not in (one, other)]
            assert left == [*kept, Fraction(value)]
        elif look := LOOK.fullmatch(line):
            held, x, y = (Fraction(look[i]) for i in (1, 2, 3))
            assert sorted((held, x, y)) == sorted(left)
            values = [Fraction(value[1:]) for value in look[4].split()]
            assert set(values) <= made(x, y)
            meets = [24 in made(held, value) for value in values]
            assert meets == [False] * (len(meets) - bool(look[5])) + [True] * bool(look[5])
        else:
            break


def test_thoughts_go_through_operations_and_within_them_through_pairs() -> None:
    places = [
        f"{pair[0]}{op}{pair[1]}" for op in "-/+*" for pair in ("dc", "db", "da", "cb", "ca", "ba")
    ]
    seen = 0
    for puzzle in load_split("hard100"):
        if len(set(puzzle.numbers)) < 4:
            continue
        labels = re.findall(r"^([a-d][-+*/][a-d]): ", response(puzzle), re.MULTILINE)
        found = [places.index(label) for label in labels]
        assert found == sorted(set(found))
        seen += len(found)
    assert seen > 100


@pytest.mark.parametrize("target", [24, 36, 7, 101])
@pytest.mark.parametrize("top", [13, 40])
def test_early_fractions_lose_no_way(target: int, top: int) -> None:
    rng = Random(f"{target} {top}")
    found = 0
    for _ in range(150):
        puzzle = Puzzle(tuple(rng.randint(1, top) for _ in range(4)), target)
        verdict = score(puzzle, response(puzzle, EARLY))
        assert verdict.correct and verdict.valid == is_solvable(puzzle), puzzle
        found += verdict.valid
    assert found


def test_hands_that_need_a_fraction_are_searched_in_half_the_length() -> None:
    needing = draw("rational", seed=0, size=64, part="train")
    lengths = [[len(response(puzzle, way)) for puzzle in needing] for way in (LOOK_AHEAD, EARLY)]
    assert sum(lengths[1]) < 0.5 * sum(lengths[0])
    assert all(score(puzzle, response(puzzle, EARLY)).correct for puzzle in needing)


def test_early_fractions_are_sparing() -> None:
    lines = response(Puzzle((8, 3, 8, 3)), EARLY).split("\n")
    assert lines[-7:] == [
        "c/d: 8 / 3 = 8/3 (left: 8 3 8/3)",
        "3 | 8 8/3: +32/3 -16/3",
        "8 | 3 8/3: +17/3 -1/3 !",
        "3 - (8/3) = 1/3 (left: 8 1/3)",
        "8 / (1/3) = 24 (left: 24)",
        "Path: 8 / (3 - (8/3)) = 24",
        "Answer: 8 / (3 - (8 / 3)) = 24",
    ]
    shown = first_lines(response(Puzzle((1, 5, 7, 7)), EARLY))
    assert [line.split(" ")[3] for line in shown if "/" in line.split(" ")[3]] == ["5/7", "1/7"]


def test_nothing_is_drawn() -> None:
    puzzle = Puzzle.parse("3 3 8 8")
    assert len({write(puzzle, "onestep_tot", Random(i), LOOK_AHEAD) for i in range(5)}) == 1


@pytest.mark.parametrize("fractions", CIRCLES)
@given(hand=hands, rng=st.randoms(use_true_random=False))
def test_a_reordered_search_tries_the_same_and_begins_elsewhere(
    hand: tuple[int, ...], rng: Random, fractions: str
) -> None:
    usual = Curriculum(judge="look-ahead", max_lines=None, fractions=fractions)
    reordered = replace(usual, reorder=1.0)
    puzzle = Puzzle(hand)
    text = write(puzzle, "onestep_tot", rng, reordered)
    kinds = "".join(dict.fromkeys(kinds_of(text)))
    circles = CIRCLES[fractions]
    assert any(kinds in "".join(c for c in order if c in kinds) for order in circles), text
    if is_solvable(puzzle):
        assert score(puzzle, text).correct
        assert all(thought.fault is None for thought in analyse(puzzle, text).thoughts)
    else:
        assert sorted(first_lines(text)) == sorted(first_lines(response(puzzle, usual)))


def test_reorder_is_a_share() -> None:
    puzzle = Puzzle.parse("4 5 6 10")
    some = Curriculum(judge="look-ahead", max_lines=None, reorder=0.25)
    texts = [write(puzzle, "onestep_tot", Random(i), some) for i in range(200)]
    assert 25 < sum(text != response(puzzle) for text in texts) < 75
    assert len(set(texts)) == 4  # as usual, or with /, + or * first; no quotient here is exact
    with pytest.raises(BadCurriculum, match="reorder is 2: give a share"):
        Curriculum(reorder=2)


@given(hand=hands, rng=st.randoms(use_true_random=False))
def test_an_informed_search_begins_where_it_is_shortest(hand: tuple[int, ...], rng: Random) -> None:
    puzzle = Puzzle(hand)
    informed = Curriculum(judge="look-ahead", max_lines=None, informed=1.0)
    text = write(puzzle, "onestep_tot", rng, informed)
    truth = Truth(puzzle)
    orders = ["-/+*%", *CIRCLES["last"], "%-/+*"]
    lengths = [len(look_ahead(puzzle, truth, Way(order, False)).text) for order in orders]
    assert len(text) - len(response(puzzle)) == min(lengths) - lengths[0]
    if is_solvable(puzzle):
        assert score(puzzle, text).correct
    else:
        assert text == response(puzzle)


def test_informed_is_a_share_and_the_others_are_reordered() -> None:
    puzzle = Puzzle((3, 3, 8, 8))  # its only way is through a fraction
    some = Curriculum(judge="look-ahead", max_lines=None, informed=0.5, reorder=0.75)
    kinds = Counter(kinds_of(write(puzzle, "onestep_tot", Random(i), some))[0] for i in range(400))
    assert 160 < kinds["%"] < 240
    assert all(25 < kinds[op] < 80 for op in "-/+*")
    with pytest.raises(BadCurriculum, match="informed is -1: give a share"):
        Curriculum(informed=-1)


GUESS = re.compile(r"(\d+) ([-+*/]) (\d+) = ([\d/]+) \(left: ([\d/]+) ([\d/]+) ([\d/]+)\)")


@given(hands, st.integers(0, 2**32), st.sampled_from([0.2, 0.5, 1.0]))
@settings(deadline=None, max_examples=60)
def test_guesses_are_right_true_and_never_made_twice(
    hand: tuple[int, ...], seed: int, hunch: float
) -> None:
    puzzle, curriculum = Puzzle(hand), replace(LOOK_AHEAD, hunch=hunch)
    text = write(puzzle, "onestep_tot", Random(seed), curriculum)
    assert score(puzzle, text).correct
    assert all(thought.fault is None for thought in analyse(puzzle, text).thoughts)
    guesses = [guess for line in text.split("\n") if (guess := GUESS.fullmatch(line))]
    left = [tuple(sorted(map(Fraction, guess.groups()[4:]))) for guess in guesses]
    assert len(set(left)) == len(left)
    solvable = is_solvable(puzzle)
    wins = [can_reach(State(state), 24) for state in left]
    assert wins == [False] * (len(left) - solvable) + [True] * solvable
    if solvable and hunch == 1.0:
        assert len(left) == 1


def test_a_hunch_makes_searches_short_and_is_drawn() -> None:
    puzzles = load_split("train")[::20]

    def lines(hunch: float) -> float:
        texts = [
            write(puzzle, "onestep_tot", Random(i), replace(LOOK_AHEAD, hunch=hunch))
            for i, puzzle in enumerate(puzzles)
        ]
        assert all("a=" not in text for text in texts)
        return sum(text.count("\n") for text in texts) / len(texts)

    assert lines(0.7) < lines(0.4) < lines(0.2)
    texts = {
        write(puzzles[0], "onestep_tot", Random(i), replace(LOOK_AHEAD, hunch=0.4))
        for i in range(9)
    }
    assert len(texts) > 1


def test_three_numbers_are_looked_at_at_once() -> None:
    assert response(Puzzle.parse("3 4 2")) == (
        "Steps:\n2 | 3 4: +7 -1 *12 !\n4 * 3 = 12 (left: 2 12)\n12 * 2 = 24 (left: 24)\n"
        "Answer: (4 * 3) * 2 = 24"
    )
    assert response(Puzzle((1, 1, 1))).endswith("\nAnswer: no solution")


def test_other_targets_and_large_products() -> None:
    for text, target in (("13 13 13 2", 100), ("25 24 2 1", 24), ("20 20 20 16", 24)):
        puzzle = Puzzle(Puzzle.parse(text).numbers, target)
        if is_solvable(puzzle):
            assert score(puzzle, response(puzzle)).correct
    large = Puzzle((20, 19, 4, 95), 24)  # 20 * 19 = 380 = 4 * 95
    assert is_solvable(large) == score(large, response(large)).correct


def test_states_to_avoid_are_not_shown() -> None:
    avoiding = Curriculum(judge="look-ahead", max_lines=None, avoid="state_holdout")
    taught = 0
    for puzzle in load_split("train")[:120]:
        try:
            text = response(puzzle, avoiding)
        except CannotTeach:
            continue
        taught += 1
        for line in text.split("\n"):
            if first := FIRST.fullmatch(line):
                left = tuple(
                    sorted(int(x) if x.isdigit() else Fraction(x) for x in first[7].split())
                )
                assert State(left) not in held_out_states()
    assert taught > 60


def test_what_it_does_not_take_is_named() -> None:
    for puzzle in (
        Puzzle((1, 2, 3, 4, 5)),
        Puzzle((12, 2)),
        Puzzle((1, 2, 3, 4), 24, Rule.SOME),
    ):
        with pytest.raises(CannotTeach, match="three or four numbers"):
            response(puzzle)
    with pytest.raises(CannotTeach, match="set max_lines to"):
        response(Puzzle.parse("3 3 8 8"), Curriculum(judge="look-ahead", max_lines=10))
    with pytest.raises(BadCurriculum, match="no judge 'model': there is oracle, look-ahead"):
        Curriculum(judge="model")


# Judgements of one to three numbers left.


def values_of(numbers: tuple[Fraction, ...]) -> set[Fraction]:
    """All that some numbers make when each is used, by brute force."""
    if len(numbers) == 1:
        return {numbers[0]}
    found: set[Fraction] = set()
    for i, x in enumerate(numbers):
        for j, y in enumerate(numbers):
            if i < j:
                rest = tuple(one for k, one in enumerate(numbers) if k not in (i, j))
                signed = {x + y, x - y, y - x, x * y}
                quotients = {a / b for a, b in ((x, y), (y, x)) if b}
                found |= {v for one in signed | quotients for v in values_of((*rest, one))}
    return found


PAIR = re.compile(r"([\d/]+) ([\d/]+):((?: [-+*/][\d/]+)+)( !)?")
THOUGHT = re.compile(r"(\S+) ([-+*/]) (\S+) = ([\d/]+) \(left: ([\d/ ]+)\)")
WORTH = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__}
lefts = st.lists(
    st.one_of(st.integers(0, 30), st.fractions(0, 40, max_denominator=12)), min_size=1, max_size=3
)


@settings(deadline=None, max_examples=400)
@given(left=lefts, target=st.sampled_from([24, 24, 24, 0, 7, 36, 101]))
def test_a_judgement_is_the_truth_and_what_was_tried_out_shows_it(
    left: list[int | Fraction], target: int
) -> None:
    numbers = tuple(n.numerator if n.denominator == 1 else n for n in left)
    *lines, said = judgement_lines(numbers, target)
    makes = target in values_of(tuple(map(Fraction, numbers)))
    assert said == f"Judgement: {'sure' if makes else 'impossible'}"
    state = sorted(map(Fraction, numbers))
    hits = [line.endswith(" !") for line in lines if "=" not in line]
    assert hits == [False] * (len(hits) - 1) + [makes] * (len(numbers) > 1)
    for line in lines:
        if look := LOOK.fullmatch(line):
            held, x, y = (Fraction(look[i]) for i in (1, 2, 3))
            assert sorted((held, x, y)) == sorted(map(Fraction, numbers))
            assert {Fraction(value[1:]) for value in look[4].split()} <= made(x, y)
        elif pair := PAIR.fullmatch(line):
            x, y = Fraction(pair[1]), Fraction(pair[2])
            assert sorted((x, y)) == state
            assert {Fraction(value[1:]) for value in pair[3].split()} <= made(x, y)
        else:
            thought = THOUGHT.fullmatch(line)
            assert thought, line
            a, b = (Fraction(thought[i].strip("()")) for i in (1, 3))
            state.remove(a)
            state.remove(b)
            op, value = thought[2], Fraction(thought[4])
            assert value == (a / b if op == "/" else WORTH[op](a, b))
            state = sorted((*state, value))
            assert state == sorted(map(Fraction, thought[5].split()))
    if makes:
        assert state == [target]


@given(st.lists(cards, min_size=1, max_size=3), st.integers(0, 3))
def test_the_teacher_s_values_by_look_ahead_are_right_and_may_be_trained_on(
    numbers: list[int], seed: int
) -> None:
    puzzle = Puzzle(tuple(numbers))
    text = write(puzzle, "value", Random(seed), LOOK_AHEAD)
    assert text.split("\n") == judgement_lines(puzzle.numbers, 24)
    at_once = write(puzzle, "value_at_once", Random(seed), LOOK_AHEAD)
    assert at_once == text.rpartition("\n")[2]
    for method, said in (("value", text), ("value_at_once", at_once)):
        assert score_method(method, puzzle, said).correct
        assert judge_response(method, puzzle, said).reason is None, said
        Guard().check({"numbers": puzzle.text, "method": method, "completion": said}, "row 0")


def test_values_of_other_states_are_as_without_look_ahead() -> None:
    for puzzle in (Puzzle((1, 4, 6), 24, Rule.SOME), Puzzle((4, 5, 6, 10))):
        assert write(puzzle, "value", Random(0), LOOK_AHEAD) == write(puzzle, "value", Random(0))
    with pytest.raises(CannotTeach, match="4 numbers left are not judged by look-ahead"):
        judgement_lines((1, 2, 3, 4), 24)
    with pytest.raises(CannotTeach, match="set max_lines to"):
        write(Puzzle((1, 1, 1)), "value", Random(0), replace(LOOK_AHEAD, max_lines=3))
    for method in ("value", "value_at_once"):
        with pytest.raises(CannotTeach, match="0 or more"):
            write(Puzzle((3, 5), -2), method, Random(0), LOOK_AHEAD)
        with pytest.raises(CannotTeach, match="a state to avoid"):
            held_out = min(
                one
                for one in held_out_states()
                if all(isinstance(n, int) and n for n in one.numbers)
            )
            asked = Puzzle(tuple(int(number) for number in held_out.numbers))
            write(asked, method, Random(0), replace(LOOK_AHEAD, avoid="state_holdout"))


def test_the_other_methods_are_as_ever() -> None:
    puzzle = Puzzle.parse("4 5 6 10")
    for method in ("io", "cot", "propose", "value", "value_at_once"):
        assert write(puzzle, method, Random(0), LOOK_AHEAD) == write(puzzle, method, Random(0))
