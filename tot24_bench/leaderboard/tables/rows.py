"""Turn submissions into the rows of the leaderboard: plain text, a cell a column.

- What was measured here, what was rescored from public transcripts and what a source reports stand
  in sections of their own and are never ranked together.
- Within a section: by split, then by accuracy, the highest first, then by name.
- A cell holds no line break, no control or direction character, and is of bounded length; whoever
  shows it escapes it for where it is shown.
- The same submissions, in any order, give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.game import (
    ALL_SPLITS,
    LARGEST_CARD,
    Puzzle,
    avoids_held_out_states,
    is_split,
    split_size,
)
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.submission import OTHER, Header, ModelInfo
from tot24_bench.leaderboard.tables.ranks import ranks
from tot24_bench.prompts import DEFAULT_VARIANT, METHOD_NAMES
from tot24_bench.statistics import Estimate, Interval, over_hands, pass_at_k
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

MAX_CELL_CHARS = 80
"""Characters of a cell, so that one long name does not push the figures out of sight."""

MAX_NOTE_CHARS = 300  # characters of a note below the table
MAX_NOTES = 10  # notes of one row

NOT_KNOWN = "–"

ORACLE_STOP, SYMBOLIC_STEP = "oracle stop", "symbolic step"

FLAGS = {
    ORACLE_STOP: "right answers were used to stop or choose",
    SYMBOLIC_STEP: "code did part of the arithmetic",
}
"""What a reader of a search's figure must know, in words."""

KS = (1, 5, 10, 50, 100, 500, 1_000)  # the k of pass@k

SECTIONS = {
    "measured": ("Measured", "Run with this benchmark; every response is stored and scored."),
    "rescored": (
        "Rescored",
        "Responses that others published, scored by this benchmark's rules. The prompts were their "
        "own where the column says so: not to be ranked with the rows above.",
    ),
    "reported": (
        "Reported",
        "Figures as their sources give them, with the sources' own prompts; not checked here.",
    ),
}
"""How a figure can be obtained, in the order in which the sections stand: title and words."""


class Row(NamedTuple):
    """One submission as plain text, a cell a column; see COLUMNS for the headings."""

    rank: str
    model: str
    parameters: str
    method: str
    shots: str
    prompt: str
    split: str
    n: str
    accuracy: str
    tokens: str
    total: str
    precision: str
    teacher: str
    trained: str


COLUMNS = Row(*Row._fields)._replace(
    parameters="params", accuracy="accuracy [95%]", trained="trained on"
)

RIGHT_ALIGNED = frozenset({"rank", "parameters", "shots", "n", "accuracy", "tokens", "total"})


class Ranked(NamedTuple):
    """A row, its entry, and what a reader of it must know: its source and notes."""

    entry: Entry
    row: Row
    notes: tuple[str, ...]


class Section(NamedTuple):
    """Rows of figures that were obtained one way."""

    title: str
    words: str
    ranked: list[Ranked]


def sections(entries: Iterable[Entry]) -> list[Section]:
    """The sections that have rows, in order; what is no row (`why_no_row`) is in none."""
    found = {obtained: Section(*words, []) for obtained, words in SECTIONS.items()}
    every = in_order(entries)
    for entry, rank in zip(every, ranks(every), strict=True):
        ranked = Ranked(entry, row_of(entry, rank), notes_of(entry))
        found[entry.header.obtained].ranked.append(ranked)
    return [section for section in found.values() if section.ranked]


def rows(entries: Iterable[Entry]) -> list[Row]:
    """One row for each submission, in the order in which tables show them."""
    return [ranked.row for section in sections(entries) for ranked in section.ranked]


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that are rows, as tables show them: splits in their own order, others last."""
    return sorted((entry for entry in entries if why_no_row(entry) is None), key=_order_of)


def _order_of(entry: Entry) -> tuple[object, ...]:
    header, split = entry.header, entry.header.split
    return (
        list(SECTIONS).index(header.obtained),
        ALL_SPLITS.index(split.partition("-")[0]) if is_split(split) else len(ALL_SPLITS),
        split,
        -header.metrics.acc,
        header.model.name.casefold(),
        header.key,
    )


def row_of(entry: Entry, rank: int | None = None) -> Row:
    """The cells of one entry."""
    header, model = entry.header, entry.header.model
    tokens = header.mean_response_tokens
    if header.search is not None:
        tokens = header.search.completion_tokens
    cells = {
        "rank": rank,
        "model": model.name,
        "parameters": None if model.parameters is None else short_count(model.parameters),
        "method": method_of(header),
        "shots": header.shots,
        "prompt": _prompt(header),
        "split": header.split,
        "n": _hands(entry),
        "accuracy": percent(header.metrics.acc, interval(entry)),
        "tokens": mean_count(tokens),
        "total": mean_count(header.total_tokens),
        "precision": model.precision or None,
        "teacher": model.teacher or None,
        "trained": trained_on(model),
    }
    return Row(*(NOT_KNOWN if cell is None else short(str(cell)) for cell in cells.values()))


def mean_count(mean: float | None) -> str | None:
    """A mean of counts as a cell shows it."""
    return None if mean is None else f"{mean:,.0f}"


def short(text: str) -> str:
    """Text as a cell or a sentence quotes it: one line of bounded length."""
    return one_line(text, MAX_CELL_CHARS)


def short_count(parameters: int) -> str:
    """A number of weights as people say it: 1.9M, 135M, 7B."""
    for size, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if parameters >= 0.9995 * size:  # 999,950 is 1M, not 1000K
            count = parameters / size
            return f"{count:.0f}{unit}" if count >= 99.5 else f"{count:.2g}{unit}"
    return str(parameters)


def method_of(header: Header) -> str:
    """What tables call the method."""
    if header.search is not None:
        return header.search.settings.label
    return header.label or METHOD_NAMES.get(header.method, header.task)


def flags_of(header: Header) -> tuple[str, ...]:
    """What helped a search beside the model, each in a few words."""
    search = header.search
    if search is None:
        return ()
    raised = {ORACLE_STOP: search.oracle_stop, SYMBOLIC_STEP: search.symbolic_step}
    return tuple(flag for flag, is_raised in raised.items() if is_raised)


def _prompt(header: Header) -> str:
    """Plain text or chat, and the exemplars; of another's prompt only that it is another."""
    if OTHER in (header.variant, header.method) and header.obtained != "measured":
        return OTHER
    chat = "chat" if header.chat else "plain"
    return chat if header.variant == DEFAULT_VARIANT else f"{chat}, {header.variant}"


def _hands(entry: Entry) -> str:
    """The hands asked, of how many where the split has more, and the responses to each."""
    header = entry.header
    whole = split_size(header.split) if is_split(header.split) else header.n
    hands = f"{header.n} of {whole}" if header.n < whole else str(header.n)
    most = header.repeats
    if most == 1:
        return hands
    fewest = min((outcome.responses for outcome in entry.outcomes), default=most)
    return f"{hands} x {most if fewest == most else f'{fewest}-{most}'}"


def percent(share: float, ends: Interval | None = None, digits: int = 1) -> str:
    """As in "91.0% [83.8, 95.2]"; without the ends where there are none."""
    value = f"{100 * share:.{digits}f}%"
    if ends is None:
        return value
    low, high = (f"{100 * end:.{digits}f}" for end in ends)
    return f"{value} [{low}, {high}]"


def pass_at_each(counts: Sequence[tuple[int, int]]) -> dict[int, Estimate]:
    """pass@k (unbiased) for the k that every hand has responses for.

    Args:
        counts: for each hand its responses, and how many of them are right.
    """
    fewest = min((responses for responses, _ in counts), default=0)
    return {
        k: over_hands([pass_at_k(responses, right, k) for responses, right in counts])
        for k in KS
        if k <= fewest
    }


def trained_on(model: ModelInfo) -> str:
    """`deck` for hands of four cards alone, `wide` for others too, a dash for nothing declared.

    Larger numbers, other sizes of hands and states of a search all make a student `wide`.
    """
    if model.training is None:
        return NOT_KNOWN
    hands = (hand.split() for hand in model.training.hands)
    deck = all(len(hand) == 4 and int(hand[-1]) <= LARGEST_CARD for hand in hands)
    return "deck" if deck else "wide"


def notes_of(entry: Entry) -> tuple[str, ...]:
    """What helped a search, the source of a figure that is not ours, the notes; each one line."""
    header = entry.header
    source = () if header.source is None else (f"Source: {header.source}.",)
    flags = (f"{flag}: {FLAGS[flag]}" for flag in flags_of(header))
    notes = [*flags, *source, *header.notes][:MAX_NOTES]
    if header.split == "val" and header.model.training:
        notes.append(
            "Students of training/ have their checkpoint chosen on these hands: no test of it."
        )
    if entry.withheld:
        notes.append("The responses are withheld: their hashes are stored.")
    return tuple(one_line(note, MAX_NOTE_CHARS) for note in notes)


def note_numbers(ranked: Iterable[Ranked]) -> dict[str, int]:
    """Every note once, with its number, in the order in which rows come to it."""
    notes = dict.fromkeys(note for one in ranked for note in one.notes)
    return {note: number for number, note in enumerate(notes, start=1)}


def no_rows(entries: Iterable[Entry]) -> list[str]:
    """The entries that no table has, and why, a line each."""
    found = [(entry, why_no_row(entry)) for entry in sorted(entries, key=_order_of)]
    return [one_line(f"{entry.key}: {why}", MAX_NOTE_CHARS) for entry, why in found if why]


def why_no_row(entry: Entry) -> str | None:
    """Why an entry does not say what its split asks; None where it does.

    `state_holdout` asks the hands of hard100 of students that never saw their inner states. Of any
    other model it is hard100 under another name.
    """
    training = entry.header.model.training
    if entry.header.split != "state_holdout":
        return None
    if training is None:
        return "no training under the hold-out is declared, so it would be hard100 a second time"
    if through := _through_held_out_states(training.hands):
        return (
            f"not trained under the hold-out, so it would be hard100 a second time: {through} of "
            "its training hands have no way around the held-out states"
        )
    return None


@lru_cache(maxsize=64)
def _through_held_out_states(hands: tuple[str, ...]) -> int:
    """How many of the hands cannot be won without passing through a held-out state."""
    return sum(not avoids_held_out_states(Puzzle.parse(hand).hand) for hand in hands)


def text_table(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], whole: bool = False
) -> Table:
    """A table for a terminal whose text is never read as markup.

    Args:
        title: what it shows.
        headings: one a column; without any text among them the header is left out.
        rows: the cells; those of the first column are aligned to the left, figures to the right.
        whole: whether figures are never folded.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), box=box.HORIZONTALS, show_header=any(headings))
    table.add_column(headings[0])
    for heading in headings[1:]:
        justify: JustifyMethod = "right" if any(headings) else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
