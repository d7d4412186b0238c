"""GPT-4o's public teacher responses read by their first answer alone, beside our reading.

    python -m tests.traces.gpt4o_first_answers gpt-4o_onestep_tot_teacher_all_hands.jsonl

The original project's count of 198 hands with a right answer is a reading of the first line of the
Answer field, which must be an expression and nothing else. Ours is the answer that a response
commits to in the end. This prints both counts by split, and every hand in which they differ.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import Puzzle, load_split
from tot24_bench.scoring import score
from tot24_bench.transcripts import read_transcript

FILE = Path("../shared/data/transcripts/gpt-4o_onestep_tot_teacher_all_hands.jsonl")

SPLITS = ("hard100", "hardest", "val", "train")

_EXPRESSION = re.compile(r"[\d+\-*/×÷() ]+(?:=\s*[\d.]+)?\s*\.?")
_PREFIX = re.compile(r"\W*Answer:?\W*?(?=[\d(])")


class Row(NamedTuple):
    """One response, read both ways."""

    puzzle: Puzzle
    first_right: bool
    right: bool


def rows(file: Path = FILE) -> Iterator[Row]:
    """Every response."""
    records = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    for record, rollouts in zip(records, read_transcript(file), strict=True):
        puzzle, response = rollouts.puzzle, rollouts.responses[0]
        right = score(puzzle, response).correct
        yield Row(puzzle, _first_right(puzzle, _answer_of(record["response"])), right)


def by_split(puzzles: set[Puzzle]) -> Counter[str]:
    """How many hands of each split."""
    split_of = {puzzle.hand: split for split in SPLITS for puzzle in load_split(split)}
    return Counter(split_of.get(puzzle.hand, "exemplar") for puzzle in puzzles)


def _first_right(puzzle: Puzzle, answer: str) -> bool:
    line = _PREFIX.sub("", answer.strip()).partition("\n")[0].strip()
    return bool(_EXPRESSION.fullmatch(line)) and score(puzzle, f"Answer: {line}").correct


def _answer_of(response: Any) -> str:
    """The Answer field; of a response that is spelt as text the field in it."""
    if isinstance(response, str):
        try:
            response = json.loads(response)
        except ValueError:
            found = re.search(r'"Answer"\s*:\s*"(.*)', response, re.DOTALL)
            return found.group(1).replace("\\n", "\n") if found else response
    return str(response.get("Answer", ""))


def main() -> None:
    """Print both counts and the hands in which they differ."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not file.is_file():
        raise SystemExit(f"no file {file}: give the path of the public teacher responses")
    found = list(rows(file))
    first = {row.puzzle for row in found if row.first_right}
    ours = {row.puzzle for row in found if row.right}
    for name, puzzles in (("first answer", first), ("final answer", ours)):
        counts = by_split(puzzles)
        told = ", ".join(f"{counts[split]} {split}" for split in (*SPLITS, "exemplar"))
        print(f"{name}: {len(puzzles)} hands ({told})")
    print("final answer only:", "; ".join(sorted(puzzle.text for puzzle in ours - first)))
    print("first answer only:", "; ".join(sorted(puzzle.text for puzzle in first - ours)) or "none")


if __name__ == "__main__":
    main()
