r"""Find the places where a response introduces an answer.

- `Answer:` in any case and dress: "**Final answer:**", "The correct answer is:", "Answer 1:",
  "Final Answer (verified):", "The answer to the puzzle is:".
- Only words that introduce may stand before it in its clause. "Let me verify the answer: 6 - 4"
  and "Explanation of the answer:" talk about an answer, and so do words that are not listed here.
- Without a colon at the start of a line only: a line that says "Final answer" and nothing else,
  or "So the final answer is" or "Answer =" straight before something like an expression.
- `\boxed{`, `\fbox{` and `<answer>`, wherever they stand.

>>> text = "Answer: 3 * 8. Let me check this answer: 24. It is $\\boxed{24}$."
>>> [text[marker.start : marker.end] for marker in find_markers(text, 0, len(text))]
['\\boxed{', 'Answer: ']
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_MARKERS = 200
"""Markers of a response that are tried, the last first; transcripts have up to 11."""

MAX_CLAUSE_CHARS = 100
"""Characters before a marker that are read: a long clause has 60."""


class Introduction(StrEnum):
    """How a marker introduces an answer."""

    COLON = "colon"
    BARE = "bare"
    HEADING = "heading"
    BOX = "box"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Marker:
    """Where an answer is introduced: `end` is where what it introduces starts."""

    start: int
    end: int
    how: Introduction


def find_markers(text: str, start: int, end: int) -> Iterator[Marker]:
    """The markers of a stretch of `text`, the last first; of many the last MAX_MARKERS."""
    for match in reversed(deque(_MARKER.finditer(text, start, end), maxlen=MAX_MARKERS)):
        how = Introduction(match.lastgroup or "colon")
        before = text[max(start, match.start() - MAX_CLAUSE_CHARS) : match.start()]
        if _introduces(how, before.replace("\\n", "\n")):
            yield Marker(match.start(), match.end(), how)


# Spelled out instead of IGNORECASE, and with the look-behind inside: the search can then skip to
# the next possible first letter, which takes less than half the time. A marker may follow the two
# characters `\\n` of JSON that nobody decoded.
_MARKER = re.compile(
    r"""
    [Aa][Nn][Ss][Ww][Ee][Rr]
        (?:(?<![^\W_][Aa][Nn][Ss][Ww][Ee][Rr])|(?<=\\n[Aa][Nn][Ss][Ww][Ee][Rr]))
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
    |(?P<box>\\(?:f?boxed|fbox)\s{0,4}\{)
    |(?P<tag><[Aa][Nn][Ss][Ww][Ee][Rr]>)
    """,
    re.MULTILINE | re.VERBOSE,
)
_NAMES = frozenset(
    {"the", "a", "an", "my", "our", "your", "their", "its", "one", "final", "correct"}
    | {"right", "valid", "complete", "possible", "best", "full", "actual", "real", "true"}
    | {"corrected", "revised", "updated", "new", "improved", "verified", "proposed"}
    | {"resulting", "simplified", "numerical", "short", "boxed", "official", "solution"}
    | {"expression", "puzzle"}
)
_VERBS = frozenset(
    {"so", "thus", "therefore", "hence", "and", "then", "now", "finally", "ultimately"}
    | {"lastly", "also", "or", "again", "is", "are", "here", "here's", "there's", "that's"}
    | {"it's", "gives", "yields", "get", "have", "got", "obtain", "found", "find", "i"}
    | {"i'll", "i've", "we", "we'll", "we've", "let", "let's", "me", "us", "will", "can"}
    | {"give", "provide", "present", "state", "write", "submit", "finalize", "box"}
)
# `this gives the answer:` introduces one, `this answer:` talks about one.
_POINTS = frozenset(("this", "that", "which", "it"))
_POINTS_BEFORE = frozenset(("is", "gives", "yields"))
_CLAUSE_ENDS = re.compile(r"[^A-Za-z' \t*_`]")
_LINE_ENDS = re.compile(r"[^A-Za-z' \t*_`,>#]")  # a line's start may be dressed, and have commas
_WORD = re.compile(r"[a-z']*[a-z][a-z']*")


def _introduces(how: Introduction, before: str) -> bool:
    """Whether what stands before a marker lets it introduce an answer."""
    if how in (Introduction.BOX, Introduction.TAG):
        return True
    if how is Introduction.COLON:
        words = _WORD.findall(_CLAUSE_ENDS.split(before)[-1].lower())
    else:
        line = before.rpartition("\n")[2]
        if _LINE_ENDS.search(line) or (line == before and len(line) == MAX_CLAUSE_CHARS):
            return False
        words = _WORD.findall(line.lower())
    if how is Introduction.HEADING:
        return _NAMES.issuperset(words)
    return all(
        word in _NAMES
        or word in _VERBS
        or (word in _POINTS and i + 1 < len(words) and words[i + 1] in _POINTS_BEFORE)
        for i, word in enumerate(words)
    )
