"""Run the searches of many hands in lock-step: what all of them need next is one batch.

A call that was asked before, by this hand or another, is answered from the store. Each hand counts
the calls and the tokens that it would need alone, each different call once; what was really sent is
less. A hand with a budget may make a call only where its prompt and the longest response to it
still fit, so that no hand ever uses more; where none fits the search ends with what it has.

Memory holds the hands under way, not those that are done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tot24_bench.game import Puzzle
from tot24_bench.search.calls import BudgetSpent, Call, Found, Reply, Search
from tot24_bench.search.replies import ReplyStore, key_of

HANDS_AT_ONCE = 256
"""Hands under way at once: as one ends the next begins. A level of so many has thousands of calls,
more than any batch holds."""


class BudgetTooSmall(ValueError):
    """The budget does not allow for a single call."""


class Model(Protocol):
    """What answers calls; see `backend.Backend`."""

    def ask(self, calls: list[Call], keep: Callable[[Call, Reply], None]) -> None:
        """Answer all calls; `keep` gets each reply."""

    def prompt_tokens(self, call: Call) -> int | None:
        """Tokens that a call shows."""

    def limit(self, call: Call) -> int:
        """Tokens that a reply may have."""


class Progress(NamedTuple):
    """How far a run is."""

    level: int  # batches so far, this one included
    kinds: str  # what is asked in this one: `propose`, `value`, ...
    answered: int  # calls of this batch
    asked: int
    hands_done: int
    tokens: int  # prompt and completion tokens of all replies so far


class Ended(NamedTuple):
    """A search that is over, and what it would have cost alone."""

    place: int  # of its puzzle among those given
    puzzle: Puzzle
    found: Found
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    out_of_budget: bool


@dataclass(slots=True)
class _Hand:
    place: int
    puzzle: Puzzle
    search: Search
    wanted: list[Call] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)  # to the first of those wanted
    seen: set[bytes] = field(default_factory=set)
    shown: int = 0
    written: int = 0
    counted: bool = True
    out_of_budget: bool = False
    found: Found | None = None


class Run:
    """One run over puzzles.

    Args:
        start: makes the search of a puzzle.
        model: who answers.
        store: the replies that are known.
        budget: most prompt and completion tokens of a hand together.
        progress: called after each reply.
    """

    def __init__(
        self,
        start: Callable[[Puzzle], Search],
        model: Model,
        store: ReplyStore,
        *,
        budget: int | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
        hands_at_once: int = HANDS_AT_ONCE,
    ) -> None:
        self._start, self._model, self._store = start, model, store
        self._budget, self._progress, self._most = budget, progress, hands_at_once
        self.sent = 0  # calls that really went to the model
        self._tokens = self._level = self._done = 0

    def run(self, puzzles: Iterable[Puzzle]) -> Iterator[Ended]:
        """Search every puzzle; each is yielded when it is over, in the order in which they end.

        Raises:
            BudgetTooSmall: a hand cannot make its first call.
        """
        waiting = enumerate(puzzles)
        active: deque[_Hand] = deque()
        while True:
            while len(active) < self._most and (given := next(waiting, None)) is not None:
                active.append(self._begun(*given))
            if not active:
                return
            batch: dict[bytes, Call] = {}
            going: deque[_Hand] = deque()
            while active:
                hand = active.popleft()
                batch |= self._advance(hand)
                if hand.found is None:
                    going.append(hand)
                else:
                    self._done += 1
                    yield _ended(hand, hand.found)
            active = going
            if batch:
                self._ask(list(batch.values()))

    def _begun(self, place: int, puzzle: Puzzle) -> _Hand:
        hand = _Hand(place, puzzle, self._start(puzzle))
        try:
            hand.wanted = next(hand.search)
        except StopIteration as end:  # nothing to ask
            hand.found = end.value
            return hand
        if self._budget is not None and (least := self._most_of(hand.wanted[0])) > self._budget:
            kind = hand.wanted[0].kind
            raise BudgetTooSmall(
                f"--max-tokens-per-hand {self._budget} does not allow for one {kind} call: prompt "
                f"and response of {puzzle.text} may take {least}: give at least as many"
            )
        return hand

    def _most_of(self, call: Call) -> int:
        """Tokens that a call may take."""
        shown = self._model.prompt_tokens(call)
        if shown is None:
            raise BudgetTooSmall(
                "the tokens of this model cannot be counted before they are used, so that no "
                "--max-tokens-per-hand can be kept: add tokenizer_backend=huggingface and "
                "tokenizer=NAME to --model_args"
            )
        return shown + self._model.limit(call)

    def _advance(self, hand: _Hand) -> dict[bytes, Call]:
        """Go on with a search as far as replies are known; the calls that it waits for."""
        while hand.found is None:
            missing = self._take(hand)
            if missing:
                return missing
            try:
                if len(hand.replies) < len(hand.wanted):
                    hand.out_of_budget = True
                    hand.wanted = hand.search.throw(BudgetSpent())
                else:
                    hand.wanted = hand.search.send(hand.replies)
            except StopIteration as end:
                hand.found = end.value
            hand.replies = []
        return {}

    def _take(self, hand: _Hand) -> dict[bytes, Call]:
        """Take the known replies to what is wanted, in order; the calls that may be made now.

        None is left to be made, and replies are missing, where the budget allows for no more.
        """
        missing: dict[bytes, Call] = {}
        reserved = 0
        for call in hand.wanted[len(hand.replies) :]:
            key = key_of(call)
            known = self._store.get(call) if key not in missing else None
            if key not in hand.seen and key not in missing and self._budget is not None:
                spent = hand.shown + hand.written + reserved
                if spent + self._most_of(call) > self._budget:
                    break
            if known is None or missing:
                if known is None and key not in missing:
                    missing[key] = call
                    reserved += self._most_of(call) if self._budget is not None else 0
                elif known is not None and self._budget is not None:
                    reserved += self._most_of(call)
                continue
            hand.replies.append(known)
            if key not in hand.seen:
                hand.seen.add(key)
                self._count(hand, known)
        return missing

    def _count(self, hand: _Hand, reply: Reply) -> None:
        if reply.prompt_tokens is None or reply.completion_tokens is None:
            hand.counted = False
        else:
            hand.shown += reply.prompt_tokens
            hand.written += reply.completion_tokens

    def _ask(self, calls: list[Call]) -> None:
        self._level += 1
        kinds = ", ".join(sorted({call.kind for call in calls}))
        answered = 0

        def keep(call: Call, reply: Reply) -> None:
            nonlocal answered
            self._store.put(call, reply)
            answered += 1
            self.sent += 1
            self._tokens += (reply.prompt_tokens or 0) + (reply.completion_tokens or 0)
            self._progress(
                Progress(self._level, kinds, answered, len(calls), self._done, self._tokens)
            )

        self._model.ask(calls, keep)


def _ended(hand: _Hand, found: Found) -> Ended:
    shown, written = (hand.shown, hand.written) if hand.counted else (None, None)
    return Ended(hand.place, hand.puzzle, found, len(hand.seen), shown, written, hand.out_of_budget)
