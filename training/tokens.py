"""Rows as tokens: the loss is on the completion alone, and no answer is ever cut.

A trainer that is given a length cuts what is longer, answer and all. Here rows are counted first:
what does not fit is refused, or left out whole with a warning that says how many. What the trainer
gets fits.

A row becomes `input_ids`, `labels` (-100 where the prompt is), and how many tokens both have.
Prompt and completion are one text when they are read, as TRL does it, and the completion begins
where that text's tokens part from those of the prompt. It ends with the end-of-text token.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tot24_bench.game import Puzzle
from tot24_bench.prompts import STEP_METHODS, VARIANTS, Prompt, build, build_step, variant_of

from .config import FeedConfig, RowConfig, say
from .rows import describe, make_dataset, make_validation_rows

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
    from trl import SFTConfig

FEW = 0.01  # share of the rows that `auto` leaves out; more are refused

MASKED = -100  # the label of a token that is not learnt
_BATCH = 1_000  # rows read at once


class TooLong(ValueError):
    """Rows are longer than what the student may read; the message says how many and the fix."""


def make_tokens(
    rows: RowConfig,
    feed: FeedConfig,
    sft: SFTConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[Dataset, Dataset, dict[str, Any]]:
    """Make the rows and read them; afterwards nothing is left that TRL could cut.

    Returns:
        The tokens of the training rows, those of the rows of the loss on `val`, and what the
        record says of the training rows.

    Raises:
        TooLong: rows are longer than the student's context; others as `make_dataset`.
    """
    text, asked = make_dataset(rows), make_validation_rows(rows)
    limit = row_limit(sft.max_length, model.config)

    def read(part: Dataset) -> Dataset:
        columns = ["messages"] if feed.chat else ["prompt", "completion"]
        chosen = (as_messages(rows, part) if feed.chat else part).select_columns(columns)
        return tokenize(chosen, tokenizer, sft.dataset_num_proc)

    train, validation = read(text), read(asked)
    left_out = 0
    if kept := kept_rows(train["length"], limit, feed.long_rows, "training rows"):
        left_out = len(train) - len(kept)
        train, text = train.select(kept), text.select(kept)
    if kept := kept_rows(validation["length"], limit, "drop", "rows of the loss on val"):
        validation = validation.select(kept)
    if feed.completion_tokens:
        taken = budgeted(train["completion_length"], feed.completion_tokens)
        text = text.select(range(min(len(taken), len(text))))
        train = train.select(taken)
    # Every row fits. Where TRL packs it must know how long a pack is; else there is nothing to cut.
    sft.max_length = limit if sft.packing else None
    told = describe(text.select_columns(["prompt", "completion"]))
    completions = sum(train["completion_length"])
    return train, validation, {**told, "left_out": left_out, "completion_tokens": completions}


def row_limit(max_length: int | None, model: PretrainedConfig) -> int:
    """Tokens that a row may have: the student's context, or `--max_length` where that is less."""
    context = getattr(model.get_text_config(), "max_position_embeddings", None) or sys.maxsize
    return min(max_length or sys.maxsize, context)


def as_messages(config: RowConfig, rows: Dataset) -> Dataset:
    """The same rows in the same order with one column, `messages`; the dataset's own where it has.

    `rows` is what `make_dataset` or `make_validation_rows` made of the config.
    """
    from datasets import Dataset

    if config.dataset is not None and "teacher" in rows.column_names:
        file = Path(config.dataset) / "messages" / "train.parquet"
        if file.is_file():
            return Dataset.from_parquet(str(file)).select_columns(["messages"])
    return rows.map(_to_messages, remove_columns=rows.column_names, desc="Messages")


def _to_messages(row: dict[str, Any]) -> dict[str, Any]:
    for prompt in _prompts(row):
        if prompt.text == row["prompt"]:
            answer = {"role": "assistant", "content": row["completion"]}
            return {"messages": [*prompt.messages, answer]}
    raise ValueError(f"the prompt of {row['numbers']} is none of ours: train with --chat false")


def _prompts(row: dict[str, Any]) -> Iterator[Prompt]:
    """The prompts that a row may show."""
    asked = Puzzle.parse(row["numbers"])
    method, shots = row.get("method", "onestep_tot"), row.get("shots", 0)
    if method in STEP_METHODS:  # a state may have a fraction or a zero, and is then no puzzle
        left = row["prompt"].rpartition("Input: ")[2].split()
        yield build_step(method, asked, tuple(map(Fraction, left)), shots=shots)
        return
    for variant in VARIANTS:
        yield build(method, asked, shots=shots, variant=variant_of(method, variant))


def tokenize(dataset: Dataset, tokenizer: PreTrainedTokenizerBase, num_proc: int | None) -> Dataset:
    """The rows as tokens; columns `prompt` and `completion`, or `messages` for chat rows."""
    return dataset.map(
        _chat_tokens if "messages" in dataset.column_names else _plain_tokens,
        batched=True,
        batch_size=_BATCH,
        fn_kwargs={"tokenizer": tokenizer},
        remove_columns=dataset.column_names,
        num_proc=num_proc if num_proc and len(dataset) > num_proc * _BATCH else None,
        desc="Tokenizing",
    )


def _plain_tokens(
    batch: dict[str, list[str]], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[Any]]:
    eos, pairs = tokenizer.eos_token, zip(batch["prompt"], batch["completion"], strict=True)
    texts = [prompt + completion.removesuffix(eos) + eos for prompt, completion in pairs]
    return _labelled(tokenizer(batch["prompt"])["input_ids"], tokenizer(texts)["input_ids"])


def _chat_tokens(
    batch: dict[str, list[Any]], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[Any]]:
    prompts = [chat_prompt(messages[:-1], tokenizer) for messages in batch["messages"]]
    texts = tokenizer.apply_chat_template(batch["messages"], tokenize=False)
    # A template that does not end a turn by the end token would teach the student to go on.
    ends = tokenizer.eos_token
    texts = [
        text if ends in text[len(prompt) :] else text + ends
        for prompt, text in zip(prompts, texts, strict=True)
    ]
    # The template writes the special tokens itself.
    return _labelled(
        tokenizer(prompts, add_special_tokens=False)["input_ids"],
        tokenizer(texts, add_special_tokens=False)["input_ids"],
    )


def chat_prompt(messages: list[dict[str, str]], tokenizer: PreTrainedTokenizerBase) -> str:
    """What the student reads before it answers."""
    text: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return text


def _labelled(prompts: list[list[int]], rows: list[list[int]]) -> dict[str, list[Any]]:
    labels = []
    for prompt, row in zip(prompts, rows, strict=True):
        same = takewhile(lambda pair: pair[0] == pair[1], zip(prompt, row, strict=False))
        start = sum(1 for _ in same)
        labels.append([MASKED] * start + row[start:])
    return {
        "input_ids": rows,
        "labels": labels,
        "length": [len(row) for row in rows],
        "completion_length": [len(row) - row.count(MASKED) for row in labels],
    }


def kept_rows(
    lengths: list[int], limit: int, rule: Literal["auto", "drop", "refuse"], what: str = "rows"
) -> list[int] | None:
    """Indices of the rows that fit; None where all do; `rule` is `FeedConfig.long_rows`.

    Raises:
        TooLong: more rows are too long than the rule lets go, or no row is left.

    >>> kept_rows([10, 30, 20], 20, "drop")
    [0, 2]
    """
    kept = [i for i, length in enumerate(lengths) if length <= limit]
    over = len(lengths) - len(kept)
    if not over:
        return None
    said = (
        f"{over:,} of {len(lengths):,} {what} ({over / len(lengths):.1%}) are longer than "
        f"{limit:,} tokens, the longest {max(lengths):,}"
    )
    if not kept:
        raise TooLong(
            f"{said}: nothing is left to train on; raise --max_length or take a student "
            "with a longer context"
        )
    if rule == "refuse" or (rule == "auto" and over > FEW * len(lengths)):
        raise TooLong(
            f"{said}: raise --max_length up to the student's context, or leave these rows out "
            "with --long_rows drop"
        )
    say(f"{said}: left out, whole")
    return kept


def budgeted(lengths: list[int], tokens: int) -> list[int]:
    """Indices of rows in their order, over and over, that together have so many tokens.

    The last one may go over: fewer would be another budget for every method.

    >>> budgeted([10, 30, 20], 65)
    [0, 1, 2, 0]
    """
    found = []
    for index in cycle(range(len(lengths))):
        if tokens <= 0:
            break
        found.append(index)
        tokens -= lengths[index]
    return found
