"""A hard limit on what a run may cost: reserve the worst case, send, then settle what it took.

>>> budget = Budget(max_tokens=1000)
>>> call = Worst(tokens=600, cost=None)
>>> budget.reserve(call), budget.reserve(call)
(True, False)
>>> budget.settle(call, Worst(tokens=150, cost=None))
>>> budget.reserve(call), budget.committed_tokens
(True, 750)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from tot24_bench.teachers.teacher import BudgetSpent, TeacherUnavailable


class Worst(NamedTuple):
    """What a call may take at most, or took.

    Attributes:
        tokens: of prompt and responses.
        cost: US dollars; None where no price is known.
    """

    tokens: int
    cost: Decimal | None


@dataclass(slots=True)
class Budget:
    """What may be spent, what is, and what is reserved for calls under way.

    Attributes:
        max_cost: US dollars; None is any amount.
        max_tokens: of prompts and responses; None is any number.
        spent_cost: US dollars, earlier runs on the same file included.
        spent_tokens: the same in tokens.

    Raises:
        TeacherUnavailable: a limit that lets nothing be asked.
    """

    max_cost: Decimal | None = None
    max_tokens: int | None = None
    spent_cost: Decimal = Decimal(0)
    spent_tokens: int = 0
    _held_cost: Decimal = Decimal(0)
    _held_tokens: int = 0

    def __post_init__(self) -> None:
        if self.max_cost is not None and not (self.max_cost.is_finite() and self.max_cost > 0):
            raise TeacherUnavailable(
                "--max-cost must be above 0 US dollars: a budget of zero lets nothing be asked"
            )
        if self.max_tokens is not None and self.max_tokens <= 0:
            raise TeacherUnavailable(
                "--max-tokens-total must be above 0: a budget of zero lets nothing be asked"
            )

    def require_price(self, price: object, model: str) -> None:
        """Refuse a limit on cost that nothing could hold.

        Raises:
            TeacherUnavailable: there is such a limit, and no price.
        """
        if self.max_cost is not None and price is None:
            raise TeacherUnavailable(
                f"no price is known for {model[:80]!r}, so --max-cost cannot hold: give a table "
                "with --prices FILE, or limit --max-tokens-total"
            )

    @property
    def committed_cost(self) -> Decimal:
        """US dollars that are spent or reserved."""
        return self.spent_cost + self._held_cost

    @property
    def committed_tokens(self) -> int:
        """Tokens that are spent or reserved."""
        return self.spent_tokens + self._held_tokens

    def fits(self, worst: Worst) -> bool:
        """Whether a call can be sent without any risk of passing a limit."""
        if self.max_tokens is not None and self.committed_tokens + worst.tokens > self.max_tokens:
            return False
        if self.max_cost is None:
            return True
        return worst.cost is not None and self.committed_cost + worst.cost <= self.max_cost

    def reserve(self, worst: Worst) -> bool:
        """Reserve a call's worst case; False, and nothing is reserved, where it does not fit."""
        if not self.fits(worst):
            return False
        self._held_tokens += worst.tokens
        self._held_cost += worst.cost or 0
        return True

    def settle(self, reserved: Worst, took: Worst) -> None:
        """Free what was reserved, and count what was taken."""
        self._held_tokens -= reserved.tokens
        self._held_cost -= reserved.cost or 0
        self.spent_tokens += took.tokens
        self.spent_cost += took.cost or 0

    def spent(self, next_call: Worst) -> BudgetSpent:
        """What to raise when the next call does not fit and nothing is under way."""
        over_tokens = (
            self.max_tokens is not None
            and self.committed_tokens + next_call.tokens > self.max_tokens
        )
        if over_tokens:
            return BudgetSpent(
                f"the budget is spent: {self.spent_tokens} of {self.max_tokens} tokens are taken, "
                f"and the next call may take {next_call.tokens}; raise --max-tokens-total or lower "
                "--max-tokens"
            )
        return BudgetSpent(
            f"the budget is spent: ${self.spent_cost:.4f} of ${self.max_cost} are taken, and the "
            f"next call may cost ${next_call.cost or 0:.4f}; raise --max-cost or lower --max-tokens"
        )
