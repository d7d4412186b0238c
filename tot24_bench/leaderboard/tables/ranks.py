"""Rank entries by no more than the hands say: those that cannot be told apart share a rank.

Entries are compared within a class: obtained the same way, on the same whole split, with this
benchmark's prompts or with others. The rank of an entry is one more than the number of entries of
its class that are better by a paired test over hands at the 5% level, after Holm's correction over
all pairs of the class. A less accurate entry never ranks above a more accurate one. What follows
from that, and who has no rank: docs/statistics.md.

The test is McNemar's, exact, where both entries gave one response a hand. Where one gave several it
is the sign-flip test in its normal approximation, because draws would be too coarse for the small
p-values that the correction asks for. With few hands that differ the approximation is too small; it
is never taken below 2 / 2^m, the least that flipping the signs of m hands can give.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tot24_bench.game import is_split, split_size
from tot24_bench.leaderboard.entry import Entry
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.statistics import SIGNIFICANT, holm
from tot24_bench.teachers import EXACT_SEARCH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TIE = 1e-9
"""Accuracies that differ by no more are equal: sums of shares differ in their last digits."""


def ranks(entries: Sequence[Entry]) -> list[int | None]:
    """The rank of each entry, in the order given; None where it has none.

    Only a model has one, of a whole split, where it is known how each hand went, and where no right
    answer was used to stop or to choose.
    """
    found: list[int | None] = [None] * len(entries)
    classes: defaultdict[tuple[str, str, bool], list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        header = entry.header
        asked = split_size(header.split) if is_split(header.split) else 0
        helped = is_exact_search(header) or (
            header.search is not None and header.search.oracle_stop
        )
        if entry.outcomes and len(entry.outcomes) == asked and not helped:
            classes[header.obtained, header.split, header.variant == OTHER].append(i)
    for members in classes.values():
        if len(members) > 1:
            placed = _ranks_of_class([entries[i] for i in members])
            for i, rank in zip(members, placed, strict=True):
                found[i] = rank
    return found


def is_exact_search(header: Header) -> bool:
    """Whether a solver wrote the row, not a model."""
    return header.model.backend.casefold() == EXACT_SEARCH


def _ranks_of_class(entries: Sequence[Entry]) -> list[int]:
    import numpy as np

    by_hand = [{one.puzzle.identity: one.mean for one in entry.outcomes} for entry in entries]
    means = np.array([[shares[hand] for hand in by_hand[0]] for shares in by_hand])
    single = np.array([all(one.responses == 1 for one in entry.outcomes) for entry in entries])
    first, second = np.triu_indices(len(entries), k=1)  # every pair once
    told_apart = np.array(holm(_p_values(means, single)[first, second].tolist())) < SIGNIFICANT
    accuracy = means.mean(axis=1)
    lead = accuracy[first] - accuracy[second]
    worse = np.where(lead > 0, second, first)[told_apart & (np.abs(lead) > TIE)]
    counts = 1 + np.bincount(worse, minlength=len(entries))
    order = np.argsort(-accuracy, kind="stable")
    placed = np.empty(len(entries), dtype=int)
    # Equal accuracies have the same rank, the best of theirs, whichever stood first.
    highest = 1
    for tied in np.split(order, np.flatnonzero(-np.diff(accuracy[order]) > TIE) + 1):
        placed[tied] = max(highest, counts[tied].min())
        highest = max(highest, counts[tied].max())
    return [int(rank) for rank in placed]


def _p_values(means: NDArray[np.float64], single: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The p-value of each pair of entries, an entry a row and a column.

    Args:
        means: the share of right responses, an entry a row, a hand a column.
        single: whether an entry gave one response a hand.
    """
    import numpy as np
    from scipy.stats import binom, norm

    only_first = np.rint(means @ (1 - means).T).astype(int)
    fewer = np.minimum(only_first, only_first.T)
    exact = np.minimum(1.0, 2 * binom.cdf(fewer, only_first + only_first.T, 0.5))
    # The sum of differences over the root of the sum of their squares, from products.
    sums, squares = means.sum(axis=1), (means**2).sum(axis=1)
    spread = squares[:, None] + squares - 2 * means @ means.T
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > TIE, np.abs(sums[:, None] - sums) / np.sqrt(spread), 0.0)
    p_values = np.where(single[:, None] & single, exact, 2 * norm.sf(z))
    for i in np.flatnonzero(~single):
        flipped = np.count_nonzero(np.abs(means - means[i]) > TIE, axis=1)
        p_values[i] = p_values[:, i] = np.maximum(
            p_values[i], np.minimum(1.0, 2.0 ** (1 - flipped))
        )
    return p_values
