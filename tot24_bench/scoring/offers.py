"""Read what one line offers as an answer: an expression, several of them, or a claim.

What is denied, replaced, supposed, or of another hand is left out; complete expressions come before
steps; "or" and commas make alternatives of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.scoring.claims import read_claim
from tot24_bench.scoring.denials import denied_after, denied_before, replaces
from tot24_bench.scoring.equation import Stated, each_stated, find_stated, read_stated, readable
from tot24_bench.scoring.markup import undress
from tot24_bench.scoring.turns import HEADER_CHARS, LISTED, numbers_in

MAX_LINES = 100
"""Lines that are searched for an answer from where it should stand: transcripts need up to 4."""

MIN_FULL_NUMBERS = 3
"""Numbers of an equation that says how the target is made; a single step has two."""


class Kind(StrEnum):
    """What a response commits to."""

    EXPRESSION = "expression"
    NO_SOLUTION = "no_solution"
    ABSTAINED = "abstained"
    HEDGED = "hedged"
    DENIED = "denied"
    NOTHING = "nothing"
    TOO_LONG = "too_long"


class Answer(NamedTuple):
    """The answer of a response.

    Attributes:
        kind: what it commits to.
        text: the expression, or the words of the claim; signs are ASCII.
        stated: for EXPRESSION every alternative that the answer offers, at least one.
        introduced: whether a marker introduced it; a line by itself or closing prose is not.
        at_end: whether it runs to the very end of the response, so that a response that was cut
            off may have been cut inside it.
        start: where in the plain text its marker or its line starts; the end of the text where the
            response commits to no expression.
        end: where its line ends.
    """

    kind: Kind
    text: str = ""
    stated: tuple[Stated, ...] = ()
    introduced: bool = False
    at_end: bool = False
    start: int = 0
    end: int = 0


def is_target(answer: Answer, puzzle: Puzzle) -> bool:
    """Whether an answer is just the target."""
    return bool(answer.stated) and answer.stated[0].repeats(puzzle.target)


def read_line(line: str, puzzle: Puzzle, *, bullets: bool, prose: bool) -> Answer | None:
    """Read one line that a marker introduces; None where it holds nothing.

    Args:
        bullets: whether the line may be an item of a list; the marker's own line may not.
        prose: whether an expression or a claim inside prose counts.
    """
    target = puzzle.target
    content = undress(readable(line), bullets=bullets)
    if numbered := NUMBERED.match(content):
        item = undress(content[numbered.end() :])
        if bullets or ((full := read_stated(item, target)) and is_full(full, puzzle)):
            content = item
    if bullets and _LONE_ITEM.fullmatch(content):
        return None
    first = read_stated(content, target)
    if first is not None and not _only_opens(first, target):
        parts = [("", first), *each_stated(first.rest, target)]
    elif prose:
        parts = list(each_stated(content, target))
    else:
        return None
    chosen, index = alternatives(parts, puzzle)
    words = " ".join(words for words, _ in parts[: index + 1]) if parts else content
    if words:
        claim = read_claim(words, introduced=True)
        if claim is not None and not (chosen and _outweighs(chosen[0], words, puzzle)):
            if chosen and is_full(chosen[0], puzzle) and not chosen[0].says_other(target):
                return Answer(Kind.HEDGED, chosen[0].text, introduced=True)
            return Answer(Kind(claim[0].value), claim[1], introduced=True)
    if chosen:
        return Answer(Kind.EXPRESSION, chosen[0].text, tuple(chosen), True)
    if not parts:
        return None
    return Answer(Kind.DENIED, parts[-1][1].text, (parts[-1][1],), introduced=True)


def alternatives(parts: list[tuple[str, Stated]], puzzle: Puzzle) -> tuple[list[Stated], int]:
    """Of what a line states all that it offers as its answer, and the place of the first.

    Complete expressions before steps, and of those not what the line says falls short. What is
    denied or replaced is left out.
    """
    live: list[tuple[int, Stated]] = []
    for i, (words, stated) in enumerate(parts):
        # "Wait, let me check: 6 - 4 = 2" replaces no complete expression.
        mends = is_full(stated, puzzle) or not (live and is_full(live[-1][1], puzzle))
        if live and words and mends and replaces(words):
            live.clear()
        if not (words and denied_before(words)) and not (
            stated.rest and denied_after(stated.rest, puzzle.target)
        ):
            live.append((i, stated))
    if len(live) > 1:
        full = [one for one in live if is_full(one[1], puzzle)]
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


def is_full(stated: Stated, puzzle: Puzzle) -> bool:
    """Whether an expression combines as many numbers as the rule asks for."""
    wanted = len(puzzle.numbers) if puzzle.rule is Rule.ALL else 2
    return stated.size >= wanted and (stated.combines or wanted == 1)


def _only_opens(stated: Stated, target: int) -> bool:
    """Whether numbers without a sign open a sentence: "4 6 8 8: 4 * 6 = 24", "1 1 1 1 has none"."""
    if stated.combines or stated.cut.problem is not None or not stated.rest:
        return False
    return WORD.search(stated.rest) is not None or find_stated(stated.rest, target)[1] is not None


def _outweighs(stated: Stated, words: str, puzzle: Puzzle) -> bool:
    """Whether a claim goes on to how the target is made: "not by + only, but 4 * (8 - 2)"."""
    clauses = _BUT.split(words)
    enough = stated.size >= min(MIN_FULL_NUMBERS, len(puzzle.numbers))
    says = not stated.says_other(puzzle.target)
    return len(clauses) > 1 and enough and says and read_claim(clauses[-1], introduced=True) is None


def of_another(words: str, puzzle: Puzzle, *, supposed: bool = True) -> bool:
    """Whether the words before an expression name another hand, or only suppose the expression."""
    if supposed and _SUPPOSES.search(re.split(r"[.!?]\s", words[-60:])[-1]):
        return True
    size = len(puzzle.numbers)
    named = False
    for listed in LISTED.finditer(words[-HEADER_CHARS:]):
        numbers = tuple(sorted(numbers_in(listed[0])))
        if len(numbers) == size and size > 1:
            named = numbers != puzzle.hand
    return named


def lines_backwards(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the last MAX_LINES lines of a stretch start and end."""
    for _ in range(MAX_LINES):
        if end <= start:
            break
        first = max(start, text.rfind("\n", start, end) + 1)
        yield first, end
        end = first - 1


def untagged(line: str) -> str:
    """The line without tags; one between two operands is notation, and no sign of ours."""
    if "<" not in line:
        return line
    line = _NOTATION_TAG.sub(" √ ", line)
    return TAG.sub(" ", _BETWEEN_OPERANDS.sub(" ^ ", _CELLS.sub(" | ", line)))


def line_end(text: str, start: int, until: int) -> int:
    """Where the line that `start` is in ends, at most at `until`."""
    stop = text.find("\n", start, until)
    return until if stop < 0 else stop


STEP = re.compile(
    r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:|\(left\b|^\W{0,8}step\b", re.IGNORECASE
)
LEFT = re.compile(
    r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:[\s(\[]{0,3}[0-9]|\(left\b[^)]{0,4}[0-9]",
    re.IGNORECASE,
)
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{2,}(?![\w(])")
OPERATION = re.compile(r"[0-9)\]}]\s{0,4}(?:[-+*/xX(]|\\[a-z])")
NUMBERED = re.compile(r"(?:[0-9]{1,3}[.)]|[A-Za-z]\))\s+(?=[^\s*+/)-])")
_LONE_ITEM = re.compile(r"[0-9]{1,3}[.)]\s*")
ITEM = re.compile(r"[ \t>]{0,8}(?:[-*+•·]\s|\(?(?:[0-9]{1,3}|[A-Za-z])[.)]\s|\|)")
TAG = re.compile(r"</?[A-Za-z_][^<>\n]{0,40}>|<\|[^<>|\n]{1,40}\|>|\\n$")
_CELLS = re.compile(r"</t[dh]>\s{0,8}<t[dh][^<>]{0,40}>|<br\s?/?>", re.IGNORECASE)
_BETWEEN_OPERANDS = re.compile(
    r"(?<=[0-9)\]])\s{0,4}(?:</?[A-Za-z][^<>]{0,40}>\s{0,4}){1,4}(?=[0-9(\[])"
)
_NOTATION_TAG = re.compile(
    r"<(?:m?sqrt|msup|msub|mfrac|mroot|mover|sup|sub)\b[^<>]{0,40}>", re.IGNORECASE
)
OR = re.compile(
    r"[\s,;.)\]$`*_\"'|]{0,8}(?:and\s?/\s?)?(?:or|oder|ou|или|或者?)\b[\s:,$`*_\"'(]{0,8}(?:else|maybe|also|even|just)?[\s:,$`*_\"'(]{0,8}$",
    re.IGNORECASE,
)
_SUPPOSES = re.compile(
    r"\b(?:if|suppose|would|could|unless|whether|need|want|were)\b", re.IGNORECASE
)
_BUT = re.compile(
    r"\b(?:but|however|other\sthan|except(?:\sfor)?|besides|apart\sfrom)\b", re.IGNORECASE
)
CLAUSE_CHARS = 100
"""Characters before a marker that are read: a long clause has 60."""
