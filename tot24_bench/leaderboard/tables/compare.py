"""Compare two or more entries: which ones a person means, tables for a terminal, and JSON.

Beside the tests of each pair stands each entry's accuracy where hands are easy and where they are
hard, and what a solved hand costs. Bands of hands are the people's ranks (given as the public list)
or the solver's measure of difficulty.

>>> match("onestep", ["scout-2m/game24_io.0shot", "scout-2m/game24_onestep_tot.0shot"])
'scout-2m/game24_onestep_tot.0shot'
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, NamedTuple

from tot24_bench.game import BANDS, MAX_SEARCHED, Hand, Puzzle, difficulty
from tot24_bench.harness import task_name
from tot24_bench.leaderboard.entry import Entry, Outcome, interval
from tot24_bench.leaderboard.store import paths, read_entry
from tot24_bench.leaderboard.tables.pairing import (
    MAX_KEY_CHARS,
    Pairing,
    conclusion,
    difference_text,
    pair,
)
from tot24_bench.leaderboard.tables.rows import MAX_CELL_CHARS, NOT_KNOWN, percent, row_of
from tot24_bench.prompts import METHODS
from tot24_bench.statistics import Estimate, holm, over_hands, p_text, pass_at_k
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

MAX_COMPARED = 20
"""Entries that are compared with each other: 190 pairs."""

MAX_LISTED = 8
"""Keys that a message lists."""

PLAIN_TASKS = tuple(map(task_name, METHODS))
"""Tasks that ask the published test set."""

RANK_WIDTH = 20
"""Ranks of a band within the hard 100."""

WIDE_RANK_WIDTH = 200
"""Ranks of a band where hands from the whole list were asked."""

KS = (1, 5, 10, 50, 100, 500, 1_000)
"""The k of pass@k, as far as every hand has as many responses."""


class NoSuchEntry(ValueError):
    """Nothing, or more than one thing, goes by that name; the message lists what is near."""


def choose(name: str, results: Path) -> Entry:
    """The entry of a name: a key under `results`, words of one key only, or a JSON file.

    Raises:
        NoSuchEntry: none, or several.
        BadSubmission: the file does not hold one.
    """
    path = Path(name)
    if name.endswith(".json") and path.is_file():
        return read_entry(path)
    folder = results / "submissions"
    keys = {one.relative_to(folder).with_suffix("").as_posix(): one for one in paths(results)}
    return read_entry(keys[match(name, list(keys))])


def match(name: str, keys: Sequence[str]) -> str:
    """The key that a name means: itself, or the only one that holds each of its words.

    Of several, the one that was asked the published test set, where there is one only.

    Raises:
        NoSuchEntry: none, or several.
    """
    if name in keys:
        return name
    words = name.casefold().split()
    found = [key for key in keys if words and all(word in key.casefold() for word in words)]
    plain = [key for key in found if key.partition("/")[2].partition(".")[0] in PLAIN_TASKS]
    for one in (found, plain):
        if len(one) == 1:
            return one[0]
    shown = repr(one_line(name, MAX_CELL_CHARS))
    near = found or difflib.get_close_matches(name, keys, n=MAX_LISTED, cutoff=0.3) or list(keys)
    listed = ", ".join(one_line(key, MAX_KEY_CHARS) for key in near[:MAX_LISTED]) or "none here"
    if len(near) > MAX_LISTED:
        listed += f" and {len(near) - MAX_LISTED} more"
    if found:
        raise NoSuchEntry(f"{len(found)} submissions go by {shown}: name one of {listed}")
    raise NoSuchEntry(f"no submission is called {shown}: there are {listed}")


class Band(NamedTuple):
    """The accuracy on the hands of a band: how many, their share of right responses, 0 to 1."""

    name: str
    hands: int
    accuracy: Estimate

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        share, ends = self.accuracy
        return {"band": self.name, "hands": self.hands, "accuracy": share, "interval": list(ends)}


def by_rank(entry: Entry, ranks: Mapping[Hand, int]) -> list[Band]:
    """Accuracy by people's rank, the easiest band first; hands without a rank are left out."""
    ranked = [one for one in entry.outcomes if one.puzzle.hand in ranks]
    places = [ranks[one.puzzle.hand] for one in ranked]
    if not places:
        return []
    width = RANK_WIDTH if max(places) - min(places) <= WIDE_RANK_WIDTH else WIDE_RANK_WIDTH
    firsts = [(place - 1) // width * width + 1 for place in places]
    return _bands(ranked, [(first, f"rank {first}-{first + width - 1}") for first in firsts])


def by_difficulty(entry: Entry) -> list[Band]:
    """Accuracy by the solver's bands, `game.difficulty.BANDS`; hands without one are left out."""
    names = [name for _, name in BANDS]
    bands: dict[Puzzle, tuple[int, str]] = {}
    for puzzle in {outcome.puzzle for outcome in entry.outcomes}:
        # A longer hand has no band, and its solutions alone can take minutes to count.
        if puzzle.target < 0 or len(puzzle.numbers) > MAX_SEARCHED:
            continue
        if (name := difficulty(puzzle).band) is not None:
            bands[puzzle] = names.index(name), name
    banded = [outcome for outcome in entry.outcomes if outcome.puzzle in bands]
    return _bands(banded, [bands[outcome.puzzle] for outcome in banded])


def _bands(outcomes: Sequence[Outcome], band_of: Sequence[tuple[int, str]]) -> list[Band]:
    """The bands in their order, given the band of each outcome."""
    bands: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for outcome, band in zip(outcomes, band_of, strict=True):
        bands[band].append(outcome.mean)
    return [Band(name, len(m), over_hands(m)) for (_, name), m in sorted(bands.items())]


def tokens_per_solved(entry: Entry) -> float | None:
    """All tokens written, over the right responses; None where unknown or nothing was solved.

    A hand that is not solved costs its tokens, too.
    """
    right = sum(outcome.right for outcome in entry.outcomes)
    known = [outcome.tokens for outcome in entry.outcomes if outcome.tokens is not None]
    return sum(known) / right if right and len(known) == len(entry.outcomes) else None


def pass_at(entry: Entry) -> dict[int, Estimate]:
    """pass@k (unbiased) for the k that every hand has responses for; empty with one response."""
    fewest = min((outcome.responses for outcome in entry.outcomes), default=0)
    return {
        k: over_hands([pass_at_k(one.responses, one.right, k) for one in entry.outcomes])
        for k in KS
        if k <= fewest > 1
    }


class Comparison(NamedTuple):
    """Entries, each pair of them in order, and their corrected p-values.

    Attributes:
        corrected: the p-value of each pair after Holm's correction; None where there is no test, or
            only one pair.
        ranks: people's rank by hand.
    """

    entries: tuple[Entry, ...]
    pairings: tuple[Pairing, ...]
    corrected: tuple[float | None, ...]
    ranks: Mapping[Hand, int]

    def conclusions(self) -> list[str]:
        """One for each pair."""
        return list(map(conclusion, self.pairings, self.corrected))

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        pairs = zip(self.pairings, self.corrected, self.conclusions(), strict=True)
        return {
            "entries": [_entry_json(entry, self.ranks) for entry in self.entries],
            "pairs": [
                pairing.to_json() | {"p_holm": p, "conclusion": said} for pairing, p, said in pairs
            ],
        }


def _entry_json(entry: Entry, ranks: Mapping[Hand, int]) -> dict[str, Any]:
    ends = interval(entry)
    return {
        "key": entry.key,
        "n": entry.header.n,
        "accuracy": entry.header.metrics.acc,
        "interval": ends and list(ends),
        "tokens_per_solved_hand": tokens_per_solved(entry),
        "by_rank": [band.to_json() for band in by_rank(entry, ranks)],
        "by_difficulty": [band.to_json() for band in by_difficulty(entry)],
        "pass_at": {
            str(k): {"value": value, "interval": list(ends)}
            for k, (value, ends) in pass_at(entry).items()
        },
    }


def compare(entries: Sequence[Entry], ranks: Mapping[Hand, int]) -> Comparison:
    """Pair every two entries; with several pairs their p-values are corrected.

    Raises:
        ValueError: fewer than two entries, more than MAX_COMPARED, or one of them twice.
    """
    if not 2 <= len(entries) <= MAX_COMPARED:
        raise ValueError(f"{len(entries)} entries: compare 2 to {MAX_COMPARED}")
    if twice := [one.key for i, one in enumerate(entries) if one in entries[:i]]:
        key = one_line(twice[0], MAX_KEY_CHARS)
        raise ValueError(f"{key} is given twice: compare different entries")
    pairings = tuple(pair(a, b) for a, b in combinations(entries, 2))
    p_values = [pairing.test.p for pairing in pairings if pairing.test]
    holms = iter(holm(p_values) if len(p_values) > 1 else [])
    corrected = tuple(next(holms, None) if pairing.test else None for pairing in pairings)
    return Comparison(tuple(entries), pairings, corrected, ranks)


def pair_names(comparison: Comparison) -> list[str]:
    """What the tables call each pair, such as "A - B"."""
    letters = ascii_uppercase[: len(comparison.entries)]
    return [f"{a} - {b}" for a, b in combinations(letters, 2)]


def render_entries(comparison: Comparison) -> Table:
    """The entries: what they are, their accuracy by band, what a solved hand costs."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Entries", box=box.HORIZONTALS)
    table.add_column("")
    for letter in ascii_uppercase[: len(comparison.entries)]:
        table.add_column(letter, justify="right", overflow="fold")
    for name, cells in _entry_rows(comparison).items():
        if any(cell != NOT_KNOWN for cell in cells):
            table.add_row(Text(name), *map(Text, cells))
    return table


def _entry_rows(comparison: Comparison) -> dict[str, list[str]]:
    entries = comparison.entries
    cells = [row_of(entry) for entry in entries]
    rows = {
        name: [getattr(row, name) for row in cells]
        for name in ("model", "method", "shots", "prompt", "split")
    }
    rows["obtained"] = [entry.header.obtained for entry in entries]
    rows |= {"n": [row.n for row in cells], "accuracy [95%]": [row.accuracy for row in cells]}
    at_k = [pass_at(entry) for entry in entries]
    for k in sorted({k for found in at_k for k in found}):
        rows[f"pass@{k}"] = [percent(*one[k]) if k in one else NOT_KNOWN for one in at_k]
    rows |= _band_rows("", entries, lambda entry: by_rank(entry, comparison.ranks))
    rows |= _band_rows("solver: ", entries, by_difficulty)
    rows["tokens a response"] = [row.tokens for row in cells]
    costs = map(tokens_per_solved, entries)
    rows["tokens a solved hand"] = [NOT_KNOWN if c is None else f"{c:,.0f}" for c in costs]
    return rows


def _band_rows(
    prefix: str, entries: Sequence[Entry], bands_of: Callable[[Entry], list[Band]]
) -> dict[str, list[str]]:
    """A row a band, in the order in which the bands come."""
    rows: dict[str, list[str]] = {}
    for i, entry in enumerate(entries):
        for name, hands, accuracy in bands_of(entry):
            row = rows.setdefault(f"{prefix}{name}", [NOT_KNOWN] * len(entries))
            row[i] = f"{percent(*accuracy)} of {hands}"
    return rows


def render_pairs(comparison: Comparison) -> Table:
    """Each pair on its shared hands."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Pairs, on the hands that both answered", box=box.HORIZONTALS)
    table.add_column("pair")
    headings = ("hands", "first", "second", "both", "only 1st", "only 2nd", "neither")
    for heading in (*headings, "difference [95%]", "p", "p (Holm)"):
        table.add_column(heading, justify="right", no_wrap=True)
    rows = zip(pair_names(comparison), comparison.pairings, comparison.corrected, strict=True)
    for name, pairing, corrected in rows:
        cells = ["0", *[NOT_KNOWN] * 9]
        if test := pairing.test:
            cells = [
                str(test.hands),
                f"{100 * test.first:.1f}%",
                f"{100 * test.second:.1f}%",
                *([NOT_KNOWN] * 4 if test.counts is None else map(str, test.counts)),
                difference_text(test.difference, test.ends),
                p_text(test.p),
                NOT_KNOWN if corrected is None else p_text(corrected),
            ]
        table.add_row(name, *map(Text, cells))
    return table
