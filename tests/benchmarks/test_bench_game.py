"""How fast the solver is, beside a plain recursive search without memory.

    python -m pytest tests/benchmarks/test_bench_game.py --benchmark-only

Both find every solution of the same 40 hands; the plain search writes each as often as it meets it,
the solver writes each distinct one once. The solver starts every round without memory.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

from tot24_bench.game import Hand, Puzzle, is_solvable, solve, solver
from tot24_bench.game.reach import partitions

DECK = tuple(combinations_with_replacement(range(1, 14), 4))

SAMPLE = DECK[::46]
"""Every 46th hand: 40 hands from one end of the deck to the other."""

ROUNDS = 3


def forget() -> None:
    """Empty the solver's memory, as in a fresh process."""
    for remembered in (solver._solve, solver._forms, partitions):
        remembered.cache_clear()


def solve_all(hands: tuple[Hand, ...]) -> dict[Hand, set[str]]:
    return {hand: {solution.expression for solution in solve(Puzzle(hand))} for hand in hands}


def search_all(hands: tuple[Hand, ...]) -> dict[Hand, set[str]]:
    return {hand: set(search([(Fraction(n), str(n)) for n in hand])) for hand in hands}


def search(numbers: list[tuple[Fraction, str]]) -> list[str]:
    """The peer: combine any two numbers in every way, and go on with the rest."""
    if len(numbers) == 1:
        return [numbers[0][1]] if numbers[0][0] == 24 else []
    found = []
    for i, (x, a) in enumerate(numbers):
        for j, (y, b) in enumerate(numbers):
            if i == j:
                continue
            rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
            if i < j:
                found += search([*rest, (x + y, f"({a} + {b})")])
                found += search([*rest, (x * y, f"({a} * {b})")])
            found += search([*rest, (x - y, f"({a} - {b})")])
            if y:
                found += search([*rest, (x / y, f"({a} / {b})")])
    return found


def test_bench_solver_on_40_hands(benchmark: Any) -> None:
    benchmark.group = "every solution of 40 hands"
    found = benchmark.pedantic(solve_all, args=(SAMPLE,), setup=forget, rounds=ROUNDS)
    assert len(found) == 40
    assert sum(map(bool, found.values())) == sum(is_solvable(Puzzle(hand)) for hand in SAMPLE) > 20


def test_bench_plain_search_on_40_hands(benchmark: Any) -> None:
    benchmark.group = "every solution of 40 hands"
    found = benchmark.pedantic(search_all, args=(SAMPLE,), rounds=ROUNDS)
    distinct = solve_all(SAMPLE)
    for hand in SAMPLE:
        assert bool(found[hand]) == bool(distinct[hand])
        assert len(found[hand]) >= len(distinct[hand]), "it tells fewer apart than the solver"


def test_bench_solver_on_the_whole_deck(benchmark: Any) -> None:
    benchmark.group = "every solution of all 1,820 hands"
    found = benchmark.pedantic(solve_all, args=(DECK,), setup=forget, rounds=ROUNDS)
    assert sum(map(bool, found.values())) == 1362
