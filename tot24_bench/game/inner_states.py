"""What hands share on the way to their targets: inner states, and solutions of other hands.

An inner state is three numbers left of a hand, with the target: what has to be judged before the
last two thoughts. A student that has seen a test hand's inner states in training may know the rest
of the way by heart. The split `state_holdout` keeps them out of training: its traces pass through
none of the three-number states that any hand of hard100 reaches. `overlap` counts what two sets of
hands share; a state counts as seen where any training hand with the same target reaches it, whether
or not a trace went there: the share is an upper bound of what traces can have shown.

>>> len(held_out_states()), avoids_held_out_states((4, 5, 6, 10))
(1760, False)
>>> found = overlap(load_fixed("train"), load_fixed("hard100"))
>>> found.shared_hands, found.test_hands, round(found.winning_seen / found.winning, 2)
(0, 100, 0.8)

A path of five numbers or more is a solution of the four that it comes to as well, and in any other
order of the same thoughts of others. `(1 + 4) * (3 + 2) - 1` passes through 1 2 3 5 or through
1 1 4 5, whichever sum comes first, and is the whole solution of both. `(4 * 5 + 4) * 1` solves
4 4 5: to multiply by one, or to add nothing, is no thought. `solved_by` names the hands of a tree.

>>> path = [(1, "+", 4), (3, "+", 2), (5, "*", 5), (25, "-", 1)]
>>> sorted(solved_by(path_tree((1, 1, 2, 3, 4), path), {24}))
[(1, 1, 2, 3, 4), (1, 1, 4, 5), (1, 2, 3, 5)]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

from tot24_bench.game.puzzle import TARGET, Hand, Puzzle
from tot24_bench.game.splits import load_fixed
from tot24_bench.game.states import Number, State, can_reach, make_thought, thoughts

INNER = 3  # numbers of an inner state
LONGEST = 5  # numbers of the longest hand whose states are followed; six have some 100,000 a hand
SMALLEST_HAND = 4  # numbers of the smallest hand that a part holds back; fewer are in every search
MOST_LEAVES = 12  # numbers of the largest hand, and so of a tree that is cut
LARGEST = 10**12  # larger values are on no way to a target

Numbers = tuple[Number, ...]


def inner_states(hand: Hand) -> frozenset[State]:
    """The states after one thought, differences larger less smaller."""
    return frozenset(thought.left for thought in thoughts(State(hand)))


def winning_inner_states(hand: Hand, target: int = TARGET) -> frozenset[State]:
    """Those of them that can still win."""
    return frozenset(state for state in inner_states(hand) if can_reach(state, target))


@cache
def held_out_states() -> frozenset[State]:
    """Every inner state of hard100."""
    return frozenset().union(*(inner_states(puzzle.hand) for puzzle in load_fixed("hard100")))


def avoids_held_out_states(hand: Hand, target: int = TARGET) -> bool:
    """Whether the hand can be won without passing through a held-out state."""
    return bool(winning_inner_states(hand, target) - held_out_states())


def sample_states(puzzles: Iterable[Puzzle], count: int, seed: int = 0) -> tuple[Puzzle, ...]:
    """Inner states of hands as puzzles of their own, each once: what to ask a judge of states.

    Up to `count` of each hand, chosen by the seed, half of which can still win, where there are so
    many; none with a zero or a fraction, for a puzzle holds positive integers.
    """
    found: dict[tuple[State, int], Puzzle] = {}
    for puzzle in puzzles:
        whole = sorted(
            state
            for state in inner_states(puzzle.hand)
            if all(isinstance(number, int) and number > 0 for number in state.numbers)
        )
        Random(f"{seed}:{puzzle.text}:{puzzle.target}").shuffle(whole)
        alive = [state for state in whole if can_reach(state, puzzle.target, puzzle.rule)]
        chosen = alive[: max(count // 2, 1)]
        chosen += [state for state in whole if state not in alive][: count - len(chosen)]
        for state in chosen:
            numbers = tuple(int(number) for number in state.numbers)
            found.setdefault((state, puzzle.target), Puzzle(numbers, puzzle.target, puzzle.rule))
    return tuple(found.values())


class HandOverlap(NamedTuple):
    """One test hand: how many of its winning inner states there are, and how many were seen."""

    puzzle: Puzzle
    winning: int
    seen: int

    @property
    def share(self) -> float:
        """The share seen, 0 to 1; 0 of a hand without winning states."""
        return self.seen / self.winning if self.winning else 0.0


class Overlap(NamedTuple):
    """What two sets of distinct puzzles share."""

    train_hands: int
    test_hands: int
    shared_hands: int  # in both, whatever the order of their numbers
    states: int  # distinct inner states of the test puzzles
    states_seen: int  # those of them that training reaches
    winning: int  # those that can still win
    winning_seen: int
    by_hand: tuple[HandOverlap, ...]  # every test puzzle, in order

    @property
    def mean_share(self) -> float:
        """The share of a test puzzle's winning states that were seen, the mean over puzzles."""
        shares = [one.share for one in self.by_hand if one.winning]
        return sum(shares) / len(shares) if shares else 0.0

    @property
    def all_seen(self) -> int:
        """Test puzzles all of whose winning states were seen."""
        return sum(one.winning > 0 and one.seen == one.winning for one in self.by_hand)

    @property
    def none_seen(self) -> int:
        """Test puzzles none of whose winning states was seen."""
        return sum(one.winning > 0 and one.seen == 0 for one in self.by_hand)


def overlap(
    train: Iterable[Puzzle], test: Iterable[Puzzle], tick: Callable[[], object] = lambda: None
) -> Overlap:
    """Compare two sets of puzzles, with a tick for each of them.

    Raises:
        ValueError: a puzzle of more than LONGEST numbers, or a set without puzzles.
    """
    trained = {puzzle.identity: puzzle for puzzle in train}
    tested = {puzzle.identity: puzzle for puzzle in test}
    if not trained or not tested:
        raise ValueError("a set without puzzles shares nothing: give at least one hand each")
    seen: set[tuple[State, int]] = set()
    for puzzle in trained.values():
        seen |= _inner(puzzle)
        tick()
    states: set[tuple[State, int]] = set()
    winning: set[tuple[State, int]] = set()
    by_hand = []
    for puzzle in tested.values():
        states |= (own := _inner(puzzle))
        winning |= (wins := {one for one in own if can_reach(*one, puzzle.rule)})
        by_hand.append(HandOverlap(puzzle, len(wins), len(wins & seen)))
        tick()
    return Overlap(
        train_hands=len(trained),
        test_hands=len(tested),
        shared_hands=len(trained.keys() & tested.keys()),
        states=len(states),
        states_seen=len(states & seen),
        winning=len(winning),
        winning_seen=len(winning & seen),
        by_hand=tuple(by_hand),
    )


def _inner(puzzle: Puzzle) -> set[tuple[State, int]]:
    if len(puzzle.numbers) > LONGEST:
        raise ValueError(f"{puzzle.text}: inner states are followed in up to {LONGEST} numbers")
    return {(state, puzzle.target) for state in _of_three(State.of(puzzle))}


@lru_cache(maxsize=20_000)
def _of_three(state: State) -> frozenset[State]:
    if len(state.numbers) <= INNER:
        return frozenset((state,)) if len(state.numbers) == INNER else frozenset()
    return frozenset().union(*(_of_three(thought.left) for thought in thoughts(state)))


class Tree(NamedTuple):
    """A number, or two of them combined."""

    value: Number
    leaves: int = 1  # how many numbers it is made of
    op: str = ""
    left: Tree | None = None
    right: Tree | None = None

    @property
    def step(self) -> tuple[Number, str, Number]:
        """Its last step."""
        assert self.left is not None and self.right is not None
        return self.left.value, self.op, self.right.value


def combine_trees(left: Tree, op: str, right: Tree) -> Tree | None:
    """Both combined; None where nobody can, or need, say what comes out."""
    value = _combined_value(left.value, op, right.value)
    if value is None or not -LARGEST < value < LARGEST or value.denominator > LARGEST:
        return None
    return Tree(value, left.leaves + right.leaves, op, left, right)


def cuts(tree: Tree) -> set[Numbers]:
    """Every set of numbers from which a tree goes on to its value: where it can be cut, ascending.

    >>> one, two, three = Tree(1), Tree(2), Tree(3)
    >>> sum_ = combine_trees(two, "+", three)
    >>> sorted(cuts(sum_)), sorted(cuts(combine_trees(sum_, "*", one)))
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
        thoughts: the place of the one that each goes on from, -1 for the hand; what it combines.
    """
    for place, (parent, *_) in enumerate(thoughts):
        if _combined_value(*thoughts[place][1:]) in targets:
            path = [thoughts[place][1:]]
            while parent >= 0 and len(path) <= MOST_LEAVES:
                path.append(thoughts[parent][1:])
                parent = thoughts[parent][0]
            tree = path_tree(hand, reversed(path))
            if tree is not None:
                yield place, tree


def _combined_value(a: Number, op: str, b: Number) -> Number | None:
    return None if op == "/" and not b else make_thought(a, op, b, ()).value


def path_tree(hand: Sequence[Number], path: Iterable[tuple[Number, str, Number]]) -> Tree | None:
    """The tree of thoughts that follow each other; None where one combines what is not there.

    Of equal numbers the newest is used.
    """
    there = [Tree(number) for number in hand]

    def take(number: Number) -> Tree | None:
        place = next((i for i in range(len(there) - 1, -1, -1) if there[i].value == number), None)
        return None if place is None else there.pop(place)

    for a, op, b in path:
        right, left = take(b), take(a)
        made = None if left is None or right is None else combine_trees(left, op, right)
        if made is None:
            return None
        there.append(made)
    return there[-1] if there else None
