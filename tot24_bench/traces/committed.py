r"""What of a response is trained on: all of it up to the end of the answer that it commits to.

What stands after the answer was not judged: another hand, a second search, plain untruths. It is
cut off, at the end of the answer's line (of `value` the line of the judgement). The trace file
stays as it is. `propose` lists thoughts, each of them judged: there is nothing to cut.

>>> from tot24_bench.game import Puzzle
>>> said = "Answer: 4 * 6 * 1 * 1 = 24\nInput: 4 5 6 10\nAnswer: ..."
>>> committed("io", Puzzle.parse("1 1 4 6"), said)
'Answer: 4 * 6 * 1 * 1 = 24'
"""

from __future__ import annotations

import re

from tot24_bench.game import Puzzle
from tot24_bench.scoring import (
    MAX_RESPONSE_CHARS,
    Answer,
    Kind,
    judgement_end,
    locate_answer,
    read_canonical,
    read_response,
)

MAX_ANSWER_LINES = 100
"""Lines over which an answer may stretch from its marker on."""

_LINE_END = re.compile("[\n\r\u2028\u2029\x85]")
"""What `plain` makes a line end, one for one."""

_TAG = re.compile(r"<think(?:ing)?>", re.IGNORECASE)


def committed(method: str, puzzle: Puzzle, response: str) -> str | None:
    """The response without blank space around it and without what follows its answer.

    None where nobody can say which part of the response that is; then nothing may be trained on.
    """
    whole = response.strip()
    if method == "propose" or len(whole) > MAX_RESPONSE_CHARS or read_canonical(whole) is not None:
        return whole
    kept = read_response(whole).said
    end = judgement_end(kept) if method == "value" else _answer_end(kept, puzzle)
    if end is None:
        return None
    wanted = kept[:end].rstrip()
    for text in _beginnings(whole):
        told = read_response(text).said
        if told[: len(wanted)] != wanted:
            continue
        cut = _before_line_ends(text, len(_LINE_END.findall(told[end:])))
        if cut is not None and read_response(cut).said == wanted:
            return cut.rstrip()
    return None


def _answer_end(said: str, puzzle: Puzzle) -> int | None:
    """Where the line ends on which the answer ends: the first after which it is the same."""
    answer = locate_answer(said, puzzle)
    end = answer.start
    for _ in range(MAX_ANSWER_LINES):
        end = said.find("\n", end)
        if end < 0:
            return len(said)
        if said[answer.start : end].strip() and _same(locate_answer(said[:end], puzzle), answer):
            return end
        end += 1
    return None


def _same(one: Answer, other: Answer) -> bool:
    if one.kind is Kind.NOTHING or (one.kind, one.start) != (other.kind, other.start):
        return False
    return [(a.text, a.sides) for a in one.stated] == [(b.text, b.sides) for b in other.stated]


def _beginnings(text: str) -> list[str]:
    """The text, after what of it stands before it begins to think, as late as that may be."""
    opens = [match.start() for match in _TAG.finditer(text)] if "<" in text else []
    return [*(text[:start] for start in opens[-3:]), text]


def _before_line_ends(text: str, count: int) -> str | None:
    """The text before its last so many line ends."""
    if not count:
        return text
    ends = [match.start() for match in _LINE_END.finditer(text)]
    return text[: ends[-count]] if count <= len(ends) else None
