"""What asking has cost beyond what a trace file holds: calls that were sent and never recorded.

A limit on cost is hard only if it knows of these, too: tries that a server may have billed without
an answer that arrived, and calls that were under way when the process was killed. They are noted
beside the trace file, `traces.jsonl.spent.json`; a run that never came to its end counts as if
every call that it could have had under way had been billed at its worst.

    {"cost": "0.0123", "tokens": 4100, "under_way": {"cost": "0.32", "tokens": 40000}}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError

from tot24_bench.files import write_durably
from tot24_bench.schema import Count, Record
from tot24_bench.teachers import Budget
from tot24_bench.traces.store import TraceFile


class BadSpending(ValueError):
    """The note cannot be read; the message names the fix."""


class Amount(Record):
    """US dollars and tokens."""

    cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    tokens: Count = 0

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(cost=self.cost + other.cost, tokens=self.tokens + other.tokens)

    def beyond(self, other: Amount) -> Amount:
        """By how much it is more; nothing where it is less."""
        cost, tokens = self.cost - other.cost, self.tokens - other.tokens
        return Amount(cost=max(cost, Decimal(0)), tokens=max(tokens, 0))


NOTHING = Amount()


class _Note(Amount):
    under_way: Amount | None = None


@dataclass
class Spending:
    """The note beside a trace file; `unrecorded` is what earlier runs took that no trace tells."""

    path: Path
    unrecorded: Amount
    _worst: Amount = NOTHING

    @classmethod
    def beside(cls, traces: Path) -> Self:
        """Read the note beside a trace file; the run that never ended counts at its worst."""
        path = traces.with_name(f"{traces.name}.spent.json")
        if not path.exists():
            return cls(path, NOTHING)
        try:
            note = _Note.model_validate_json(path.read_bytes())
        except ValidationError:
            raise BadSpending(
                f"{path} cannot be read: mend it, or delete it and lower the limit by what it held"
            ) from None
        return cls(path, note.plus(note.under_way or NOTHING))

    def begin(self, worst: Amount) -> None:
        """Note before the first call what all calls under way can cost at once."""
        self._worst = worst
        self._write(worst)

    def note(self, unrecorded: Amount, held: Amount) -> None:
        """Note while calls are under way what was lost since, where it has grown.

        What the calls under way hold counts where it is more than was foreseen.
        """
        worst = self._worst
        if unrecorded.beyond(self.unrecorded) != NOTHING or held.tokens > worst.tokens:
            self.unrecorded = unrecorded
            self._worst = worst.plus(held.beyond(worst))
            self._write(self._worst)

    def end(self, unrecorded: Amount) -> None:
        """Note after the last call what was taken and not recorded, earlier runs included."""
        self.unrecorded = unrecorded
        if unrecorded == NOTHING:
            self.path.unlink(missing_ok=True)
        else:
            self._write(None)

    def _write(self, under_way: Amount | None) -> None:
        note = _Note(**self.unrecorded.to_json(), under_way=under_way)
        write_durably(self.path, json.dumps(note.to_json()) + "\n")


def budget_of(
    file: TraceFile, spending: Spending, max_cost: Decimal | None, max_tokens: int | None
) -> Budget:
    """What may be spent beyond what a file, and calls that it does not hold, have taken.

    Raises:
        BadSpending: a limit on cost, and traces whose cost nobody knows.
        TeacherUnavailable: a limit of nothing.
    """
    totals, lost = file.totals, spending.unrecorded
    if max_cost is not None and totals.unpriced:
        raise BadSpending(
            f"{totals.unpriced} traces of {file.path} were recorded without a price, so "
            "--max-cost cannot hold: limit --max-tokens-total, or give another -o"
        )
    return Budget(max_cost, max_tokens, totals.cost + lost.cost, totals.tokens + lost.tokens)


@contextmanager
def noting(
    spending: Spending, budget: Budget, file: TraceFile, worst: Amount | None
) -> Iterator[Callable[[], None]]:
    """Note what calls cost that are sent and never recorded, whatever ends this process.

    The calls are charged to the budget; `worst` is what all under way can take at once, None where
    something else knows them. What is yielded is to be called after every answer.
    """
    if worst is not None:
        spending.begin(worst)

    def unrecorded(charged: Amount) -> Amount:
        return charged.beyond(Amount(cost=file.totals.cost, tokens=file.totals.tokens))

    def committed() -> Amount:
        return Amount(cost=budget.committed_cost, tokens=budget.committed_tokens)

    def note() -> None:
        spent = Amount(cost=budget.spent_cost, tokens=budget.spent_tokens)
        spending.note(unrecorded(spent), committed().beyond(spent))

    try:
        yield note
    finally:
        spending.end(unrecorded(committed()))
