"""The reward is the score and nothing else, whatever a trainer passes as a response."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle
from tot24_bench.reward import (
    compute_score,
    reward,
    trl_answered,
    trl_reward,
    trl_valid,
    verifiers_reward,
)
from tot24_bench.scoring import score

HAND = "4 4 6 8"
RIGHT = "Steps: ...\nAnswer: (6 - 4) * (4 + 8) = 24"
WRONG = "Answer: 4 + 4 + 6 + 8 = 24"
FOREIGN = "Answer: 1"
NOTHING = "I am thinking about it"

PARTS = (
    "Answer: ", "(6 - 4) * (4 + 8)", " = 24", "\n", "no solution", "24", "4", "6", "8", " + ",
    " * ", "(", ")", "\\boxed{", "}", "<think>", "</think>", "Input: 4 4 6 8\n", "\ud800", "\x00",
    "½", "٣",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from(["role", "content", "text", "type", "x"]), inner),
    ),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["assistant", "user", "tool"]), "content": st.one_of(TEXTS, JSON)}
    ),
    max_size=4,
)


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_a_bare_target_in_place_of_the_hand_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="must be a list"):
        reward(24, "Answer: 24")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be a list"):
        compute_score("game24", "Answer: 24", 24.0)  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.sampled_from([HAND, "3 3 8 8", "1 1 1 1", "24"]))
def test_the_reward_of_any_text_is_whether_its_score_is_correct(text: str, hand: str) -> None:
    correct = score(Puzzle.parse(hand), text).correct
    assert reward(hand, text) == reward(hand, said(text)) == float(correct)
    assert trl_reward([""], [text], [hand]) == [float(correct)]
    assert compute_score("game24", text, hand) == float(correct)
    assert verifiers_reward(said(text), hand) == float(correct)


@settings(max_examples=300, deadline=None)
@given(st.one_of(JSON, MESSAGES))
def test_no_response_of_any_shape_raises(response: object) -> None:
    assert reward(HAND, response) in (0.0, 1.0)
    assert trl_reward([""], [response], [HAND]) == [reward(HAND, response)]


@pytest.mark.parametrize(
    "numbers",
    [
        *(HAND, "4,4,6,8", [4, 4, 6, 8], (8, 6, 4, 4), [4.0, 4, 6, "8"], "[4.0, 4, 6, 8]"),
        *({"target": 24, "numbers": [4, 4, 6, 8]}, '{"target": 24.0, "numbers": "4 4 6 8"}'),
    ],
)
def test_a_hand_is_a_text_or_its_numbers(numbers: object) -> None:
    assert reward(numbers, RIGHT) == 1.0  # type: ignore[arg-type]
    assert reward(numbers, WRONG) == 0.0  # type: ignore[arg-type]


def test_a_hand_of_a_dataset_in_numpy_or_torch_format_is_read_as_well() -> None:
    import numpy as np
    import torch

    assert reward(np.array([4, 4, 6, 8]), RIGHT) == 1.0  # type: ignore[arg-type]
    assert reward(np.array([4.0, 4.0, 6.0, 8.0]), RIGHT) == 1.0  # type: ignore[arg-type]
    truth = {"target": np.int64(22), "numbers": np.array([4, 4, 6, 8])}
    assert compute_score("game24", "Answer: 4 + 4 + 6 + 8", truth) == 1.0
    assert reward(torch.tensor([4, 4, 6, 8]), RIGHT) == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ("4 4 6 x", "'x' is not a positive integer"),
        ("", "a hand has 1 to 12 numbers"),
        ([4, 4, 6, 8.5], "8.5 is not a positive integer"),
        ([4, 4, 6, 0], "0 is not a positive integer"),
        (None, "the numbers must be a list"),
        (24, "the numbers must be a list"),
    ],
)
def test_numbers_that_make_no_hand_are_an_error_and_not_a_wrong_answer(
    numbers: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        reward(numbers, RIGHT)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        trl_reward([""], [RIGHT], [numbers])  # type: ignore[list-item]


def test_another_target_is_another_puzzle() -> None:
    assert reward(HAND, "Answer: 4 + 4 + 6 + 8 = 22", target=22) == 1.0
    assert reward(HAND, RIGHT, target=22) == 0.0
    sums = "Answer: 4 + 4 + 6 + 8"
    assert reward(HAND, sums, target=22.0) == reward(HAND, sums, target="22") == 1.0
    assert trl_reward([""], [sums], [HAND], target=[22.0]) == [1.0]
    truth = {"target": 22, "numbers": [4, 4, 6, 8]}
    assert compute_score("game24", sums, truth) == 1.0
    assert compute_score("game24", sums, truth, {"target": 22.0}) == 1.0
    assert verifiers_reward(said(sums), truth) == 1.0
    with pytest.raises(ValueError, match="two targets: 22 in the puzzle, and 24"):
        compute_score("game24", sums, truth, {"target": 24})
    with pytest.raises(ValueError, match="the target must be an integer"):
        reward(HAND, RIGHT, target=24.5)


def test_of_messages_the_last_of_the_assistant_counts() -> None:
    tool = {"role": "tool", "content": RIGHT}
    assert reward(HAND, [*said(WRONG), *said(RIGHT)]) == 1.0
    assert reward(HAND, [*said(RIGHT), *said(WRONG)]) == 0.0
    assert reward(HAND, [*said(NOTHING), tool]) == 0.0
    assert reward(HAND, [tool]) == 0.0
    assert reward(HAND, [{"role": "assistant", "content": None, "tool_calls": []}]) == 0.0


def test_content_in_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": RIGHT[:20]}, {"type": "text", "text": RIGHT[20:]}]
    assert reward(HAND, [{"role": "assistant", "content": parts}]) == 1.0


def test_messages_may_be_objects() -> None:
    class Message:
        role = "assistant"
        content = RIGHT

    assert reward(HAND, [Message()]) == 1.0


def test_trl_columns_are_read_row_by_row() -> None:
    completions = [RIGHT, "Answer: 4 + 4 + 6 + 8", said(RIGHT), WRONG]
    numbers = [HAND, [4, 4, 6, 8], HAND, HAND]
    columns = {"trainer_state": None, "method": ["io"] * 4}
    assert trl_reward([""] * 4, completions, numbers, **columns) == [1, 0, 1, 0]
    assert trl_reward([""] * 4, completions, numbers, target=[None, 22, 22, 24]) == [1, 1, 0, 0]


def test_a_column_that_is_too_short_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 completions, 1 hands and 2 targets"):
        trl_reward(["", ""], [RIGHT, RIGHT], [HAND])
    with pytest.raises(ValueError, match="2 completions, 2 hands and 1 targets"):
        trl_reward(["", ""], [RIGHT, RIGHT], [HAND, HAND], target=[24])


def test_what_shaping_pays_for_takes_no_search() -> None:
    """Why `trl_valid` and `trl_answered` are off unless they are asked for."""
    completions, numbers = [RIGHT, WRONG, FOREIGN, NOTHING], [HAND] * 4
    assert trl_reward([""] * 4, completions, numbers) == [1, 0, 0, 0]
    assert trl_valid(completions, numbers, prompts=[""] * 4) == [1, 1, 0, 0]
    assert trl_answered(completions, numbers, prompts=[""] * 4) == [1, 1, 1, 0]


def test_verl_passes_its_arguments_by_name() -> None:
    row = {"data_source": "game24", "solution_str": RIGHT, "ground_truth": HAND}
    assert compute_score(**row, extra_info={"index": 3, "target": None}) == 1.0  # type: ignore[arg-type]
    assert compute_score(**row, extra_info={"target": 22}) == 0.0  # type: ignore[arg-type]
    assert compute_score(**row, reward_router_address=None) == 1.0  # type: ignore[arg-type]


def test_a_rubric_passes_its_arguments_by_name() -> None:
    passed = {"prompt": said("?"), "completion": said(RIGHT), "answer": HAND, "state": {}}
    assert verifiers_reward(**passed, info={}, task=None) == 1.0  # type: ignore[arg-type]
    assert verifiers_reward(**passed, info={"target": 22}) == 0.0  # type: ignore[arg-type]


def test_every_function_has_the_name_that_a_trainer_logs() -> None:
    functions = (trl_reward, trl_valid, trl_answered, verifiers_reward)
    assert [function.__name__ for function in functions] == [
        "trl_reward",
        "trl_valid",
        "trl_answered",
        "verifiers_reward",
    ]


def test_importing_the_reward_loads_the_standard_library_alone() -> None:
    code = "import sys, tot24_bench.reward; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert set(done.stdout.split()).isdisjoint(
        {"torch", "transformers", "trl", "datasets", "numpy"}
    )
