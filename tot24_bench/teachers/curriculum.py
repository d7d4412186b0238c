"""What a search of the solver teacher looks like: the knobs of a curriculum.

Every knob changes what is shown, never what is true: a dead end is always dead, an answer right.

>>> Curriculum(dead_ends=2, plausible="tempting", mark=None).settings()["mark"] is None
True
>>> Curriculum(explore=1.5)
Traceback (most recent call last):
tot24_bench.teachers.curriculum.BadCurriculum: explore is 1.5: give a share from 0 to 1
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields

from tot24_bench.game import State, held_out_states
from tot24_bench.teachers.teacher import Setting

EXPLORE = 0.2
"""Default share of dead ends that are followed instead of marked at once.

A student trained on this mix marks a state only where it is over 1 / (2 * (1 - EXPLORE)) = 62% sure
that the state is dead, and searches it where it is less sure.
"""

DEAD_END = ": dead end"
"""The default notation of a dead end, straight after the numbers left."""

MAX_LINES = 300
"""Default lines of a response: an unsolvable hand of four takes up to 150 at EXPLORE."""

MOST_LINES = 4_000
"""Largest `max_lines`, and the bound where there is none: a response is read to the 5,000th thought
(`scoring.steps.MAX_STEPS`), and no hand of four takes a quarter of that."""

PLAUSIBLE = ("ordered", "random", "tempting")
ORDERS = ("depth-first", "best-first")
EXTENTS = ("first", "whole")
JUDGES = ("oracle", "look-ahead")
FRACTIONS = ("last", "early")

AVOIDABLE = {"state_holdout": held_out_states}
"""Sets of states that have a name: what `avoid` takes."""

_MARK = re.compile(r"[^\d\n\r=+*/()\[\]{}<>\\|$#%^~&\"`]{1,40}")
_WORDS_READ = re.compile(
    r"answer|input|steps?\b|\bleft\b|remain|\bleav|\bnumbers?\b|\bpath\b|box|think|\d",
    re.IGNORECASE,
)


class BadCurriculum(ValueError):
    """A knob that cannot be turned so far; the message names the fix."""


class CannotTeach(ValueError):
    """A puzzle that the solver teacher has no response to: to be counted and skipped."""


@dataclass(frozen=True)
class Curriculum:
    """The knobs. Each field is a setting of the teacher's records.

    Attributes:
        dead_ends: how many dead ends that turn off the winning path are shown at most (one that is
            followed counts once, with all that is below it); None for all that come up.
        plausible: the order in which a state's thoughts are tried, and so which dead ends come up:
            "ordered" (from the last pair to the first, + - * and exact quotients, then fractions),
            "random" (drawn for each state), "tempting" (those that leave the most useful-looking
            numbers first, see `solver_thoughts.promise`). Of more than `dead_ends` the first,
            random ones, or the most tempting are shown; in a whole or a best-first search always
            the first that come up.
        order: "depth-first", or "best-first": the thought whose state looks most promising next,
            wherever it is open (`promise`: looks alone, no oracle); a jump goes "Back to" where the
            two paths part, and writes the thoughts down to the open state once more.
        extent: "first" stops at the first solution, "whole" searches on and notes the others, up
            to `max_lines`; the answer is the first.
        explore: share of dead ends of three or more numbers that are followed, not marked at once.
        failed: whether what is below a followed dead end is written; otherwise only its mark is.
        mark: notation of a dead end, straight after the numbers left; None for none.
        say_back: whether a line "Back to ..." says where a search goes on after a dead end.
        recap: whether the winning path is written once more, under "Path:".
        max_lines: a longer response is written again with half the exploring, in the end with none,
            and then with fewer dead ends; None for MOST_LINES. A path that does not fit by itself
            is not taught.
        avoid: states that are never entered nor shown as left: a name of `AVOIDABLE`, or a set.
            Test hands never are, whatever is given here, where the hand has five numbers or more
            and is no test hand itself (`solver_hidden`): its searches pass through hands of four.
        judge: who tells dead ends in a One-Step ToT response: the "oracle", or a written
            "look-ahead" over every state of three numbers (`solver_lookahead`), which knows nothing
            that it does not show; the knobs above then do nothing but `max_lines` (a longer search
            is not taught), `avoid`, `fractions` and `reorder`.
        fractions: when a written look-ahead comes to first thoughts that leave a fraction: "last",
            all of them and all that they make; or "early", before sums and products, only those of
            use, and only what is of use of what they make. Early, hands that need a fraction take
            less than half the length, searches that end on sums or products more.
        reorder: share of written look-aheads that begin with another operation than usual, drawn,
            and go round from there: what comes last in a search is rare where searches are short.
        informed: share of written look-aheads that begin with the operation by which they are
            shortest, quotients that leave a rest among them; `reorder` is for the others. Three
            quarters of these reordered, no beginning is shown more often for another reason.
        proposals: thoughts of a `propose` response at most (the most promising, one that wins
            among them where there is one); None for all plausible ones.

    Raises:
        BadCurriculum: for a value out of range.
    """

    dead_ends: int | None = None
    plausible: str = "ordered"
    order: str = "depth-first"
    extent: str = "first"
    explore: float = EXPLORE
    failed: bool = True
    mark: str | None = DEAD_END
    say_back: bool = True
    recap: bool = True
    max_lines: int | None = MAX_LINES
    avoid: str | frozenset[State] | None = None
    judge: str = "oracle"
    fractions: str = "last"
    reorder: float = 0.0
    informed: float = 0.0
    proposals: int | None = None

    def __post_init__(self) -> None:
        _number("dead_ends", self.dead_ends, 0, MOST_LINES)
        _number("max_lines", self.max_lines, 3, MOST_LINES)
        _number("proposals", self.proposals, 1, MOST_LINES)
        _one_of("plausible", self.plausible, PLAUSIBLE)
        _one_of("order", self.order, ORDERS)
        _one_of("extent", self.extent, EXTENTS)
        _one_of("judge", self.judge, JUDGES)
        _one_of("fractions", self.fractions, FRACTIONS)
        _share("explore", self.explore)
        _share("reorder", self.reorder)
        _share("informed", self.informed)
        for name in ("failed", "say_back", "recap"):
            if not isinstance(getattr(self, name), bool):
                raise BadCurriculum(f"{name} is {getattr(self, name)!r:.40}: give true or false")
        if self.extent == "whole" and not self.recap:
            raise BadCurriculum(
                "a whole search does not end on its answer's path: recap must be true with it"
            )
        if self.extent == "whole" and self.max_lines is None:
            raise BadCurriculum(f"a whole search needs max_lines, such as {MAX_LINES}")
        _check_mark(self.mark)
        if isinstance(self.avoid, str):
            _one_of("avoid", self.avoid, tuple(AVOIDABLE))
        elif self.avoid is not None and not (
            isinstance(self.avoid, frozenset)
            and all(isinstance(state, State) for state in self.avoid)
        ):
            raise BadCurriculum("avoid takes a name, or a frozenset of states")

    @property
    def forbidden(self) -> frozenset[State]:
        """The states of `avoid`."""
        if isinstance(self.avoid, str):
            return AVOIDABLE[self.avoid]()
        return self.avoid or frozenset()

    def settings(self) -> dict[str, Setting]:
        """Every knob as a record keeps it; a set of states as its size and a hash."""
        found: dict[str, Setting] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, frozenset):
                text = "\n".join(sorted(state.text for state in value))
                value = f"{len(value)} states {hashlib.sha256(text.encode()).hexdigest()[:16]}"
            found[field.name] = value
        return found


def _number(name: str, value: object, least: int, most: int) -> None:
    if value is not None and (type(value) is not int or not least <= value <= most):
        raise BadCurriculum(
            f"{name} is {value!r:.40}: give a whole number from {least} to {most}, or none"
        )


def _share(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadCurriculum(f"{name} is {value!r:.40}: give a share from 0 to 1")


def _one_of(name: str, value: object, names: tuple[str, ...]) -> None:
    if value not in names:
        raise BadCurriculum(f"no {name} {value!r:.40}: there is {', '.join(names)}")


def _check_mark(mark: object) -> None:
    """A mark must not be read as part of a thought or as an answer."""
    if mark is None:
        return
    if not isinstance(mark, str) or not _MARK.fullmatch(mark) or not mark.isprintable():
        raise BadCurriculum(
            f"the mark {mark!r:.60} may have 1 to 40 letters and signs, "
            f"but no digits, brackets or arithmetic: such as {DEAD_END!r}"
        )
    if _WORDS_READ.search(mark) or not mark.strip():
        raise BadCurriculum(
            f"the mark {mark!r:.60} would be read as part of a thought: use {DEAD_END!r}"
        )
