r"""Find the answer a response commits to.

This module sees text, positions and numbers as written. It knows the hand, and never what an
expression is worth: of several candidates the same place is chosen whichever of them is right.

- A response is cut into turns before it is read: at an end token, and at a line that somebody
  else starts (`Input:`, `Question:`, `User:`, `### Instruction`, or any label with as many numbers
  as the hand). A turn that names another hand is passed over; one that asks for the same hand
  starts anew (to give up there takes nothing back); one that names none ends the response once
  there is an answer before it.
- **Introduced**: what the last `Answer:`, box or `<answer>` holds, on its line or on the lines
  after it. A marker that holds nothing, or just the target, leaves the choice to what stands
  elsewhere.
- **Standing by itself**: else the last line that states a complete expression: as many numbers as
  the hand has, alone on its line, after a lead that ends in a colon or "is", or in bold, quotes or
  code; or an equation of three or more numbers whose written value is the target. A thought (with
  its numbers left, or as a step) is none, nor is what the line says is worth something else.
- **Last line**: else a last line that is wholly one expression; else what closing prose claims.
- One commitment: where the place offers alternatives ("or", a list, lines one after the other,
  several boxes), all of them are the answer. An expression beside a claim of no solution is HEDGED.
- What is denied ("is not 24", "That is wrong.") is no answer; what follows the denial replaces it.

>>> from tot24_bench.game.puzzle import Puzzle
>>> hand = Puzzle.parse("4 4 6 8")
>>> find_answer("Steps: ...\nAnswer: (6 - 4) * (4 + 8) = 24", hand).text
'(6 - 4) * (4 + 8)'
>>> find_answer("Answer: (6 - 4) * (4 + 8)\n\nQ: 1 1 4 6\nAnswer: 4 * 6 * 1 * 1", hand).text
'(6 - 4) * (4 + 8)'
>>> [one.text for one in find_answer("It is 4 + 4 * 6 - 8 or (6 - 4) * (4 + 8).", hand).stated]
['4 + 4 * 6 - 8', '(6 - 4) * (4 + 8)']
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.scoring.claims import MAX_CLAIM_CHARS, Claim, read_claim
from tot24_bench.scoring.denials import (
    Denial,
    denied_after,
    denied_before,
    next_sentences,
    replaces,
    taken_back,
    taken_back_later,
)
from tot24_bench.scoring.equation import (
    MAX_LINE_CHARS,
    Stated,
    each_stated,
    find_stated,
    read_stated,
    readable,
)
from tot24_bench.scoring.markup import Response, read_response, undress
from tot24_bench.scoring.notation import FUNCTIONS
from tot24_bench.scoring.tokens import MAX_EXPRESSION_CHARS, Problem

MAX_RESPONSE_CHARS = 1_000_000
"""Characters of a response that are read at all: about 250,000 tokens, beyond any task's limit."""

MAX_TURNS = 20
"""Turns that a response is cut into: a model that runs on writes one exemplar after another."""

MAX_OTHER_HANDS = 5
"""Other hands that may be named before an answer: as many exemplars as a prompt has. A response
that answers every hand of the deck answers none."""

MAX_MARKERS = 100
"""Markers of a turn that are tried, the last first; transcripts have up to 11."""

MAX_GAP_CHARS = 50_000
"""Characters before a marker in which other markers may offer alternatives to what it holds."""

MAX_LINES = 100
"""Lines that are searched for an answer from where it should stand: transcripts need up to 4."""

MAX_CHANGES = 20
"""Lines after an answer that may say that it changes to another."""

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


def find_answer(response: str, puzzle: Puzzle) -> Answer:
    """Find the answer that `response` commits to; never raises.

    Args:
        response: what the model wrote, without the prompt.
        puzzle: what was asked: how many numbers an answer has, whose hand a turn names, and the
            target, so that `24 = 4 * 6` is read from its right side.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        return Answer(Kind.TOO_LONG)
    return read_answer(read_response(response), puzzle)


def read_answer(read: Response, puzzle: Puzzle) -> Answer:
    """The answer of a response in plain text; the second half of `find_answer`."""
    answer = locate_answer(read.said, puzzle)
    if answer.kind is Kind.NOTHING and read.struck:
        return answer._replace(kind=Kind.DENIED)
    return answer


def locate_answer(said: str, puzzle: Puzzle) -> Answer:
    """The answer of a text in plain signs without thinking (`markup.read_response`)."""
    turns = _turns(said, puzzle)
    if turns is None:
        answer = _plain_answer(said, puzzle) or _in_turn(said, 0, len(said), puzzle)
    else:
        answer = _of_turns(said, turns, puzzle)
    if answer.stated and (turns is not None or not answer.introduced):
        named = {
            tuple(sorted(numbers))
            for listed in _LISTED.finditer(said, 0, answer.end)
            if len(numbers := _numbers(listed[0])) == len(puzzle.numbers)
        }
        if len(named - {puzzle.hand}) > MAX_OTHER_HANDS:
            return answer._replace(kind=Kind.HEDGED, stated=())
    return answer


def _of_turns(said: str, turns: list[tuple[int, int, _Whose]], puzzle: Puzzle) -> Answer:
    """The answer of the turn that counts: the last that is about the hand asked."""
    chosen: Answer | None = None
    aside: Answer | None = None
    for start, end, whose in turns:
        if whose is _Whose.NOBODY and chosen is not None:
            continue
        found = _in_turn(said, start, end, puzzle)
        if found.kind is Kind.NOTHING:
            continue
        if whose is _Whose.OTHER:
            aside = found if aside is None else aside
        elif chosen is None or found.kind is not Kind.ABSTAINED:
            chosen = found
    nothing = Answer(Kind.NOTHING, start=len(said), end=len(said))
    if chosen is not None or aside is None:
        return chosen or nothing
    # An answer to another hand: told as it is, unless by chance its numbers are those asked for.
    uses = [tuple(sorted(_written(stated))) for stated in aside.stated]
    return nothing if puzzle.hand in uses else aside


def _written(stated: Stated) -> list[int]:
    return [token for token in stated.cut.tokens if isinstance(token, int)]


# --- turns ------------------------------------------------------------------------------------


class _Whose(StrEnum):
    """Whose hand a turn is about."""

    ASKED = "asked"
    OTHER = "other"
    NOBODY = "nobody"


def _turns(said: str, puzzle: Puzzle) -> list[tuple[int, int, _Whose]] | None:
    """Where each turn of a response starts and ends, and whose it is; None for a single one."""
    headers = list(islice(_HEADER.finditer(said), MAX_TURNS))
    if not headers:
        return None
    turns: list[tuple[int, int, _Whose]] = []
    start, whose, ended = 0, _Whose.ASKED, False
    for header in headers:
        named = _named(said, header, puzzle)
        if named is None or (header["list"] is not None and named is whose is _Whose.ASKED):
            continue  # to list the numbers asked is no new turn, but where another hand was told
        if header.start() > start and not ended:
            turns.append((start, header.start(), whose))
        # What a model writes behind its own end token is no part of its response.
        ended = ended or (header["token"] is not None and _said_something(said[: header.start()]))
        start, whose = header.start(), named
        if header["user"] is not None:
            start = _reply_after(said, header.end())
    if not ended:
        turns.append((start, len(said), whose))
    return turns


def _said_something(text: str) -> bool:
    """Whether a text holds anything but an echoed prompt and the names of roles."""
    return ALNUM.search(_ROLE_LINE.sub("", text)) is not None


def _reply_after(said: str, start: int) -> int:
    """Where somebody answers the user who speaks from `start` on; the end where nobody does."""
    reply = _REPLY.search(said, start, start + _PROMPT_CHARS)
    return len(said) if reply is None else reply.start()


def _named(said: str, header: re.Match[str], puzzle: Puzzle) -> _Whose | None:
    """Whose hand a header names; None where it is no header after all."""
    size = len(puzzle.numbers)
    if header["list"] is not None:
        numbers = _numbers(header["list"])
        if len(numbers) != size:
            return None
        return _Whose.ASKED if tuple(sorted(numbers)) == puzzle.hand else _Whose.OTHER
    if header["token"] is not None:
        return _Whose.NOBODY
    line = said[header.end() : header.end() + _HEADER_CHARS].lstrip("\n").partition("\n")[0]
    others = False
    for listed in _LISTED.finditer(line):
        numbers = _numbers(listed[0])
        for i in range(len(numbers) - size + 1):
            if tuple(sorted(numbers[i : i + size])) == puzzle.hand:
                return _Whose.ASKED
            others = True
    return _Whose.OTHER if others else _Whose.NOBODY


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(text)]


_PROMPT_CHARS = 4_000
_HEADER_CHARS = 200
_NUMBER = re.compile(r"(?<![0-9.])[0-9]{1,12}(?![0-9])")
_ROLE_LINE = re.compile(
    r"(?:^|>)\s{0,4}(?:user|system|human|assistant|model)\b[^<]{0,2000}?(?=<)|<[^<>\s]{1,40}>|\[/?INST\]"
)
_REPLY = re.compile(
    r"^\W{0,4}(?:assistant|ai|model|bot|response|(?:final )?answer)\b"
    r"|<(?:\|im_start\|>assistant|start_of_turn>model)",
    re.IGNORECASE | re.MULTILINE,
)
_LISTED = re.compile(r"[0-9]{1,12}(?:[ ,]{1,3}(?:and )?[0-9]{1,12}){1,12}")
_HEADER = re.compile(
    r"""
    ^(?!\n)(?:
        [ \t>#*_-]{0,8}(?:input|question|q|(?P<user>user|human|system)|problem|puzzle|instructions?
                |prompt|game|exercise|round|example)
            [ \t]?\#?[0-9]{0,3}[ \t*_]{0,4}:
        |[ \t]{0,3}\#{1,6}[ \t]*(?:instructions?|input|question|user|human|system)\b
        |(?=[^0-9\n]{0,50}[0-9])
            (?:[^\n0-9:=]{1,40}:|[ \t]{0,3}(?:\#{1,6}|\*\*)[^\n0-9:=]{1,40})?[ \t*_\[(]{0,4}
            (?P<list>[0-9]{1,12}(?:[ ,]{1,3}(?:and[ ])?[0-9]{1,12}){1,12})[ \t\])*_.]{0,6}$
    )
    |(?P<token></?s>|<\|(?:im_(?:end|start|sep)|end_?of_?(?:text|turn|sentence)|eo[tms](?:_id)?|end
        |return|user|human|system|begin_of_(?:text|sentence))\|>
        |<(?:end_of_turn|start_of_turn|eos|EOT|pad)>|\[/?INST\])
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


# --- one turn -----------------------------------------------------------------------------------


def _plain_answer(said: str, puzzle: Puzzle) -> Answer | None:
    """The answer of a response whose last line is `Answer: ` and one plain equation.

    It gives what `_in_turn` gives, in a third of the time: nothing can follow to change it.
    """
    start = said.rfind("\n") + 1
    if not said.startswith("Answer: ", start) or said[start + 8 : start + 9] not in _PLAIN_START:
        return None
    stated = read_stated(said[start + 8 :], puzzle.target)
    if stated is None or stated.rest or stated.cut.problem or not stated.combines:
        return None
    at_end = not stated.complete
    return Answer(Kind.EXPRESSION, stated.text, (stated,), True, at_end, start, len(said))


def _in_turn(text: str, start: int, end: int, puzzle: Puzzle) -> Answer:
    """What one turn commits to; NOTHING where it commits to nothing."""
    introduced = _introduced(text, start, end, puzzle)
    if introduced is not None and not _is_target(introduced, puzzle):
        return _settled(text, introduced, end, puzzle)
    standing = _standing(text, start, end, puzzle) or _only_one(text, start, end, puzzle)
    if standing is None and introduced is None:
        standing = _last_line(text, start, end, puzzle)
    if standing is not None:
        return _confirmed(text, standing, start, end, puzzle)
    closing = introduced or _closing_claim(text[start:end])
    return closing if closing.introduced else closing._replace(start=len(text), end=len(text))


def _is_target(answer: Answer, puzzle: Puzzle) -> bool:
    """Whether an answer is just the target."""
    return bool(answer.stated) and answer.stated[0].repeats(puzzle.target)


def _settled(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An introduced answer, after what the response says of it next."""
    target = puzzle.target
    if not answer.stated:
        return _settled_claim(text, answer, until, puzzle)
    stated = answer.stated[-1]
    prose = stated.rest + "\n" + text[answer.end : until][:MAX_CLAIM_CHARS]
    marker = _MARKER.search(prose)
    prose = prose[: marker.start()] if marker else prose
    back = _denied_in(prose, stated, puzzle)
    if back is None and (answer.kind is Kind.DENIED or denied_after(prose, target)):
        back = Denial(0, 0, firm=True)
    falls_short = stated.says_other(target)
    claimed = prose if back is None or falls_short else prose[back.end :]
    claim = read_claim(next_sentences(claimed), introduced=True)
    if claim is not None and claim[0] is Claim.NO_SOLUTION:
        if back is None and not falls_short and _is_bare(claim[1], puzzle):
            return answer._replace(kind=Kind.HEDGED, stated=())
        if falls_short or (back is not None and _WHOLE.search(claim[1])):
            return Answer(Kind.NO_SOLUTION, claim[1].lstrip(" ,;:"), (), True, start=answer.start)
    if back is None:
        return _with_later(text, answer, until, puzzle)
    later = _standing(text, answer.end, until, puzzle)
    if later is not None:
        return _confirmed(text, later, answer.end, until, puzzle)
    return answer._replace(kind=Kind.DENIED, stated=()) if back.firm else answer


def _with_later(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An answer with the other whole equations to the target that stand behind it."""
    if taken_back_later(text[answer.end : until]):
        return answer._replace(kind=Kind.DENIED, stated=())
    instead = _instead(text, answer, until, puzzle)
    if instead is not None:
        return instead
    later = _standing(text, answer.end, until, puzzle)
    if later is None or later.kind is not Kind.EXPRESSION:
        return answer
    more = tuple(
        one
        for one in later.stated
        if _is_full(one, puzzle)
        and one.says(puzzle.target)
        and one.cut.tokens not in [mine.cut.tokens for mine in answer.stated]
    )
    return answer._replace(stated=answer.stated + more)


def _instead(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer | None:
    """The complete expression that a response says it changes its answer to."""
    first = answer.end
    for _ in range(MAX_CHANGES):
        first = text.find("\n", first, until) + 1
        if not first:
            return None
        last = _line_end(text, first, until)
        line = text[first : min(last, first + MAX_LINE_CHARS)]
        if _OPERATION.search(line) and _CHANGES.search(line):
            for words, other in each_stated(readable(_untagged(line)), puzzle.target):
                if not _is_full(other, puzzle) or other.says_other(puzzle.target):
                    continue
                if _CHANGES.search(words) or _CHANGES.match(other.rest):
                    at_end = last == len(text) and not other.complete
                    return Answer(Kind.EXPRESSION, other.text, (other,), True, at_end, first, last)
    return None


def _denied_in(prose: str, stated: Stated, puzzle: Puzzle) -> Denial | None:
    """The denial of an expression in the prose after it; not that of another one in between."""
    denial = taken_back(prose, puzzle.target)
    if denial is None:
        return None
    between = readable(prose[: denial.start].replace("\n", "; "))
    for _, other in each_stated(between, puzzle.target):
        another = _is_full(other, puzzle) or other.says(puzzle.target)
        if another and other.cut.tokens != stated.cut.tokens:
            return None
    return denial


def _settled_claim(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An introduced claim, after what the response says of it next."""
    if answer.kind is not Kind.NO_SOLUTION:
        return answer
    said = text.find(answer.text, answer.start, until) + len(answer.text)
    later = _standing(text, max(said, answer.end), until, puzzle)
    if taken_back(text[said : min(until, said + MAX_CLAIM_CHARS)], puzzle.target):
        return later or answer._replace(kind=Kind.DENIED)
    if later is None:
        return answer
    mended = replaces(text[said : later.end][:MAX_CLAIM_CHARS])
    return later if mended else answer._replace(kind=Kind.HEDGED)


def _confirmed(text: str, answer: Answer, start: int, end: int, puzzle: Puzzle) -> Answer:
    """An answer that nothing introduces, beside what is claimed right before and after it."""
    if not answer.stated:
        return answer
    stated = answer.stated[-1]
    closing = _closing_claim(stated.rest + text[answer.end : end])
    closing = closing._replace(start=len(text), end=len(text))
    falls_short = stated.says_other(puzzle.target)
    if closing.kind is Kind.NO_SOLUTION:
        if falls_short:
            return closing
        return (
            answer._replace(kind=Kind.HEDGED, stated=())
            if _is_bare(closing.text, puzzle)
            else answer
        )
    if closing.kind is Kind.ABSTAINED and not stated.says(puzzle.target):
        return closing
    instead = _instead(text, answer, end, puzzle)
    if instead is not None:
        return instead
    before = text[max(start, answer.start - MAX_CLAIM_CHARS) : answer.start].rstrip()
    if falls_short:
        earlier = read_claim(before, introduced=False)
        if earlier is None or earlier[0] is not Claim.NO_SOLUTION:
            return answer
        return Answer(Kind.NO_SOLUTION, earlier[1], start=len(text), end=len(text))
    claim = read_claim(before.rpartition("\n")[2], introduced=False)
    if claim is not None and claim[0] is Claim.NO_SOLUTION and _is_bare(claim[1], puzzle):
        line = text[answer.start : answer.end].strip().partition("\n")[0]
        if not _CONTRAST.search(find_stated(line, puzzle.target)[0]):
            return answer._replace(kind=Kind.HEDGED, stated=())
    return answer


def _is_bare(claim: str, puzzle: Puzzle) -> bool:
    """Whether a claim says that there is no solution and nothing that narrows it."""
    return not _of_another(claim, puzzle, supposed=False) and all(
        _BARE_WORD.fullmatch(word) for word in _CLAIM_WORD.findall(claim)
    )


def _closing_claim(prose: str) -> Answer:
    """What the last lines say, where nothing else is an answer."""
    lines = [line for line in prose[-MAX_CLAIM_CHARS:].split("\n") if line.strip()]
    prose = "\n".join(line for line in lines[-_CLOSING_LINES:] if not STEP.search(line))
    claim = read_claim(prose, introduced=False)
    return Answer(Kind.NOTHING) if claim is None else Answer(Kind(claim[0].value), claim[1])


# --- introduced ---------------------------------------------------------------------------------


def _introduced(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """What the last marker of a turn introduces; just the target only where no marker has more."""
    only_target: Answer | None = None
    until = end
    for marker in reversed(deque(_MARKER.finditer(text, start, end), maxlen=MAX_MARKERS)):
        before = text[max(start, marker.start() - _CLAUSE_CHARS) : marker.start()]
        if not _introduces(marker, before):
            continue
        answer = _held(text, marker, until, puzzle)
        until = marker.start()
        if answer is None:
            continue
        if not _is_target(answer, puzzle):
            if answer.stated:
                return _with_markers_before(text, marker, answer, start, puzzle)
            return answer
        only_target = only_target or answer
    return only_target


def _introduces(marker: re.Match[str], before: str) -> bool:
    """Whether what stands before a marker lets it introduce an answer: it may not talk of one."""
    if marker["box"] is not None or marker["tag"] is not None:
        return True
    line = before.rpartition("\n")[2]
    if marker["bare"] is not None or marker["heading"] is not None:
        if (_NO_LEAD if marker["bare"] is not None else _NO_HEADING).search(line):
            return False
        clause = line
    else:
        clause = _CLAUSE_ENDS.split(line)[-1]
    words = clause.lower().split()
    return len(words) <= _LEAD_WORDS and not _TALKS.search(clause)


def _held(text: str, marker: re.Match[str], until: int, puzzle: Puzzle) -> Answer | None:
    """What a marker introduces, up to where the next marker starts; None where that is nothing."""
    start = marker.end()
    if marker["box"] is not None:
        return _in_box(text, marker, until, puzzle)
    after = until
    if marker["tag"] is not None and (close := _TAG_END.search(text, start, until)):
        until = close.start()
    stop = _line_end(text, start, until)
    answer = _read_line(text[start:stop], puzzle, bullets=False, prose=marker["bare"] is None)
    if answer is not None:
        if marker["bare"] is not None and answer.stated and not answer.stated[0].combines:
            ends = not ALNUM.search(answer.stated[0].rest)
            return answer._replace(end=stop) if ends or _is_target(answer, puzzle) else None
        answer = _with_lines_after(text, answer, stop, until, puzzle, only_or=True)
        if until < after:
            answer = _with_rest(text, answer, until, after, puzzle)
            answer = _with_or_below(text, answer, until, after, puzzle)
        return _placed(text, answer, marker.start())
    if marker["bare"] is not None:
        return None
    prose = not ALNUM.search(text, start, stop)  # the first line that holds anything may be prose
    for _ in range(MAX_LINES):
        sign = ALNUM.search(text, stop, until)  # so that blank lines cost nothing
        if sign is None:
            break
        first = max(stop, text.rfind("\n", stop, sign.start()) + 1)
        stop = _line_end(text, sign.end(), until)
        line = text[first:stop]
        if _RESTART.match(line):
            break
        if STEP.search(line):
            continue
        answer = _read_line(line, puzzle, bullets=True, prose=prose)
        prose = False
        if answer is not None and answer.stated and not _is_full(answer.stated[0], puzzle):
            answer, stop = _whole_after(text, answer, stop, until, puzzle)
        if answer is not None:
            answer = _with_lines_after(text, answer, stop, until, puzzle, only_or=False)
            return _placed(text, answer, marker.start())
    return None


def _whole_after(
    text: str, answer: Answer, stop: int, until: int, puzzle: Puzzle
) -> tuple[Answer, int]:
    """The first complete expression on the lines straight after a step, or the step."""
    at = stop
    for _ in range(MAX_LINES):
        if at >= until:
            break
        first, at = at + 1, _line_end(text, at + 1, until)
        if not ALNUM.search(text, first, at) or _LEFT.search(text, first, at):
            continue
        more = _read_line(text[first:at], puzzle, bullets=True, prose=True)
        if more is not None and more.kind is Kind.EXPRESSION and _is_full(more.stated[0], puzzle):
            return more, at
    return answer, stop


def _placed(text: str, answer: Answer, start: int) -> Answer:
    """The answer with its place; `end` is where its last line ends."""
    at_end = bool(answer.stated) and not answer.stated[-1].complete and answer.end >= len(text)
    return answer._replace(start=start, at_end=at_end)


def _with_lines_after(
    text: str, answer: Answer, stop: int, until: int, puzzle: Puzzle, *, only_or: bool
) -> Answer:
    """The answer with the alternatives that the rest of its line and the lines after it offer."""
    answer = answer._replace(end=stop)
    if not answer.stated:
        return answer
    open_end = _GOES_ON.search(answer.stated[-1].rest) is not None
    for _ in range(MAX_LINES):
        if stop >= until:
            break
        line_end = _line_end(text, stop + 1, until)
        line = text[stop + 1 : line_end]
        if not ALNUM.search(line) or _LONE_OR.fullmatch(line):
            open_end = open_end or ALNUM.search(line) is not None
            if only_or and not open_end and not _LONE_OR.match(text, line_end + 1):
                break
            stop = line_end
            continue
        another = open_end or _OR_LINE.match(line) is not None
        if not another and (only_or or (stop != answer.end and not _ITEM.match(line))):
            break
        more = _read_line(line, puzzle, bullets=True, prose=another)
        if more is None or not more.stated or more.stated[0].says_other(puzzle.target):
            break
        if not another and not _is_full(more.stated[0], puzzle) and more.stated[0].sides:
            break
        stop, open_end = line_end, _GOES_ON.search(more.stated[-1].rest) is not None
        answer = answer._replace(stated=answer.stated + more.stated, end=stop)
    return answer


def _with_or_below(text: str, answer: Answer, start: int, until: int, puzzle: Puzzle) -> Answer:
    """The answer with what "or" on the lines below its closing tag or brace joins to it."""
    below = _line_end(text, start, until)
    more = _with_lines_after(text, answer, below, until, puzzle, only_or=True)
    return answer if len(more.stated) == len(answer.stated) else more


def _with_rest(text: str, answer: Answer, start: int, until: int, puzzle: Puzzle) -> Answer:
    """The answer with what "or" joins to it behind its closing tag or brace."""
    rest = text[start : _line_end(text, start, until)]
    lead = _OR_FIRST.match(rest)
    more = (
        None if lead is None else _read_line(rest[lead.end() :], puzzle, bullets=False, prose=True)
    )
    if more is None or not more.stated:
        return answer
    return answer._replace(stated=answer.stated + more.stated)


def _in_box(text: str, marker: re.Match[str], until: int, puzzle: Puzzle) -> Answer | None:
    r"""What a box holds; of `6 * 4 = \boxed{24}` the equation that it stands in."""
    start, stop, depth = marker.end(), until, 1
    closed = _BOX_END if marker["glm"] is not None else _BRACE
    for brace in closed.finditer(text, start, until):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            stop = brace.start()
            break
    content = text[start:stop].replace("\n", " ")
    end = _line_end(text, min(stop + 1, until), until)
    if content.strip(" $").isdigit():
        line = text[max(0, marker.start() - MAX_EXPRESSION_CHARS) : marker.start()]
        before = line[line.rfind("\n") + 1 :].rstrip(" $")
        after = text[stop + 1 : min(end, stop + MAX_EXPRESSION_CHARS)]
        if before.endswith(("=", "is", "equals")):
            content = before + " " + content
        elif _EQUALS.match(after):
            content += after
            stop = min(end, stop + MAX_EXPRESSION_CHARS)
    answer = _read_line(content, puzzle, bullets=False, prose=True)
    if answer is None:
        return None
    rest = text[stop + 1 : end]
    if answer.stated and denied_after(rest, puzzle.target):
        answer = answer._replace(kind=Kind.DENIED)
    if answer.stated:
        answer = _with_rest(text, answer, stop, until, puzzle)
        answer = _with_or_below(text, answer._replace(end=stop), stop, until, puzzle)
        stop = answer.end
    return _placed(text, answer._replace(end=stop), marker.start())


def _with_markers_before(
    text: str, marker: re.Match[str], answer: Answer, start: int, puzzle: Puzzle
) -> Answer:
    """The answer with what the markers before it hold: boxes, and others that stand right before.

    A box is an alternative unless the words in between replace it; of other markers (`Answer 1:`, a
    second `<answer>`, a key of JSON that stands twice) only those with nothing in between.
    """
    until, box = marker.start(), marker["box"] is not None
    line = text.rfind("\n", start, until) + 1
    if replaces(text[max(line, until - _CLAUSE_CHARS) : marker.end()]):
        return answer
    markers = _MARKER.finditer(text, max(start, until - MAX_GAP_CHARS), until)
    before = deque((m for m in markers if (m["box"] is not None) is box), maxlen=MAX_MARKERS)
    for one in reversed(before):
        other = _held(text, one, until, puzzle)
        if other is None or (box and replaces(text[one.end() : until][-MAX_CLAIM_CHARS:])):
            break
        if not box and ALNUM.search(_TAG.sub("", text[other.end : until])):
            break
        if other.kind is Kind.EXPRESSION and _is_full(other.stated[0], puzzle):
            answer = answer._replace(stated=other.stated + answer.stated)
        until = one.start()
    return answer


def _read_line(line: str, puzzle: Puzzle, *, bullets: bool, prose: bool) -> Answer | None:
    """Read one line that a marker introduces; None where it holds nothing.

    Args:
        bullets: whether the line may be an item of a list; the marker's own line may not.
        prose: whether an expression or a claim inside prose counts.
    """
    target = puzzle.target
    content = undress(readable(line), bullets=bullets)
    if numbered := _NUMBERED.match(content):
        item = undress(content[numbered.end() :])
        if bullets or ((full := read_stated(item, target)) and _is_full(full, puzzle)):
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
    chosen, index = _alternatives(parts, puzzle)
    words = " ".join(words for words, _ in parts[: index + 1]) if parts else content
    if words:
        claim = read_claim(words, introduced=True)
        if claim is not None and not (chosen and _outweighs(chosen[0], words, puzzle)):
            if chosen and _is_full(chosen[0], puzzle) and not chosen[0].says_other(target):
                return Answer(Kind.HEDGED, chosen[0].text, introduced=True)
            return Answer(Kind(claim[0].value), claim[1], introduced=True)
    if chosen:
        return Answer(Kind.EXPRESSION, chosen[0].text, tuple(chosen), True)
    if not parts:
        return None
    return Answer(Kind.DENIED, parts[-1][1].text, (parts[-1][1],), introduced=True)


def _alternatives(parts: list[tuple[str, Stated]], puzzle: Puzzle) -> tuple[list[Stated], int]:
    """Of what a line states all that it offers as its answer, and the place of the first.

    Complete expressions before steps, and of those not what the line says falls short. What is
    denied or replaced is left out.
    """
    live: list[tuple[int, Stated]] = []
    for i, (words, stated) in enumerate(parts):
        if live and words and replaces(words):
            live.clear()
        if not (words and denied_before(words)) and not (
            stated.rest and denied_after(stated.rest, puzzle.target)
        ):
            live.append((i, stated))
    if len(live) > 1:
        full = [one for one in live if _is_full(one[1], puzzle)]
        full = [one for one in full if not one[1].says_other(puzzle.target)] or full
        chosen = full or live[:1]
        places = {i for i, _ in chosen}
        for i, stated in live:  # a step is an alternative where "or" joins it to one
            joined = {i - 1} if _OR.match(parts[i][0]) else set()
            if i + 1 < len(parts) and _OR.match(parts[i + 1][0]):
                joined.add(i + 1)
            if i not in places and joined & places:
                chosen.append((i, stated))
        live = chosen
    return [stated for _, stated in live], live[0][0] if live else len(parts) - 1


def _is_full(stated: Stated, puzzle: Puzzle) -> bool:
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


# --- standing by itself -------------------------------------------------------------------------


def _standing(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The last line that states a complete expression by itself, with the lines of its list.

    An equation of fewer numbers than the hand counts where no line has more. DENIED where all of
    them are.
    """
    shorter: Answer | None = None
    denied: Answer | None = None
    for first, last in _lines_backwards(text, start, end):
        found = _stands(text, first, last, puzzle)
        if found is None:
            continue
        after = found.stated[-1].rest + text[last : min(end, last + MAX_CLAIM_CHARS)]
        back = _denied_in(after, found.stated[-1], puzzle)
        if found.kind is Kind.DENIED or (back is not None and back.firm):
            denied = denied or found._replace(kind=Kind.DENIED, stated=())
        elif not _is_full(found.stated[0], puzzle):
            shorter = shorter or found
        else:
            return _with_lines_before(text, found, start, puzzle)
    return shorter or denied


def _with_lines_before(text: str, answer: Answer, start: int, puzzle: Puzzle) -> Answer:
    """The answer with the alternatives of the lines before it; only labels may stand between."""
    for first, last in _lines_backwards(text, start, answer.start - 1):
        line = text[first:last]
        if not ALNUM.search(line) or _VALUE_LINE.fullmatch(line):
            continue
        if _LABEL.fullmatch(line) and not replaces(line):
            continue
        found = _stands(text, first, last, puzzle)
        if found is None or not _is_full(found.stated[0], puzzle):
            break
        answer = answer._replace(stated=found.stated + answer.stated, start=first)
    return answer


def _stands(text: str, first: int, last: int, puzzle: Puzzle) -> Answer | None:
    """What a line states by itself; None where it states nothing complete, or a thought."""
    line = text[first : min(last, first + MAX_LINE_CHARS)]
    if not _OPERATION.search(line) or _LEFT.search(line):
        return None
    before = text[max(0, first - _CLAUSE_CHARS) : first].rstrip()
    denied = before.endswith(":") and denied_before(before.rpartition("\n")[2])
    line = undress(readable(_untagged(line)), bullets=True)
    if (call := _CALL.fullmatch(line)) and (call[1] or call[2].lower() not in FUNCTIONS):
        line = undress(call[3])
    if numbered := _NUMBERED.match(line):
        line = undress(line[numbered.end() :])
    parts = list(each_stated(line, puzzle.target))
    offered = [
        part
        for part in parts
        if _offers(*part, puzzle)
        and not _of_another(part[0], puzzle, supposed=not part[1].says(puzzle.target))
    ]
    if not offered:
        return None
    offered = _joined(parts, offered, puzzle)
    chosen, _ = _alternatives(offered, puzzle)
    if denied or not chosen:
        return Answer(
            Kind.DENIED, offered[-1][1].text, (offered[-1][1],), False, False, first, last
        )
    at_end = last == len(text) and not chosen[-1].complete
    return Answer(Kind.EXPRESSION, chosen[0].text, tuple(chosen), False, at_end, first, last)


def _joined(
    parts: list[tuple[str, Stated]], offered: list[tuple[str, Stated]], puzzle: Puzzle
) -> list[tuple[str, Stated]]:
    """What a line offers, with the complete expressions that only "or" and commas join to it."""
    places = {i for i, part in enumerate(parts) if part in offered}
    for order in (range(1, len(parts)), range(len(parts) - 1, 0, -1)):
        for i in order:
            if {i - 1, i} & places and _JOINS.fullmatch(parts[i][0]):
                places |= {j for j in (i - 1, i) if _is_full(parts[j][1], puzzle)}
    return [part for i, part in enumerate(parts) if i in places]


def _of_another(words: str, puzzle: Puzzle, *, supposed: bool = True) -> bool:
    """Whether the words before an expression name another hand, or only suppose the expression."""
    if supposed and _SUPPOSES.search(re.split(r"[.!?]\s", words[-60:])[-1]):
        return True
    size = len(puzzle.numbers)
    named = False
    for listed in _LISTED.finditer(words[-_HEADER_CHARS:]):
        numbers = tuple(sorted(_numbers(listed[0])))
        if len(numbers) == size and size > 1:
            named = numbers != puzzle.hand
    return named


def _offers(words: str, stated: Stated, puzzle: Puzzle) -> bool:
    """Whether an expression is complete and stands by itself among the words around it."""
    if stated.cut.problem is not None or not stated.combines or not stated.well_formed():
        return False
    if _LISTING.fullmatch(stated.text) or stated.rest.strip(" $`*_\"')") == "?":
        return False
    if stated.says(puzzle.target):
        if _STEP.match(words) and not _is_full(stated, puzzle):
            return False
        return stated.size >= min(MIN_FULL_NUMBERS, len(puzzle.numbers))
    if puzzle.rule is Rule.SOME or stated.says_other(puzzle.target):
        return False
    if stated.size < len(puzzle.numbers):
        return False
    if words and stated.rest and _OPENS.search(words) and _CLOSES.match(stated.rest):
        return True
    leads = not ALNUM.search(words) or _LEADS.search(words) is not None or _OR.match(words)
    return bool(leads) and (not ALNUM.search(stated.rest) or bool(_BREAKS.match(stated.rest)))


def _only_one(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The complete expression of a turn that states no other, wherever it stands in its prose."""
    found: Answer | None = None
    for first, last in _lines_backwards(text, start, end):
        line = text[first : min(last, first + MAX_LINE_CHARS)]
        if not _OPERATION.search(line) or _LEFT.search(line):
            continue
        for words, stated in each_stated(undress(readable(_untagged(line))), puzzle.target):
            if not _is_full(stated, puzzle) or not stated.well_formed() or puzzle.rule is Rule.SOME:
                continue
            reaches = _TO.match(stated.rest)
            supposed = reaches is None or int(reaches[1]) != puzzle.target
            if stated.says_other(puzzle.target) or _of_another(words, puzzle, supposed=supposed):
                continue
            if denied_before(words) or denied_after(stated.rest, puzzle.target):
                continue
            if _ASKS.search(words) or _IS_ASKED.match(stated.rest):
                continue
            if found is not None and found.stated[0].cut.tokens != stated.cut.tokens:
                return None
            at_end = last == len(text) and not stated.complete
            found = Answer(Kind.EXPRESSION, stated.text, (stated,), False, at_end, first, last)
    if found is None or found.stated[0].cut.problem is not None:
        return None
    after = found.stated[0].rest + text[found.end : min(end, found.end + MAX_CLAIM_CHARS)]
    denied = _denied_in(after, found.stated[0], puzzle)
    return None if denied is not None and denied.firm else found


def _last_line(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """The last line that holds anything, if it is wholly one expression or equation."""
    for first, last in _lines_backwards(text, start, end):
        line = _untagged(text[first : min(last, first + MAX_LINE_CHARS)])
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
        at_end = last == len(text) and not stated.complete
        found = Answer(Kind.EXPRESSION, stated.text, (stated,), False, at_end, first, last)
        return found if combines else None
    return None


def _lines_backwards(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the last MAX_LINES lines of a stretch start and end."""
    for _ in range(MAX_LINES):
        if end <= start:
            break
        first = max(start, text.rfind("\n", start, end) + 1)
        yield first, end
        end = first - 1


def _untagged(line: str) -> str:
    """The line without tags; one between two operands is notation, and no sign of ours."""
    if "<" not in line:
        return line
    line = _NOTATION_TAG.sub(" √ ", line)
    return _TAG.sub(" ", _BETWEEN_OPERANDS.sub(" ^ ", _CELLS.sub(" | ", line)))


def _line_end(text: str, start: int, until: int) -> int:
    stop = text.find("\n", start, until)
    return until if stop < 0 else stop


# --- what the text above looks for ----------------------------------------------------------------

STEP = re.compile(
    r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:|\(left\b|^\W{0,8}step\b", re.IGNORECASE
)
_LEFT = re.compile(
    r"\b(?:left|remaining)(?: numbers?)?\s{0,4}:[\s(\[]{0,3}[0-9]|\(left\b[^)]{0,4}[0-9]",
    re.IGNORECASE,
)
_STEP = re.compile(r"\W{0,8}step\b", re.IGNORECASE)
WORD = re.compile(r"(?<![\\\w])[^\W\d_]{2,}(?![\w(])")
ALNUM = re.compile(r"[^\W_]")
_OPERATION = re.compile(r"[0-9)\]}]\s{0,4}(?:[-+*/xX(]|\\[a-z])")
_NUMBERED = re.compile(r"(?:[0-9]{1,3}[.)]|[A-Za-z]\))\s+(?=[^\s*+/)-])")
# `+8 -4 *12 /3` lists what two numbers make, as a look-ahead of our teacher writes it.
_LISTING = re.compile(r"\+?[0-9]{1,12}(?: [-+*/][0-9]{1,12}){2,}")
# `print(E)`, `submit("E")`, `Finish[E]`: a call of anything but a function of arithmetic.
_CALL = re.compile(
    r"(?:[A-Za-z_]\w{0,20}\s?[:=]\s?)?((?:\w{1,20}\.){0,2})([A-Za-z_]\w{1,20})\s?[(\[](.{3,400})[)\]]"
    r"\s?;?\s{0,4}(?:(?:#|//).{0,80})?"
)
_GOES_ON = re.compile(r"(?:\bor\b[^0-9\n]{0,30}:?|,)[\s*_`$]{0,6}$", re.IGNORECASE)
_LONE_OR = re.compile(
    r"[\s>#*_`-]{0,8}(?:or|oder|ou|или|alternatively)\b[\s:,*_`]{0,6}$", re.IGNORECASE | re.M
)
_OR_FIRST = re.compile(r"(?:</\w{1,12}>|\})?[\s,;$.]{0,6}(?:or|oder|ou|или|或者?)\b", re.IGNORECASE)
_LONE_ITEM = re.compile(r"[0-9]{1,3}[.)]\s*")
_ITEM = re.compile(r"[ \t>]{0,8}(?:[-*+•·]\s|\(?(?:[0-9]{1,3}|[A-Za-z])[.)]\s|\|)")
_TAG = re.compile(r"</?[A-Za-z_][^<>\n]{0,40}>|<\|[^<>|\n]{1,40}\|>|\\n$")
_CELLS = re.compile(r"</t[dh]>\s{0,8}<t[dh][^<>]{0,40}>|<br\s?/?>", re.IGNORECASE)
_BETWEEN_OPERANDS = re.compile(
    r"(?<=[0-9)\]])\s{0,4}(?:</?[A-Za-z][^<>]{0,40}>\s{0,4}){1,4}(?=[0-9(\[])"
)
_NOTATION_TAG = re.compile(
    r"<(?:m?sqrt|msup|msub|mfrac|mroot|mover|sup|sub)\b[^<>]{0,40}>", re.IGNORECASE
)
_TAG_END = re.compile(r"</answer>|\[/ANSWER\]", re.IGNORECASE)
_BRACE = re.compile(r"(?<!\\)[{}]")
_BOX_END = re.compile(r"<\|end_of_box\|>")
_RESTART = re.compile(r"\W{0,8}steps?\W{0,8}$", re.IGNORECASE)
_EQUALS = re.compile(r"[\s$\\)\]]*=")
_OR = re.compile(
    r"[\s,;.)\]$`*_\"'|]{0,8}(?:and\s?/\s?)?(?:or|oder|ou|или|或者?)\b[\s:,$`*_\"'(]{0,8}(?:else|maybe|also|even|just)?[\s:,$`*_\"'(]{0,8}$",
    re.IGNORECASE,
)
# `result: 24` between two expressions of a list that was JSON or a form.
_VALUE_LINE = re.compile(
    r"\W{0,8}\w[\w ]{0,20}\s?[:=]\s?[\"']?(?:-?[0-9]{1,12}(?:\.[0-9]{1,12})?|true|false)\W{0,4}",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"[\s,;.)\]$`*_\"'|&/(\[]{0,12}(?:(?:and|or|oder|ou|или|或者?|e|y|und|et)\b)?[\s:,$`*_\"'(\[/]{0,8}"
    r"(?:else|maybe|also|even|just)?[\s:,$`*_\"'(\[]{0,8}",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:wait|change|go\swith|instead|meant|correction|rather|actually)\b", re.IGNORECASE
)
_LABEL = re.compile(
    r"[\s>#*_`-]{0,8}(?:(?:and\s)?or|alternatively,?|(?:\w{1,14}\s){0,2}\w{1,14}\s?#?[0-9A-D]{0,2}[*_]{0,3}:|#[^:\n]{1,40}"
    r"|```\w{0,12}|(?:option|solution|way|alternative)\s?#?\w{0,2})[\s:.*_`]{0,8}",
    re.IGNORECASE,
)
_OR_LINE = re.compile(r"[\s>#*_`-]{0,8}(?:or\b|alternativ|another\b|other\b|also\b)", re.IGNORECASE)
_OPENS = re.compile(r"[*_`\"'$|>]\s?$|\\[(\[]\s?$")
_CLOSES = re.compile(r"\s?(?:[*_`\"'$|<]|\\[)\]])")
_LEADS = re.compile(r"(?::|=|\b(?:is|are|be|return))[\s*_`\"'$\\(\[]{0,8}$", re.IGNORECASE)
_BREAKS = re.compile(r"[\s*_`\"'$)\]]{0,4}[,;(.–][^0-9]*$")
_TO = re.compile(r"[^0-9\n.!?]{1,40}?([0-9]{1,12})(?![0-9]|\s?[-+*/])")
_ASKS = re.compile(r"\?\s{0,4}$")
_IS_ASKED = re.compile(r"[^.!?\n]{0,80}\?")
_SUPPOSES = re.compile(
    r"\b(?:if|suppose|would|could|unless|whether|need|want|were)\b", re.IGNORECASE
)
# A claim of the hand, not of one expression: "is not possible" may be said of either.
_WHOLE = re.compile(
    r"\b(?:no\b|none\b|there\s|(?:obtain|get|make|reach|form|achieve|produce)\b|solution|unsolvable)",
    re.IGNORECASE,
)
# The words of a claim about the hand itself; any other word narrows it, in whatever language.
_CLAIM_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_BARE_WORD = re.compile(
    r"[0-9]+|there|that|is|are|isn't|aren't|it|its|it's|this|these|the|those|given|a|an|any|no|not|none|so|then|and|or"
    r"|in|on|with|from|of|for|by|to|using|use|used|combining|four|all|numbers?|cards?|digits|hand|input"
    r"|set|puzzle|problem|game|basic|arithmetic|operations?|way|ways|solutions?|answers?|valid|possible"
    r"|impossible|unsolvable|solvable|false|exists?|cannot|can't|be|been|can|has|have|does|do|doesn't"
    r"|don't|make|made|get|obtain|obtained|reach|reached|form|formed|achieve|achieved|solve|solved"
    r"|found|target|therefore|thus|hence|unfortunately|actually|sorry|wait|oh|also|but|either|expression"
    r"|combination|total|result|results|feasible|note|final|conclusion|here|nosolution",
    re.IGNORECASE,
)
_CONTRAST = re.compile(r"\b(?:but|however|instead|actually|wait|except|yet|oh)\b", re.IGNORECASE)
_BUT = re.compile(
    r"\b(?:but|however|other\sthan|except(?:\sfor)?|besides|apart\sfrom)\b", re.IGNORECASE
)
_PLAIN_START = frozenset("(0123456789")
_CLOSING_LINES = 3
"""Lines at the end of a turn that may hold a claim."""

_CLAUSE_CHARS = 100
"""Characters before a marker that are read: a long clause has 60."""

_LEAD_WORDS = 12
"""Words of the clause before a marker; more are a sentence that happens to mention an answer."""

# Spelled out instead of IGNORECASE, so that the search can skip to the next possible first letter.
_MARKER = re.compile(
    r"""
    (?:[Aa][Nn][Ss][Ww][Ee][Rr](?<![^\W_][Aa][Nn][Ss][Ww][Ee][Rr])|[Cc]orrection(?=:))
        (?:
            [Ss]?[*_]{0,3}
            (?:[ ]\#?[0-9]{1,2})?
            (?:[ ](?:to|for|of)[ ](?:(?:the|this|your|our|given|24|game|of)[ ]){0,4}
                (?:puzzle|problem|question|game|challenge|hand|input|task|numbers|24))?
            (?:
                (?:[ ](?:is|are|would[ ]be|should[ ]be))?
                [ \t"'*_`]{0,8}(?:\([^()\n0-9]{1,40}\)[ \t"'*_`]{0,8})?
                :[ \t"'*_`]{0,8}
            |
                (?P<bare>(?:[ ](?:is|would[ ]be|should[ ]be)|[ \t]{0,4}=)
                    (?=[ \t"'*_`$]{0,8}[-+(\[{\\0-9]))
            )
        |(?P<heading>[ \t*_]{0,8}$)
        )
    |(?P<box>\\(?:f?boxed|fbox)\s{0,4}\{|(?P<glm><\|begin_of_box\|>))
    |(?P<tag><[Aa][Nn][Ss][Ww][Ee][Rr][^<>\n]{0,40}>|\[ANSWER\])
    """,
    re.MULTILINE | re.VERBOSE,
)
_TALKS = re.compile(
    r"\b(?:verif|check|explan|explain|confirm|test|proo|prove|steps?\b|wrong|incorrect|another\b|previous"
    r"|other\b|whether\b|why\b|how\b|about\b|if\b|no\b|not\b|target|(?:this|that|any)(?:\s\w+)?\s*$)",
    re.IGNORECASE,
)
_CLAUSE_ENDS = re.compile(r"[^\w' \t*_`]|[0-9]")
_NO_LEAD = re.compile(r"[0-9.:;=()]")
_NO_HEADING = re.compile(r"[:;=()]|\w[.,]\s")
