"""The prompts of a search in many calls: states in, exemplars that are right and leak nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tot24_bench.game import (
    Puzzle,
    Rule,
    State,
    example_puzzles,
    held_out_split_of,
    held_out_states,
    inner_states,
    is_solvable,
    part_of,
)
from tot24_bench.prompts import (
    ALL_METHODS,
    METHODS,
    STEP_METHODS,
    NotAState,
    Prompt,
    UnknownMethod,
    UnknownVariant,
    build,
    build_any,
    build_step,
)
from tot24_bench.prompts.propose_value import examples
from tot24_bench.scoring import score_method

STATE = Puzzle.parse("4 5 16")
ASKED = [(24, Rule.ALL), (37, Rule.ALL), (0, Rule.ALL), (24, Rule.SOME), (50, Rule.SOME)]


def test_the_methods_are_six_and_the_tasks_keep_their_three() -> None:
    assert METHODS == ("io", "cot", "onestep_tot")
    assert (*METHODS, "propose", "value", "value_at_once") == ALL_METHODS
    with pytest.raises(UnknownMethod):
        build("propose", STATE)


@pytest.mark.parametrize("method", METHODS)
def test_the_three_methods_are_built_as_ever(method: str) -> None:
    puzzle = Puzzle.parse("3 3 8 8")
    assert build_any(method, puzzle, shots=2, variant="search") == build(
        method, puzzle, shots=2, variant="search"
    )


@pytest.mark.parametrize("method", STEP_METHODS)
def test_a_prompt_ends_in_the_numbers_left(method: str) -> None:
    prompt = build_any(method, STATE, shots=3)
    assert prompt.method == method and prompt.shots == 3 and prompt.variant == "default"
    assert prompt.text.endswith("\nInput: 4 5 16\n") and prompt.text.count("Input: ") == 4
    assert [turn["role"] for turn in prompt.messages] == [
        "system",
        *["user", "assistant"] * 3,
        "user",
    ]
    assert Prompt.from_json(prompt.to_json()) == prompt


@pytest.mark.parametrize(("target", "rule"), ASKED)
@pytest.mark.parametrize("method", STEP_METHODS)
def test_every_exemplar_is_right_and_shows_the_target_asked(
    method: str, target: int, rule: Rule
) -> None:
    found = examples(method, target, rule)
    assert len(found) >= 6, "five shots, and a spare where one is the state asked"
    for example in found:
        assert (example.puzzle.target, example.puzzle.rule) == (target, rule)
        assert score_method(method, example.puzzle, example.response).correct
    if method != "propose":
        truths = [is_solvable(example.puzzle) for example in found[:4]]
        assert sorted(truths) == [False, False, True, True]


@pytest.mark.parametrize(("target", "rule"), ASKED)
@pytest.mark.parametrize("method", STEP_METHODS)
def test_exemplars_come_from_train_hands_and_show_no_held_out_state(
    method: str, target: int, rule: Rule
) -> None:
    hands = [puzzle.hand for puzzle in example_puzzles(target, rule, 20)]
    assert all(part_of(hand) == "train" for hand in hands)
    reached = frozenset().union(*(inner_states(hand) for hand in hands))
    for example in examples(method, target, rule):
        state = State.of(example.puzzle)
        assert example.puzzle.hand in hands or state in reached
        if len(example.puzzle.numbers) == 4:
            assert held_out_split_of(example.puzzle.hand) is None
        for held_out in held_out_states():
            assert f"(left: {held_out.text})" not in example.response
        assert state not in held_out_states()


def test_a_judgement_at_once_shows_judgements_alone_and_asks_for_no_tries() -> None:
    prompt = build_any("value_at_once", STATE)
    answers = prompt.turns[1::2]
    assert set(answers) == {"Judgement: sure", "Judgement: impossible"} and len(answers) == 5
    assert "nothing else" in prompt.instruction and "Try it out" not in prompt.text
    states = [one.puzzle for one in examples("value")]
    assert [one.puzzle for one in examples("value_at_once")] == states


@given(
    st.sampled_from(STEP_METHODS),
    st.lists(st.fractions(0, 200, max_denominator=13), min_size=2, max_size=6),
    st.integers(0, 5),
)
def test_a_state_with_fractions_is_shown_as_it_is_and_the_prompt_holds_the_hand(
    method: str, left: list[Fraction], shots: int
) -> None:
    hand = Puzzle.parse("3 3 8 8")
    prompt = build_step(method, hand, tuple(left), shots=shots)
    assert prompt.puzzle == hand and prompt.shots == shots
    *_, asked = prompt.text.rstrip("\n").split("\n")
    assert [Fraction(number) for number in asked.removeprefix("Input: ").split()] == left
    assert prompt.turns[:-1] == build_any(method, Puzzle((97, 96)), shots=shots).turns[:-1]


def test_a_state_of_whole_numbers_is_asked_like_a_puzzle_and_never_shown_as_an_exemplar() -> None:
    for method in STEP_METHODS:
        assert build_step(method, STATE, (4, 5, 16)) == build_any(method, STATE)
        first = examples(method)[0].puzzle
        prompt = build_step(method, Puzzle.parse("3 3 8 8"), first.numbers[::-1])
        assert f"Input: {first.text}\n" not in prompt.turns[:-1]


@pytest.mark.parametrize(("method", "least"), [("propose", 2), ("value", 1), ("value_at_once", 1)])
def test_too_few_and_too_many_numbers_left_are_refused(method: str, least: int) -> None:
    for left in ((), (Fraction(1, 2),) * 7):
        with pytest.raises(NotAState, match=f"{least} to 6 numbers left, not {len(left)}"):
            build_step(method, STATE, left)


def test_an_exemplar_never_equals_the_state_asked() -> None:
    for method in STEP_METHODS:
        first = examples(method)[0].puzzle
        prompt = build_any(method, Puzzle(first.numbers[::-1]), shots=5)
        assert sum(turn == f"Input: {first.text}\n" for turn in prompt.turns[:-1]) == 0


def test_the_instruction_says_the_target_and_the_rule() -> None:
    assert "using every number exactly once" in build_any("value", STATE).instruction
    some = build_any("propose", Puzzle((4, 5), 37, Rule.SOME), shots=0)
    assert "37" in some.text and "at most once" in some.text and "24" not in some.text


@pytest.mark.parametrize("numbers", [(1,), (1,) * 7])
def test_numbers_that_nothing_can_be_proposed_for_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(NotAState, match="2 to 6 numbers left, not"):
        build_any("propose", Puzzle(numbers))
    if len(numbers) == 1:
        assert build_any("value", Puzzle(numbers), shots=0).text.endswith("Input: 1\n")


def test_bad_requests_name_the_fix() -> None:
    with pytest.raises(UnknownMethod, match="io, cot, onestep_tot, propose, value, value_at_once"):
        build_any("tot", STATE)
    with pytest.raises(UnknownVariant, match="the variants are"):
        build_any("value", STATE, variant="mine")
    with pytest.raises(ValueError, match="0 to 5 exemplars"):
        build_any("value", STATE, shots=6)
    with pytest.raises(ValueError, match="use fewer shots"):
        build_any("value", Puzzle((1, 2), 10**9), shots=5)
