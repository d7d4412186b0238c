"""From the config to what the trainer is fed: rows made, read as tokens, long ones left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from training.chat import as_messages
from training.feed import FeedConfig, budgeted, kept_rows, row_limit, tokenize
from training.rows import RowConfig, describe, make_dataset, make_validation_rows

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from trl import SFTConfig


class Fed(NamedTuple):
    """What the student is fed.

    Attributes:
        train: tokens of the training rows.
        validation: tokens of the rows of the loss on `val`.
        text: the training rows as text.
        left_out: training rows that were too long.
    """

    train: Dataset
    validation: Dataset
    text: Dataset
    left_out: int

    def described(self) -> dict[str, Any]:
        """What the record says of the data."""
        return {
            **describe(self.text),
            "left_out": self.left_out,
            "completion_tokens": sum(self.train["completion_length"]),
        }


def feed_rows(
    rows: RowConfig,
    feed: FeedConfig,
    sft: SFTConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> Fed:
    """Make the rows and read them; afterwards nothing is left that TRL could cut.

    Raises:
        TooLong: rows are longer than the student's context.
        LeakedHand, WrongTeacher, BadDataset: see `make_dataset`.
    """
    text, asked = make_dataset(rows), make_validation_rows(rows)
    limit = row_limit(sft.max_length, model.config)
    columns = ["messages"] if feed.chat else ["prompt", "completion"]
    train, validation = (
        tokenize(
            (as_messages(rows, part) if feed.chat else part).select_columns(columns),
            tokenizer,
            sft.dataset_num_proc,
        )
        for part in (text, asked)
    )
    count = len(train)
    kept = kept_rows(train["length"], limit, feed.long_rows, "training rows")
    if kept is not None:
        train, text = train.select(kept), text.select(kept)
    kept = kept_rows(validation["length"], limit, "drop", "rows of the loss on val")
    if kept is not None:
        validation = validation.select(kept)
    left_out = count - len(train)
    if feed.completion_tokens:
        taken = budgeted(train["completion_length"], feed.completion_tokens)
        text = text.select(range(min(len(taken), len(text))))
        train = train.select(taken)
    # Every row fits. Where TRL packs it must know how long a pack is; else there is nothing to cut.
    sft.max_length = limit if sft.packing else None
    text = text.select_columns(["prompt", "completion"])
    return Fed(train, validation, text, left_out)
