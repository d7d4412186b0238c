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
from dataclasses import dataclass, field
from itertools import cycle, takewhile
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

FEW = 0.01
"""Share of the rows that `auto` leaves out; more are refused."""

_MASKED = -100
_BATCH = 1_000
"""Rows read at once."""


@dataclass
class FeedConfig:
    """How rows are fed to the student. Flags and YAML keys."""

    chat: bool = field(
        default=False,
        metadata={"help": "Rows as messages in the student's chat template; else plain text."},
    )
    long_rows: Literal["auto", "drop", "refuse"] = field(
        default="auto",
        metadata={
            "help": "Rows longer than the context: drop them, refuse to train, or auto: drop them "
            "where they are at most 1 in 100."
        },
    )
    completion_tokens: int = field(
        default=0,
        metadata={
            "help": "Take rows until their completions have this many tokens, from the first row "
            "again where they are too few; 0: every row once."
        },
    )


class TooLong(ValueError):
    """Rows are longer than what the student may read; the message says how many and the fix."""


def row_limit(max_length: int | None, model: PretrainedConfig) -> int:
    """Tokens that a row may have: the student's context, or `--max_length` where that is less."""
    context = getattr(model.get_text_config(), "max_position_embeddings", None) or sys.maxsize
    return min(max_length or sys.maxsize, context)


def tokenize(dataset: Dataset, tokenizer: PreTrainedTokenizerBase, num_proc: int | None) -> Dataset:
    """The rows as tokens; columns `prompt` and `completion`, or `messages` for chat rows."""
    chat = "messages" in dataset.column_names
    return dataset.map(
        _chat_tokens if chat else _plain_tokens,
        batched=True,
        batch_size=_BATCH,
        fn_kwargs={"tokenizer": tokenizer},
        remove_columns=dataset.column_names,
        num_proc=num_proc if num_proc and len(dataset) > num_proc * _BATCH else None,
        desc="Tokenizing",
    )


def kept_rows(
    lengths: list[int], limit: int, rule: Literal["auto", "drop", "refuse"], what: str = "rows"
) -> list[int] | None:
    """Indices of the rows that fit; None where all do.

    Args:
        lengths: tokens of each row.
        limit: tokens that a row may have.
        rule: `FeedConfig.long_rows`.
        what: how the rows are called in messages.

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
    print(f"training.sft: {said}: left out, whole", file=sys.stderr)
    return kept


def budgeted(lengths: list[int], tokens: int) -> list[int]:
    """Indices of rows in their order, over and over, that together have so many tokens.

    The last one may go over: fewer would be another budget for every method.

    >>> budgeted([10, 30, 20], 65)
    [0, 1, 2, 0]
    """
    found: list[int] = []
    for index in cycle(range(len(lengths))):
        if tokens <= 0:
            break
        found.append(index)
        tokens -= lengths[index]
    return found


def _plain_tokens(
    batch: dict[str, list[str]], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[Any]]:
    eos = tokenizer.eos_token
    texts = [
        prompt + (completion if completion.endswith(eos) else completion + eos)
        for prompt, completion in zip(batch["prompt"], batch["completion"], strict=True)
    ]
    return _labelled(tokenizer(batch["prompt"])["input_ids"], tokenizer(texts)["input_ids"])


def _chat_tokens(
    batch: dict[str, list[Any]], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[Any]]:
    prompts = [chat_prompt(messages[:-1], tokenizer) for messages in batch["messages"]]
    texts = []
    for prompt, messages in zip(prompts, batch["messages"], strict=True):
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        # A template that does not end a turn by the end token would teach the student to go on.
        texts.append(
            text if tokenizer.eos_token in text[len(prompt) :] else text + tokenizer.eos_token
        )
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
        labels.append([_MASKED] * start + row[start:])
    lengths = [len(row) for row in rows]
    answered = [
        len(row) - row_labels.count(_MASKED) for row, row_labels in zip(rows, labels, strict=True)
    ]
    return {
        "input_ids": rows,
        "labels": labels,
        "length": lengths,
        "completion_length": answered,
    }
