"""Models that answer by a script: an lm-eval model of any behaviour, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lm_eval.api.model import LM

from tot24_bench.game import Number, State, can_reach, thoughts
from tot24_bench.prompts import step_instruction

PROPOSE = step_instruction("propose")
VALUE = step_instruction("value")
AT_ONCE = step_instruction("value_at_once")


def numbers_in(context: str) -> tuple[Number, ...]:
    """The numbers that a prompt asks about: those of its last `Input:`."""
    asked = context.rpartition("Input: ")[2].partition("\n")[0]
    found = map(Fraction, asked.split())
    return tuple(one.numerator if one.denominator == 1 else one for one in found)


def kind_of(context: str) -> str:
    """Which prompt a context is."""
    for kind, said in (("propose", PROPOSE), ("value_at_once", AT_ONCE), ("value", VALUE)):
        if context.startswith(said):
            return kind
    return "answer" if "Steps:\n" in context else "whole"


def proposals(numbers: tuple[Number, ...]) -> str:
    """Every thought of a state."""
    state = State(tuple(sorted(numbers)))
    return "\n".join(f"{one.text} (left: {one.left.text})" for one in thoughts(state))


def judgement(numbers: tuple[Number, ...]) -> str:
    """The truth of a state, as a model writes it."""
    alive = can_reach(State(tuple(sorted(numbers))), 24)
    return f"Judgement: {'sure' if alive else 'impossible'}"


def answer(context: str) -> str:
    """The expression that the path at the end of a context stands for."""
    path = context.rpartition("Steps:\n")[2].strip().splitlines()
    made = [(Fraction(one), one) for one in context.rpartition("Input: ")[2].split("\n")[0].split()]
    for line in path:
        a, op, b = line.partition(" = ")[0].replace("(", "").replace(")", "").split()
        parts = []
        for number in (a, b):
            place = next(i for i, one in enumerate(made) if one[0] == Fraction(number))
            parts.append(made.pop(place)[1])
        value = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__"}[op]
        made.append((getattr(Fraction(a), value)(Fraction(b)), f"({parts[0]} {op} {parts[1]})"))
    return f"Answer: {made[-1][1]} = 24"


def perfect(context: str) -> str:
    """What a perfect proposer and evaluator says."""
    kind = kind_of(context)
    if kind == "propose":
        return proposals(numbers_in(context))
    if kind == "value":
        return judgement(numbers_in(context))
    return answer(context) if kind == "answer" else f"Answer: {' + '.join(hand_in(context))} = 24"


def hand_in(context: str) -> list[str]:
    """The numbers asked, as they stand there."""
    return context.rpartition("Input: ")[2].partition("\n")[0].split()


class Words:
    """A tokenizer of words: what stands between blanks is a token."""

    def __call__(self, text: str, **_: Any) -> dict[str, list[str]]:
        return {"input_ids": text.split()}


class Scripted(LM):
    """An lm-eval model that answers by a function; `batches` are the contexts of each call."""

    def __init__(
        self,
        respond: Callable[[str], str] = perfect,
        likelihood: Callable[[str, str], float] | None = None,
        tells_at_once: bool = True,
    ) -> None:
        super().__init__()
        self.respond, self.likelihood, self.tells = respond, likelihood, tells_at_once
        self.batches: list[list[str]] = []
        self.tokenizer = Words()

    @property
    def asked(self) -> list[str]:
        """Every context asked, in order."""
        return [context for batch in self.batches for context in batch]

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        self.batches.append([request.args[0] for request in requests])
        found = []
        for request in requests:
            found.append(self.respond(request.args[0]))
            if self.tells:
                self.cache_hook.add_partial("generate_until", request.args, found[-1])
        return found

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        assert self.likelihood is not None
        self.batches.append([request.args[0] for request in requests])
        return [(self.likelihood(*request.args), False) for request in requests]

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
        raise NotImplementedError
