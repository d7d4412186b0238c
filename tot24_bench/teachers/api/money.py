"""What asking costs: prices of tokens, and a budget that is never passed.

A call goes out only if the most that it can take still fits the budget (`Budget.reserve`); what it
really took is settled when its answer is there.

>>> budget = Budget(max_tokens=1000)
>>> call = Charge(600)
>>> budget.reserve(call), budget.reserve(call)
(True, False)
>>> budget.settle(call, Charge(150))
>>> budget.reserve(call), budget.committed_tokens
(True, 750)

Prices come from the table that comes along (`prices.yaml`), or the user's beside it.

>>> price = price_of("gpt-4o-2024-08-06")
>>> price.cost(prompt=1_000, completion=200), price.batched().cost(prompt=1_000, completion=200)
(Decimal('0.0045'), Decimal('0.00225'))
>>> price_of("a-model-of-mine") is None
True
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from tot24_bench.schema import Record, first_fault
from tot24_bench.teachers.teacher import BudgetSpent, TeacherUnavailable

MILLION = Decimal(1_000_000)
_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$", re.ASCII)  # of a snapshot


@dataclass(frozen=True, slots=True)
class Charge:
    """Tokens of prompts and responses, and US dollars: 0 where no price is known."""

    tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: Charge) -> Charge:
        return Charge(self.tokens + other.tokens, self.cost + other.cost)

    def __mul__(self, times: int) -> Charge:
        return Charge(self.tokens * times, self.cost * times)


@dataclass(slots=True)
class Budget:
    """What may be spent, what is, and what is reserved for calls under way.

    Raises:
        TeacherUnavailable: a limit that lets nothing be asked.
    """

    max_cost: Decimal | None = None  # US dollars; None is any amount
    max_tokens: int | None = None  # of prompts and responses; None is any number
    spent_cost: Decimal = Decimal(0)  # US dollars, earlier runs on the same file included
    spent_tokens: int = 0  # the same in tokens
    _held: Charge = Charge()

    def __post_init__(self) -> None:
        zero = "must be above 0: a budget of zero lets nothing be asked"
        if self.max_cost is not None and not (self.max_cost.is_finite() and self.max_cost > 0):
            raise TeacherUnavailable(f"--max-cost {zero}")
        if self.max_tokens is not None and self.max_tokens <= 0:
            raise TeacherUnavailable(f"--max-tokens-total {zero}")

    def require_price(self, price: Price | None, model: str) -> None:
        """Refuse a limit on cost that nothing could hold, as no price is known."""
        if self.max_cost is not None and price is None:
            raise TeacherUnavailable(
                f"no price is known for {model[:80]!r}, so --max-cost cannot hold: give a table "
                "with --prices FILE, or limit --max-tokens-total"
            )

    @property
    def committed_cost(self) -> Decimal:
        """US dollars that are spent or reserved."""
        return self.spent_cost + self._held.cost

    @property
    def committed_tokens(self) -> int:
        """Tokens that are spent or reserved."""
        return self.spent_tokens + self._held.tokens

    def fits(self, most: Charge) -> bool:
        """Whether a call that takes so much at most can be sent without passing a limit."""
        cost = self.max_cost is None or self.committed_cost + most.cost <= self.max_cost
        return cost and not self._over_tokens(most)

    def _over_tokens(self, most: Charge) -> bool:
        limit = self.max_tokens
        return limit is not None and self.committed_tokens + most.tokens > limit

    def reserve(self, most: Charge) -> bool:
        """Reserve the most that a call takes; False where it does not fit."""
        if not self.fits(most):
            return False
        self._held += most
        return True

    def settle(self, reserved: Charge, took: Charge) -> None:
        """Free what was reserved, and count what was taken."""
        self._held += reserved * -1
        self.spend(took)

    def spend(self, took: Charge) -> None:
        """Count what was taken."""
        self.spent_tokens += took.tokens
        self.spent_cost += took.cost

    def spent(self, most: Charge) -> BudgetSpent:
        """What to raise when the next call does not fit and nothing is under way."""
        if self._over_tokens(most):
            return BudgetSpent(
                f"the budget is spent: {self.spent_tokens} of {self.max_tokens} tokens are taken, "
                f"and the next call may take {most.tokens}; raise --max-tokens-total or lower "
                "--max-tokens"
            )
        return BudgetSpent(
            f"the budget is spent: ${self.spent_cost:.4f} of ${self.max_cost} are taken, and the "
            f"next call may cost ${most.cost:.4f}; raise --max-cost or lower --max-tokens"
        )


Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000)]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Price:
    """US dollars per million tokens."""

    input: Dollars  # of the prompt
    output: Dollars  # of the response, hidden reasoning included
    # of prompt tokens that the provider remembers; None as `input`
    cached_input: Dollars | None = None
    cache_write: Dollars | None = None  # of prompt tokens that it stores; None as `input`
    batch: Dollars | None = None  # the Batch API's share of these prices; None is 1

    def cost(self, prompt: int, completion: int, cached: int = 0, written: int = 0) -> Decimal:
        """US dollars of a call, exactly; `cached` and `written` are parts of the prompt."""
        total = max(prompt - cached - written, 0) * self.input + completion * self.output
        total += cached * (self.input if self.cached_input is None else self.cached_input)
        total += written * (self.input if self.cache_write is None else self.cache_write)
        return total / MILLION

    def worst(self, prompt: int, completion: int) -> Decimal:
        """US dollars that a call may cost at most, whatever the cache does."""
        dearest = max(self.input, self.cached_input or 0, self.cache_write or 0)
        return (prompt * dearest + completion * self.output) / MILLION

    def batched(self) -> Price:
        """The prices of the Batch API."""
        share = 1 if self.batch is None else self.batch
        prices = dataclasses.asdict(self) | {"batch": None}
        return Price(**{name: each and each * share for name, each in prices.items()})


class _Table(Record):
    currency: Literal["USD"] = "USD"
    per_tokens: Literal[1_000_000] = 1_000_000
    batch: Dollars = Decimal("0.5")
    models: dict[str, Price]


def price_of(model: str, table: Path | None = None) -> Price | None:
    """The price of a model, by the user's table before ours; None where none names it.

    Raises:
        TeacherUnavailable: a table that cannot be read.
    """
    for prices in (*([] if table is None else [_read(table, f"--prices {table}")]), _shipped()):
        for name in (model, _DATE.sub("", model)):
            if name in prices:
                return prices[name]
    return None


@cache
def _shipped() -> Mapping[str, Price]:
    return _read(files("tot24_bench.teachers") / "prices.yaml", "prices.yaml")


def _read(table: Traversable, name: str) -> Mapping[str, Price]:
    import yaml

    form = "write models: {NAME: {input: DOLLARS, output: DOLLARS}}, per million tokens"
    try:
        read = _Table.model_validate(yaml.safe_load(table.read_bytes()))
    except OSError as error:
        raise TeacherUnavailable(f"{name}: {error.strerror or 'cannot be read'}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise TeacherUnavailable(f"{name}: no YAML; {form}") from None
    except ValidationError as error:
        where, fault = first_fault(error)
        raise TeacherUnavailable(f"{name}: {where}: {fault}; {form}") from None
    return {
        model: replace(price, batch=read.batch) if price.batch is None else price
        for model, price in read.models.items()
    }
