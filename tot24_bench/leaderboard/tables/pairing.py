"""Compare two entries on the hands that both answered: a paired test, and what it allows to say."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any, NamedTuple

from tot24_bench.game import Hand
from tot24_bench.leaderboard.entry import Entry, Outcome, interval
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.leaderboard.tables.ranks import is_exact_search
from tot24_bench.leaderboard.tables.rows import method_of, short
from tot24_bench.statistics import (
    SIGNIFICANT,
    Interval,
    clustered,
    mcnemar,
    newcombe,
    p_text,
    sign_flip,
)
from tot24_bench.text import one_line

MAX_KEY_CHARS = 200  # characters of a key in a sentence

SAME = 1e-9
"""Differences of shares that are no further apart are equal: they are rounded in the last digit."""


def shown_key(key: str) -> str:
    """A key as a sentence names it."""
    return one_line(key, MAX_KEY_CHARS)


class Counts(NamedTuple):
    """Hands by who is right, where each gave one response a hand."""

    both: int
    only_first: int
    only_second: int
    neither: int


class PairedTest(NamedTuple):
    """What the shared hands say.

    >>> PairedTest(100, 0.5, 0.45, 0.05, Interval(-0.019, 0.121), 0.2, "", None).difference_text
    '+5.0 [-1.9, +12.1]'
    """

    hands: int  # that both answered
    first: float  # the accuracy on them, 0 to 1
    second: float
    difference: float  # first less second
    ends: Interval  # its 95% interval
    p: float
    name: str  # of the test
    counts: Counts | None  # None where an entry gave several responses to a hand

    @property
    def difference_text(self) -> str:
        """The difference in points, with its interval."""
        low, high = (100 * end for end in self.ends)
        return f"{100 * self.difference:+.1f} [{low:+.1f}, {high:+.1f}]"

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "hands": self.hands,
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            **self.ends._asdict(),
            "p": self.p,
            "name": self.name,
            "counts": self.counts and self.counts._asdict(),
        }


class Pairing(NamedTuple):
    """Two entries beside each other."""

    first: Entry
    second: Entry
    test: PairedTest | None
    only_first: int  # hands that one of them answered and the other did not
    only_second: int
    reason: str | None  # why no paired test is possible
    warnings: tuple[str, ...]  # what keeps the comparison from being like with like

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "first": self.first.key,
            "second": self.second.key,
            "test": self.test and self.test.to_json(),
            "hands_only_first": self.only_first,
            "hands_only_second": self.only_second,
            "reason": self.reason,
            "warnings": list(self.warnings),
            "conclusion": conclusion(self),
        }


def pair(first: Entry, second: Entry) -> Pairing:
    """Pair two entries over the hands that both answered, whatever their order of numbers."""
    ones, others = _by_hand(first), _by_hand(second)
    shared = sorted(ones.keys() & others.keys())
    reason = None if shared else "they answered no hand in common"
    for entry in (second, first):
        if not entry.outcomes:
            reason = f"{shown_key(entry.key)} is reported without its responses"
    return Pairing(
        first,
        second,
        _test([(ones[hand], others[hand]) for hand in shared]) if shared else None,
        only_first=len(ones) - len(shared),
        only_second=len(others) - len(shared),
        reason=reason,
        warnings=tuple(_warnings(first.header, second.header)),
    )


def _by_hand(entry: Entry) -> dict[tuple[Hand, int, str], Outcome]:
    """One outcome a hand; other puzzles than the splits' may ask one twice."""
    found: dict[tuple[Hand, int, str], Outcome] = {}
    for outcome in entry.outcomes:
        hand = outcome.puzzle.identity
        if before := found.get(hand):
            outcome = before._replace(
                right=before.right + outcome.right, responses=before.responses + outcome.responses
            )
        found[hand] = outcome
    return found


def _test(outcomes: list[tuple[Outcome, Outcome]]) -> PairedTest:
    hands = len(outcomes)
    first = fmean(one.mean for one, _ in outcomes)
    second = fmean(other.mean for _, other in outcomes)
    counts = None
    if all(one.responses == other.responses == 1 for one, other in outcomes):
        right = [(bool(one.right), bool(other.right)) for one, other in outcomes]
        kinds = ((True, True), (True, False), (False, True), (False, False))
        counts = Counts(*map(right.count, kinds))
        ends, name = newcombe(*counts), "exact McNemar"
        p = mcnemar(counts.only_first, counts.only_second)
    else:
        # In whole numbers, so that equal differences are equal whatever the shares.
        differences = [
            (one.right * other.responses - other.right * one.responses)
            / (one.responses * other.responses)
            for one, other in outcomes
        ]
        if max(differences) - min(differences) > SAME:
            ends = clustered(differences)
        else:  # no hand differs from another: as wide as for hands of one response
            n = round(sum(one.mean for one, _ in outcomes))
            m = round(sum(other.mean for _, other in outcomes))
            both = min(n, m)
            ends = newcombe(both, n - both, m - both, hands - max(n, m))
        p, name = sign_flip(differences), "sign-flip test over hands"
    return PairedTest(hands, first, second, first - second, ends, p, name, counts)


def _warnings(first: Header, second: Header) -> Iterator[str]:
    """What differs beside what one may want to compare: model and method."""
    ones, others = settings_of(first), settings_of(second)
    for what, one in ones.items():
        other = others[what]
        if one != other and (what == "shots" or None not in (one, other)):
            shown = ["unknown" if value is None else short(str(value)) for value in (one, other)]
            yield f"{what}: {shown[0]} against {shown[1]}"
    for header, settings in ((first, ones), (second, others)):
        if settings["sampling"] is None and header.obtained != "measured":
            yield f"the generation settings of {_what(header)} are not stored"
    if first.split != second.split:
        yield f"different splits ({short(first.split)}, {short(second.split)})"
    if first.model.name != second.model.name and method_of(first) != method_of(second):
        yield f"model and method both differ: {_what(first)} against {_what(second)}"
    for header in (first, second):
        if is_exact_search(header):
            yield f"{short(header.model.name)} is exact search, no language model"


def settings_of(header: Header) -> dict[str, object]:
    """How a model was asked; None where the record does not say."""
    turns = "several turns" if header.multiturn and header.shots else "one turn"
    given, sampling = header.generation, None
    if given and header.search is None:  # how a search draws is part of the method
        sampled = given.get("do_sample") or given.get("temperature")
        temperature = given.get("temperature", "of the model")
        sampling = f"temperature {temperature}" if sampled else "greedy"
    return {
        "how they were obtained": header.obtained,
        "exemplars": header.variant,
        "chat form": turns if header.chat else "plain text",
        "shots": header.shots,
        "precision": header.model.precision,
        "sampling": sampling,
        **_help(header),
    }


def _help(header: Header) -> dict[str, object]:
    """What a method had beside the model."""
    if header.method == OTHER:
        return {"right answers": None, "arithmetic": None}
    search = header.search
    oracle = search is not None and search.oracle_stop
    by_code = search is not None and search.symbolic_step
    return {
        "right answers": "used to stop or choose" if oracle else "not used",
        "arithmetic": "partly by code" if by_code else "by the model",
    }


def _what(header: Header) -> str:
    return f"{short(header.model.name)} {short(method_of(header))}"


def conclusion(pairing: Pairing, p: float | None = None) -> str:
    """What can and what cannot be concluded, in one sentence or two.

    Args:
        p: the p-value after a correction for several comparisons; None for the test's own.
    """
    test = pairing.test
    names = _names(pairing)
    if test is None:
        return f"No paired test is possible: {pairing.reason}. {_side_by_side(pairing, names)}"
    value, corrected, alone = test.p, "", ""
    if p is not None:
        value, corrected, alone = p, " after Holm's correction", ", not corrected"
    said = f"{test.name} p = {p_text(value)}{corrected}"
    better, worse = names if test.difference > 0 else names[::-1]
    points = 100 * abs(test.difference)
    seen = f"{better} is right more often than {worse}, by {points:.1f} points"
    if abs(test.difference) <= SAME:
        seen = f"{names[0]} and {names[1]} are right equally often"
    low, high = (100 * end for end in test.ends)
    if test.difference < 0:
        low, high = -high, -low
    ends = f"95% {low:.1f} to {high:.1f}{alone}"
    where = f"On the {test.hands} hands that both answered, {seen} ({ends})"
    if value < SIGNIFICANT:
        judged = f"{where}: unlikely to be chance at the 5% level, {said}.{_causes(pairing)}"
    else:
        judged = f"{where}: that may be chance, {said}; these hands cannot tell them apart."
    if pairing.only_first or pairing.only_second:
        judged += " It says nothing about the hands that only one of them answered."
    return judged


def _names(pairing: Pairing) -> tuple[str, str]:
    """What to call the two: as short as tells them apart."""
    first, second = pairing.first.header, pairing.second.header
    forms = [
        (short(first.model.name), short(second.model.name)),
        (_what(first), _what(second)),
        (f"{_what(first)} ({first.shots}-shot)", f"{_what(second)} ({second.shots}-shot)"),
        (shown_key(first.key), shown_key(second.key)),
        ("the first", "the second"),
    ]
    if first.method != second.method:
        forms = forms[1:]
    return next(form for form in forms if form[0] != form[1])


def _causes(pairing: Pairing) -> str:
    """What else the difference may be due to."""
    differ = [warning.partition(":")[0] for warning in pairing.warnings if ": " in warning]
    if not differ:
        return ""
    listed = " and ".join([", ".join(differ[:-1]), differ[-1]] if differ[1:] else differ)
    return f" They differ in {listed}, so it does not say what makes the difference."


def _side_by_side(pairing: Pairing, names: tuple[str, str]) -> str:
    parts = []
    for name, entry in zip(names, (pairing.first, pairing.second), strict=True):
        ends = interval(entry)
        span = ends and f"95% {100 * ends.low:.1f} to {100 * ends.high:.1f}"
        accuracy = 100 * entry.header.metrics.acc
        parts.append(f"{name} has {accuracy:.1f}% ({span or 'no interval can be given'})")
    return (
        f"Side by side, {parts[0]} and {parts[1]}; whether a difference is more than chance "
        "cannot be said from these figures."
    )
