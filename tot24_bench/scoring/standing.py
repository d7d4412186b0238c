"""Find the answer that stands by itself, where nothing introduces one.

The last line with a complete expression: alone on it, after a lead that ends in a colon or "is", in
bold, quotes or code, or an equation that ends in the target; with the lines of its list. Else the
only complete expression of the prose. Else a last line that is wholly one expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.scoring.claims import (
    MAX_CLAIM_CHARS,
    Commitment,
    Denial,
    denied_after,
    denied_before,
    replaces,
    taken_back,
)
from tot24_bench.scoring.equation import (
    ALNUM,
    CLAUSE_CHARS,
    LEFT,
    MIN_FULL_NUMBERS,
    NUMBERED,
    OPERATION,
    OR,
    STEP,
    WORD,
    Answer,
    Parts,
    Stated,
    alternatives,
    each_stated,
    find_stated,
    of_another,
    read_stated,
)
from tot24_bench.scoring.markup import MAX_LINE_CHARS, readable, undress, untagged
from tot24_bench.scoring.tokens import FUNCTIONS, Problem

MAX_LINES = 100  # lines of a stretch that are searched, the last first


def denied_in(prose: str, stated: Stated, puzzle: Puzzle) -> Denial | None:
    """The denial of an expression in the prose after it; not that of another one in between."""
    denial = taken_back(prose, puzzle.target)
    if denial is None:
        return None
    between = readable(prose[: denial.start].replace("\n", "; "))
    for _, other in each_stated(between, puzzle.target):
        another = other.is_full(puzzle) or other.says(puzzle.target)
        if another and other.cut.tokens != stated.cut.tokens:
            return None
    return denial


def _denied_after(text: str, answer: Answer, end: int, puzzle: Puzzle) -> Denial | None:
    after = answer.stated[-1].rest + text[answer.end : min(end, answer.end + MAX_CLAIM_CHARS)]
    return denied_in(after, answer.stated[-1], puzzle)


def find_standing(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The last line that states a complete expression by itself, with the lines of its list.

    An equation of fewer numbers than the hand counts where no line has more. DENIED where all of
    them are.
    """
    shorter: Answer | None = None
    denied: Answer | None = None
    for first, last, _ in _lines_backwards(text, start, end):
        found = _stands(text, first, last, puzzle)
        if found is None:
            continue
        back = _denied_after(text, found, end, puzzle)
        if found.kind is Commitment.DENIED or (back is not None and back.firm):
            denied = denied or found.denied()
        elif not found.stated[0].is_full(puzzle):
            shorter = shorter or found
        else:
            return _with_lines_before(text, found, start, puzzle)
    return shorter or denied


def _with_lines_before(text: str, answer: Answer, start: int, puzzle: Puzzle) -> Answer:
    """The answer with the alternatives of the lines before it; only labels may stand between."""
    own = readable(text[answer.start : min(answer.end, answer.start + MAX_LINE_CHARS)])
    if replaces(find_stated(own, puzzle.target)[0]):
        return answer
    for first, last, line in _lines_backwards(text, start, answer.start - 1):
        if not ALNUM.search(line) or _VALUE_LINE.fullmatch(line):
            continue
        if _LABEL.fullmatch(line) and not replaces(line) and not _LATER.search(line):
            continue
        found = _stands(text, first, last, puzzle)
        if found is not None and found.kind is Commitment.DENIED:
            continue
        if found is None or not found.stated[0].is_full(puzzle):
            break
        answer = answer._replace(stated=found.stated + answer.stated, start=first)
    return answer


def _stands(text: str, first: int, last: int, puzzle: Puzzle) -> Answer | None:
    """What a line states by itself; None where it states nothing complete, or a thought."""
    line = text[first : min(last, first + MAX_LINE_CHARS)]
    if not OPERATION.search(line) or LEFT.search(line):
        return None
    before = text[max(0, first - CLAUSE_CHARS) : first].rstrip()
    denied = before.endswith(":") and denied_before(before.rpartition("\n")[2])
    line = undress(readable(untagged(line)), bullets=True)
    if (call := _CALL.fullmatch(line)) and (call[1] or call[2].lower() not in FUNCTIONS):
        line = undress(call[3])
    if numbered := NUMBERED.match(line):
        line = undress(line[numbered.end() :])
    parts = list(each_stated(line, puzzle.target))
    offered = [
        part
        for part in parts
        if _offers(*part, puzzle)
        and not of_another(part[0], puzzle, supposed=not part[1].says(puzzle.target))
    ]
    if not offered:
        return None
    offered = _joined(parts, offered, puzzle)
    chosen, _ = alternatives(offered, puzzle)
    if denied or not chosen:
        last_one = offered[-1][1]
        return Answer(Commitment.DENIED, last_one.text, (last_one,), start=first, end=last)
    return Answer.of(tuple(chosen), text, first, last)


def _joined(parts: Parts, offered: Parts, puzzle: Puzzle) -> Parts:
    """What a line offers, with the complete expressions that only "or" and commas join to it."""
    places = {i for i, part in enumerate(parts) if part in offered}
    for order in (range(1, len(parts)), range(len(parts) - 1, 0, -1)):
        for i in order:
            if {i - 1, i} & places and _JOINS.fullmatch(parts[i][0]):
                places |= {j for j in (i - 1, i) if parts[j][1].is_full(puzzle)}
    return [part for i, part in enumerate(parts) if i in places]


def _offers(words: str, stated: Stated, puzzle: Puzzle) -> bool:
    """Whether an expression is complete and stands by itself among the words around it."""
    if stated.cut.problem is not None or not stated.combines or not stated.well_formed():
        return False
    if _LISTING.fullmatch(stated.text) or stated.rest.strip(" $`*_\"')") == "?":
        return False
    if stated.says(puzzle.target):
        if _STEP.match(words) and not stated.is_full(puzzle):
            return False
        return stated.size >= min(MIN_FULL_NUMBERS, len(puzzle.numbers))
    if puzzle.rule is Rule.SOME or stated.says_other(puzzle.target):
        return False
    if stated.size < len(puzzle.numbers):
        return False
    if words and stated.rest and _OPENS.search(words) and _CLOSES.match(stated.rest):
        return True
    leads = not ALNUM.search(words) or _LEADS.search(words) is not None or OR.match(words)
    return bool(leads) and (not ALNUM.search(stated.rest) or bool(_BREAKS.match(stated.rest)))


def find_only_one(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The complete expression of a turn that states no other, wherever it stands in its prose."""
    found: Answer | None = None
    for first, last, line in _lines_backwards(text, start, end):
        if not OPERATION.search(line) or LEFT.search(line):
            continue
        for words, stated in each_stated(undress(readable(untagged(line))), puzzle.target):
            reaches = _TO.match(stated.rest)
            supposed = reaches is None or int(reaches[1]) != puzzle.target
            if (
                not (stated.is_full(puzzle) and stated.well_formed())
                or puzzle.rule is Rule.SOME
                or stated.says_other(puzzle.target)
                or of_another(words, puzzle, supposed=supposed)
                or denied_before(words)
                or denied_after(stated.rest, puzzle.target)
                or _ASKS.search(words)
                or _IS_ASKED.match(stated.rest)
            ):
                continue
            if found is not None and found.stated[0].cut.tokens != stated.cut.tokens:
                return None
            found = Answer.of((stated,), text, first, last)
    if found is None or found.stated[0].cut.problem is not None:
        return None
    denied = _denied_after(text, found, end, puzzle)
    return None if denied is not None and denied.firm else found


def find_last_line(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The last line that holds anything, if it is wholly one expression or equation."""
    for first, last, line in _lines_backwards(text, start, end):
        line = untagged(line)
        if not ALNUM.search(line):
            continue
        if STEP.search(line) or last - first > MAX_LINE_CHARS:
            return None
        stated = read_stated(undress(readable(line), bullets=True), puzzle.target)
        if stated is None or ALNUM.search(stated.rest):
            return None
        if line.rstrip().endswith("=") and stated.size < MIN_FULL_NUMBERS:
            return None  # a step that was cut off
        combines = stated.combines and stated.size > 1
        if stated.cut.problem in (Problem.UNSUPPORTED, Problem.TOO_LONG):
            combines = not WORD.search(stated.text)
        return Answer.of((stated,), text, first, last) if combines else None
    return None


def _lines_backwards(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The last MAX_LINES lines of a stretch: where each starts and ends, and how it begins."""
    for _ in range(MAX_LINES):
        if end <= start:
            break
        first = max(start, text.rfind("\n", start, end) + 1)
        yield first, end, text[first : min(end, first + MAX_LINE_CHARS)]
        end = first - 1


_STEP = re.compile(r"(?i)\W{0,8}step\b")
# `+8 -4 *12 /3` lists what two numbers make, as a look-ahead of our teacher writes it.
_LISTING = re.compile(r"\+?[0-9]{1,12}(?: [-+*/][0-9]{1,12}){2,}")
# `print(E)`, `submit("E")`, `Finish[E]`: a call of anything but a function of arithmetic.
_CALL = re.compile(
    r"(?:[A-Za-z_]\w{0,20}\s?[:=]\s?)?((?:\w{1,20}\.){0,2})([A-Za-z_]\w{1,20})\s?[(\[](.{3,400})[)\]]"
    r"\s?;?\s{0,4}(?:(?:#|//).{0,80})?"
)
# `result: 24` between two expressions of a list that was JSON or a form.
_VALUE_LINE = re.compile(
    r"(?i)\W{0,8}\w[\w ]{0,20}\s?[:=]\s?[\"']?(?:-?[0-9]{1,12}(?:\.[0-9]{1,12})?|true|false)\W{0,4}"
)
_JOINS = re.compile(
    r"(?i)[\s,;.)\]$`*_\"'|&/(\[]{0,12}(?:(?:and|or|oder|ou|или|或者?|e|y|und|et)\b)?[\s:,$`*_\"'(\[/]{0,8}"
    r"(?:else|maybe|also|even|just)?[\s:,$`*_\"'(\[]{0,8}"
)
_LATER = re.compile(r"(?i)\b(?:final|attempt|try|trial|draft)")
_LABEL = re.compile(
    r"(?i)[\s>#*_`-]{0,8}(?:(?:and\s)?or|alternatively,?|(?:\w{1,14}\s){0,2}\w{1,14}\s?#?[0-9A-D]{0,2}[*_]{0,3}:|#[^:\n]{1,40}"
    r"|```\w{0,12}|(?:option|solution|way|alternative)\s?#?\w{0,2})[\s:.*_`]{0,8}"
)
_OPENS = re.compile(r"[*_`\"'$|>]\s?$|\\[(\[]\s?$")
_CLOSES = re.compile(r"\s?(?:[*_`\"'$|<]|\\[)\]])")
_LEADS = re.compile(r"(?i)(?::|=|\b(?:is|are|be|return))[\s*_`\"'$\\(\[]{0,8}$")
_BREAKS = re.compile(r"[\s*_`\"'$)\]]{0,4}[,;(.–][^0-9]*$")
_TO = re.compile(r"[^0-9\n.!?]{1,40}?([0-9]{1,12})(?![0-9]|\s?[-+*/])")
_ASKS = re.compile(r"\?\s{0,4}$")
_IS_ASKED = re.compile(r"[^.!?\n]{0,80}\?")
