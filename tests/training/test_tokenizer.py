"""The students' tokenizer: nothing is lost, and what is asked and answered often is short."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.harness import MAX_GEN_TOKS
from tot24_bench.prompts import (
    IMPOSSIBLE,
    JUDGEMENT,
    LIKELY,
    METHODS,
    STEP_METHODS,
    SURE,
    VARIANTS,
    build,
    build_any,
    instruction,
    step_instruction,
)
from tot24_bench.teachers import write_response

pytest.importorskip("transformers", reason="the tokenizer needs transformers")

from transformers import AutoTokenizer, PreTrainedTokenizerFast

from training.rows import RowConfig, make_row
from training.tokenizer import CONTEXT, LARGEST_NUMBER_TOKEN, add_step_tokens, build_tokenizer

TOKENIZER = build_tokenizer()

PIECES = (
    *(line for method in METHODS for line in instruction(method).splitlines(keepends=True)),
    " (left:", ")\n", "): dead end\n", "Input:", "Steps:\n", "Answer:", "Back to", " no solution",
    "  ", "\n\n", "\r\n", "\t", "((", "))", " 24", "313", "007", "1/2",
    "<|end|>", "<|pad|>", "Ġ", "Ċ", "٣", "½", "🂡", "é", "e\u0301", "\x00", "\u2028", "\ufeff",
)  # fmt: skip

STEP_LINES = (
    *(line for one in STEP_METHODS for line in step_instruction(one).splitlines(keepends=True)),
    "Judgement:", "Judgement: ", " sure", " likely", " impossible", "sure", "4 20: +24 !\n",
)  # fmt: skip

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join),
    st.text("0123456789 +-*/=()\n:", max_size=60),
)


def ids(text: str) -> list[int]:
    return TOKENIZER(text)["input_ids"]


def decoded(tokens: list[int]) -> str:
    return TOKENIZER.decode(tokens, skip_special_tokens=False)


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_any_text_comes_back_exactly(text: str) -> None:
    assert decoded(ids(text)) == text


def test_every_single_byte_and_many_planes_come_back() -> None:
    text = "".join(map(chr, [*range(0x800), *range(0xE000, 0x110000, 997)]))
    assert decoded(ids(text)) == text


@pytest.mark.parametrize("method", METHODS)
def test_an_instruction_is_at_most_four_tokens(method: str) -> None:
    assert len(ids(instruction(method))) <= 4


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(load_split("full")), st.sampled_from(METHODS))
def test_a_bare_prompt_is_at_most_fourteen_tokens(puzzle: Puzzle, method: str) -> None:
    assert len(ids(build(method, puzzle, shots=0).text)) <= 14


@pytest.mark.parametrize(
    ("variant", "most"), [("default", 300), ("published", 300), ("search", 400)]
)
def test_a_five_shot_prompt_is_short(variant: str, most: int) -> None:
    longest = max(
        len(ids(build("onestep_tot", puzzle, variant=variant).text))
        for puzzle in load_split("full")[::20]
    )
    assert longest <= most


def test_five_shots_and_the_longest_training_response_fit_context_and_limit() -> None:
    shots = len(ids(build("onestep_tot", Puzzle.parse("13 12 11 10"), variant="search").text))
    assert shots + MAX_GEN_TOKS["onestep_tot"] < CONTEXT == TOKENIZER.model_max_length
    rows = [make_row(RowConfig(io_share=0, cot_share=0), index) for index in range(800)]
    longest = max(len(ids(row["completion"])) for row in rows)
    assert 300 < longest < 512 < MAX_GEN_TOKS["onestep_tot"]


def test_a_number_up_to_312_is_the_same_one_token_wherever_it_stands() -> None:
    assert LARGEST_NUMBER_TOKEN == 312
    for number in range(313):
        (token,) = ids(f"{number}")
        assert ids(f"{number} + {number} = ")[::2] == [token, token]
        assert ids(f" {number})")[1] == token
    assert len({ids(f"{number}")[0] for number in range(313)}) == 313


def test_larger_numbers_are_read_as_digits() -> None:
    assert len(ids("313")) == 3


def test_a_thought_is_nine_tokens_and_its_mark_one() -> None:
    tokens = TOKENIZER.convert_ids_to_tokens(ids("13 - 1 = 12 (left: 4 12): dead end\n"))
    assert " ".join(tokens) == "13 Ġ-Ġ 1 Ġ=Ġ 12 Ġ(left:Ġ 4 Ġ 12 ):ĠdeadĠendĊ"


def test_no_text_of_the_prompts_or_the_teacher_holds_a_special_token() -> None:
    special = set(TOKENIZER.all_special_ids)
    assert len(special) == 2 and TOKENIZER.eos_token_id != TOKENIZER.pad_token_id
    for puzzle in load_split("val")[::10]:
        text = build("onestep_tot", puzzle).text + write_response(puzzle, "onestep_tot", Random(0))
        assert special.isdisjoint(ids(text))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shots", [0, 5])
def test_a_chat_prompt_is_the_plain_prompt(method: str, variant: str, shots: int) -> None:
    prompt = build(method, Puzzle.parse("10 4 6 5"), shots=shots, variant=variant)
    for add_generation_prompt in (True, False):
        chat = TOKENIZER.apply_chat_template(
            prompt.messages, tokenize=False, add_generation_prompt=add_generation_prompt
        )
        assert chat == prompt.text


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([*load_split("train"), *load_split("unsolvable")]),
    st.sampled_from(METHODS),
    st.sampled_from([0, 1, 5]),
    st.integers(0, 5),
)
def test_the_tokens_of_a_prompt_do_not_merge_with_the_completion(
    puzzle: Puzzle, method: str, shots: int, seed: int
) -> None:
    prompt = build(method, puzzle, shots=shots).text
    completion = write_response(puzzle, method, Random(seed))
    assert ids(prompt) + ids(completion) == ids(prompt + completion)


# The moves of a search.


@cache
def stepping() -> PreTrainedTokenizerFast:
    """Our tokenizer with tokens for the moves of a search."""
    tokenizer = build_tokenizer()
    assert add_step_tokens(tokenizer) > 0
    assert add_step_tokens(tokenizer) == 0
    return tokenizer


@settings(deadline=None, max_examples=200)
@given(st.one_of(TEXTS, st.lists(st.sampled_from([*STEP_LINES, *PIECES])).map("".join)))
def test_any_text_comes_back_exactly_with_step_tokens(text: str) -> None:
    tokens = stepping()(text)["input_ids"]
    assert stepping().decode(tokens, skip_special_tokens=False) == text


@pytest.mark.parametrize("method", STEP_METHODS)
def test_an_instruction_of_a_move_is_a_token_a_line(method: str) -> None:
    said = step_instruction(method)
    assert len(stepping()(said)["input_ids"]) == len(said.splitlines()) <= 5
    assert len(ids(said)) > 30


@pytest.mark.parametrize("word", [SURE, LIKELY, IMPOSSIBLE])
def test_a_judgement_is_one_token_after_what_begins_its_line(word: str) -> None:
    prompt = build_any("value_at_once", Puzzle.parse("4 5 16")).text + JUDGEMENT.rstrip()
    asked, answered = (stepping()(text)["input_ids"] for text in (prompt, f"{prompt} {word}"))
    assert answered[:-1] == asked
    assert len({stepping()(f" {one}")["input_ids"][0] for one in (SURE, LIKELY, IMPOSSIBLE)}) == 3


def test_nothing_of_the_three_tasks_is_read_otherwise() -> None:
    for index in range(300):
        row = make_row(RowConfig(few_shot_share=0.3), index)
        text = row["prompt"] + row["completion"]
        assert stepping()(text)["input_ids"] == ids(text)


def test_the_tokenizer_of_an_older_student_is_still_the_one_that_is_built(root: Path) -> None:
    shipped = AutoTokenizer.from_pretrained(root / "students" / "scout-2m")
    assert shipped.get_vocab() == TOKENIZER.get_vocab()
    assert len(stepping()) > len(TOKENIZER) == len(build_tokenizer())


def test_a_student_gets_rows_for_its_new_tokens_once_and_keeps_the_others(tmp_path: Path) -> None:
    import torch

    from training.config import StudentConfig
    from training.student import make_student

    shape = StudentConfig(hidden=16, intermediate=32, layers=1, heads=1)
    model, plain = make_student(shape, seed=0)
    model.save_pretrained(tmp_path / "old")
    plain.save_pretrained(tmp_path / "old")
    old = StudentConfig(base=str(tmp_path / "old"), step_tokens=True)
    grown, tokenizer = make_student(old, seed=0)
    assert len(tokenizer) == len(stepping()) == grown.get_input_embeddings().num_embeddings
    before, after = (one.get_input_embeddings().weight for one in (model, grown))
    assert torch.equal(after[: len(before)], before)
    grown.save_pretrained(tmp_path / "new")
    tokenizer.save_pretrained(tmp_path / "new")
    again, same = make_student(StudentConfig(base=str(tmp_path / "new"), step_tokens=True), seed=0)
    assert len(same) == again.get_input_embeddings().num_embeddings == len(tokenizer)


def test_two_builds_and_a_saved_copy_are_the_same_tokenizer(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    again = build_tokenizer()
    text = build("onestep_tot", Puzzle.parse("10 4 6 5"), variant="search").text + " ½ 🂡 007 \x00"
    for other in (loaded, again):
        assert other.get_vocab() == TOKENIZER.get_vocab()
        assert other.backend_tokenizer.to_str() == TOKENIZER.backend_tokenizer.to_str()
        assert other(text)["input_ids"] == ids(text)
        assert other.decode(ids(text)) == text
        for name in ("eos_token_id", "pad_token_id", "model_max_length", "chat_template"):
            assert getattr(other, name) == getattr(TOKENIZER, name), name
        assert other.padding_side == "left"
    assert json.loads((tmp_path / "tokenizer_config.json").read_text(encoding="utf-8"))
