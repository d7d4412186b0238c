"""Rows as tokens: as TRL reads them, the loss on the completion alone, and no answer cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.small_runs import run
from tests.training.tiny_bases import make_qwen3, make_smollm
from training.rows import RowConfig, make_row
from training.tokens import TooLong, kept_rows, row_limit, tokenize


def rows(count: int = 40):  # type: ignore[no-untyped-def]
    from datasets import Dataset

    made = [make_row(RowConfig(few_shot_share=0.3), index) for index in range(count)]
    return Dataset.from_list(made)


MOVES = RowConfig(
    io_share=0, cot_share=0, propose_share=0.3, value_share=0.4, value_at_once_share=0.3
)


@pytest.mark.parametrize("kind", ["ours", "smollm"])
def test_plain_rows_are_read_as_trl_reads_them(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    from training.student import StudentConfig, make_student

    base = str(make_smollm(tmp_path / "base")) if kind == "smollm" else None
    config = StudentConfig(base=base, hidden=16, intermediate=32, layers=1, heads=1)
    model, tokenizer = make_student(config, seed=0)
    assert isinstance(model, AutoModelForCausalLM) or model is not None
    asked = rows().select_columns(["prompt", "completion"])
    ours = tokenize(asked, tokenizer, None)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", max_length=None
        ),
        train_dataset=asked,
        processing_class=tokenizer,
    )
    for mine, theirs in zip(ours, trainer.train_dataset, strict=True):
        assert mine["input_ids"] == theirs["input_ids"]
        assert mine["labels"] == theirs["labels"]
        assert mine["length"] == len(mine["input_ids"])
        assert mine["completion_length"] == sum(label != -100 for label in mine["labels"])


def test_the_loss_is_on_the_completion_and_its_end_token() -> None:
    from training.tokenizer import build_tokenizer

    tokenizer = build_tokenizer()
    asked = rows()
    for row, fed in zip(asked, tokenize(asked, tokenizer, None), strict=True):
        answered = [label for label in fed["labels"] if label != -100]
        assert tokenizer.decode(answered) == row["completion"] + tokenizer.eos_token
        assert fed["labels"][: -len(answered)] == [-100] * (len(fed["labels"]) - len(answered))


@pytest.mark.parametrize("kind", ["ours", "qwen3"])
def test_chat_rows_end_their_answer_in_the_student_s_template(kind: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from training.tokenizer import build_tokenizer
    from training.tokens import as_messages

    tokenizer = (
        AutoTokenizer.from_pretrained(make_qwen3(tmp_path / "base"))
        if kind == "qwen3"
        else build_tokenizer()
    )
    asked = rows()
    messages = as_messages(RowConfig(), asked)
    fed = tokenize(messages, tokenizer, None)
    for row, told, tokens in zip(asked, messages, fed, strict=True):
        assert told["messages"][-1]["content"] == row["completion"]
        answered = [label for label in tokens["labels"] if label != -100]
        text = tokenizer.decode(answered)
        assert text.startswith(row["completion"])
        assert text.removeprefix(row["completion"]).strip() == tokenizer.eos_token
        asked_ids = tokens["input_ids"][: -len(answered)]
        prompt = tokenizer.apply_chat_template(
            told["messages"][:-1], tokenize=False, add_generation_prompt=True
        )
        assert tokenizer.decode(asked_ids) == prompt


def test_moves_of_a_search_are_messages_of_their_own_prompts() -> None:
    from datasets import Dataset

    from training.tokenizer import build_tokenizer
    from training.tokens import as_messages

    made = [make_row(MOVES, index) for index in range(200)]
    assert any("/" in row["prompt"].rpartition("Input: ")[2] for row in made)
    told = as_messages(MOVES, Dataset.from_list(made))["messages"]
    for row, messages in zip(made, told, strict=True):
        assert [one["role"] for one in messages] == ["system", "user", "assistant"]
        assert messages[-1]["content"] == row["completion"]
        chat = build_tokenizer().apply_chat_template(messages[:-1], tokenize=False)
        assert chat == row["prompt"]


def test_a_move_whose_prompt_is_none_of_ours_is_refused_in_a_chat() -> None:
    from datasets import Dataset

    from training.tokens import as_messages

    row = {**make_row(MOVES, 0), "prompt": "What next?\nInput: 4 6\n", "numbers": "4 6"}
    with pytest.raises(ValueError, match="the prompt of 4 6 is none of ours: train with --chat"):
        as_messages(MOVES, Dataset.from_list([row]))


def test_rows_that_fit_are_all_kept() -> None:
    assert kept_rows([1, 2, 3], 3, "refuse") is None


def test_a_few_long_rows_are_left_out_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert kept_rows([5] * 199 + [9], 5, "auto") == list(range(199))
    said = capsys.readouterr().err
    assert "1 of 200 rows (0.5%) are longer than 5 tokens, the longest 9: left out" in said


@pytest.mark.parametrize(("rule", "long"), [("auto", 3), ("refuse", 1)])
def test_many_long_rows_are_refused(rule: str, long: int) -> None:
    with pytest.raises(TooLong, match=rf"^{long} of 200 rows .* --long_rows drop$"):
        kept_rows([5] * (200 - long) + [9] * long, 5, rule)  # type: ignore[arg-type]


def test_nothing_left_to_train_on_is_refused_whatever_the_rule() -> None:
    with pytest.raises(TooLong, match="nothing is left"):
        kept_rows([9, 9], 5, "drop")


def test_the_limit_is_the_smaller_of_the_context_and_max_length() -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(max_position_embeddings=512)
    assert [row_limit(n, config) for n in (None, 100, 1024)] == [512, 100, 512]


def test_a_run_counts_long_rows_and_trains_on_the_others_whole(tmp_path: Path) -> None:
    with pytest.raises(TooLong, match=r"of 64 training rows .* are longer than 150 tokens"):
        run(tmp_path / "refused", max_length=150, max_steps=1)
    record = run(tmp_path / "dropped", max_length=150, max_steps=1, long_rows="drop")
    assert record["data"]["left_out"] > 0
    assert record["data"]["rows"] + record["data"]["left_out"] == 64


def test_a_budget_of_tokens_takes_rows_again_from_the_first(tmp_path: Path) -> None:
    once = run(tmp_path / "once", max_steps=1)["data"]
    twice = run(tmp_path / "twice", max_steps=1, completion_tokens=2 * once["completion_tokens"])
    assert twice["data"]["completion_tokens"] == 2 * once["completion_tokens"]
    assert twice["data"]["sha256"] == once["sha256"]
    half = run(tmp_path / "half", max_steps=1, completion_tokens=once["completion_tokens"] // 2)
    assert 0 < half["data"]["rows"] < once["rows"]
    assert 0 <= half["data"]["completion_tokens"] - once["completion_tokens"] // 2 < 400


def test_a_small_context_limits_rows_and_responses(tmp_path: Path) -> None:
    base = make_smollm(tmp_path / "base", max_position_embeddings=400)
    record = run(
        tmp_path,
        base=str(base),
        long_rows="drop",
        few_shot_share=0.0,
        explore=0.0,
        max_steps=1,
        eval_strategy="steps",
        eval_steps=1,
    )
    assert record["data"]["left_out"] > 0
    (acc,) = [entry for entry in record["log"] if "eval_val_acc" in entry]
    assert 0 < acc["eval_val_tokens"] < 400


def test_packing_without_flash_attention_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"--packing needs flash attention, and eager .* --attention"
    ):
        run(tmp_path, packing=True)
    with pytest.raises(ValueError, match="cuts through answers"):
        run(tmp_path, packing=True, attention="flash_attention_2", packing_strategy="wrapped")
    assert not (tmp_path / "run").exists()


def test_a_loss_on_the_prompt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="completion alone"):
        run(tmp_path, completion_only_loss=False)
