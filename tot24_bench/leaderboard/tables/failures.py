"""Show where responses first fail, run against run: shares with intervals, exact tests, a figure.

The question that One-Step ToT was made for: does a model that searches fail at other steps than one
that writes a single chain? Every response falls in one place (see `scoring.analysis`): `correct`,
the thought of its final attempt that first breaks a rule, `answer`, or `malformed`. Shares are over
hands. Where both runs asked the same hands, differences are tested on the pairs: exact McNemar
where each hand has one response, else a sign-flip permutation test over hands. Other runs are
compared by Fisher's exact test. The tests of the several places are Holm-corrected.

>>> chain = Run("chain", {(1, 1, 4, 6): ["1"], (1, 1, 3, 8): ["1"], (4, 4, 6, 8): ["correct"]})
>>> search = Run("search", {(1, 1, 4, 6): ["3"], (1, 1, 3, 8): ["correct"], (4, 4, 6, 8): ["3"]})
>>> [(row.place, round(row.share, 2)) for row in shares(chain) if row.share]
[('correct', 0.33), ('1', 0.67)]
>>> compare(chain, search)[0].p
1.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from tot24_bench.game import Hand, Puzzle
from tot24_bench.leaderboard.tables.drawing import figure_at
from tot24_bench.scoring import AT_ANSWER, MALFORMED, analyse, published_place
from tot24_bench.statistics import Interval, clustered, fisher, holm, mcnemar, sign_flip, wilson

CORRECT = "correct"

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Tol's bright


def _place_lost(puzzle: Puzzle, response: str) -> str:
    """The thought after which the final attempt can no longer be won, or `correct`.

    A thought that breaks a rule loses, too. The count of Yao et al. 2023, figure 3: a response is
    lost at the first thought that is invalid or leaves numbers that cannot make the target.
    """
    analysis = analyse(puzzle, response)
    if analysis.failed_at in (None, MALFORMED):
        return analysis.failed_at or CORRECT
    lost = analysis.lost_at
    return AT_ANSWER if lost is None or lost >= len(puzzle.numbers) else str(lost)


COUNTS: dict[str, Callable[[Puzzle, str], str]] = {
    "tot24": lambda puzzle, response: analyse(puzzle, response).failed_at or CORRECT,
    "lost": _place_lost,
    # The published count has no `malformed`: it calls that step 1.
    "slm-tot": lambda puzzle, response: published_place(puzzle, response) or CORRECT,
}
"""Ways to say where a response first fails, or that it is `correct`, by name."""


@dataclass(frozen=True)
class Run:
    """One model's responses, each as the place where it first fails."""

    name: str  # how tables call it
    places: dict[Hand, list[str]]  # for each hand the places of its responses, in order
    model: str | None = None  # which model answered, where somebody knows

    @property
    def single(self) -> bool:
        """Whether each hand has one response."""
        return all(len(places) == 1 for places in self.places.values())

    def share_by_hand(self, place: str) -> dict[Hand, float]:
        """For each hand the share of its responses in a place."""
        return {hand: fmean(one == place for one in places) for hand, places in self.places.items()}


def make_run(
    name: str,
    responses: Iterable[tuple[Puzzle, Sequence[str]]],
    count: str = "tot24",
    model: str | None = None,
) -> Run:
    """Judge every response of a run, by one of COUNTS."""
    if count not in COUNTS:
        raise ValueError(f"unknown count {count!r}: choose from {', '.join(COUNTS)}")
    places: dict[Hand, list[str]] = {}
    for puzzle, texts in responses:
        if len(puzzle.numbers) != 4 and count == "slm-tot":
            raise ValueError("the published count knows hands of four numbers only")
        places.setdefault(puzzle.hand, []).extend(COUNTS[count](puzzle, text) for text in texts)
    if not any(places.values()):
        raise ValueError(f"{name} holds no response")
    return Run(name, places, model)


class Share(NamedTuple):
    """The share of responses in one place; `interval` is 95%."""

    place: str
    share: float
    interval: Interval


class Difference(NamedTuple):
    """A test of one place between two runs."""

    place: str
    first: float  # the shares
    second: float
    only_first: int | None  # hands that fall in it in one run only; None for unpaired runs or hands
    only_second: int | None  # of several responses
    p: float  # exact, not corrected
    holm: float  # corrected for the number of places; of `correct`, asked first, `p` itself
    test: str  # its name


def places_of(runs: Sequence[Run]) -> list[str]:
    """Every place, in order: correct, the thoughts, the answer, malformed."""
    longest = max(len(hand) for run in runs for hand in run.places)
    return [CORRECT, *map(str, range(1, longest)), AT_ANSWER, MALFORMED]


def place_label(place: str) -> str:
    """How tables and the figure call a place."""
    labels = {AT_ANSWER: "answer", MALFORMED: "no thought", CORRECT: CORRECT}
    return labels.get(place, f"thought {place}")


def shares(run: Run) -> list[Share]:
    """The share of each place: Wilson's interval, or a bootstrap where hands have several."""
    rows = []
    for place in places_of([run]):
        by_hand = list(run.share_by_hand(place).values())
        ends = wilson(round(sum(by_hand)), len(by_hand)) if run.single else clustered(by_hand)
        rows.append(Share(place, fmean(by_hand), ends))
    return rows


def warnings(first: Run, second: Run) -> list[str]:
    """What keeps a comparison from being like with like."""
    found = []
    ones, others = first.places.keys(), second.places.keys()
    if ones != others:
        found.append(
            f"{first.name} and {second.name} asked different hands: {len(ones)} and {len(others)}, "
            f"{len(ones & others)} of them the same"
        )
    if not (first.model and second.model):
        found.append("which models answered is not known: give it with --model")
    elif first.model != second.model:
        found.append(
            f"{first.name} is {first.model}, {second.name} is {second.model}: a difference may be "
            "the model's, not the method's"
        )
    return found


def compare(first: Run, second: Run) -> list[Difference]:
    """A test for each place that occurs in either run; `correct` comes first."""
    paired = first.places.keys() == second.places.keys()
    single = first.single and second.single
    tested = []
    for place in places_of([first, second]):
        a, b = first.share_by_hand(place), second.share_by_hand(place)
        if place != CORRECT and not any((*a.values(), *b.values())):
            continue
        only: tuple[int | None, int | None] = (None, None)
        if paired and single:
            counts = sum(a[hand] > b[hand] for hand in a), sum(b[hand] > a[hand] for hand in a)
            only, p, test = counts, mcnemar(*counts), "exact McNemar"
        elif paired:
            p, test = sign_flip([a[hand] - b[hand] for hand in a]), "sign flips over hands"
        else:
            p = fisher(round(sum(a.values())), len(a), round(sum(b.values())), len(b))
            test = "Fisher's exact" if single else "Fisher's, by hand"
        tested.append(Difference(place, fmean(a.values()), fmean(b.values()), *only, p, p, test))
    corrected = zip(tested[1:], holm([one.p for one in tested[1:]]), strict=True)
    return [tested[0], *(one._replace(holm=p) for one, p in corrected)]


def draw(runs: Sequence[Run], path: Path) -> None:
    """Draw one group of bars a place, one bar a run, with intervals.

    The suffix of the path says in which form (png, svg, pdf).
    """
    with figure_at(path, 8, 4) as figure:
        correct, *failed = places_of(runs)
        order = [*failed, correct]
        axes = figure.subplots()
        width = 0.8 / len(runs)
        for i, run in enumerate(runs):
            by_place = {row.place: row for row in shares(run)}
            rows = [by_place.get(one, Share(one, 0.0, Interval(0.0, 0.0))) for one in order]
            heights = [row.share for row in rows]
            below = [max(0.0, row.share - row.interval.low) for row in rows]
            above = [max(0.0, row.interval.high - row.share) for row in rows]
            offset = (i - (len(runs) - 1) / 2) * width
            bars = axes.bar(
                [place + offset for place in range(len(order))],
                heights,
                width,
                yerr=(below, above),
                label=f"{run.name} ({len(run.places)} hands)",
                color=COLOURS[i % len(COLOURS)],
                error_kw={"elinewidth": 1, "capsize": 2},
            )
            axes.bar_label(
                bars, [f"{height:.0%}" if height else "" for height in heights], padding=2
            )
        axes.set_xticks(range(len(order)), list(map(place_label, order)))
        axes.set_ylabel("share of responses (95% interval)")
        axes.set_xlabel("where the final attempt first fails")
        axes.set_ylim(0, 1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
