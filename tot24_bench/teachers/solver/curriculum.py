"""What a response of the solver teacher looks like: the knobs of a curriculum.

Every knob changes what is shown, never what is true: a dead end is always dead, an answer right.

>>> Curriculum(plausible="random", mark=None).settings()["mark"] is None
True
>>> Curriculum(explore=1.5)
Traceback (most recent call last):
tot24_bench.teachers.solver.curriculum.BadCurriculum: explore is 1.5: give a share from 0 to 1
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tot24_bench.game import State, held_out_states
from tot24_bench.teachers.teacher import Setting

EXPLORE = 0.2
"""Default share of dead ends that are followed instead of marked at once.

A student trained on this mix marks a state only where it is over 1 / (2 * (1 - EXPLORE)) = 62% sure
that the state is dead, and searches it where it is less sure.
"""

DEAD_END = ": dead end"  # the notation of a dead end, straight after the numbers left

MAX_LINES = 300
"""Default lines of a response: an unsolvable hand of four takes up to 150 at EXPLORE."""

MOST_LINES = 4_000
"""Largest `max_lines`, and the bound where there is none: a response is read to the 5,000th thought
(`scoring.steps.MAX_STEPS`), and no hand of four takes a quarter of that."""

AVOIDABLE = {"state_holdout": held_out_states}
"""Sets of states that have a name: what `avoid` takes."""

CHOICES: dict[str, tuple[str | None, ...]] = {
    "plausible": ("ordered", "random"),
    "judge": ("oracle", "look-ahead", "backward"),
    "fractions": ("last", "early"),
    "mark": (DEAD_END, None),
    "avoid": (*AVOIDABLE, None),
}
"""The knobs that choose among names."""


class BadCurriculum(ValueError):
    """A knob that cannot be turned so far; the message names the fix."""


class CannotTeach(ValueError):
    """A puzzle that the solver teacher has no response to: to be counted and skipped."""


@dataclass(frozen=True)
class Curriculum:
    """The knobs. Each field is a setting of the teacher's records.

    Raises:
        BadCurriculum: for a value out of range.
    """

    # In which order a state's thoughts are tried: "ordered" (from the last pair to the first, + - *
    # and exact quotients, then fractions), or "random" (drawn for each state).
    plausible: str = "ordered"
    # share of dead ends of three or more numbers that are followed, not marked at once
    explore: float = EXPLORE
    mark: str | None = DEAD_END  # notation of a dead end; None for no marks at all
    # A longer search is written again with half the exploring, in the end with none, and then with
    # fewer dead ends; None for MOST_LINES. A path that does not fit by itself is not taught.
    max_lines: int | None = MAX_LINES
    # States that are never entered nor shown as left: a name of `AVOIDABLE`. Test hands never are,
    # whatever is given here, where the hand has five numbers or more and is no test hand itself
    # (`truth`): its searches pass through hands of four.
    avoid: str | None = None
    # Who tells dead ends in a One-Step ToT response: the "oracle", or a written "look-ahead" over
    # every state of three numbers (`look_ahead`), or a search "backward" from the target, pair by
    # pair (`backward`); these two know nothing that they do not show. The knobs `plausible`,
    # `explore` and `mark` are the oracle's, those below the look-ahead's; what is longer than
    # `max_lines` is not taught. Other methods than One-Step ToT are written as with the oracle, but
    # for a `value` by look-ahead.
    judge: str = "oracle"
    # When a look-ahead comes to first thoughts that leave a fraction: "last", all of them and all
    # that they make; or "early", before sums and products, only those of use, and only what is of
    # use of what they make. Early, hands that need a fraction take less than half the length,
    # searches that end on sums or products more.
    fractions: str = "last"
    # Share of look-aheads that begin with another operation than usual, drawn, and go round from
    # there: what comes last in a search is rare where searches are short.
    reorder: float = 0.0
    # Share of look-aheads that begin with the operation by which they are shortest, quotients that
    # leave a remainder among them; `reorder` is for the others. Three quarters of these reordered,
    # no beginning is shown more often for another reason.
    informed: float = 0.0
    # How often each first thought of a look-ahead is guessed rightly, in place of an order; 0: in
    # their order.
    hunch: float = 0.0

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                there = ", ".join("none" if one is None else one for one in choices)
                raise BadCurriculum(f"no {name} {value!r:.40}: there is {there}")
        for name in ("explore", "reorder", "informed", "hunch"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value <= 1:
                raise BadCurriculum(f"{name} is {value!r:.40}: give a share from 0 to 1")
        most = self.max_lines
        if most is not None and (type(most) is not int or not 3 <= most <= MOST_LINES):
            raise BadCurriculum(
                f"max_lines is {most!r:.40}: give a whole number from 3 to {MOST_LINES}, or none"
            )

    @property
    def avoided(self) -> frozenset[State]:
        """The states of `avoid`."""
        return frozenset() if self.avoid is None else AVOIDABLE[self.avoid]()

    def settings(self) -> dict[str, Setting]:
        """Every knob as a record keeps it."""
        return asdict(self)
