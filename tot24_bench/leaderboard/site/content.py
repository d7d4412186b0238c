"""What the page shows, as JSON: rows, how each hand went, and what figures and tables rest on.

Nothing is worked out twice: ranks, intervals, notes and settings are those of the tables. A row
holds a letter for each hand (`LETTERS`), so that a thousand rows of a hundred hands are a hundred
kilobytes; responses and trees are the details (`details`), which a page need not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tot24_bench.game import (
    TARGET,
    Puzzle,
    Rule,
    split_size,
)
from tot24_bench.harness import DEFAULT_SPLIT
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.store import read_each, read_stream
from tot24_bench.leaderboard.submission import OTHER, Header, Sample
from tot24_bench.leaderboard.tables import (
    SECTIONS,
    Ranked,
    is_exact_search,
    method_of,
    nearly_asked,
    no_rows,
    notes_of,
    sections,
    settings_of,
    short,
    short_count,
    trained_on,
)
from tot24_bench.scoring import Score, Verdict
from tot24_bench.transcripts import ranks_by_hand

LETTERS = {
    "c": ("✓", "right"),
    "v": ("≠", "right numbers, wrong value"),
    "n": ("#", "not the hand's numbers"),
    "m": ("?", "no expression that can be read"),
    "s": ("∅", "says that there is no solution"),
    "h": ("±", "hedges, or takes its answer back"),
    "a": ("–", "no answer"),
    "t": ("…", "cut off by the token limit"),
}
"""How a hand went, a letter each: its sign and its words."""

_LETTER_OF = {
    Verdict.CORRECT: "c",
    Verdict.WRONG_VALUE: "v",
    Verdict.DIVISION_BY_ZERO: "v",
    Verdict.WRONG_NUMBERS: "n",
    Verdict.GLUED: "n",
    Verdict.UNSUPPORTED: "m",
    Verdict.MALFORMED: "m",
    Verdict.NO_SOLUTION: "s",
    Verdict.HEDGED: "h",
    Verdict.DENIED: "h",
    Verdict.ABSTAINED: "a",
    Verdict.NO_ANSWER: "a",
    Verdict.TRUNCATED: "t",
    Verdict.TOO_LONG: "t",
}


class Graded(NamedTuple):
    """An entry, and how each of its hands went: a letter of the first response to it."""

    entry: Entry
    letters: str

    @property
    def key(self) -> str:
        """The key of the submission."""
        return self.entry.key


def read_graded(results: Path, tick: Callable[[], None] = lambda: None) -> list[Graded]:
    """Every submission below a results folder; as `store.read_entries`, a sample at a time.

    Args:
        results: the folder that holds `submissions`.
        tick: called after each submission.
    """

    def graded(path: Path) -> Graded:
        letters: list[str] = []

        def noted(samples: Iterable[Sample]) -> Iterator[Sample]:
            for sample in samples:
                letters.append(letter_of(sample.scores[0]))
                yield sample

        header, samples = read_stream(path)
        entry = Entry.gather(header, noted(samples))
        tick()
        return Graded(entry, "".join(letters))

    return read_each(results, graded)


def letter_of(score: Score) -> str:
    """How a response went, as one letter."""
    return "c" if score.correct else _LETTER_OF[score.verdict]


def puzzle_text(puzzle: Puzzle) -> str:
    """A puzzle by its identity: numbers ascending, and what is not the ordinary game.

    >>> puzzle_text(Puzzle.parse("8 6 4 4")), puzzle_text(Puzzle.parse("5 1", target=4))
    ('4 4 6 8', '1 5 = 4')
    """
    text = " ".join(map(str, puzzle.hand))
    if puzzle.target != TARGET:
        text += f" = {puzzle.target}"
    return text if puzzle.rule is Rule.ALL else f"{text} (some)"


def content_of(graded: Sequence[Graded]) -> dict[str, Any]:
    """The rows in the order of the tables, the lists of hands they were asked, the words."""
    letters = {one.key: one.letters for one in graded}
    entries = [one.entry for one in graded]
    near = nearly_asked(entries)
    lists: dict[tuple[str, ...], int] = {}
    rows = []
    for section in sections(entries):
        for ranked in section.ranked:
            hands = tuple(puzzle_text(one.puzzle) for one in ranked.entry.outcomes)
            where = lists.setdefault(hands, len(lists)) if hands else None
            row = _row(ranked, where, letters[ranked.entry.key])
            rows.append(row | ({"near": True} if row["key"] in near else {}))
    splits = dict.fromkeys(row["split"] for row in rows)
    return {
        "rows": rows,
        "hands": [list(hands) for hands in lists],
        "splits": {name: _size(name) for name in splits},
        "sections": {name: list(words) for name, words in SECTIONS.items()},
        "letters": {letter: list(words) for letter, words in LETTERS.items()},
        "published": DEFAULT_SPLIT,
        "ranks": {" ".join(map(str, hand)): rank for hand, rank in ranks_by_hand().items()},
        "noRows": no_rows(entries),
    }


def _row(ranked: Ranked, hands: int | None, letters: str) -> dict[str, Any]:
    """One row; what it does not know is null."""
    entry, cells = ranked.entry, ranked.row
    header, model = entry.header, entry.header.model
    ends = interval(entry)
    row: dict[str, Any] = {
        "key": header.key,
        "model": short(model.name),
        "label": short(method_of(header)),
        "method": header.method,
        "split": short(header.split),
        "shots": header.shots,
        "prompt": cells.prompt,
        "obtained": header.obtained,
        "rank": int(cells.rank) if cells.rank.isdigit() else None,
        "n": header.n,
        "hands": hands,
        "repeats": header.repeats,
        "acc": header.metrics.acc,
        "low": ends and ends.low,
        "high": ends and ends.high,
        "tokens": _tokens(header),
        "total": header.total_tokens,
        "parameters": model.parameters,
        "size": model.parameters and short_count(model.parameters),
        "precision": model.precision and short(model.precision),
        "teacher": model.teacher and short(model.teacher),
        "trained": None if model.training is None else trained_on(model),
        "base": model.base and short(model.base),
        "licence": model.licence and short(model.licence),
        "link": model.link,
        "source": header.source,
        "notes": list(notes_of(entry)),
        "exact": is_exact_search(header),
        "helped": header.search is not None and header.search.oracle_stop,
        "withheld": entry.withheld,
        "foreign": header.variant == OTHER,
        "created": str(header.created),
        "versions": dict(header.versions),
        "settings": {name: _said(value) for name, value in settings_of(header).items()},
        "metrics": header.metrics.model_dump(exclude={"acc"}, exclude_none=True),
    }
    if header.repeats == 1:
        row["letters"] = letters
    else:
        row["counts"] = [[outcome.right, outcome.responses] for outcome in entry.outcomes]
    return {name: value for name, value in row.items() if value is not None}


def _said(value: object) -> object:
    return value if value is None or isinstance(value, int) else short(str(value))


def _tokens(header: Header) -> float | None:
    return header.mean_response_tokens if header.search is None else header.search.completion_tokens


def _size(split: str) -> int | None:
    """The hands of a split of ours; None of other puzzles."""
    try:
        return split_size(split)
    except ValueError:
        return None
