r"""Read what a line states: expressions, what each is said to equal, and which of them it offers.

Text only: numbers are read as they are written, nothing is worked out, and this module cannot
import what works it out. So whoever looks for an answer cannot choose the one that is true.

- The expression is what stands left of the first `=`; the right side if the left is the target.
- What follows it is read as long as nothing but `=`, an arrow or a short verb ("equals", "gives")
  stands between: of `(1 + 7) + 12 = 20 + 4 = 24` both sides, of `7 + 7 = 14, then 10 + 14 = 24`
  only the 14.
- Inside prose the first stretch that combines two numbers is the expression. A name or a function
  before it belongs to it: nothing is left out to make an expression readable.
- Of several expressions complete ones come before steps; what is denied or replaced is left out;
  "or" and commas make alternatives of them.

>>> stated = read_stated("(1 + 7) + 12 = 20 + 4 = 24, done", 24)
>>> stated.text, stated.sides, stated.rest
('(1 + 7) + 12', ((20, '+', 4), Fraction(24, 1)), ', done')
>>> read_stated("24 = 4 * 6", 24).text
'4 * 6'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tot24_bench.game.puzzle import Hand, Puzzle, Rule
from tot24_bench.scoring.claims import Commitment, denied_after, denied_before, replaces
from tot24_bench.scoring.markup import undress
from tot24_bench.scoring.tokens import FUNCTIONS, LATEX_UNSUPPORTED, Tokens, tokenize

MAX_SIDES = 16  # signs `=` of one equation that are followed; a chain of three steps has three
MAX_STATED = 24  # expressions of one line that are told apart; an answer on a line has one
MIN_FULL_NUMBERS = 3  # of an equation that says how the target is made; a step has two
CLAUSE_CHARS = 100  # characters before a marker or a line that are read: a long clause has 60
HEADER_CHARS = 200  # characters that may name a hand
ALNUM = re.compile(r"[^\W_]")
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{2,}(?![\w(])")
OPERATION = re.compile(r"[0-9)\]}]\s{0,4}(?:[-+*/xX(]|\\[a-z])")
LISTED = re.compile(r"[0-9]{1,12}(?:[ ,]{1,3}(?:and )?[0-9]{1,12}){1,12}")
NUMBERED = re.compile(r"(?:[0-9]{1,3}[.)]|[A-Za-z]\))\s+(?=[^\s*+/)-])")
STEP = re.compile(r"(?i)\b(?:left|remaining)(?: numbers?)?\s{0,4}:|\(left\b|^\W{0,8}step\b")
LEFT = re.compile(
    r"(?i)\b(?:left|remaining)(?: numbers?)?\s{0,4}:[\s(\[]{0,3}[0-9]|\(left\b[^)]{0,4}[0-9]"
)
OR = re.compile(
    r"(?i)[\s,;.)\]$`*_\"'|]{0,8}(?:and\s?/\s?)?(?:or|oder|ou|или|或者?)\b[\s:,$`*_\"'(]{0,8}"
    r"(?:else|maybe|also|even|just)?[\s:,$`*_\"'(]{0,8}$"
)

# What an expression is said to equal: a number as written, or the tokens of another expression.
Side = Fraction | tuple[int | str, ...]


class Stated(NamedTuple):
    """An expression as it is written, and what is said of it."""

    text: str
    cut: Tokens
    sides: tuple[Side, ...]  # what it is said to equal, in order
    complete: bool  # whether a `=` or anything else follows the expression
    rest: str  # what follows the last side

    @property
    def size(self) -> int:
        """How many numbers are written in it."""
        return sum(isinstance(token, int) for token in self.cut.tokens)

    @property
    def combines(self) -> bool:
        """Whether it has any sign; a lone number has none."""
        return not _OPERATORS.isdisjoint(self.cut.tokens)

    def well_formed(self) -> bool:
        """Whether signs, numbers and brackets stand where an expression has them."""
        shape = "".join("n" if isinstance(token, int) else token for token in self.cut.tokens)
        return shape.count("(") == shape.count(")") and _FORM.fullmatch(shape) is not None

    def is_full(self, puzzle: Puzzle) -> bool:
        """Whether it combines as many numbers as the rule asks for."""
        wanted = len(puzzle.numbers) if puzzle.rule is Rule.ALL else 2
        return self.size >= wanted and (self.combines or wanted == 1)

    def repeats(self, target: int) -> bool:
        """Whether it is just the target."""
        return self.cut.problem is None and _is_only(self.cut, target)

    def says(self, target: int) -> bool:
        """Whether it is said to be the target, in a number as written."""
        return target in self.sides

    def says_other(self, target: int) -> bool:
        """Whether it is said to be something, in a number as written, and never the target.

        A fraction as written (`64/3`) is a number that is not the target: nothing is divided here.
        """
        if not self.combines and self.cut.problem is None:
            return literal(self.cut.tokens) != target
        return target not in self.sides and any(
            isinstance(side, Fraction) or (len(side) == 3 and side[1] == "/") for side in self.sides
        )


# The expressions of a line, each with the words before it.
Parts = list[tuple[str, Stated]]


class Answer(NamedTuple):
    """The answer of a response, and where it stands in the plain text."""

    kind: Commitment  # what the response commits to
    text: str = ""  # the expression, or the words of the claim; signs are ASCII
    stated: tuple[Stated, ...] = ()  # every alternative that an EXPRESSION offers
    introduced: bool = False  # by a marker; a line by itself or closing prose is not
    at_end: bool = False  # whether a response that was cut off may have been cut inside it
    start: int = 0  # of its marker or line; the end of the text where there is no expression
    end: int = 0  # of its line

    @classmethod
    def of(
        cls, stated: tuple[Stated, ...], text: str, start: int, end: int, introduced: bool = False
    ) -> Answer:
        """The answer that stands in a text from `start` to `end`."""
        at_end = end >= len(text) and not stated[-1].complete
        return cls(Commitment.EXPRESSION, stated[0].text, stated, introduced, at_end, start, end)

    def is_target(self, puzzle: Puzzle) -> bool:
        """Whether it is just the target."""
        return bool(self.stated) and self.stated[0].repeats(puzzle.target)

    def hedged(self) -> Answer:
        """An answer that takes no side: what it offers beside is not weighed."""
        return self._replace(kind=Commitment.HEDGED, stated=())

    def denied(self) -> Answer:
        """An answer that is taken back."""
        return self._replace(kind=Commitment.DENIED, stated=())


def read_stated(text: str, target: int) -> Stated | None:
    """Read what the line `text` states from its first character on; None where nothing starts."""
    cut = tokenize(text)
    if not cut.tokens and cut.problem is None:
        return None
    while (
        cut.problem is None and text[:1] in _PAIRS and (inner := _unwrapped(text, cut)) is not None
    ):
        text, cut = inner, tokenize(inner)
    source, tail = text[: cut.end].strip(), text[cut.end :]
    complete = bool(tail) and not tail.isspace()
    only_target = cut.problem is None and _is_only(cut, target)
    if not only_target and (number := _LAST_NUMBER.fullmatch(tail)):
        return Stated(source, cut, (Fraction(int(number[1])),), complete, "")
    sides: list[Side] = []
    for _ in range(MAX_SIDES):
        sign = _EQUALS.match(tail) or (None if only_target else _SAID.match(tail))
        if sign is None:
            break
        right = undress(tail[sign.end() :])
        if opaque := _OPAQUE.match(right):
            tail = right[opaque.end() :]
            continue
        if decimal := _DECIMAL.match(right):
            sides.append(Fraction(decimal[0]))
            tail = right[decimal.end() :]
            continue
        side = tokenize(right)
        if not side.tokens and side.problem is None:
            tail = right
            break
        tail = right[side.end :]
        if only_target:
            cut, source, complete = side, right[: side.end].strip(), bool(tail.strip())
            only_target = _is_only(side, target)
            sides.append(Fraction(target))
        elif side.problem is not None:
            continue
        else:
            number_said = literal(side.tokens)
            sides.append(side.tokens if number_said is None else Fraction(number_said))
    return Stated(source, cut, tuple(sides), complete, tail)


def find_stated(prose: str, target: int) -> tuple[str, Stated | None]:
    """Find the first expression inside prose; returns the words before it, too."""
    for run in _RUN.finditer(prose):
        if _BINARY.search(run[0]):
            start = _start(prose, run.start(), run[0])
            return prose[:start], read_stated(prose[start:], target)
    return prose, None


def each_stated(line: str, target: int) -> Iterator[tuple[str, Stated]]:
    """Every expression of a line that combines numbers, with the words before it."""
    for _ in range(MAX_STATED):
        words, stated = find_stated(line, target)
        if stated is None:
            return
        yield words, stated
        line = stated.rest


def alternatives(parts: Parts, puzzle: Puzzle) -> tuple[list[Stated], int]:
    """Of what a line states all that it offers as its answer, and the place of the first.

    Complete expressions before steps, and of those not what the line says falls short. What is
    denied or replaced is left out.
    """
    live: list[tuple[int, Stated]] = []
    for i, (words, stated) in enumerate(parts):
        # "Wait, let me check: 6 - 4 = 2" replaces no complete expression.
        mends = stated.is_full(puzzle) or not (live and live[-1][1].is_full(puzzle))
        if live and words and mends and replaces(words):
            live.clear()
        if not (words and denied_before(words)) and not (
            stated.rest and denied_after(stated.rest, puzzle.target)
        ):
            live.append((i, stated))
    if len(live) > 1:
        full = [one for one in live if one[1].is_full(puzzle)]
        full = [one for one in full if not one[1].says_other(puzzle.target)] or full
        chosen = full or live[:1]
        places = {i for i, _ in chosen}
        for i, stated in live:  # a step is an alternative where "or" joins it to one
            joined = {i - 1} if OR.match(parts[i][0]) else set()
            if i + 1 < len(parts) and OR.match(parts[i + 1][0]):
                joined.add(i + 1)
            if i not in places and joined & places:
                chosen.append((i, stated))
        live = chosen
    return [stated for _, stated in live], live[0][0] if live else len(parts) - 1


def of_another(words: str, puzzle: Puzzle, *, supposed: bool = True) -> bool:
    """Whether the words before an expression name another hand, or only suppose the expression."""
    if supposed and _SUPPOSES.search(re.split(r"[.!?]\s", words[-60:])[-1]):
        return True
    hands = hands_in(words[-HEADER_CHARS:], len(puzzle.hand))
    return bool(hands) and hands[-1] != puzzle.hand and len(puzzle.hand) > 1


def line_end(text: str, start: int, until: int) -> int:
    """Where the line that `start` is in ends, at most at `until`."""
    stop = text.find("\n", start, until)
    return until if stop < 0 else stop


def lines_after(text: str, start: int, until: int, most: int) -> Iterator[tuple[int, int, str]]:
    """The lines after the one that `start` is in: where each starts and ends, and what it says."""
    for _ in range(most):
        first = text.find("\n", start, until) + 1
        if not first:
            return
        start = line_end(text, first, until)
        yield first, start, text[first:start]


def hands_in(text: str, size: int) -> list[Hand]:
    """The lists of so many numbers that are written in a text, in order, each ascending."""
    listed = (sorted(numbers_in(found[0])) for found in LISTED.finditer(text))
    return [tuple(numbers) for numbers in listed if len(numbers) == size]


def numbers_in(text: str) -> list[int]:
    """The whole numbers that are written in a text, in order."""
    return [int(number) for number in _NUMBER.findall(text)]


def literal(tokens: tuple[int | str, ...]) -> int | None:
    """The number that tokens are, as written: `24`, `(24)` or `-24`; None for anything else."""
    sign = 1
    found: int | None = None
    for token in tokens:
        if found is not None and (isinstance(token, int) or token == "-"):
            return None
        if isinstance(token, int):
            found = token
        elif token == "-":
            sign = -sign
        elif token not in "()+":
            return None
    return None if found is None else sign * found


def _is_only(cut: Tokens, target: int) -> bool:
    """Whether tokens are a number without any sign."""
    return _OPERATORS.isdisjoint(cut.tokens) and literal(cut.tokens) == target


def _unwrapped(text: str, cut: Tokens) -> str | None:
    """The text without a bracket around a whole equation: `[(6 - 4) * (4 + 8) = 24]`."""
    depth = sum((token == "(") - (token == ")") for token in cut.tokens)
    if depth < 1 or not text[cut.end :].lstrip().startswith("="):
        return None
    close = _CLOSE.match(text, cut.end)
    if close is None or _PAIRS[text[0]] != close[1]:
        return None
    return text[1 : close.start(1)] + text[close.end() :]


def _start(prose: str, start: int, run: str) -> int:
    """Where the expression of a run of digits and signs starts: maybe with the name before it."""
    spaces = len(run) - len(run.lstrip(" \t)]}"))
    first = start + spaces
    sign = prose[first]
    before = prose[max(0, start - 41) : start]
    word = _WORD_BEFORE.search(before)
    if word is not None:
        name = word[0]
        operand = sign in "*/+" or (sign == "-" and (not spaces or len(name) == 1))
        named = name[1:] in LATEX_UNSUPPORTED if name[0] == "\\" else name.lower() in FUNCTIONS
        if operand or not spaces or named:
            return start - len(name)
    elif before and not spaces:
        decimal = before[-1] == "." and sign.isdigit()
        if before[-1] in "^%√∛∜!¬±∓⌊⌈" or (decimal and before[-2:-1].isspace()):
            return start - 1
        if decimal and before[-2:-1].isdigit():
            return start - 2
    if sign == "-" and prose[first + 1 : first + 2].isspace():
        return first + 1  # a dash between words and expression
    return first


_OPERATORS = frozenset("+-*/")
_FORM = re.compile(r"[-+(]*n\)*(?:[-+*/][-+(]*n\)*)*")
# One class of characters and no alternatives in it: the time stays linear.
_EQUALS = re.compile(r"[\s$`*_&~\\)\]\"'#/]*=+>?")
# Other ways to say what an expression is worth; only a number may follow, or it is the next step.
_SAID = re.compile(
    r"(?i)[\s$`*_&~\\\"')\]|:]{0,8}(?:-{1,3}>|→|⇒|⟹|≈|\\(?:r?ightarrow|Rightarrow|implies|to|approx)(?![a-z])"
    r"|(?:,?\s?which\s)?(?:indeed\s|is\s|does\s)?(?:equals?|equal\sto|gives?|makes?|yields?|is|evaluates\sto"
    r"|comes\sto|results\sin)\s(?:exactly\s)?|(?<=\|))[\s$`*_\"'=\\(]{0,8}"
    r"(?=-?[0-9]{1,12}(?![0-9]|\s?[-+*/]\s?[0-9(]|\.[0-9]))"
)
_LAST_NUMBER = re.compile(r" ?= ?([0-9]{1,12})")
_DECIMAL = re.compile(r"-?[0-9]{1,12}\.[0-9]{1,12}(?![0-9])")
# Arithmetic with decimals on the way to the value: no answer, and no value of one.
_OPAQUE = re.compile(
    r"[0-9()\s+\-*/]{0,60}[0-9]\.[0-9]{1,12}[0-9()\s.+\-*/]{0,60}?[-+*/][0-9()\s.+\-*/]{1,60}(?=\s?[=≈])"
    r"|[0-9()\s+*/-]{0,60}[-+*/]\s?[0-9]{1,12}\.[0-9]{1,12}[)\s]{0,8}(?=\s?[=≈])"
)
_RUN = re.compile(r"[0-9\s()\[\]{}+\-*/]+")
_BINARY = re.compile(r"[0-9][\s)\]}]*[-+*/][\s(\[{+-]*[0-9]|[0-9)\]}][(\[{][0-9]")
# Names are written in scripts that have capitals; a word of Han, Kana or Hangul is prose.
_WORD_BEFORE = re.compile(r"\\?[0-9A-Za-z_\u00c0-\u024f\u0370-\u052f]{1,40}$")
_CLOSE = re.compile(r"\s?=[^()\[\]{}\n]{0,80}([)\]}])(?!\s{0,4}[-+*/(])")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NUMBER = re.compile(r"(?<![0-9.])[0-9]{1,12}(?![0-9])")
_SUPPOSES = re.compile(r"(?i)\b(?:if|suppose|would|could|unless|whether|need|want|were)\b")
