"""The worked examples are true, line by line, and never give away the hand that is asked."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import permutations

import pytest

from tot24_bench.game import Puzzle, State, can_reach, load_split
from tot24_bench.prompts import DEFAULT_VARIANT, SHOTS, VARIANTS, Exemplar, UnknownVariant, pick
from tot24_bench.scoring import Verdict, score

LINE = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+) \(left: (\d+(?: \d+)*)\)(: dead end)?")


def spares(variant: str) -> set[Exemplar]:
    """The exemplars that appear only when another one is the hand asked."""
    return {
        exemplar
        for asked in pick(variant)
        for exemplar in pick(variant, asked.puzzle)
        if exemplar not in pick(variant)
    }


ALL = [
    pytest.param(exemplar, id=f"{variant} {exemplar.puzzle.text}")
    for variant in VARIANTS
    for exemplar in (*pick(variant), *spares(variant))
]


def as_state(numbers: list[int]) -> State:
    return State(tuple(sorted(numbers)))


@pytest.mark.parametrize("exemplar", ALL)
def test_the_path_replays_from_the_hand_to_24(exemplar: Exemplar) -> None:
    """A line takes two numbers that are there, a mark is true, a dead branch is taken back."""
    open_states = [list(exemplar.puzzle.numbers)]
    below_dead: list[bool] = []  # since the dead state was entered: was each line marked?
    for line in exemplar.path:
        numbers = open_states[-1]
        if line.startswith("Back to "):
            assert not can_reach(as_state(numbers), 24), f"{line}: {numbers} was not dead"
            assert below_dead and all(below_dead), f"{line}: nothing was tried below {numbers}"
            open_states.pop()
            assert line == "Back to " + " ".join(map(str, open_states[-1]))
            below_dead = []
            continue
        read = LINE.fullmatch(line)
        assert read, f"not a thought: {line}"
        a, b, value = int(read[1]), int(read[3]), int(read[4])
        left = [int(number) for number in read[5].split()]
        rest = list(numbers)
        rest.remove(a)
        rest.remove(b)
        exact = {"+": Fraction(a + b), "-": Fraction(a - b), "*": Fraction(a * b)}
        assert value == (exact[read[2]] if read[2] in exact else Fraction(a, b)), line
        assert left == sorted([*rest, value]), line
        dead = not can_reach(as_state(left), 24)
        if not can_reach(as_state(numbers), 24):
            below_dead.append(bool(read[6]))
        if read[6]:
            assert dead, f"{line}: could still be won"
        else:
            open_states.append(left)
    assert open_states[-1] == [24], "the path ends on the target"
    for state in open_states:
        assert can_reach(as_state(state), 24), f"{state} is dead and was never taken back"


@pytest.mark.parametrize("exemplar", ALL)
def test_the_answer_is_right_and_is_the_path_written_out(exemplar: Exemplar) -> None:
    result = score(exemplar.puzzle, f"Answer: {exemplar.answer}")
    assert result.verdict is Verdict.CORRECT and not result.false_rhs, result
    assert exemplar.answer.endswith(" = 24")
    kept = [line for line in exemplar.path if "dead end" not in line]
    if any(line.startswith("Back to ") for line in kept):
        kept = kept[max(i for i, line in enumerate(kept) if line.startswith("Back to ")) + 1 :]
    operators = sorted(line.split()[1] for line in kept)
    assert operators == sorted(re.findall("[-+*/]", exemplar.answer))


@pytest.mark.parametrize("variant", VARIANTS)
def test_there_are_five_distinct_exemplars_and_fewer_shots_take_the_first(variant: str) -> None:
    chosen = pick(variant)
    assert len(chosen) == SHOTS == 5
    assert len({exemplar.puzzle.hand for exemplar in chosen}) == 5
    for shots in range(6):
        assert pick(variant, shots=shots) == chosen[:shots]


def test_the_default_hands_are_those_of_the_documents() -> None:
    assert DEFAULT_VARIANT == "default"
    texts = [exemplar.puzzle.text for exemplar in pick("default")]
    assert texts == ["4 4 6 8", "2 9 10 12", "6 8 9 11", "1 4 8 8", "5 5 5 9"]
    train = {puzzle.hand for puzzle in load_split("train")}
    assert {exemplar.puzzle.hand for exemplar in pick("default")} - train == {(4, 4, 6, 8)}


def test_published_differs_from_default_in_its_third_place_alone() -> None:
    ours, published = pick("default"), pick("published")
    assert [i for i in range(5) if ours[i] != published[i]] == [2]
    assert published[2].puzzle.text == "4 9 10 13"


def test_search_is_default_with_dead_ends_and_a_way_back() -> None:
    for plain, search in zip(pick("default"), pick("search"), strict=True):
        assert (plain.puzzle, plain.answer) == (search.puzzle, search.answer)
        assert any(line.endswith(": dead end") for line in search.path)
        assert not any("dead end" in line for line in plain.path)
    assert any(line.startswith("Back to ") for e in pick("search") for line in e.path)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_exemplar_equals_the_hand_asked_whatever_its_order(variant: str) -> None:
    (spare,) = spares(variant)
    for i, exemplar in enumerate(pick(variant)):
        for deal in set(permutations(exemplar.puzzle.numbers)):
            chosen = pick(variant, Puzzle(deal))
            assert all(shown.puzzle.hand != exemplar.puzzle.hand for shown in chosen)
            assert chosen[i] == spare, "the spare stands where the exemplar stood"
            assert chosen[:i] + chosen[i + 1 :] == pick(variant)[:i] + pick(variant)[i + 1 :]
            assert len({shown.puzzle.hand for shown in chosen}) == 5


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_hand_of_the_deck_gets_five_exemplars_that_are_not_itself(variant: str) -> None:
    for asked in load_split("full"):
        hands = {exemplar.puzzle.hand for exemplar in pick(variant, asked)}
        assert len(hands) == 5 and asked.hand not in hands


@pytest.mark.parametrize("variant", VARIANTS)
def test_asking_for_the_spare_changes_nothing(variant: str) -> None:
    (spare,) = spares(variant)
    assert pick(variant, spare.puzzle) == pick(variant)


@pytest.mark.parametrize("variant", ["", "Default", "none", "x" * 5000])
def test_an_unknown_variant_lists_the_variants(variant: str) -> None:
    with pytest.raises(UnknownVariant) as unknown:
        pick(variant)
    assert all(name in str(unknown.value) for name in VARIANTS)
    assert len(str(unknown.value)) < 200 and "\n" not in str(unknown.value)


@pytest.mark.parametrize("shots", [-1, 6, 100])
def test_more_shots_than_exemplars_are_refused(shots: int) -> None:
    with pytest.raises(ValueError, match=f"{shots} shots .* 0 to 5 exemplars"):
        pick("default", shots=shots)
