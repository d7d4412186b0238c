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
from tot24_bench.harness import SEARCH_TASK, task_name
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.store import paths, read_entry
from tot24_bench.leaderboard.tables.pairing import Pairing, conclusion, pair, shown_key
from tot24_bench.leaderboard.tables.rows import (
    NOT_KNOWN,
    pass_at_each,
    percent,
    row_of,
    short,
    text_table,
)
from tot24_bench.prompts import METHODS
from tot24_bench.statistics import Estimate, holm, over_hands, p_text

if TYPE_CHECKING:
    from rich.table import Table

MAX_COMPARED = 20  # entries that are compared with each other: 190 pairs
MAX_LISTED = 8  # keys that a message lists
RANK_WIDTH = 20  # ranks of a band within the hard 100
WIDE_RANK_WIDTH = 200  # ranks of a band where hands from the whole list were asked


class NoSuchEntry(ValueError):
    """Nothing, or more than one thing, goes by that name; the message lists what is near."""


def choose(name: str, results: Path) -> Entry:
    """The entry of a name; see `find`."""
    return read_entry(find(name, results))


def find(name: str, results: Path) -> Path:
    """The file of a name: a key under `results`, words of one key only, or a JSON file."""
    path = Path(name)
    if name.endswith(".json") and path.is_file():
        return path
    folder = results / "submissions"
    keys = {one.relative_to(folder).with_suffix("").as_posix(): one for one in paths(results)}
    return keys[match(name, list(keys))]


def match(name: str, keys: Sequence[str]) -> str:
    """The key that a name means: itself, or the only one that holds each of its words.

    Of several, the one that was asked the published test set, where there is one only.
    """
    if name in keys:
        return name
    words = name.casefold().split()
    found = [key for key in keys if words and all(word in key.casefold() for word in words)]
    published = {*map(task_name, METHODS), SEARCH_TASK}
    plain = [key for key in found if key.partition("/")[2].partition(".")[0] in published]
    for one in (found, plain):
        if len(one) == 1:
            return one[0]
    near = found or difflib.get_close_matches(name, keys, n=MAX_LISTED, cutoff=0.3) or keys
    listed = ", ".join(map(shown_key, near[:MAX_LISTED])) or "none here"
    if len(near) > MAX_LISTED:
        listed += f" and {len(near) - MAX_LISTED} more"
    if found:
        raise NoSuchEntry(f"{len(found)} submissions go by {short(name)!r}: name one of {listed}")
    raise NoSuchEntry(f"no submission is called {short(name)!r}: there are {listed}")


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
    asked = {one.puzzle for one in entry.outcomes if one.puzzle.hand in ranks}
    places = {puzzle: ranks[puzzle.hand] - 1 for puzzle in asked}
    spread = max(places.values(), default=0) - min(places.values(), default=0)
    width = RANK_WIDTH if spread <= WIDE_RANK_WIDTH else WIDE_RANK_WIDTH
    firsts = {puzzle: place // width * width for puzzle, place in places.items()}
    return _bands(entry, {one: (n, f"rank {n + 1}-{n + width}") for one, n in firsts.items()})


def by_difficulty(entry: Entry) -> list[Band]:
    """Accuracy by the solver's bands, `game.difficulty.BANDS`; hands without one are left out."""
    names = [name for _, name in BANDS]
    bands = {
        puzzle: (names.index(band), band)
        for puzzle in {outcome.puzzle for outcome in entry.outcomes}
        # A longer hand has no band, and its solutions alone can take minutes to count.
        if puzzle.target >= 0 and len(puzzle.numbers) <= MAX_SEARCHED
        if (band := difficulty(puzzle).band) is not None
    }
    return _bands(entry, bands)


def _bands(entry: Entry, band_of: Mapping[Puzzle, tuple[int, str]]) -> list[Band]:
    """The bands in their order, given the place and the name of each puzzle's band."""
    means: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for outcome in entry.outcomes:
        if outcome.puzzle in band_of:
            means[band_of[outcome.puzzle]].append(outcome.mean)
    return [Band(name, len(m), over_hands(m)) for (_, name), m in sorted(means.items())]


def tokens_per_solved(entry: Entry) -> float | None:
    """All tokens written, over the right responses; None where unknown or nothing was solved.

    A hand that is not solved costs its tokens, too.
    """
    right = sum(outcome.right for outcome in entry.outcomes)
    known = [outcome.tokens for outcome in entry.outcomes if outcome.tokens is not None]
    return sum(known) / right if right and len(known) == len(entry.outcomes) else None


def pass_at(entry: Entry) -> dict[int, Estimate]:
    """pass@k of an entry; empty where a hand has one response only."""
    counts = [(outcome.responses, outcome.right) for outcome in entry.outcomes]
    return pass_at_each(counts) if all(responses > 1 for responses, _ in counts) else {}


class Comparison(NamedTuple):
    """Entries, each pair of them in order, and their corrected p-values."""

    entries: tuple[Entry, ...]
    pairings: tuple[Pairing, ...]
    corrected: tuple[float | None, ...]  # Holm's p; None where there is no test, or only one pair
    ranks: Mapping[Hand, int]  # people's

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
    """Pair every two entries; with several pairs their p-values are corrected."""
    if not 2 <= len(entries) <= MAX_COMPARED:
        raise ValueError(f"{len(entries)} entries: compare 2 to {MAX_COMPARED}")
    if twice := [one.key for i, one in enumerate(entries) if one in entries[:i]]:
        raise ValueError(f"{shown_key(twice[0])} is given twice: compare different entries")
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
    entries = comparison.entries
    found = [row_of(entry) for entry in entries]
    rows = {
        name: [getattr(row, name) for row in found]
        for name in ("model", "method", "shots", "prompt", "split")
    }
    rows["obtained"] = [entry.header.obtained for entry in entries]
    rows |= {"n": [row.n for row in found], "accuracy [95%]": [row.accuracy for row in found]}
    at_k = [pass_at(entry) for entry in entries]
    for k in sorted(set().union(*at_k)):
        rows[f"pass@{k}"] = [percent(*one[k]) if k in one else NOT_KNOWN for one in at_k]
    rows |= _band_rows("", entries, lambda entry: by_rank(entry, comparison.ranks))
    rows |= _band_rows("solver: ", entries, by_difficulty)
    rows["tokens a response"] = [
        row.tokens if entry.header.search is None else NOT_KNOWN
        for row, entry in zip(found, entries, strict=True)
    ]
    rows["tokens a hand, prompts too"] = [row.total for row in found]
    costs = map(tokens_per_solved, entries)
    rows["tokens written a solved hand"] = [NOT_KNOWN if c is None else f"{c:,.0f}" for c in costs]
    known = [(name, *row) for name, row in rows.items() if set(row) != {NOT_KNOWN}]
    return text_table("Entries", ["", *ascii_uppercase[: len(entries)]], known)


def _band_rows(
    prefix: str, entries: Sequence[Entry], bands_of: Callable[[Entry], list[Band]]
) -> dict[str, list[str]]:
    """A row a band, in the order in which the bands come."""
    rows: defaultdict[str, list[str]] = defaultdict(lambda: [NOT_KNOWN] * len(entries))
    for i, entry in enumerate(entries):
        for name, hands, accuracy in bands_of(entry):
            rows[f"{prefix}{name}"][i] = f"{percent(*accuracy)} of {hands}"
    return rows


def render_pairs(comparison: Comparison) -> Table:
    """Each pair on its shared hands."""
    headings = ("pair", "hands", "first", "second", "both", "only 1st", "only 2nd", "neither")
    rows = []
    pairs = zip(pair_names(comparison), comparison.pairings, comparison.corrected, strict=True)
    for name, pairing, corrected in pairs:
        row = [name, "0", *[NOT_KNOWN] * 9]
        if test := pairing.test:
            row = [
                name,
                str(test.hands),
                percent(test.first),
                percent(test.second),
                *map(str, test.counts or [NOT_KNOWN] * 4),
                test.difference_text,
                p_text(test.p),
                NOT_KNOWN if corrected is None else p_text(corrected),
            ]
        rows.append(row)
    title = "Pairs, on the hands that both answered"
    return text_table(title, [*headings, "difference [95%]", "p", "p (Holm)"], rows, whole=True)
