"""What is drawn of a search, and the drawing in the terminal; `picture` makes an SVG of the same.

Each state is a card: the thought, the numbers left, whether they can still win, what was judged of
them, and whether that is true. The truth is exact arithmetic, and nobody's claim. Signs say all
that colours say:

    ● can win, ○ dead             what is true of the numbers left
    sure ✓, impossible ✗          a judgement that is true, or false; `likely` is neither
    ⚠ the result is wrong         the rule that the thought breaks; nothing after it is judged
    ↺ again                       numbers that the search had come to before

The path of the answer is bold, what the search did not go on from is dim (dashed in the picture).
In a tree of more than SMALL states, those dropped of one parent are one card, `+ 12 more, pruned`,
and so are branches that hold nothing new, `+ 30 more, all come to before`.

What a tree holds may be a model's words: no text is read as markup, and none is shown unbounded.

>>> from tot24_bench.game import Puzzle
>>> from tot24_bench.search.tree import tree_of_response
>>> said = "8 - 4 = 4 (left: 4 4 6): dead end\\nBack to 4 4 6 8\\n8 + 4 = 12 (left: 4 6 12)"
>>> for card in drawn(tree_of_response(Puzzle.parse("4 4 6 8"), said)).cards:
...     print(card.text)
4 4 6 8  ● can win
8 - 4 = 4  left 4 4 6  ○ dead  dead end ✓
8 + 4 = 12  left 4 6 12  ● can win  answer wrong ✗
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tot24_bench.game import Number, Puzzle
from tot24_bench.scoring import BrokenRule, score, wins
from tot24_bench.search.tree import DEAD_END, IMPOSSIBLE, SURE, SearchTree
from tot24_bench.text import one_line, plural

if TYPE_CHECKING:
    from rich.console import Group

SMALL = 40  # states of the largest tree that is drawn whole unasked
MOST_CARDS = 1_000  # cards of a picture, unasked; a response that loops has thousands
MAX_TITLE = 60  # characters of a thought, or of numbers left, on a card
MAX_LINE = 110  # characters of any other line
MAX_KINDS = 8  # different judgements of one state that are shown
MAX_ANSWERS = 5  # final answers that are shown
MAX_TRUE_LEFT = 4
"""Numbers left of which it is asked whether they can win; with a negative one, one fewer: those
are tried out in every order."""
MAX_TRUE_SIZE = 10**12  # of a numerator or denominator in such a state
MAX_TRUTHS = 2_000  # states of several numbers that are asked; four numbers lead to about 300

PLAIN, DIM, TRUE, FALSE, FAULT = "plain", "dim", "true", "false", "fault"

FAULTS: dict[str, str] = {
    BrokenRule.TOO_MANY: "nothing is left to combine",
    BrokenRule.UNAVAILABLE: "a number is not there",
    BrokenRule.ARITHMETIC: "the result is wrong",
    BrokenRule.LEFT: "not the numbers left",
}
"""The rules that a thought can break, in words."""


class Words(NamedTuple):
    """A piece of a line."""

    text: str
    tone: str = PLAIN


@dataclass(slots=True)
class Card:
    """What is drawn of one state, or of several that are folded into one."""

    parent: int  # its place among the cards; -1 of the root
    lines: list[list[Words]]  # the thought first
    on_path: bool = False  # whether it leads to the answer
    kept: bool = True

    @property
    def text(self) -> str:
        """All of it in one line."""
        return "  ".join(words.text for line in self.lines for words in line)


@dataclass(slots=True)
class Drawn:
    """What is drawn of a tree, whoever shows it."""

    title: str
    cards: list[Card]  # each after its parent, and before what follows its parent
    below: list[list[Words]]  # lines on the whole: counts, the answers
    legend: list[list[Words]] = field(default_factory=list)


def drawn(tree: SearchTree, whole: bool = False) -> Drawn:
    """What is drawn of a tree: cards, and lines below them.

    Args:
        tree: of any size that `SearchTree.from_json` reads.
        whole: fold nothing and leave nothing out.
    """
    return _Drawer(tree, whole).run()


def terminal_tree(tree: SearchTree, whole: bool = False) -> Group:
    """The tree as rich prints it; the arguments are those of `drawn`."""
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    styles = {PLAIN: "", DIM: "dim", TRUE: "green", FALSE: "bold red", FAULT: "yellow"}

    def shown(lines: Sequence[Sequence[Words]], style: str = "") -> Text:
        text = Text(style=style)
        for i, words in enumerate(words for line in lines for words in line):
            text.append("  " if i else "").append(words.text, styles[words.tone])
        return text

    all_of_it = drawn(tree, whole)
    branches: list[Tree] = []
    for card in all_of_it.cards:
        label = shown(card.lines, "bold" if card.on_path else "" if card.kept else "dim")
        guide = "bold" if card.on_path else "dim"
        branches.append(
            branches[card.parent].add(label, guide_style=guide)
            if branches
            else Tree(label, guide_style=guide)
        )
    below = [shown([line]) for line in (*all_of_it.below, *all_of_it.legend)]
    return Group(Text(all_of_it.title, "bold"), branches[0], *below)


def truth_of_state(puzzle: Puzzle, left: tuple[Number, ...]) -> bool | None:
    """Whether numbers left, ascending, can make the target; None where that is not asked."""
    if len(left) == 1:
        return left[0] == puzzle.target
    size = max((max(abs(one.numerator), one.denominator) for one in left), default=0)
    few = 0 < len(left) <= MAX_TRUE_LEFT - (min(left, default=0) < 0)
    if not few or size > MAX_TRUE_SIZE:
        return None
    return wins(left, puzzle.target, puzzle.rule)


def is_true(judgement: str, truth: bool | None) -> bool | None:
    """Whether what was judged of a state is so; None where it says nothing certain."""
    if truth is None or judgement not in (SURE, IMPOSSIBLE, DEAD_END):
        return None
    return truth is (judgement == SURE)


class _Drawer:
    def __init__(self, tree: SearchTree, whole: bool) -> None:
        self.tree, self.nodes, self.whole = tree, tree.nodes, whole
        self.children: list[list[int]] = [[] for _ in self.nodes]
        for i, node in enumerate(self.nodes[1:], 1):
            self.children[node.parent].append(i)
        self.path = self._answer_path()
        self.again: set[int] = set()
        self.truths: list[bool | None] = []
        self.known: dict[tuple[Number, ...], bool] = {}
        come_to: set[tuple[Number, ...]] = set()
        sound: list[bool] = []  # whether neither the node nor one before it breaks a rule
        for i, node in enumerate(self.nodes):
            sound.append(not node.fault and (node.parent < 0 or sound[node.parent]))
            self.truths.append(self._truth(node.left) if sound[i] else None)
            if sound[i] and node.left in come_to:
                self.again.add(i)
            if sound[i]:
                come_to.add(node.left)
        self.dropped = [
            not (node.kept or self.children[i] or node.right is not None)
            for i, node in enumerate(self.nodes)
        ]
        # Whether a state and all that come after it were come to before; a child comes later.
        self.old = [i in self.again and i not in self.path for i in range(len(self.nodes))]
        for i in reversed(range(1, len(self.nodes))):
            self.old[self.nodes[i].parent] &= self.old[i]

    def run(self) -> Drawn:
        puzzle = self.tree.puzzle
        cards: list[Card] = []
        left_out = 0
        waiting: list[tuple[int, int | tuple[str, list[int]]]] = [(-1, 0)]  # under which card; what
        while waiting:
            parent, what = waiting.pop()
            if len(cards) >= MOST_CARDS and not self.whole:
                left_out += 1
            elif isinstance(what, tuple):
                cards.append(self._folded(parent, *what))
            else:
                cards.append(self._card(parent, what))
                kept, folded = self._fold(self.children[what])
                after: list[int | tuple[str, list[int]]] = [*kept, *folded]
                waiting += [(len(cards) - 1, one) for one in reversed(after)]
        below = list(self._below())
        if left_out:
            below.insert(0, [Words(f"... more than {MOST_CARDS:,} states: --all draws all", FAULT)])
        name = one_line(self.tree.method, MAX_TITLE)
        title = f"{puzzle.text} to {puzzle.target}: {name}" if name else puzzle.text
        return Drawn(one_line(title, MAX_LINE), cards, below, _legend(puzzle.target))

    def _answer_path(self) -> set[int]:
        """The nodes from the hand to the answer that is ranked first."""
        first = self.tree.finals[:1]
        answered = [i for i, node in enumerate(self.nodes) if node.right is not None]
        place = max(answered, key=lambda i: self._rank(i, first), default=-1)
        path = set()
        while place >= 0:
            path.add(place)
            place = self.nodes[place].parent
        return path

    def _rank(self, place: int, first: tuple[str, ...]) -> tuple[bool, float, int]:
        node = self.nodes[place]
        value = -1.0 if node.value is None else node.value
        return bool(node.answer) and (node.answer,) == first, value, -place

    def _truth(self, left: tuple[Number, ...]) -> bool | None:
        """As `truth_of_state`, of at most MAX_TRUTHS different states."""
        if len(left) > 1 and left not in self.known:
            if len(self.known) >= MAX_TRUTHS:
                return None
            truth = truth_of_state(self.tree.puzzle, left)
            if truth is None:
                return None
            self.known[left] = truth
        return self.known[left] if len(left) > 1 else truth_of_state(self.tree.puzzle, left)

    def _fold(self, children: list[int]) -> tuple[list[int], list[tuple[str, list[int]]]]:
        """Children that are drawn, and the states that become one card, with what they are."""
        if self.whole or len(self.nodes) <= SMALL:
            return children, []
        old = [i for i in children if self.old[i] and self.children[i]]
        dropped = [i for i in children if self.dropped[i]]
        folded = []
        if len(dropped) > 1:
            folded.append(("pruned", dropped))
        if old:
            folded.append(("all come to before", self._branches(old)))
        hidden = {i for _, places in folded for i in places}
        return [i for i in children if i not in hidden], folded

    def _branches(self, places: list[int]) -> list[int]:
        """States, and all that come after them."""
        found = list(places)
        for i in found:  # which grows
            found += self.children[i]
        return found

    def _folded(self, parent: int, what: str, places: list[int]) -> Card:
        lines = [[Words(f"+ {len(places)} more, {what}")]]
        alive = sum(self.truths[i] is True for i in places)
        false = sum(False in self._judged(i).values() for i in places)
        if alive:
            lines.append([Words(f"● {alive} can win", DIM)])
        if false:
            lines.append([Words(f"{false} judged falsely ✗", FALSE)])
        if faults := sum(bool(self.nodes[i].fault) for i in places):
            lines.append([Words(f"⚠ {faults} break a rule", FAULT)])
        return Card(parent, lines, kept=False)

    def _judged(self, place: int) -> dict[str, bool | None]:
        """The judgements of a state: whether each is true; None where it says nothing certain."""
        truth = self.truths[place]
        return {said: is_true(said, truth) for said in self.nodes[place].judgements}

    def _card(self, parent: int, place: int) -> Card:
        node = self.nodes[place]
        left = " ".join(map(str, node.left))
        state: list[Words] = []
        if place == 0:
            head = one_line(node.thought, MAX_TITLE) or self.tree.puzzle.text
        else:
            head = one_line(node.thought, MAX_TITLE) or "(no thought)"
            state = [Words(one_line(f"left {left}", MAX_TITLE), DIM)]
        if (truth := self.truths[place]) is not None:
            can, cannot = "can win", "dead"
            if len(node.left) == 1:
                can, cannot = f"is {self.tree.puzzle.target}", f"not {self.tree.puzzle.target}"
            state.append(Words(f"● {can}" if truth else f"○ {cannot}"))
        if place in self.again:
            state.append(Words("↺ again", DIM))
        lines = [[Words(head)], state, self._judgements(place)]
        if node.fault:
            rule = FAULTS.get(node.fault, node.fault)
            lines.append([Words(f"⚠ {one_line(rule, MAX_TITLE)}", FAULT)])
        if node.right is not None:
            words = ("answer right ✓", TRUE) if node.right else ("answer wrong ✗", FALSE)
            lines.append([Words(*words)])
        kept = node.kept or node.right is not None
        return Card(parent, list(filter(None, lines)), place in self.path, kept)

    def _judgements(self, place: int) -> list[Words]:
        node = self.nodes[place]
        counts = Counter(node.judgements)
        truths = self._judged(place)
        line = []
        for said, count in list(counts.items())[:MAX_KINDS]:
            text, tone = one_line(said, 20) or "unreadable", PLAIN
            if truths[said] is not None:
                text, tone = (f"{text} ✓", TRUE) if truths[said] else (f"{text} ✗", FALSE)
            line.append(Words(f"{text} ×{count}" if count > 1 else text, tone))
        if node.value is not None:
            line.append(Words(f"value {node.value:.4g}", DIM))
        return line

    def _below(self) -> Iterator[list[Words]]:
        judged: Counter[bool | None] = Counter()
        for i, node in enumerate(self.nodes):
            if node.judgements:
                truths = self._judged(i)
                judged.update(truths[said] for said in node.judgements)
        line = [Words(plural(len(self.nodes) - 1, "thought"))]
        if judged:
            line.append(Words(f"{plural(judged.total(), 'judgement')}:"))
            line += [
                Words(f"{judged[True]} true ✓", TRUE),
                Words(f"{judged[False]} false ✗", FALSE),
            ]
            if judged[None]:
                line.append(Words(f"{judged[None]} neither", DIM))
        if faults := sum(bool(node.fault) for node in self.nodes):
            line.append(Words(f"⚠ {faults} break a rule", FAULT))
        yield line
        finals = self.tree.finals
        for place, final in enumerate(finals[:MAX_ANSWERS], 1):
            result = score(self.tree.puzzle, final)
            name = f"answer {place}:" if len(finals) > 1 else "answer:"
            sign = ("✓ right", TRUE) if result.correct else ("✗ wrong", FALSE)
            reason = one_line(result.reason, MAX_TITLE)
            said = one_line(result.answer, MAX_TITLE) or "none"
            yield [Words(name), Words(said), Words(*sign), Words(reason, DIM)]
        if len(finals) > MAX_ANSWERS:
            yield [Words(f"... and {len(finals) - MAX_ANSWERS} answers more", DIM)]


def _legend(target: int) -> list[list[Words]]:
    return [
        [
            Words("●"),
            Words(f"these numbers can make {target},", DIM),
            Words("○"),
            Words("they cannot;", DIM),
            Words("✓", TRUE),
            Words("a judgement that is true,", DIM),
            Words("✗", FALSE),
            Words("one that is false", DIM),
        ],
        [
            Words("⚠", FAULT),
            Words("breaks a rule;", DIM),
            Words("↺"),
            Words("numbers come to before;", DIM),
            Words("bold: the path of the answer; dim or dashed: not gone on from", DIM),
        ],
    ]
