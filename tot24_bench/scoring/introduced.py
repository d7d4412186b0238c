r"""Find the answer that a response introduces: after `Answer:`, in a box, in `<answer>` tags.

- `Answer:` in any case and dress: "**Final answer:**", "The correct answer is:", "Answer 1:",
  "### 4. Final Answer". Words that talk about an answer ("let me verify the answer:")
  introduce none.
- The last marker that holds an expression or a claim counts, on its line or on the lines after it.
- Alternatives stand behind "or", as items of the list that it begins, in boxes, and in markers
  straight before it.
"""

from __future__ import annotations

import re
from collections import deque

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.scoring.claims import (
    MAX_CLAIM_CHARS,
    Commitment,
    denied_after,
    read_claim,
    replaces,
)
from tot24_bench.scoring.equation import (
    ALNUM,
    CLAUSE_CHARS,
    LEFT,
    MIN_FULL_NUMBERS,
    NUMBERED,
    STEP,
    WORD,
    Answer,
    Stated,
    alternatives,
    each_stated,
    find_stated,
    line_end,
    lines_after,
    read_stated,
)
from tot24_bench.scoring.markup import TAG, readable, undress
from tot24_bench.scoring.tokens import MAX_EXPRESSION_CHARS

MAX_LINES = 100  # that are searched from where an answer should stand; transcripts need 4
MAX_MARKERS = 100  # markers of a turn that are tried, the last first; transcripts have up to 11
MAX_GAP_CHARS = 50_000  # before a marker in which other markers may offer alternatives


def find_introduced(text: str, start: int, end: int, puzzle: Puzzle) -> Answer | None:
    """What the last marker of a turn introduces; just the target only where no marker has more."""
    only_target: Answer | None = None
    until = end
    for marker in reversed(deque(MARKER.finditer(text, start, end), maxlen=MAX_MARKERS)):
        before = text[max(start, marker.start() - CLAUSE_CHARS) : marker.start()]
        if not _introduces(marker, before):
            continue
        answer = _held(text, marker, until, puzzle)
        until = marker.start()
        if answer is not None and not answer.stated:
            return answer
        if answer is not None and not answer.is_target(puzzle):
            return _with_markers_before(text, marker, answer, start, puzzle)
        only_target = only_target or answer
    return only_target


def _introduces(marker: re.Match[str], before: str) -> bool:
    """Whether what stands before a marker lets it introduce an answer: it may not talk of one."""
    if marker["box"] is not None or marker["tag"] is not None:
        return True
    clause = before.rpartition("\n")[2]
    if marker["bare"] is None and marker["heading"] is None:
        clause = _CLAUSE_ENDS.split(clause)[-1]
    elif (_NO_HEADING if marker["bare"] is None else _NO_LEAD).search(clause):
        return False
    return len(clause.split()) <= _LEAD_WORDS and not _TALKS.search(clause)


def _held(text: str, marker: re.Match[str], until: int, puzzle: Puzzle) -> Answer | None:
    """What a marker introduces, up to where the next marker starts; None where that is nothing."""
    start = marker.end()
    if marker["box"] is not None:
        return _in_box(text, marker, until, puzzle)
    after = until
    if marker["tag"] is not None and (close := _TAG_END.search(text, start, until)):
        until = close.start()
    stop = line_end(text, start, until)
    content = text[start:stop]
    if text.endswith("**", 0, start):  # the marker took the stars that open bold print
        content = f"**{content}"
    before = text[text.rfind("\n", 0, marker.start()) + 1 : marker.start()]
    if content.rstrip(". ").endswith(")") and before.count("(") > before.count(")"):
        content = content.rstrip(". ")[:-1]  # `(Answer: 6 * 4)`
    answer = _read_line(content, puzzle, bullets=False, prose=marker["bare"] is None)
    if answer is not None:
        if marker["bare"] is not None and answer.stated and not answer.stated[0].combines:
            ends = not ALNUM.search(answer.stated[0].rest)
            return answer._replace(end=stop) if ends or answer.is_target(puzzle) else None
        answer = _with_lines_after(text, answer, stop, until, puzzle, only_or=until == after)
        if until < after:
            answer = _with_or(text, answer, until, after, puzzle)
        return _placed(text, answer, marker.start())
    if marker["bare"] is not None:
        return None
    prose = not ALNUM.search(text, start, stop)  # the first line that holds anything may be prose
    for _ in range(MAX_LINES):
        sign = ALNUM.search(text, stop, until)  # so that blank lines cost nothing
        if sign is None:
            break
        first = max(stop, text.rfind("\n", stop, sign.start()) + 1)
        stop = line_end(text, sign.end(), until)
        line = text[first:stop]
        if _RESTART.match(line):
            break
        if STEP.search(line):
            continue
        answer = _read_line(line, puzzle, bullets=True, prose=prose)
        prose = False
        if answer is not None and answer.stated and not answer.stated[0].is_full(puzzle):
            answer, stop = _whole_after(text, answer, stop, until, puzzle)
        if answer is not None:
            answer = _with_lines_after(text, answer, stop, until, puzzle, only_or=False)
            return _placed(text, answer, marker.start())
    return None


def _whole_after(
    text: str, answer: Answer, stop: int, until: int, puzzle: Puzzle
) -> tuple[Answer, int]:
    """The first complete expression on the lines straight after a step, or the step."""
    for _, at, line in lines_after(text, stop, until, MAX_LINES):
        if not ALNUM.search(line) or LEFT.search(line):
            continue
        more = _read_line(line, puzzle, bullets=True, prose=True)
        if (
            more is not None
            and more.kind is Commitment.EXPRESSION
            and more.stated[0].is_full(puzzle)
        ):
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
    for _, line_stop, line in lines_after(text, stop, until, MAX_LINES):
        if not ALNUM.search(line) or _LONE_OR.fullmatch(line):
            open_end = open_end or ALNUM.search(line) is not None
            if only_or and not open_end and not _LONE_OR.match(text, line_stop + 1):
                break
            stop = line_stop
            continue
        another = open_end or _OR_LINE.match(line) is not None
        if not another and (only_or or (stop != answer.end and not _ITEM.match(line))):
            break
        more = _read_line(line, puzzle, bullets=True, prose=another)
        if more is None or not more.stated or more.stated[0].says_other(puzzle.target):
            break
        if not another and not more.stated[0].is_full(puzzle) and more.stated[0].sides:
            break
        stop, open_end = line_stop, _GOES_ON.search(more.stated[-1].rest) is not None
        answer = answer._replace(stated=answer.stated + more.stated, end=stop)
    return answer


def _with_or(text: str, answer: Answer, start: int, until: int, puzzle: Puzzle) -> Answer:
    """The answer with what "or" joins to it behind its closing tag or brace, and below."""
    below = line_end(text, start, until)
    if lead := _OR_FIRST.match(text[start:below]):
        more = _read_line(text[start + lead.end() : below], puzzle, bullets=False, prose=True)
        if more is not None:
            answer = answer._replace(stated=answer.stated + more.stated)
    lines = _with_lines_after(text, answer, below, until, puzzle, only_or=True)
    return answer if len(lines.stated) == len(answer.stated) else lines


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
    end = line_end(text, min(stop + 1, until), until)
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
    answer = answer._replace(end=stop)
    if answer.stated:
        if denied_after(_TEXT.sub(r" \1 ", text[stop + 1 : end]), puzzle.target):
            answer = answer._replace(kind=Commitment.DENIED)
        answer = _with_or(text, answer, stop, until, puzzle)
    return _placed(text, answer, marker.start())


def _with_markers_before(
    text: str, marker: re.Match[str], answer: Answer, start: int, puzzle: Puzzle
) -> Answer:
    """The answer with what the markers before it hold: boxes, and others that stand right before.

    A box is an alternative unless the words in between replace it; of other markers (`Answer 1:`, a
    second `<answer>`, a key of JSON that stands twice) only those with nothing in between.
    """
    until, box = marker.start(), marker["box"] is not None
    line = text.rfind("\n", start, until) + 1
    if replaces(text[max(line, until - CLAUSE_CHARS) : marker.end()]):
        return answer
    markers = MARKER.finditer(text, max(start, until - MAX_GAP_CHARS), until)
    before = deque((m for m in markers if (m["box"] is not None) is box), maxlen=MAX_MARKERS)
    for one in reversed(before):
        other = _held(text, one, until, puzzle)
        if other is None or (box and replaces(text[one.end() : until][-MAX_CLAIM_CHARS:])):
            break
        if not box and ALNUM.search(TAG.sub("", text[other.end : until])):
            break
        if other.kind is Commitment.EXPRESSION and other.stated[0].is_full(puzzle):
            answer = answer._replace(stated=other.stated + answer.stated)
        until = one.start()
    return answer


def _read_line(line: str, puzzle: Puzzle, *, bullets: bool, prose: bool) -> Answer | None:
    """Read one line that a marker introduces; None where it holds nothing.

    `bullets`: whether the line may be an item of a list, as the marker's own may not. `prose`:
    whether an expression or a claim inside prose counts.
    """
    target = puzzle.target
    content = undress(readable(line), bullets=bullets)
    if numbered := NUMBERED.match(content):
        item = undress(content[numbered.end() :])
        if bullets or ((full := read_stated(item, target)) and full.is_full(puzzle)):
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
            if chosen and chosen[0].is_full(puzzle) and not chosen[0].says_other(target):
                return Answer(Commitment.HEDGED, chosen[0].text, introduced=True)
            return Answer(*claim, introduced=True)
    if chosen:
        return Answer(Commitment.EXPRESSION, chosen[0].text, tuple(chosen), True)
    if not parts:
        return None
    return Answer(Commitment.DENIED, parts[-1][1].text, (parts[-1][1],), introduced=True)


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


_GOES_ON = re.compile(r"(?i)(?:\bor\b[^0-9\n]{0,30}:?|,)[\s*_`$]{0,6}$")
_LONE_OR = re.compile(r"(?im)[\s>#*_`-]{0,8}(?:or|oder|ou|или|alternatively)\b[\s:,*_`]{0,6}$")
_OR_FIRST = re.compile(r"(?i)(?:</\w{1,12}>|\})?[\s,;$.]{0,6}(?:or|oder|ou|или|或者?)\b")
_TAG_END = re.compile(r"(?i)</answer>|\[/ANSWER\]")
_BRACE = re.compile(r"(?<!\\)[{}]")
_TEXT = re.compile(r"\\text\s?\{([^{}]{0,200})\}")
_BOX_END = re.compile(r"<\|end_of_box\|>")
_RESTART = re.compile(r"(?i)\W{0,8}steps?\W{0,8}$")
_EQUALS = re.compile(r"[\s$\\)\]]*=")
_OR_LINE = re.compile(r"(?i)[\s>#*_`-]{0,8}(?:or\b|alternativ|another\b|other\b|also\b)")
_LEAD_WORDS = 12  # before a marker; more are a sentence that happens to mention an answer
# Spelled out instead of IGNORECASE, so that the search can skip to the next possible first letter.
MARKER = re.compile(
    r"""(?mx)
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
    |(?P<box>\\(?:f?boxed|f(?:rame)?box)\s{0,4}\{|(?P<glm><\|begin_of_box\|>))
    |(?P<tag><[Aa][Nn][Ss][Ww][Ee][Rr][^<>\n]{0,40}>|\[ANSWER\])
    """
)
_TALKS = re.compile(
    r"(?i)\b(?:verif|check|explan|explain|confirm|test|proo|prove|steps?\b|wrong|incorrect|another\b|previous"
    r"|other\b|whether\b|why\b|how\b|about\b|if\b|no\b|not\b|target|(?:this|that|any)(?:\s\w+)?\s*$)"
)
_CLAUSE_ENDS = re.compile(r"[^\w' \t*_`]|[0-9]")
_NO_LEAD = re.compile(r"[0-9.:;=()]")
_NO_HEADING = re.compile(r"[:;=()]|\w[.,]\s")
_LONE_ITEM = re.compile(r"[0-9]{1,3}[.)]\s*")
_ITEM = re.compile(r"[ \t>]{0,8}(?:[-*+•·]\s|\(?(?:[0-9]{1,3}|[A-Za-z])[.)]\s|\|)")
_BUT = re.compile(r"(?i)\b(?:but|however|other\sthan|except(?:\sfor)?|besides|apart\sfrom)\b")
