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
from enum import Enum
from itertools import islice

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.scoring.claims import (
    MAX_CLAIM_CHARS,
    Commitment,
    Denial,
    denied_after,
    next_sentences,
    read_claim,
    replaces,
    taken_back,
    taken_back_later,
)
from tot24_bench.scoring.equation import (
    ALNUM,
    HEADER_CHARS,
    LISTED,
    OPERATION,
    STEP,
    Answer,
    each_stated,
    find_stated,
    hands_in,
    lines_after,
    numbers_in,
    of_another,
    read_stated,
)
from tot24_bench.scoring.introduced import MARKER, find_introduced
from tot24_bench.scoring.markup import MAX_LINE_CHARS, Response, read_response, readable, untagged
from tot24_bench.scoring.standing import denied_in, find_last_line, find_only_one, find_standing

MAX_RESPONSE_CHARS = 1_000_000
"""Characters of a response that are read at all: about 250,000 tokens, beyond any task's limit."""

# Other hands that may be named before an answer: as many exemplars as a prompt has. A response that
# answers every hand of the deck answers none.
MAX_OTHER_HANDS = 5
MAX_TURNS = 20  # that a response is cut into: a model that runs on writes exemplar after exemplar
MAX_PROMPT_CHARS = 4_000  # of what a user says that are searched for where somebody answers
MAX_CHANGES = 20  # lines after an answer that may say that it changes to another


class _Whose(Enum):
    """Whose hand a turn is about."""

    ASKED, OTHER, NOBODY = range(3)


def find_answer(response: str, puzzle: Puzzle) -> Answer:
    """Find the answer that `response` commits to; never raises.

    The puzzle says how many numbers an answer has, whose hand a turn names, and the target, so that
    `24 = 4 * 6` is read from its right side.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        return Answer(Commitment.TOO_LONG)
    return read_answer(read_response(response), puzzle)


def read_answer(read: Response, puzzle: Puzzle) -> Answer:
    """The answer of a response in plain text; the second half of `find_answer`."""
    answer = locate_answer(read.said, puzzle)
    if answer.kind is Commitment.NOTHING and read.struck:
        return answer._replace(kind=Commitment.DENIED)
    return answer


def locate_answer(said: str, puzzle: Puzzle) -> Answer:
    """The answer of a text in plain signs without thinking (`markup.read_response`)."""
    turns = _turns_of(said, puzzle)
    if turns is None:
        answer = _plain_answer(said, puzzle) or _in_turn(said, 0, len(said), puzzle)
    else:
        answer = _of_turns(said, turns, puzzle)
    if answer.stated and (turns is not None or not answer.introduced):
        named = hands_in(said[: answer.end], len(puzzle.hand))
        if len({*named} - {puzzle.hand}) > MAX_OTHER_HANDS:
            return answer.hedged()
    return answer


def _turns_of(said: str, puzzle: Puzzle) -> list[tuple[int, int, _Whose]] | None:
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
        # What a model writes behind its own end token is no part of its response; before it there
        # may be an echoed prompt, and the names of roles.
        if header["token"] is not None and not ended:
            ended = ALNUM.search(_ROLE_LINE.sub("", said[: header.start()])) is not None
        start, whose = header.start(), named
        if header["user"] is not None:  # what the user says is nobody's answer
            reply = _REPLY.search(said, header.end(), header.end() + MAX_PROMPT_CHARS)
            start = len(said) if reply is None else reply.start()
    if not ended:
        turns.append((start, len(said), whose))
    return turns


def _named(said: str, header: re.Match[str], puzzle: Puzzle) -> _Whose | None:
    """Whose hand a header names; None where it is no header after all."""
    size = len(puzzle.numbers)
    if header["list"] is not None:
        numbers = numbers_in(header["list"])
        if len(numbers) != size:
            return None
        return _Whose.ASKED if tuple(sorted(numbers)) == puzzle.hand else _Whose.OTHER
    if header["token"] is not None:
        return _Whose.NOBODY
    line = said[header.end() : header.end() + HEADER_CHARS].lstrip("\n").partition("\n")[0]
    others = False
    for listed in LISTED.finditer(line):
        numbers = numbers_in(listed[0])
        for i in range(len(numbers) - size + 1):
            if tuple(sorted(numbers[i : i + size])) == puzzle.hand:
                return _Whose.ASKED
            others = True
    return _Whose.OTHER if others else _Whose.NOBODY


def _of_turns(said: str, turns: list[tuple[int, int, _Whose]], puzzle: Puzzle) -> Answer:
    """The answer of the turn that counts: the last that is about the hand asked."""
    chosen: Answer | None = None
    aside: Answer | None = None
    for start, end, whose in turns:
        if whose is _Whose.NOBODY and chosen is not None:
            continue
        found = _in_turn(said, start, end, puzzle)
        if found.kind is Commitment.NOTHING:
            continue
        if whose is _Whose.OTHER:
            aside = aside or found
        elif chosen is None or found.kind is not Commitment.ABSTAINED:
            chosen = found
    return chosen or aside or Answer(Commitment.NOTHING, start=len(said), end=len(said))


def _plain_answer(said: str, puzzle: Puzzle) -> Answer | None:
    """What `_in_turn` gives, sooner, where the last line is `Answer: ` and one plain equation."""
    start = said.rfind("\n") + 1
    if not said.startswith("Answer: ", start) or said[start + 8 : start + 9] not in _PLAIN_START:
        return None
    stated = read_stated(said[start + 8 :], puzzle.target)
    if stated is None or stated.rest or stated.cut.problem or not stated.combines:
        return None
    return Answer.of((stated,), said, start, len(said), introduced=True)


def _in_turn(text: str, start: int, end: int, puzzle: Puzzle) -> Answer:
    """What one turn commits to; NOTHING where it commits to nothing."""
    introduced = find_introduced(text, start, end, puzzle)
    if introduced is not None and not introduced.is_target(puzzle):
        return _settled(text, introduced, end, puzzle)
    standing = find_standing(text, start, end, puzzle) or find_only_one(text, start, end, puzzle)
    if standing is None and introduced is None:
        standing = find_last_line(text, start, end, puzzle)
    if standing is not None:
        return _confirmed(text, standing, start, end, puzzle)
    return introduced or _closing_claim(text[start:end], len(text))


def _settled(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An introduced answer, after what the response says of it next."""
    target = puzzle.target
    if not answer.stated:
        return _settled_claim(text, answer, until, puzzle)
    stated = answer.stated[-1]
    line = text.rfind("\n", 0, answer.start) + 1
    lead = _denies(text[line : answer.start])
    if lead and _is_bare(lead, puzzle):
        return answer.hedged()
    prose = stated.rest + "\n" + text[answer.end : until][:MAX_CLAIM_CHARS]
    prose = MARKER.split(prose, 1)[0]
    back = denied_in(prose, stated, puzzle)
    if back is None and (answer.kind is Commitment.DENIED or denied_after(prose, target)):
        back = Denial(0, 0, firm=True)
    falls_short = stated.says_other(target)
    claimed = prose if back is None or falls_short else prose[back.end :]
    claim = _denies(next_sentences(claimed), introduced=True)
    if claim and back is None and not falls_short and _is_bare(claim, puzzle):
        return answer.hedged()
    if claim and (falls_short or (back is not None and _WHOLE.search(claim))):
        return Answer(Commitment.NO_SOLUTION, claim.lstrip(" ,;:"), (), True, start=answer.start)
    if back is None:
        return _with_later(text, answer, until, puzzle)
    later = find_standing(text, answer.end, until, puzzle)
    if later is not None:
        return _confirmed(text, later, answer.end, until, puzzle)
    return answer.denied() if back.firm else answer


def _with_later(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An answer with the other whole equations to the target that stand behind it."""
    if taken_back_later(text[answer.end : until]):
        return answer.denied()
    instead = _instead(text, answer, until, puzzle)
    if instead is not None:
        return instead
    later = find_standing(text, answer.end, until, puzzle)
    if later is None or later.kind is not Commitment.EXPRESSION:
        return answer
    more = tuple(
        one
        for one in later.stated
        if one.is_full(puzzle)
        and one.says(puzzle.target)
        and one.cut.tokens not in [mine.cut.tokens for mine in answer.stated]
    )
    return answer._replace(stated=answer.stated + more)


def _instead(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer | None:
    """The complete expression that a response says it changes its answer to."""
    for first, last, line in lines_after(text, answer.end, until, MAX_CHANGES):
        line = line[:MAX_LINE_CHARS]
        if OPERATION.search(line) and _CHANGES.search(line):
            for words, other in each_stated(readable(untagged(line)), puzzle.target):
                if not other.is_full(puzzle) or other.says_other(puzzle.target):
                    continue
                if _CHANGES.search(words) or _CHANGES.match(other.rest):
                    return Answer.of((other,), text, first, last, introduced=True)
    return None


def _settled_claim(text: str, answer: Answer, until: int, puzzle: Puzzle) -> Answer:
    """An introduced claim, after what the response says of it next."""
    if answer.kind is not Commitment.NO_SOLUTION:
        return answer
    said = text.find(answer.text, answer.start, until) + len(answer.text)
    later = find_standing(text, max(said, answer.end), until, puzzle)
    if taken_back(text[said : min(until, said + MAX_CLAIM_CHARS)], puzzle.target):
        return later or answer._replace(kind=Commitment.DENIED)
    if later is None:
        return answer
    mended = replaces(text[said : later.end][:MAX_CLAIM_CHARS])
    return later if mended else answer._replace(kind=Commitment.HEDGED)


def _confirmed(text: str, answer: Answer, start: int, end: int, puzzle: Puzzle) -> Answer:
    """An answer that nothing introduces, beside what is claimed right before and after it."""
    if not answer.stated:
        return answer
    stated = answer.stated[-1]
    closing = _closing_claim(stated.rest + text[answer.end : end], len(text))
    falls_short = stated.says_other(puzzle.target)
    if closing.kind is Commitment.NO_SOLUTION:
        if falls_short:
            return closing
        return answer.hedged() if _is_bare(closing.text, puzzle) else answer
    if closing.kind is Commitment.ABSTAINED and not stated.says(puzzle.target):
        return closing
    instead = _instead(text, answer, end, puzzle)
    if instead is not None:
        return instead
    before = text[max(start, answer.start - MAX_CLAIM_CHARS) : answer.start].rstrip()
    if falls_short:
        earlier = _denies(before)
        if not earlier:
            return answer
        return Answer(Commitment.NO_SOLUTION, earlier, start=len(text), end=len(text))
    own = text[answer.start : answer.end].strip().partition("\n")[0]
    lead = find_stated(readable(own), puzzle.target)[0]
    claims = lead if read_claim(lead, introduced=False) else before.rpartition("\n")[2]
    claim = None if _CONTRAST.search(lead) else _denies(claims)
    return answer.hedged() if claim and _is_bare(claim, puzzle) else answer


def _denies(prose: str, *, introduced: bool = False) -> str | None:
    """The sentence that claims that there is no solution; None where that is not the claim."""
    claim = read_claim(prose, introduced=introduced)
    return claim[1] if claim is not None and claim[0] is Commitment.NO_SOLUTION else None


def _is_bare(claim: str, puzzle: Puzzle) -> bool:
    """Whether a claim says that there is no solution and nothing that narrows it."""
    return not of_another(claim, puzzle, supposed=False) and all(
        _BARE_WORD.fullmatch(word) for word in _CLAIM_WORD.findall(claim)
    )


def _closing_claim(prose: str, end: int) -> Answer:
    """What the last lines of a text that ends at `end` say, where nothing else is an answer."""
    lines = [line for line in prose[-MAX_CLAIM_CHARS:].split("\n") if line.strip()]
    prose = "\n".join(line for line in lines[-_CLOSING_LINES:] if not STEP.search(line))
    kind, words = read_claim(prose, introduced=False) or (Commitment.NOTHING, "")
    return Answer(kind, words, start=end, end=end)


_ROLE_LINE = re.compile(
    r"(?:^|>)\s{0,4}(?:user|system|human|assistant|model)\b[^<]{0,2000}?(?=<)|<[^<>\s]{1,40}>|\[/?INST\]"
)
_REPLY = re.compile(
    r"(?im)^\W{0,4}(?:assistant|ai|model|bot|response|(?:final )?answer)\b"
    r"|<(?:\|im_start\|>assistant|start_of_turn>model)"
)
_HEADER = re.compile(
    r"""(?imx)
    ^(?!\n)(?:
        [ \t>#*_-]{0,8}(?:input|question|q|(?P<user>user|human|system)|problem|puzzle|instructions?
                |prompt|game|exercise|round|example)
            [ \t]?\#?[0-9]{0,3}[ \t*_]{0,4}:
        |[ \t]{0,3}\#{1,6}[ \t]*(?:instructions?|input|question|user|human|system)\b
        |(?=[^0-9\n]{0,50}[0-9])
            (?:[^\n0-9:=]{1,40}(?::|(?=[^\n:]{1,80}:\s*$))|[A-Za-z][A-Za-z ]{1,24}[ ]
                |[ \t]{0,3}(?:\#{1,6}|\*\*)[^\n0-9:=]{1,40})?[ \t*_\[(]{0,4}
            (?P<list>[0-9]{1,12}(?:[ ,]{1,3}(?:and[ ])?[0-9]{1,12}){1,12})[ \t\])*_.:]{0,6}$
    )
    |(?P<token></?s>|<\|(?:im_(?:end|start|sep)|end_?of_?(?:text|turn|sentence)|eo[tms](?:_id)?|end
        |return|user|human|system|begin_of_(?:text|sentence)
        |(?!(?:channel|message|constrain|call|python_tag|begin_of_box|end_of_box|assistant|tool\w*
            |think\w*|recipient)\|)[a-z]\w{2,39})\|>
        |<(?:end_of_turn|start_of_turn|end_of_utterance|eos|EOT|pad|turn\||\|turn)>
        |<extra_id_[0-9]{1,2}>|\[/?INST\])
    """
)
_CHANGES = re.compile(
    r"(?i)\b(?:wait|change|go\swith|instead|meant|i\smean|correct(?:ion|ed)|rather|actually|oops|sorry"
    r"|revis(?:ed|ion)|erratum|hold\son|tak(?:e|ing)\s(?:it|that|this)\sback|apologi[sz]e"
    r"|(?:edit(?:ed)?|updated?|fix(?:ed)?)(?=\s?:))\b"
)
# A claim of the hand, not of one expression: "is not possible" may be said of either.
_WHOLE = re.compile(
    r"(?i)\b(?:no\b|none\b|there\s|(?:obtain|get|make|reach|form|achieve|produce)\b|solution|unsolvable)"
)
# The words of a claim about the hand itself; any other word narrows it, in whatever language.
_CLAIM_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_BARE_WORD = re.compile(
    r"(?i)[0-9]+|there|that|is|are|isn't|aren't|it|its|it's|this|these|the|those|given|a|an|any|no|not|none|so|then|and|or"
    r"|in|on|with|from|of|for|by|to|using|use|used|combining|four|all|numbers?|cards?|digits|hand|input"
    r"|set|puzzle|problem|game|basic|arithmetic|operations?|way|ways|solutions?|answers?|valid|possible"
    r"|impossible|unsolvable|solvable|false|exists?|cannot|can't|be|been|can|has|have|does|do|doesn't"
    r"|don't|make|made|get|obtain|obtained|reach|reached|form|formed|achieve|achieved|solve|solved|true|yes|although|though|insoluble"
    r"|found|target|therefore|thus|hence|unfortunately|actually|sorry|wait|oh|also|but|either|expression"
    r"|combination|total|result|results|feasible|note|final|conclusion|here|nosolution"
)
_CONTRAST = re.compile(r"(?i)\b(?:but|however|instead|actually|wait|except|yet|oh)\b")
_PLAIN_START = frozenset("(0123456789")
_CLOSING_LINES = 3  # lines at the end of a turn that may hold a claim
