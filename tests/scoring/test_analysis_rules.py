"""The analysis where not every number must be used, and of every kind of hand that is taught."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, Rule, State, can_reach, draw
from tot24_bench.game.states import can_still_win
from tot24_bench.scoring import Analysis, analyse, wins
from tot24_bench.teachers import CannotTeach, Curriculum, write

SOME = Puzzle((33, 51, 54, 61), 26, Rule.SOME)
SEARCH = """Steps:
61 - 51 = 10 (left: 10 33 54): dead end
54 + 33 = 87 (left: 51 61 87)
87 - 51 = 36 (left: 36 61): dead end
87 - 61 = 26 (left: 26 51)
Path:
54 + 33 = 87
87 - 61 = 26
Answer: (54 + 33) - 61 = 26"""


def proved(found: Analysis) -> bool:
    """Whether every thought holds, and every state that it calls dead is exactly that."""
    return all(
        one.fault is None and (not one.step.dead_end or found.can_win(one) is False)
        for one in found.thoughts
    )


def test_a_path_may_end_on_the_target_with_numbers_left() -> None:
    found = analyse(SOME, SEARCH)
    assert found.score.correct and found.answer_agrees and proved(found)
    assert (found.lost_at, found.failed_at, found.attempts) == (None, None, 3)
    assert [found.can_win(thought) for thought in found.final] == [True, True]
    assert (found.dead_ends_marked_rightly, found.dead_ends_marked_wrongly) == (2, 0)
    assert found.deepest_live == State((26, 51))


def test_a_path_written_once_more_counts_once_with_numbers_left_too() -> None:
    found = analyse(SOME, SEARCH)
    assert [thought.repeats for thought in found.thoughts] == [False] * 4 + [True] * 2
    assert found.states_revisited == 0


def test_where_every_number_is_needed_the_same_search_is_lost() -> None:
    found = analyse(Puzzle(SOME.numbers, 26), SEARCH)
    assert found.answer_agrees is None and not found.score.correct
    assert found.lost_at == 1


@pytest.mark.parametrize(
    ("answer", "agrees"),
    [
        ("(54 + 33) - 61 = 26", True),
        ("33 - 61 + 54 = 26", True),  # the sum in another order
        ("33 - (61 - 54) = 26", True),
        ("51 - 25 = 26", False),  # a number that is not in the hand
        ("61 - (51 - 54) - 33 = 26", False),  # worth 31
    ],
)
def test_the_answer_is_compared_with_the_numbers_that_the_path_used(
    answer: str, agrees: bool
) -> None:
    found = analyse(SOME, SEARCH.replace("(54 + 33) - 61 = 26", answer))
    assert found.answer_agrees is agrees


def test_an_answer_of_other_numbers_disagrees_though_it_is_right() -> None:
    puzzle = Puzzle((2, 12, 4, 6), 24, Rule.SOME)
    text = "Steps:\n12 * 2 = 24 (left: 4 6 24)\nAnswer: {} = 24"
    assert analyse(puzzle, text.format("2 * 12")).answer_agrees is True
    other = analyse(puzzle, text.format("4 * 6"))
    assert other.score.correct and other.answer_agrees is False


def test_a_thought_that_the_answer_has_no_use_for_does_not_matter() -> None:
    puzzle = Puzzle((3, 4, 2, 12), 24, Rule.SOME)
    text = "Steps:\n3 + 4 = 7 (left: 2 7 12)\n2 * 12 = 24 (left: 7 24)\nAnswer: 2 * 12 = 24"
    assert analyse(puzzle, text).answer_agrees is True


def test_nobody_knows_where_the_last_thought_is_not_the_target() -> None:
    puzzle = Puzzle((3, 4, 2, 12), 24, Rule.SOME)
    text = "Steps:\n3 + 4 = 7 (left: 2 7 12)\nAnswer: 2 * 12 = 24"
    assert analyse(puzzle, text).answer_agrees is None


def test_two_solutions_one_after_the_other_are_two_paths() -> None:
    puzzle = Puzzle((2, 12, 4, 6), 24, Rule.SOME)
    text = "Steps:\n12 * 2 = 24\n4 * 6 = 24\nAnswer: 4 * 6 = 24"
    assert analyse(puzzle, text).answer_agrees is True
    again = "Steps:\n6 * 4 = 24 (left: 2 12 24)\n12 * 2 = 24 (left: 4 6 24)\nAnswer: 12 * 2 = 24"
    found = analyse(puzzle, again)
    assert found.attempts == 2 and all(thought.fault is None for thought in found.thoughts)


@pytest.mark.parametrize("rule", Rule)
def test_seven_numbers_and_more_are_not_compared(rule: Rule) -> None:
    for count in (7, 12):
        puzzle = Puzzle((12, 2, *[1] * (count - 2)), 24, rule)
        text = "Steps:\n12 * 2 = 24" + "\n24 * 1 = 24" * (count - 2)
        found = analyse(puzzle, f"{text}\nAnswer: 12 * 2{' * 1' * (count - 2)} = 24")
        assert found.score.correct and found.answer_agrees is None
    first = analyse(Puzzle((12, 2, *[1] * 5), 24, Rule.SOME), "12 * 2 = 24\nAnswer: 12 * 2 = 24")
    assert first.score.correct and first.answer_agrees is None


NUMBERS = st.lists(st.integers(0, 60), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(NUMBERS, st.integers(0, 100))
def test_what_some_numbers_make_is_what_a_search_finds(numbers: list[int], target: int) -> None:
    state = tuple(sorted(numbers))
    assert wins(state, target, Rule.SOME) is can_reach(State(state), target, Rule.SOME)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-20, 60), min_size=1, max_size=4), st.integers(-30, 60))
def test_negative_numbers_are_known_by_both_rules(numbers: list[int], target: int) -> None:
    state = tuple(sorted(numbers))
    assert wins(state, target) is can_still_win(State(state), target)
    parts = [part for size in range(1, len(state) + 1) for part in combinations(state, size)]
    expected = any(can_still_win(State(part), target) for part in parts)
    assert wins(state, target, Rule.SOME) is expected


TAUGHT = ["fresh", "target", "five", "countdown", "rational"]
CURRICULA = {
    "default": Curriculum(),
    "explored": Curriculum(explore=0.7, plausible="random"),
    "unmarked": Curriculum(mark=None),
    "bounded": Curriculum(explore=1, max_lines=40),
}


@pytest.mark.parametrize("curriculum", CURRICULA)
@pytest.mark.parametrize("split", TAUGHT)
def test_what_the_solver_writes_for_train_hands_is_valid_and_agrees(
    split: str, curriculum: str
) -> None:
    knobs = CURRICULA[curriculum]
    taught = 0
    for puzzle in draw(split, size=20, part="train"):
        for method in ("onestep_tot", "cot"):
            try:
                text = write(puzzle, method, Random(puzzle.text), knobs)
            except CannotTeach:  # it can be won through test hands alone
                assert split == "five"
                continue
            found = analyse(puzzle, text)
            assert found.score.correct and found.answer_agrees is True, text
            assert all(t.fault is None and t.exact for t in found.thoughts), text
            assert found.dead_ends_marked_wrongly == 0, text
            assert proved(found), text
            if method == "onestep_tot" and knobs.mark:
                assert found.lost_at is None
            taught += 1
    assert taught >= 30


SOME_HANDS = st.builds(
    lambda hand, target: Puzzle(tuple(hand), target, Rule.SOME),
    st.lists(st.integers(1, 13) | st.integers(1, 60), min_size=2, max_size=4),
    st.integers(1, 60),
)


@settings(max_examples=300, deadline=None)
@given(SOME_HANDS, st.sampled_from(sorted(CURRICULA)), st.randoms(use_true_random=False))
def test_searches_where_not_every_number_is_used_are_read_without_fault(
    puzzle: Puzzle, curriculum: str, rng: Random
) -> None:
    """With lines left out, written twice and put elsewhere."""
    text = write(puzzle, "onestep_tot", rng, CURRICULA[curriculum])
    assert all(thought.fault is None for thought in analyse(puzzle, text).thoughts), text
    lines = text.split("\n")
    for _ in range(rng.randrange(4)):
        line = lines.pop(rng.randrange(len(lines))) if lines else "Steps:"
        for _ in range(rng.randrange(3)):
            lines.insert(rng.randrange(len(lines) + 1), line)
    found = analyse(puzzle, "\n".join(lines))
    assert (found.failed_at is None) is found.score.correct
