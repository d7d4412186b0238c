"""The real responses that were labelled, read from the public transcripts beside the repository.

`labels.csv` holds two passes over 200 responses, on which the referee's rules were completed;
`holdout.csv` one pass over 100 others, drawn and labelled after that and before the referee saw
them. A response is named by a hash of its hand and its text; the text itself is not in the
repository. `docs/labelling.md` is what the readers had.
"""

from __future__ import annotations

import csv
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tot24_bench.game import Puzzle
from tot24_bench.scoring import Verdict

HERE = Path(__file__).parent
DATA = HERE.parents[1].parent / "shared" / "data"
TRANSCRIPTS = DATA / "transcripts"

AS_LABEL = {
    Verdict.GLUED: "wrong_numbers",
    Verdict.UNSUPPORTED: "unreadable",
    Verdict.MALFORMED: "unreadable",
    Verdict.TOO_LONG: "unreadable",
    Verdict.DIVISION_BY_ZERO: "wrong_value",
    Verdict.TRUNCATED: "no_answer",
}
"""What the readers call the verdicts that they do not tell apart; others have the same name."""


class Labelled(NamedTuple):
    """One labelled response; `second` is the second pass, where there was one."""

    puzzle: Puzzle
    response: str
    first: tuple[str, str]
    second: tuple[str, str] | None


def named(verdict: Verdict) -> str:
    """The readers' name of a verdict."""
    return AS_LABEL.get(verdict, str(verdict))


def labelled(file: str) -> list[Labelled]:
    """The labelled responses of `labels.csv` or `holdout.csv`.

    Raises:
        KeyError: when a labelled response is in no transcript.
    """
    texts = _texts()
    found = []
    with (HERE / file).open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            numbers, response = texts[row["response"]]
            if "verdict" in row:
                passes = [(row["verdict"], row["failed"]), None]
            else:
                passes = [(row[f"verdict_{i}"], row[f"failed_{i}"]) for i in (1, 2)]
            found.append(Labelled(Puzzle.parse(numbers), response, *passes))
    return found


@cache
def _texts() -> dict[str, tuple[str, str]]:
    """Hand and text of every public response, by hash."""
    with (DATA / "24.csv").open(encoding="utf-8", newline="") as file:
        hands = [row["Puzzles"] for row in csv.DictReader(file)]
    pairs = []
    for name in ("gpt-4o_cot_ranks902-1001.json", "gpt-4o_onestep_tot_ranks902-1001.json"):
        for row in _load(name):
            pairs.append((row["original_puzzle"]["Puzzles"], row["response"]))
    for row in _load("gpt-4_io_100samples_ranks901-1000.json"):
        pairs += [(hands[row["idx"]], sample) for sample in row["ys"]]
    teacher = TRANSCRIPTS / "gpt-4o_onestep_tot_teacher_all_hands.jsonl"
    for line in teacher.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = row["response"]
        if isinstance(text, dict):
            text = f"Steps:\n{text['Steps']}\nAnswer: {text['Answer']}"
        pairs.append((row["numbers"], text))
    return {name_of(numbers, text): (numbers, text) for numbers, text in pairs}


def name_of(numbers: str, text: str) -> str:
    """The name of a response in the label files."""
    return hashlib.sha256(f"{numbers}\n{text}".encode()).hexdigest()[:16]


def _load(name: str) -> list[dict[str, object]]:
    return json.loads((TRANSCRIPTS / name).read_text(encoding="utf-8"))
