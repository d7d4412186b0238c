"""Two or more entries beside each other, as tables for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tot24_bench.game import Hand
from tot24_bench.leaderboard.tables.bands import (
    Share,
    by_difficulty,
    by_rank,
    pass_at,
    tokens_per_solved,
)
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.tables.pairing import Pairing, conclusion, pair
from tot24_bench.leaderboard.tables.rows import NOT_KNOWN, one_line, percent, row_of
from tot24_bench.statistics import Interval, holm, p_text

if TYPE_CHECKING:
    from rich.table import Table

MAX_COMPARED = 20
"""Entries that are compared with each other: 190 pairs."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Entries, each pair of them, and their corrected p-values.

    Attributes:
        entries: in the order given.
        pairings: every pair, in order.
        corrected: the p-value of each after Holm's correction; None where there is no test, or
            only one pair.
        ranks: people's rank by hand.
    """

    entries: tuple[Entry, ...]
    pairings: tuple[Pairing, ...]
    corrected: tuple[float | None, ...]
    ranks: Mapping[Hand, int]

    def conclusions(self) -> list[str]:
        """One for each pair."""
        pairs = zip(self.pairings, self.corrected, strict=True)
        return [conclusion(pairing, p) for pairing, p in pairs]

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "entries": [self._entry_json(entry) for entry in self.entries],
            "pairs": [
                pairing.to_json() | {"p_holm": p, "conclusion": conclusion(pairing, p)}
                for pairing, p in zip(self.pairings, self.corrected, strict=True)
            ],
        }

    def _entry_json(self, entry: Entry) -> dict[str, Any]:
        ends = interval(entry)
        return {
            "key": entry.key,
            "n": entry.header.n,
            "accuracy": entry.header.metrics.acc,
            "interval": None if ends is None else list(ends),
            "tokens_per_solved_hand": tokens_per_solved(entry),
            "by_rank": [_share_json(one) for one in by_rank(entry, self.ranks)],
            "by_difficulty": [_share_json(one) for one in by_difficulty(entry)],
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
        raise ValueError(f"{one_line(twice[0], 200)} is given twice: compare different entries")
    pairings = tuple(pair(a, b) for a, b in combinations(entries, 2))
    tested = [pairing.test.p for pairing in pairings if pairing.test is not None]
    corrected = iter(holm(tested))
    several = len(tested) > 1
    return Comparison(
        tuple(entries),
        pairings,
        tuple(next(corrected) if several and one.test else None for one in pairings),
        ranks,
    )


def render_entries(comparison: Comparison) -> Table:
    """The entries: what they are, their accuracy by band, what a solved hand costs."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Entries", box=box.HORIZONTALS)
    table.add_column("")
    for letter in _letters(comparison):
        table.add_column(letter, justify="right", overflow="fold")
    for name, cells in _entry_rows(comparison):
        if any(cell != NOT_KNOWN for cell in cells):
            table.add_row(Text(name), *map(Text, cells))
    return table


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
        table.add_row(*map(Text, (name, *_pair_cells(pairing, corrected))))
    return table


def pair_names(comparison: Comparison) -> list[str]:
    """What the tables call each pair, such as "A - B"."""
    return [f"{a} - {b}" for a, b in combinations(_letters(comparison), 2)]


def difference_text(difference: float, ends: Interval) -> str:
    """In points, as in "+5.0 [-1.9, +12.1]"."""
    low, high = (100 * end for end in ends)
    return f"{100 * difference:+.1f} [{low:+.1f}, {high:+.1f}]"


def _pair_cells(pairing: Pairing, corrected: float | None) -> list[str]:
    test = pairing.test
    if test is None:
        return ["0", *[NOT_KNOWN] * 9]
    counts = [NOT_KNOWN] * 4 if test.counts is None else list(map(str, test.counts))
    return [
        str(test.hands),
        f"{100 * test.first:.1f}%",
        f"{100 * test.second:.1f}%",
        *counts,
        difference_text(test.difference, test.ends),
        p_text(test.p),
        NOT_KNOWN if corrected is None else p_text(corrected),
    ]


def _entry_rows(comparison: Comparison) -> list[tuple[str, list[str]]]:
    entries = comparison.entries
    cells = [row_of(entry) for entry in entries]
    rows: list[tuple[str, list[str]]] = [
        ("model", [row.model for row in cells]),
        ("method", [row.method for row in cells]),
        ("shots", [row.shots for row in cells]),
        ("prompt", [row.prompt for row in cells]),
        ("split", [row.split for row in cells]),
        ("obtained", [entry.header.obtained for entry in entries]),
        ("n", [row.n for row in cells]),
        ("accuracy [95%]", [row.accuracy for row in cells]),
    ]
    at_k = [pass_at(entry) for entry in entries]
    for k in sorted({k for found in at_k for k in found}):
        rows.append((f"pass@{k}", [percent(*f[k]) if k in f else NOT_KNOWN for f in at_k]))
    rows += _band_rows("", entries, lambda entry: by_rank(entry, comparison.ranks))
    rows += _band_rows("solver: ", entries, by_difficulty)
    rows.append(("tokens a response", [row.tokens for row in cells]))
    costs = [tokens_per_solved(entry) for entry in entries]
    rows.append(("tokens a solved hand", [NOT_KNOWN if c is None else f"{c:,.0f}" for c in costs]))
    return rows


def _band_rows(
    prefix: str, entries: Sequence[Entry], bands: Callable[[Entry], list[Share]]
) -> list[tuple[str, list[str]]]:
    """A row a band, in the order in which the bands come."""
    each = [{share.name: share for share in bands(entry)} for entry in entries]
    names: dict[str, None] = {}
    for shares in each:
        names |= dict.fromkeys(shares)
    return [
        (
            f"{prefix}{name}",
            [
                f"{percent(shares[name].share, shares[name].interval)} of {shares[name].hands}"
                if name in shares
                else NOT_KNOWN
                for shares in each
            ],
        )
        for name in names
    ]


def _letters(comparison: Comparison) -> str:
    return "ABCDEFGHIJKLMNOPQRST"[: len(comparison.entries)]


def _share_json(share: Share) -> dict[str, Any]:
    return {
        "band": share.name,
        "hands": share.hands,
        "accuracy": share.share,
        "interval": list(share.interval),
    }
