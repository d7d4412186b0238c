"""The tree of a solution, and which hands it solves: the one asked, and others on the way.

A path of five numbers or more shows how the four that it comes to make the target, and in any other
order of the same thoughts how others do. `(1 + 4) * (3 + 2) - 1` passes through 1 2 3 5 or through
1 1 4 5, whichever sum comes first, and is the whole solution of both. `(4 * 5 + 4) * 1` solves
4 4 5: to multiply by one, or to add nothing, is no thought.

>>> path = [(1, "+", 4), (3, "+", 2), (5, "*", 5), (25, "-", 1)]
>>> sorted(solved_by(path_tree((1, 1, 2, 3, 4), path), {24}))
[(1, 1, 2, 3, 4), (1, 1, 4, 5), (1, 2, 3, 5)]
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from tot24_bench.game.states import Number, make_thought

SMALLEST_HAND = 4
"""Numbers of the smallest hand that a part holds back; fewer are in every search."""

MOST_LEAVES = 12
"""Numbers of the largest hand, and so of a tree that is cut."""

LARGEST = 10**12
"""Larger values are on no way to a target."""

Numbers = tuple[Number, ...]


class Tree(NamedTuple):
    """A number, or two of them combined.

    Attributes:
        value: what it is worth.
        leaves: how many numbers it is made of.
        op, left, right: how; none of a number.
    """

    value: Number
    leaves: int = 1
    op: str = ""
    left: Tree | None = None
    right: Tree | None = None

    @property
    def step(self) -> tuple[Number, str, Number]:
        """Its last step."""
        assert self.left is not None and self.right is not None
        return self.left.value, self.op, self.right.value


def combine(left: Tree, op: str, right: Tree) -> Tree | None:
    """Both combined; None where nobody can, or need, say what comes out."""
    value = combined_value(left.value, op, right.value)
    if value is None or not -LARGEST < value < LARGEST or value.denominator > LARGEST:
        return None
    return Tree(value, left.leaves + right.leaves, op, left, right)


def cuts(tree: Tree) -> set[Numbers]:
    """Every set of numbers from which a tree goes on to its value: where it can be cut, ascending.

    >>> one, two, three = Tree(1), Tree(2), Tree(3)
    >>> sum_ = combine(two, "+", three)
    >>> sorted(cuts(sum_)), sorted(cuts(combine(sum_, "*", one)))
    ([(2, 3), (5,)], [(1, 2, 3), (1, 5), (2, 3), (5,)])
    """
    found: set[Numbers] = {(tree.value,)}
    if tree.left is None or tree.right is None:
        return found
    left, right = cuts(tree.left), cuts(tree.right)
    found |= {tuple(sorted(one + other)) for one in left for other in right}
    nothing = 0 if tree.op in "+-" else 1
    if tree.right.value == nothing:
        found |= left
    if tree.left.value == nothing and tree.op in "+*":
        found |= right
    return found


def solved_by(tree: Tree, targets: Collection[int]) -> set[Numbers]:
    """The sets of four numbers or more that a tree, or a part of it, makes a target of."""
    found: set[Numbers] = set()
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if one.left is None or one.right is None or one.leaves < SMALLEST_HAND:
            continue
        waiting += one.left, one.right
        if one.value in targets and one.leaves <= MOST_LEAVES:
            found |= {numbers for numbers in cuts(one) if len(numbers) >= SMALLEST_HAND}
    return found


def trees_to(
    hand: Sequence[Number],
    thoughts: Sequence[tuple[int, Number, str, Number]],
    targets: Collection[int],
) -> Iterator[tuple[int, Tree]]:
    """The tree of each thought of a search that makes a target, with the thought's place.

    A thought that combines what is not there, or goes on from one, has no tree.

    Args:
        hand: the numbers that the search begins with.
        thoughts: the place of the one that each goes on from, -1 for the hand; what it combines.
        targets: what is to be made.
    """
    for place, (parent, *_) in enumerate(thoughts):
        if combined_value(*thoughts[place][1:]) in targets:
            path = [thoughts[place][1:]]
            while parent >= 0 and len(path) <= MOST_LEAVES:
                path.append(thoughts[parent][1:])
                parent = thoughts[parent][0]
            tree = path_tree(hand, reversed(path))
            if tree is not None:
                yield place, tree


def combined_value(a: Number, op: str, b: Number) -> Number | None:
    """What comes of two numbers; None of a division by zero."""
    return None if op == "/" and not b else make_thought(a, op, b, ()).value


def path_tree(hand: Sequence[Number], path: Iterable[tuple[Number, str, Number]]) -> Tree | None:
    """The tree of thoughts that follow each other; None where one combines what is not there.

    Of equal numbers the newest is used.
    """
    there = [Tree(number) for number in hand]
    for a, op, b in path:
        right = _take(there, b)
        left = _take(there, a)
        made = None if left is None or right is None else combine(left, op, right)
        if made is None:
            return None
        there.append(made)
    return there[-1] if there else None


def _take(there: list[Tree], number: Number) -> Tree | None:
    place = next((i for i in range(len(there) - 1, -1, -1) if there[i].value == number), None)
    return None if place is None else there.pop(place)
