"""Monte Carlo tree search over thoughts: UCT with the model's own judgements in place of rollouts.

Each round goes down from the hand by UCT (Kocsis and Szepesvari 2006), asks for the thoughts of the
state it comes to, has them judged, and carries the best of them up. A judgement is worth 0 to 1:
its weight over that of `sure`. The search ends at the first end that is judged sure, or after
`nodes` rounds. `root="gumbel"` chooses the first thoughts by sequential halving instead (Danihelka
et al. 2022): some are drawn by value with Gumbel noise, and the worse half is left after each part.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log, log2, sqrt
from random import Random

from tot24_bench.game import Puzzle
from tot24_bench.search.calls import BudgetSpent, Search
from tot24_bench.search.settings import SearchSettings
from tot24_bench.search.thoughts import WEIGHTS, Walk, distinct

DRAWN = 16  # first thoughts that a Gumbel root begins with (Danihelka et al. 2022)


def mcts(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """UCT over thoughts for `settings.nodes` rounds, or until an end is judged sure."""
    walk = Walk(puzzle, settings, shots)
    search = _Tree(walk, settings)
    rng = Random(f"{settings.seed}:{puzzle.text}")
    ends: list[int] = []
    halving: Iterator[int | None] = iter(())
    try:
        for _ in range(settings.nodes):
            if 0 in search.closed or walk.is_final(0):
                break
            path = search.down(next(halving, None))
            place = path[-1]
            walk.node(place).kept = True
            (offered,) = yield from walk.propose([place])
            offered = distinct(walk, offered)
            yield from walk.judge(offered)
            search.expand(path, offered)
            if place == 0 and settings.root == "gumbel":
                halving = search.halved(settings.nodes - 1, rng)
            found = walk.rank(one for one in offered if walk.is_final(one))
            ends += found
            for end in found if settings.oracle else ():
                walk.node(end).kept = True
                if (yield from walk.answers_right(end)):
                    return walk.found(walk.right_first(end), oracle=True)
            if found and not settings.oracle and walk.is_sure(found[0]):
                break
        finals = walk.ranked_answers() or (yield from walk.answers([search.best(ends)]))
    except BudgetSpent:
        finals = walk.ranked_answers() or walk.unanswered([search.best(ends)])
    return walk.found(finals, oracle=settings.oracle)


class _Tree:
    """Visits and mean rewards, by the places of nodes."""

    def __init__(self, walk: Walk, settings: SearchSettings) -> None:
        self.walk, self.constant = walk, settings.exploration
        self.children: dict[int, list[int]] = {}
        self.visits: dict[int, int] = {0: 0}
        self.rewards: dict[int, float] = {0: 0.0}
        self.closed: set[int] = set()  # states below which nothing is left to ask

    def worth(self, place: int) -> float:
        """A state's own judgement, 0 to 1."""
        return self.walk.mean_weight(place) / max(WEIGHTS.values())

    def down(self, first: int | None) -> list[int]:
        """The way from the hand to a state whose thoughts were not asked yet."""
        path = [0]
        if first is not None and first not in self.closed:
            path.append(first)
        while path[-1] in self.children:
            here = path[-1]
            choice = [one for one in self.children[here] if one not in self.closed]
            path.append(max(choice, key=lambda one: self._bound(here, one)))
        return path

    def _bound(self, parent: int, place: int) -> float:
        # Being judged counts as a visit: every child has one.
        mean = self.rewards[place] / self.visits[place]
        return mean + self.constant * sqrt(log(self.visits[parent] + 1) / self.visits[place])

    def expand(self, path: list[int], offered: list[int]) -> None:
        """Note the states that were offered, and carry the best judgement up the path."""
        self.children[path[-1]] = offered
        for place in offered:
            self.visits[place], self.rewards[place] = 1, self.worth(place)
            if self.walk.is_final(place):
                self.closed.add(place)
        reward = max(map(self.worth, offered), default=0.0)
        for place in reversed(path):
            self.visits[place] += 1
            self.rewards[place] += reward
            below = self.children.get(place)
            if below is not None and all(one in self.closed for one in below):
                self.closed.add(place)

    def halved(self, rounds: int, rng: Random) -> Iterator[int | None]:
        """First thoughts to visit next: as often each, the better half in every part."""

        def noisy(place: int) -> float:
            noise = -log(-log(rng.random() or 1e-12))
            return log(self.worth(place) + 1e-9) + noise

        drawn = {place: noisy(place) for place in self.children.get(0, ())}
        left = sorted(drawn, key=lambda place: -drawn[place])[:DRAWN]
        parts = max(1, ceil(log2(len(left)))) if left else 0
        for _ in range(parts):
            for _ in range(max(1, rounds // (parts * len(left)))):
                yield from left
            left.sort(key=lambda place: -self.rewards[place] / self.visits[place])
            left = left[: ceil(len(left) / 2)]

    def best(self, ends: list[int]) -> int:
        """The end of the best value; where there is none, the state that was visited most."""
        if ends:
            return self.walk.rank(ends)[0]
        place = 0
        while self.children.get(place):
            place = max(self.children[place], key=lambda one: (self.visits[one], self.worth(one)))
        return place
