"""What a model is asked, as plain text and as chat messages."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.prompts import (
    METHOD_NAMES,
    METHODS,
    VARIANTS,
    Prompt,
    UnknownMethod,
    UnknownVariant,
    build,
    instruction,
    pick,
    variant_of,
    worked,
)
from tot24_bench.scoring import Verdict, score

ASKED = Puzzle.parse("10 4 6 5")

PROMPTS = st.builds(
    lambda method, puzzle, shots, variant: build(method, puzzle, shots=shots, variant=variant),
    st.sampled_from(METHODS),
    st.sampled_from(load_split("full")).flatmap(
        lambda puzzle: st.permutations(puzzle.numbers).map(lambda deal: Puzzle(tuple(deal)))
    ),
    st.integers(0, 5),
    st.sampled_from(VARIANTS),
)

# Word for word from the issue.
COT = (
    "Use numbers and basic arithmetic operations (+ - * /) to obtain 24. Each step, you are only "
    "allowed to choose two of the remaining numbers to obtain a new number."
)
ONESTEP = (
    "Try a path (a pair of two numbers), see if the remaining numbers can possibly reach the goal "
    "24. If not, backtrack and attempt another"
)


# Instructions.


def test_cot_is_instructed_word_for_word_as_published() -> None:
    assert instruction("cot") == COT + "\n"


def test_one_step_tot_opens_as_cot_and_holds_its_defining_sentence() -> None:
    text = instruction("onestep_tot")
    assert text.startswith(COT)
    assert ONESTEP in text
    assert "Consider the possible operations for each pair" in text
    assert "Branch over other orders and combinations" in text
    assert "answer in the same format" in text


def test_io_asks_for_the_answer_alone() -> None:
    assert instruction("io") == COT.split(". ")[0] + ".\n"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [24, 10, 0, -7])
def test_the_instruction_names_the_target_and_no_other(method: str, target: int) -> None:
    text = instruction(method, target)
    assert text.count(str(target)) == instruction(method).count("24") > 0
    assert target == 24 or "24" not in text
    assert text.endswith("\n") and not text.endswith("\n\n") and "{" not in text


def test_every_method_has_a_name_for_tables() -> None:
    assert set(METHOD_NAMES) == set(METHODS)


# Rendering.


def test_a_bare_prompt_is_the_instruction_and_the_hand_as_dealt() -> None:
    assert build("cot", ASKED, shots=0).text == COT + "\nInput: 10 4 6 5\n"


def test_a_one_shot_cot_prompt_reads_like_this() -> None:
    assert build("cot", ASKED, shots=1).text == (
        COT + "\n"
        "Input: 4 4 6 8\n"
        "Steps:\n"
        "4 + 8 = 12 (left: 4 6 12)\n"
        "6 - 4 = 2 (left: 2 12)\n"
        "2 * 12 = 24 (left: 24)\n"
        "Answer: (6 - 4) * (4 + 8) = 24\n"
        "Input: 10 4 6 5\n"
    )


@settings(deadline=None, max_examples=60)
@given(PROMPTS)
def test_text_and_messages_say_the_same(prompt: Prompt) -> None:
    messages = prompt.messages
    assert "".join(m["content"].rstrip("\n") + "\n" for m in messages) == prompt.text
    roles = [message["role"] for message in messages]
    assert roles == ["system", *["user", "assistant"] * prompt.shots, "user"]
    assert messages[-1]["content"] == f"Input: {prompt.puzzle.text}\n"


@settings(deadline=None, max_examples=60)
@given(PROMPTS)
def test_the_hand_asked_is_asked_once_and_last(prompt: Prompt) -> None:
    inputs = [line[7:] for line in prompt.text.splitlines() if line.startswith("Input: ")]
    assert len(inputs) == prompt.shots + 1
    assert inputs[-1] == prompt.puzzle.text
    shown = {Puzzle.parse(text).hand for text in inputs[:-1]}
    assert prompt.puzzle.hand not in shown and len(shown) == prompt.shots


@settings(deadline=None, max_examples=60)
@given(PROMPTS)
def test_a_prompt_survives_json_and_keeps_its_hash(prompt: Prompt) -> None:
    again = Prompt.from_json(json.loads(json.dumps(prompt.to_json())))
    assert again == prompt and hash(again) == hash(prompt)
    assert again.sha256 == prompt.sha256


def test_the_hash_is_the_same_in_every_process_and_version() -> None:
    """Where this changes, so does what the models are asked: earlier results do not compare."""
    assert {method: build(method, ASKED).sha256[:16] for method in METHODS} == HASHES


HASHES = {
    "io": "5ba595ce7e3a1628",
    "cot": "0d74553b78eeebf5",
    "onestep_tot": "53cd5e934bd835fb",
}


def test_other_questions_hash_otherwise() -> None:
    prompts = [
        build(method, puzzle, shots=shots)
        for method in METHODS
        for shots in (0, 1, 5)
        for puzzle in (ASKED, Puzzle(ASKED.hand))
    ]
    assert len({prompt.sha256 for prompt in prompts}) == len(prompts)


def test_a_prompt_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        build("io", ASKED).method = "cot"  # type: ignore[misc]


# Exemplars in prompts.


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_exemplar_answered_under_every_method_scores_right(method: str, variant: str) -> None:
    for exemplar in pick(variant):
        assert score(exemplar.puzzle, worked(method, exemplar)).verdict is Verdict.CORRECT


def test_only_one_step_tot_shows_a_search() -> None:
    for method in METHODS:
        text = build(method, ASKED, variant="search").text
        assert ("dead end" in text) == (method == "onestep_tot")
    assert variant_of("cot", "search") == "default"
    assert variant_of("onestep_tot", "search") == "search"
    assert variant_of("io", "published") == "published"


def test_io_shows_no_steps() -> None:
    assert "Steps:" not in build("io", ASKED).text
    assert build("cot", ASKED).text.count("Steps:\n") == 5


# Errors.


@pytest.mark.parametrize("method", ["", "tot", "IO", "one-step", "x" * 5000])
@pytest.mark.parametrize("shots", [0, 5])
def test_an_unknown_method_lists_the_methods(method: str, shots: int) -> None:
    with pytest.raises(UnknownMethod) as unknown:
        build(method, ASKED, shots=shots)
    assert all(name in str(unknown.value) for name in METHODS)
    assert len(str(unknown.value)) < 200 and "\n" not in str(unknown.value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shots", [0, 5])
def test_an_unknown_variant_is_refused_even_where_it_would_not_show(
    method: str, shots: int
) -> None:
    with pytest.raises(UnknownVariant):
        build(method, ASKED, shots=shots, variant="fancy")


@pytest.mark.parametrize("shots", [-1, 6])
def test_shots_beyond_the_exemplars_are_refused(shots: int) -> None:
    with pytest.raises(ValueError, match="0 to 5 exemplars"):
        build("io", ASKED, shots=shots)
