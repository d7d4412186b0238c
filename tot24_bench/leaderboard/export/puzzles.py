"""Write the puzzles as a dataset repository, ready to push: Parquet, a card, `eval.yaml`.

    README.md               the card; its YAML says which file is which split
    eval.yaml               see `hub`
    data/hard100.parquet    one file a split

The columns are in COLUMNS. The same version of this project and of pyarrow gives the same bytes.
The card's YAML: https://huggingface.co/docs/hub/datasets-manual-configuration and
https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

import io
from importlib.metadata import metadata
from typing import NamedTuple

from tot24_bench import __version__
from tot24_bench.files import File
from tot24_bench.game import HELD_OUT, is_solvable, load_split
from tot24_bench.leaderboard.export.hub import (
    BENCHMARK_FILE,
    DATASET_ID,
    as_yaml,
    benchmark_yaml,
    check_dataset_id,
)
from tot24_bench.transcripts import ranks_by_hand

CANARY = (
    "tot24-bench evaluation data: never train on it. canary 7d0a3f52-6f1e-4a7c-9c55-24a2f0c1b924"
)
"""Stands in every row that is not for training, so that a corpus that holds it can be found out.
Never change it."""


class Part(NamedTuple):
    """A split of the dataset: its name, the stem of its Parquet file, what it is for."""

    split: str
    file: str
    words: str


PARTS = (
    Part("hard100", "hard100", "the published test set: human-difficulty ranks 901 to 1000"),
    Part("hardest", "hardest361", "harder test hands: ranks 1001 to 1362 without 4 4 6 8"),
    Part("val", "val", "for every choice: one hand from each of 100 bands of difficulty"),
    Part("train", "train", "the only hands that training may see"),
    Part("unsolvable", "unsolvable", "hands that cannot make 24: the right answer says so"),
)

COLUMNS = {
    "numbers": "the four numbers, in the order in which prompts show them",
    "target": "the number to make",
    "solvable": "whether an exact search finds a solution",
    "split": "the split",
    "rank": "human-difficulty rank; null where it is not published here",
    "never_train": "whether training must not see the hand: everything but `train`",
    "held_out": "whether this project's guard refuses it in training data: hard100, hardest, val",
    "canary": "a string to search training corpora for; null where training is allowed",
}


def dataset_files(dataset_id: str = DATASET_ID) -> list[File]:
    """The files of the repository; its card tells people to load `dataset_id`."""
    check_dataset_id(dataset_id)
    return [
        File.of("README.md", card(dataset_id)),
        File.of(BENCHMARK_FILE, benchmark_yaml()),
        *(File.of(f"data/{part.file}.parquet", parquet(part.split)) for part in PARTS),
    ]


def parquet(split: str) -> bytes:
    """A split as a Parquet file."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    text, number, flag = pa.string(), pa.int32(), pa.bool_()
    types = (pa.list_(number), number, flag, text, number, flag, flag, text)
    ranks = ranks_by_hand()  # those that this project carries: of the two test sets
    rows = [
        {
            "numbers": list(puzzle.numbers),
            "target": puzzle.target,
            "solvable": is_solvable(puzzle),
            "split": split,
            "rank": ranks.get(puzzle.hand),
            "never_train": split != "train",
            "held_out": split in HELD_OUT,
            "canary": None if split == "train" else CANARY,
        }
        for puzzle in load_split(split)
    ]
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)))
    buffer = io.BytesIO()
    # Uncompressed, 30 kB in all: no codec's version can change the bytes.
    pq.write_table(
        pa.Table.from_pylist(rows, schema=schema), buffer, compression="none", version="2.6"
    )
    return buffer.getvalue()


def card(dataset_id: str = DATASET_ID) -> str:
    """README.md: the dataset card."""
    licence = str(metadata("tot24-bench")["License-Expression"])
    files = [{"split": part.split, "path": f"data/{part.file}.parquet"} for part in PARTS]
    front = {
        "license": licence.lower(),
        "language": ["en"],
        "pretty_name": "Game of 24 (tot24-bench)",
        "task_categories": ["text-generation"],
        "tags": ["game-of-24", "tree-of-thoughts", "reasoning", "search", "benchmark"],
        "size_categories": ["1K<n<10K"],
        "configs": [{"config_name": "default", "data_files": files}],
    }
    splits = "\n".join(
        f"| `{part.split}` | {len(load_split(part.split)):,} | {part.words} |" for part in PARTS
    )
    hands = len(load_split("full")) + len(load_split("unsolvable"))
    columns = "\n".join(f"| `{name}` | {words} |" for name, words in COLUMNS.items())
    return f"""---
{as_yaml(front)}---

# Game of 24 (tot24-bench)

Make 24 from four numbers with + - * / and parentheses, each number used exactly once. The hands
are all {hands:,} of four cards from 1 to 13, but for 4 4 6 8: it is the first exemplar of every
published prompt, and so in no split.

```python
from datasets import load_dataset

hard100 = load_dataset("{dataset_id}", split="hard100")
```

| split | hands | what for |
| --- | --- | --- |
{splits}

| column | what it is |
| --- | --- |
{columns}

## Never train on the test hands

`hard100`, `hardest` and `val` are held out; `train` holds the only hands to train on. Every other
row carries this string:

    {CANARY}

The hands are few and public, so the string finds copies of these files, not of the hands.

## What to know

- `hard100` and its ranks are those of Yao et al. 2023, Tree of Thoughts (arXiv 2305.10601), who
  took them from the times of people at 4nums.com. The ranks of other hands are in the public list
  on the hub, `test-time-compute/game-of-24`.
- 4 9 10 13, rank 1000, is in `hard100` and is also an exemplar of the published prompts; this
  benchmark's own prompts never show the hand that they ask.
- One hand of 100 moves accuracy by a point: give an interval.
- Any right expression counts. Check answers exactly, with `tot24_bench.scoring.score` or
  `tot24 score`, not by comparing text, and not with `eval`.

Written by tot24-bench {__version__}, licence {licence}.
"""
