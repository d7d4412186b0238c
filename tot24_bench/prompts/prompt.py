r"""A prompt: the instruction, the exemplars, and the hand asked, as plain text or chat messages.

Three methods: `io` (the answer alone), `cot` (a path of thoughts, then the answer) and
`onestep_tot` (one response that tries a path, judges what is left, and backtracks). The plain text
of a prompt is exactly what lm-eval sends for the task `game24_<method>`; a test compares the two.

>>> print(build("io", Puzzle.parse("4 5 6 10"), shots=1).text)
Use numbers and basic arithmetic operations (+ - * /) to obtain 24.
Input: 4 4 6 8
Answer: (6 - 4) * (4 + 8) = 24
Input: 4 5 6 10
<BLANKLINE>
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tot24_bench.game import TARGET, Puzzle, Rule
from tot24_bench.prompts.exemplars import DEFAULT_VARIANT, SHOTS, Exemplar, pick

METHODS = ("io", "cot", "onestep_tot")

METHOD_NAMES = {"io": "IO", "cot": "CoT", "onestep_tot": "One-Step ToT"}
"""How tables spell the methods."""

_USE = "Use numbers and basic arithmetic operations (+ - * /) to obtain {target}."
_STEP = (
    "Each step, you are only allowed to choose two of the remaining numbers to obtain a new number."
)
_SOME = "Each number may be used at most once; you need not use all of them."
_INSTRUCTIONS = {
    "io": (_USE,),
    "cot": (f"{_USE} {_STEP}",),
    "onestep_tot": (
        f"{_USE} {_STEP}",
        "Consider the possible operations for each pair of numbers.",
        "Try a path (a pair of two numbers), see if the remaining numbers can possibly reach the "
        "goal {target}. If not, backtrack and attempt another.",
        "Branch over other orders and combinations until a path reaches {target}, "
        "then give the answer in the same format.",
    ),
}


class UnknownMethod(ValueError):
    """No prompting method of that name."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt for one puzzle."""

    puzzle: Puzzle  # the hand asked
    method: str
    variant: str  # of the exemplars shown (only One-Step ToT has a `search`)
    instruction: str  # ends in a newline
    turns: tuple[str, ...]  # question and answer of each exemplar, then the question asked

    @property
    def shots(self) -> int:
        """How many exemplars it shows."""
        return len(self.turns) // 2

    @property
    def text(self) -> str:
        """The prompt for a completion model."""
        turns = (turn if turn.endswith("\n") else f"{turn}\n" for turn in self.turns)
        return self.instruction + "".join(turns)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt for a chat model: the instruction as system, each exemplar as two turns."""
        roles = ("user", "assistant")
        turns = [{"role": roles[i % 2], "content": turn} for i, turn in enumerate(self.turns)]
        return [{"role": "system", "content": self.instruction}, *turns]

    @property
    def sha256(self) -> str:
        """Hash of the plain text: two equal hashes asked the model the same thing."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal prompt."""
        return {
            "puzzle": self.puzzle.to_json(),
            "method": self.method,
            "variant": self.variant,
            "instruction": self.instruction,
            "turns": list(self.turns),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Prompt:
        """Read what `to_json` wrote."""
        asked, turns = Puzzle.from_json(data["puzzle"]), tuple(data["turns"])
        return cls(asked, data["method"], data["variant"], data["instruction"], turns)


def build(
    method: str, puzzle: Puzzle, *, shots: int = SHOTS, variant: str = DEFAULT_VARIANT
) -> Prompt:
    """The prompt of a method for a puzzle.

    Raises:
        UnknownMethod: when there is no such method.
        UnknownVariant, ValueError: as `pick`.
    """
    variant = variant_of(method, variant)
    turns: list[str] = []
    for exemplar in pick(variant, puzzle, shots):
        turns += [question(exemplar.puzzle), worked(method, exemplar)]
    said = instruction(method, puzzle.target, puzzle.rule)
    return Prompt(puzzle, method, variant, said, (*turns, question(puzzle)))


def instruction(method: str, target: int = TARGET, rule: Rule = Rule.ALL) -> str:
    """The instruction of a method, with a newline; it says where not all numbers are needed."""
    if method not in METHODS:
        raise UnknownMethod(f"no method {method[:40]!r}: the methods are {', '.join(METHODS)}")
    lines = [line.format(target=target) for line in _INSTRUCTIONS[method]]
    if rule is Rule.SOME:
        lines.append(_SOME)
    return "\n".join(lines) + "\n"


def question(puzzle: Puzzle) -> str:
    """What asks for one hand; the closing newline keeps a model from adding to the numbers."""
    return f"Input: {puzzle.text}\n"


def worked(method: str, exemplar: Exemplar) -> str:
    """How an exemplar is answered under a method."""
    answer = f"Answer: {exemplar.answer}"
    return answer if method == "io" else "\n".join(("Steps:", *exemplar.path, answer))


def variant_of(method: str, variant: str) -> str:
    """The variant whose exemplars a method shows: only One-Step ToT shows a search."""
    return DEFAULT_VARIANT if variant == "search" and method != "onestep_tot" else variant
