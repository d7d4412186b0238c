"""The moves that tree searches share: propose thoughts, judge states, write the answer of a path.

Source: Yao et al. 2023, Tree of Thoughts (arXiv 2305.10601), with prompts in our own words. A
state's value is the sum of its judgements' weights: sure 20, likely 1, impossible 0.001, as in the
paper, and nothing for a judgement that is none of these. A state is judged once in a hand, whatever
path comes to it, and proposals that are no valid thought are dropped and counted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from math import exp, isfinite, isnan
from typing import TypeVar

from tot24_bench.game import Number, Puzzle, Rule, State
from tot24_bench.prompts import IMPOSSIBLE, JUDGEMENT, LIKELY, SURE, build, build_step
from tot24_bench.scoring import Step, read_judgement, read_proposals, score
from tot24_bench.search.calls import Call, Found, Reply
from tot24_bench.search.settings import MAX_K, SearchSettings
from tot24_bench.search.tree import Node, SearchTree

WEIGHTS = {SURE: 20.0, LIKELY: 1.0, IMPOSSIBLE: 0.001}
"""What a judgement weighs (Yao et al. 2023, their code's `value_map`)."""

Left = tuple[Number, ...]
_T = TypeVar("_T")
Move = Generator[list[Call], list[Reply], _T]
"""Part of a search: it yields calls and comes to something."""


class Walk:
    """A tree of states under way: nodes are known by their places in it."""

    def __init__(self, puzzle: Puzzle, settings: SearchSettings, shots: int) -> None:
        self.puzzle, self.settings, self.shots = puzzle, settings, shots
        root = Node(-1, "", tuple(sorted(puzzle.numbers)), kept=True)
        self.tree = SearchTree(puzzle, settings.label, [root])
        self._values: dict[Left, tuple[float, tuple[str, ...]]] = {}
        self._visited: set[Left] = {root.left}
        self._steps: dict[int, Step] = {}  # the thought that led to a node
        self.answered: dict[int, str] = {}  # the response of each end that was answered
        self._dropped = self._unjudged = 0
        self._symbolic = settings.answer == "symbolic"

    def node(self, place: int) -> Node:
        """The node at a place."""
        return self.tree.nodes[place]

    def is_final(self, place: int) -> bool:
        """Whether no thought is needed after a state: one number is left, or all that is needed."""
        left = self.node(place).left
        return len(left) == 1 or (
            self.puzzle.rule is Rule.SOME and place > 0 and self.puzzle.target in left
        )

    def path(self, place: int) -> list[int]:
        """The places from the first thought to a state."""
        found = []
        while place > 0:
            found.append(place)
            place = self.node(place).parent
        return found[::-1]

    def propose(self, places: Sequence[int]) -> Move[list[list[int]]]:
        """Ask for the thoughts of each state; the places of the new states of each, in order."""
        wanted = list(dict.fromkeys(self._asked(place) for place in places))
        calls = [self._call("propose", left) for left in wanted]
        replies = dict(zip(wanted, (yield calls), strict=True))
        return [self._add(place, replies[self._asked(place)].text) for place in places]

    def _asked(self, place: int) -> Left:
        """The numbers as a prompt shows them: the hand as dealt, later states ascending."""
        return self.node(place).left if place else self.puzzle.numbers

    def _call(self, method: str, left: Left, draw: str = "") -> Call:
        prompt = build_step(method, self.puzzle, left, shots=self.shots)
        temperature = 0.0 if method == "value_at_once" else self.settings.temperature
        if temperature and method == "propose":  # a state's judgements are shared among hands
            draw = f"{self.puzzle.text}:{draw}"
        return Call(prompt, method, temperature, draw if temperature else "")

    def _add(self, place: int, response: str) -> list[int]:
        left = self._asked(place)
        offered = read_proposals(left, response)
        self._dropped += offered.dropped
        self._symbolic |= not offered.told
        found = []
        for step, after in zip(offered.steps, offered.left, strict=True):
            self._visited.add(after)
            self._steps[len(self.tree.nodes)] = step
            found.append(len(self.tree.nodes))
            self.tree.nodes.append(Node(place, step.text, after))
        return found

    def judge(self, places: Iterable[int]) -> Move[None]:
        """Ask how good each state is, unless it is known, and note it at the nodes."""
        every = list(places)
        states = dict.fromkeys(self.node(place).left for place in every)
        if unknown := [left for left in states if left not in self._values]:
            in_one_pass = self.settings.values == "one_pass"
            yield from (self._judge_in_one_pass if in_one_pass else self._judge_in_writing)(unknown)
        for place in every:
            node = self.node(place)
            node.value, node.judgements = self._values[node.left]

    def _judge_in_writing(self, states: list[Left]) -> Move[None]:
        samples = self.settings.value_samples
        draws = samples if self.settings.temperature else 1  # greedy ones are all the same
        calls = [self._call("value", left, str(i)) for left in states for i in range(draws)]
        replies = yield calls
        for k, left in enumerate(states):
            said = [read_judgement(reply.text) for reply in replies[k * draws : (k + 1) * draws]]
            self._unjudged += said.count(None)
            words = tuple(word or "" for word in said)
            weight = sum(WEIGHTS.get(word, 0.0) for word in words)
            self._values[left] = weight * samples / draws, words

    def _judge_in_one_pass(self, states: list[Left]) -> Move[None]:
        words = tuple(f" {word}" for word in WEIGHTS)
        calls = [
            Call(prompt, "value_at_once", after=JUDGEMENT.rstrip(), words=words)
            for prompt in (
                build_step("value_at_once", self.puzzle, left, shots=self.shots) for left in states
            )
        ]
        for left, reply in zip(states, (yield calls), strict=True):
            most = max(reply.likelihoods)
            if not isfinite(most) or any(map(isnan, reply.likelihoods)):  # a server may say so
                self._unjudged += 1
                self._values[left] = 0.0, ("",)
                continue
            odds = [exp(one - most) for one in reply.likelihoods]
            mean = sum(w * o for w, o in zip(WEIGHTS.values(), odds, strict=True)) / sum(odds)
            word = max(zip(odds, WEIGHTS, strict=True))[1]
            self._values[left] = mean * self.settings.value_samples, (word,)

    def mean_weight(self, place: int) -> float:
        """The weight of a judged state's judgement, 0 to 20, the mean over judgements."""
        return (self.node(place).value or 0.0) / self.settings.value_samples

    def is_sure(self, place: int) -> bool:
        """Whether most judgements of a state are `sure`."""
        return self.mean_weight(place) > WEIGHTS[SURE] / 2

    def rank(self, places: Iterable[int]) -> list[int]:
        """The states, the best first: by value, then by the values on the way, then in order."""

        def worth(place: int) -> tuple[float, float]:
            on_way = sum(self.node(one).value or 0.0 for one in self.path(place)[:-1])
            return -(self.node(place).value or 0.0), -on_way

        return sorted(places, key=worth)

    def answers(self, places: Sequence[int]) -> Move[list[str]]:
        """The response of each path: its thoughts, and the answer that they come to.

        The model writes the answer; where the settings say so code does. A path that does not end
        has none.
        """
        texts = dict(zip(places, self.unanswered(places), strict=True))
        ended = [place for place in places if self.is_final(place)]
        if ended and self.settings.answer == "model":
            prompt = build("cot", self.puzzle, shots=self.shots)
            heat = self.settings.temperature
            calls = [
                Call(prompt, "answer", heat, self.puzzle.text if heat else "", texts[place])
                for place in ended
            ]
            for place, reply in zip(ended, (yield calls), strict=True):
                texts[place] += reply.text
        for place in ended:
            self.node(place).answer = self.answered[place] = texts[place]
        return [texts[place] for place in places]

    def unanswered(self, places: Iterable[int]) -> list[str]:
        """The paths alone, where there are no tokens left for an answer that the model writes."""
        found = []
        for place in places:
            text = f"Steps:\n{self._written(place)}"
            if self.settings.answer == "symbolic" and self.is_final(place):
                text += f"Answer: {self._expression(place)} = {self.puzzle.target}"
            found.append(text)
        return found

    def answers_right(self, place: int) -> Move[bool]:
        """Have an end answered, and say whether that is right: only who knows answers can tell."""
        (text,) = yield from self.answers([place])
        return score(self.puzzle, text).correct

    def right_first(self, right: int) -> list[str]:
        """The answers so far, the right one in front, the others in the order they were given."""
        others = (text for place, text in self.answered.items() if place != right)
        return [self.answered[right], *others]

    def ranked_answers(self) -> list[str]:
        """The answers so far, that of the best end in front."""
        return [self.answered[place] for place in self.rank(self.answered)]

    def _written(self, place: int) -> str:
        """The lines of a path, the numbers left in the order in which the model told them."""
        lines = []
        for one in self.path(place):
            left = State(self._steps[one].left or self.node(one).left)
            lines.append(f"{self.node(one).thought} (left: {left.text})\n")
        return "".join(lines)

    def _expression(self, place: int) -> str:
        made: list[tuple[Number, str]] = [(number, str(number)) for number in self.puzzle.numbers]
        for step in (self._steps[one] for one in self.path(place)):
            parts = []
            for number in (step.a, step.b):
                where = max(i for i, (value, _) in enumerate(made) if value == number)
                parts.append(made.pop(where)[1])
            made.append((step.value, f"({parts[0]} {step.op} {parts[1]})"))
        target = [text for value, text in made if value == self.puzzle.target] or [made[-1][1]]
        text = target[-1]
        return text[1:-1] if text.startswith("(") else text

    def found(self, finals: list[str], *, oracle: bool = False) -> Found:
        """What the walk came to; of very many answers the first ones, as a row holds no more."""
        finals = finals[:MAX_K]
        self.tree.finals = tuple(finals)
        return Found(
            finals or [""],
            states=len(self._visited),
            tree=self.tree,
            dropped=self._dropped,
            unjudged=self._unjudged,
            symbolic=self._symbolic,
            oracle=oracle,
        )


def distinct(walk: Walk, places: Iterable[int]) -> list[int]:
    """One node a state, the first that came to it; of ends all: other paths are other answers."""
    seen: set[Left] = set()
    found = []
    for place in places:
        left = walk.node(place).left
        if walk.is_final(place) or left not in seen:
            found.append(place)
        seen.add(left)
    return found
