"""The original Tree of Thoughts in many calls (Yao et al. 2023): breadth first and depth first.

Breadth first: of all states of a level the best b are kept, level by level, and each of the last
ones is answered; the search ranks them by value. Depth first: the best state is followed until its
judgement says that it is not worth it, then the search goes back; it ends at the first end that is
judged sure.
"""

from __future__ import annotations

from random import Random

from tot24_bench.game import Puzzle
from tot24_bench.search.calls import BudgetSpent, Search
from tot24_bench.search.settings import SearchSettings
from tot24_bench.search.thoughts import Walk, distinct


def tot_bfs(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """Breadth first, the best `settings.beam` states of each level kept."""
    walk, rng = Walk(puzzle, settings, shots), Random(f"{settings.seed}:{puzzle.text}")
    kept = [0]
    try:
        for _ in puzzle.numbers[1:]:
            ended = [place for place in kept if walk.is_final(place)]
            going = [place for place in kept if not walk.is_final(place)]
            offered = yield from walk.propose(going)
            states = [*ended, *(place for places in offered for place in places)]
            states = distinct(walk, states)
            if not states:
                break
            yield from walk.judge(states)
            kept = _select(walk, states, rng)
            for place in kept:
                walk.node(place).kept = True
        kept = walk.rank(kept)
        finals = yield from walk.answers(kept)
    except BudgetSpent:
        finals = walk.unanswered(walk.rank(kept))
    return walk.found(finals)


def _select(walk: Walk, states: list[int], rng: Random) -> list[int]:
    """The best states of a level, or such as are drawn by their values, each once."""
    ranked = walk.rank(states)
    beam = walk.settings.beam
    if walk.settings.select == "greedy":
        return ranked[:beam]
    found: list[int] = []
    while ranked and len(found) < beam:
        weights = [walk.node(place).value or 0.0 for place in ranked]
        drawn = rng.choices(ranked, weights if any(weights) else None)[0]
        ranked.remove(drawn)
        found.append(drawn)
    return found


def tot_dfs(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """Depth first with pruning, until an end is judged sure or `settings.nodes` are used up.

    Where no end is, the best one is the answer; where there is none, the deepest best path. With
    `settings.oracle` it goes on until an end is answered right.
    """
    walk = Walk(puzzle, settings, shots)
    stack, seen, ends, proposed = [0], {walk.node(0).left}, list[int](), 0
    try:
        while stack:
            place = stack.pop()
            walk.node(place).kept = True
            if walk.is_final(place):
                ends.append(place)
                if settings.oracle:
                    if (yield from walk.answers_right(place)):
                        return walk.found(walk.right_first(place), oracle=True)
                elif walk.is_sure(place):
                    break
                continue
            if proposed == settings.nodes:
                break
            proposed += 1
            (offered,) = yield from walk.propose([place])
            new = [one for one in offered if walk.is_final(one) or walk.node(one).left not in seen]
            yield from walk.judge(new)
            new = distinct(walk, (one for one in walk.rank(new) if _is_worth(walk, one)))
            seen.update(walk.node(one).left for one in new)
            stack += reversed(new)
        finals = walk.ranked_answers() or (yield from walk.answers([_best(walk, ends)]))
    except BudgetSpent:
        finals = walk.ranked_answers() or walk.unanswered([_best(walk, ends)])
    return walk.found(finals, oracle=settings.oracle)


def _is_worth(walk: Walk, place: int) -> bool:
    return walk.mean_weight(place) >= walk.settings.prune


def _best(walk: Walk, ends: list[int]) -> int:
    """The best end; where there is none the best of the deepest states that it went on from."""
    if ends:
        return walk.rank(ends)[0]
    kept = [place for place, node in enumerate(walk.tree.nodes) if node.kept]
    deepest = max(len(walk.path(place)) for place in kept)
    return walk.rank(place for place in kept if len(walk.path(place)) == deepest)[0]
