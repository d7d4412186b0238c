"""What tokens cost: the table that comes along (`prices.yaml`), and the user's beside it.

>>> price = price_of("gpt-4o-2024-08-06")
>>> price.cost(prompt=1_000, completion=200)
Decimal('0.0045')
>>> price.batched().cost(prompt=1_000, completion=200)
Decimal('0.00225')
>>> price_of("a-model-of-mine") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from tot24_bench.schema import Record
from tot24_bench.teachers.teacher import TeacherUnavailable

MILLION = Decimal(1_000_000)

MAX_FILE_BYTES = 1_000_000
"""Bytes of a price table."""

_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$", re.ASCII)
"""How a snapshot's name ends."""


def _decimal(value: object) -> object:
    # YAML reads 0.15 as a binary float; its shortest spelling is what the file says.
    return str(value) if isinstance(value, float) else value


Dollars = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: of the prompt.
        output: of the response, hidden reasoning included.
        cached_input: of prompt tokens that the provider remembers; None as `input`.
        cache_write: of prompt tokens that it stores; None as `input`.
        batch: the Batch API's share of these prices.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    batch: Decimal = Decimal(1)

    def cost(self, prompt: int, completion: int, *, cached: int = 0, written: int = 0) -> Decimal:
        """US dollars of a call, exactly.

        Args:
            prompt: tokens of the prompt, those of the cache included.
            completion: tokens of the response.
            cached: how many of the prompt's tokens came from the cache.
            written: how many were stored in it.
        """
        plain = max(prompt - cached - written, 0)
        total = plain * self.input + completion * self.output
        total += cached * (self.input if self.cached_input is None else self.cached_input)
        total += written * (self.input if self.cache_write is None else self.cache_write)
        return total / MILLION

    def worst(self, prompt: int, completion: int) -> Decimal:
        """US dollars that a call may cost at most, whatever the cache does."""
        dearest = max(self.input, self.cached_input or 0, self.cache_write or 0)
        return (prompt * dearest + completion * self.output) / MILLION

    def batched(self) -> Price:
        """The prices of the Batch API."""

        def share(price: Decimal | None) -> Decimal | None:
            return None if price is None else price * self.batch

        return replace(
            self,
            input=self.input * self.batch,
            output=self.output * self.batch,
            cached_input=share(self.cached_input),
            cache_write=share(self.cache_write),
            batch=Decimal(1),
        )


class _Row(Record):
    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None
    cache_write: Dollars | None = None
    batch: Dollars | None = None


class _Table(Record):
    currency: Annotated[str, Field(pattern="^USD$")] = "USD"
    per_tokens: Annotated[int, Field(ge=1_000_000, le=1_000_000)] = 1_000_000
    batch: Dollars = Decimal("0.5")
    models: dict[str, _Row]


def price_of(model: str, table: Path | None = None) -> Price | None:
    """The price of a model; None where no table names it.

    Args:
        model: as the API calls it; a snapshot's date may be missing in the table.
        table: the user's own, which goes first.

    Raises:
        TeacherUnavailable: a table that cannot be read.
    """
    tables = [_read(table)] if table is not None else []
    for prices in (*tables, _shipped()):
        for name in (model, _DATE.sub("", model)):
            if name in prices:
                return prices[name]
    return None


def _read(path: Path) -> Mapping[str, Price]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise TeacherUnavailable(f"--prices {path}: {error.strerror or 'cannot be read'}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise TeacherUnavailable(f"--prices {path}: above {MAX_FILE_BYTES} bytes, no price table")
    return _parse(raw, f"--prices {path}")


@cache
def _shipped() -> Mapping[str, Price]:
    return _parse(files(__package__).joinpath("prices.yaml").read_bytes(), "prices.yaml")


def _parse(raw: bytes, name: str) -> Mapping[str, Price]:
    import yaml

    form = "write models: {NAME: {input: DOLLARS, output: DOLLARS}}, per million tokens"
    try:
        data: Any = yaml.safe_load(raw)
        table = _Table.model_validate(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise TeacherUnavailable(f"{name}: no YAML; {form}") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))[:80] or "the file"
        raise TeacherUnavailable(f"{name}: {where}: {fault['msg']}; {form}") from None
    return {
        model: Price(
            row.input,
            row.output,
            row.cached_input,
            row.cache_write,
            table.batch if row.batch is None else row.batch,
        )
        for model, row in table.models.items()
    }
