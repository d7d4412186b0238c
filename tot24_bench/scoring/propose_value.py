r"""Score the responses of a search that runs in many calls: `propose` and `value`.

A `propose` response is right when it lists at least one thought and every line is a valid thought
of the numbers left: two of them, an exact result, and, where it says what is then left, that; and
nothing else on the line. A `value` response is right when its judgement is the exact truth: `sure`
where the target can be made, `impossible` where it cannot. `likely` judges nothing, and is neither;
judgements that contradict each other are none.

>>> said = "8 - 4 = 4 (left: 4 6)\n4 + 8 = 12 (left: 6 12)"
>>> score_method("propose", Puzzle.parse("4 6 8"), said).reason
'2 valid thoughts, 1 of which can still win'
>>> said = "10 + 14 = 24 (left: 24)\nJudgement: sure"
>>> score_method("value", Puzzle.parse("10 14"), said).correct
True
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from tot24_bench.game.puzzle import Puzzle
from tot24_bench.game.states import Number
from tot24_bench.scoring.answer import MAX_RESPONSE_CHARS
from tot24_bench.scoring.markup import read_response
from tot24_bench.scoring.replay import BrokenRule, check
from tot24_bench.scoring.score import MAX_SOLVED_NUMBERS, Score, Verdict, make_score, score, wins
from tot24_bench.scoring.steps import MAX_STEP_LINE_CHARS, Step, read_steps
from tot24_bench.text import plural

MAX_LINES = 500  # lines of a `propose` response that are read: six numbers have about 150 thoughts
MAX_JUDGED_LEFT = 4  # numbers left after a thought for which it is said whether it can still win


def score_method(
    method: str, puzzle: Puzzle, response: str | None, *, truncated: bool = False
) -> Score:
    """Score a response to a prompt of any method; never raises, whatever the response holds.

    Args:
        method: `propose` and `value` have rules of their own; every other method ends in an answer.
        puzzle: what was asked: the hand, or the numbers left.
        response: what the model wrote, without the prompt.
        truncated: whether generation stopped at the token limit.
    """
    if method not in ("propose", "value", "value_at_once"):
        return score(puzzle, response, truncated=truncated)
    text = response if isinstance(response, str) else ""
    if len(text) > MAX_RESPONSE_CHARS:
        return make_score(Verdict.TOO_LONG, "the response is too long to be read", truncated)
    judge = _score_propose if method == "propose" else _score_value
    return judge(puzzle, read_response(text).said, truncated)


def _score_propose(puzzle: Puzzle, said: str, truncated: bool) -> Score:
    """Whether a response lists thoughts, and nothing but valid ones.

    A heading that ends in a colon and the fences of a code block are no lines; a heading holds no
    numbers but those asked. The same thought twice counts once. `Score.valid`: every thought
    combines numbers that are left. `false_claim`: one says that it makes the target, and does not.
    """
    lines = [line for line in said.split("\n") if line.strip()]
    lines = [line for line in lines[: MAX_LINES + 1] if not _is_heading(line, puzzle)]
    if len(lines) > MAX_LINES:
        return make_score(Verdict.TOO_LONG, f"more than {MAX_LINES} lines", truncated)
    verdict, reason = Verdict.CORRECT, ""
    stated: list[str] = []
    states: dict[str, tuple[Number, ...]] = {}
    valid, false_claim = True, False
    for place, line in enumerate(lines, 1):
        steps = read_steps(line) if len(line) <= MAX_STEP_LINE_CHARS else []
        if len(steps) != 1 or not _nothing_else(line, steps[0]):
            verdict, reason, valid = Verdict.MALFORMED, f"line {place} is not one thought", False
            if truncated and place == len(lines):
                verdict, reason = Verdict.TRUNCATED, "the token limit cut a line off"
            break
        step = steps[0]
        stated.append(step.text)
        fault, states[step.text] = check(step, puzzle.hand)
        if fault is not None:
            verdict, reason = _FAULTS[fault]
            reason = f"thought {place}: {reason}"
            valid = fault in (BrokenRule.ARITHMETIC, BrokenRule.LEFT)
            false_claim = fault is BrokenRule.ARITHMETIC and step.value == puzzle.target
            break
    if not lines:
        verdict = Verdict.TRUNCATED if truncated else Verdict.NO_ANSWER
        reason, valid = "lists no thought", False
    elif verdict is Verdict.CORRECT:
        reason = plural(len(states), "valid thought")
        if len(puzzle.numbers) <= MAX_JUDGED_LEFT + 1:
            winning = sum(wins(left, puzzle.target, puzzle.rule) for left in states.values())
            reason += f", {winning or 'none'} of which can still win"
    return make_score(
        verdict,
        reason,
        truncated,
        "; ".join(stated),
        correct=verdict is Verdict.CORRECT,
        valid=valid,
        answered=bool(stated),
        false_claim=false_claim,
    )


def _score_value(puzzle: Puzzle, said: str, truncated: bool) -> Score:
    """Whether a response judges the numbers left as they are.

    Lines `Judgement: ...` count; where there is none, a last line that is the word alone. Where
    such lines say different things, or one of them something else, the response judges nothing.
    A judgement of more than MAX_SOLVED_NUMBERS numbers is not checked, and so not right.
    `impossible` has the verdict NO_SOLUTION, as it has in `score`.
    """
    word = _judgement_in(said)
    if word is None and truncated:
        return make_score(Verdict.TRUNCATED, "the token limit cut the response off", truncated)
    if word is None:
        return make_score(Verdict.NO_ANSWER, "ends in no judgement", truncated)
    if word == "likely":
        return make_score(Verdict.ABSTAINED, "does not judge: likely", truncated, word)
    if len(puzzle.numbers) > MAX_SOLVED_NUMBERS:
        reason = f"a judgement is not checked past {MAX_SOLVED_NUMBERS} numbers"
        return make_score(Verdict.ABSTAINED, reason, truncated, word)
    from tot24_bench.game.solver import is_solvable

    solvable = is_solvable(puzzle)
    right = solvable is (word == "sure")
    verdict = Verdict.CORRECT if right else Verdict.WRONG_VALUE
    if word == "impossible":
        verdict = Verdict.NO_SOLUTION
    return make_score(
        verdict,
        f"says {word}: {puzzle.target} {'can' if solvable else 'cannot'} be made",
        truncated,
        word,
        correct=right,
        valid=verdict is Verdict.CORRECT,
        answered=True,
        false_claim=verdict is Verdict.WRONG_VALUE,
    )


class Proposals(NamedTuple):
    """What a `propose` response offers to a search."""

    steps: tuple[Step, ...]  # each valid thought once, in the order in which it is written
    left: tuple[tuple[Number, ...], ...]  # the numbers that each leaves, ascending
    dropped: int  # lines that are meant as a thought and are none: other numbers, a wrong result
    told: bool  # whether every valid thought tells what it leaves; else code has worked it out


def read_proposals(numbers: tuple[Number, ...], response: str) -> Proposals:
    r"""The valid thoughts that a response lists, for a search to follow; never raises.

    As tolerant as the scorer of a whole response: what stands beside a thought on its line, such as
    a number in a list or a remark, is passed over. A line with several thoughts is none.

    >>> read_proposals((4, 6, 8), "1. 8 - 4 = 4 (left: 4 6)\n8 - 6 = 3\n8 + 5 = 13")[1:]
    (((4, 6),), 2, True)
    """
    found: dict[str, tuple[Step, tuple[Number, ...]]] = {}
    dropped, told = 0, True
    text = read_response(response[:MAX_RESPONSE_CHARS]).said
    lines = [line for line in text.split("\n") if _NUMBER.search(line)][:MAX_LINES]
    for line in lines:
        steps = read_steps(line) if len(line) <= MAX_STEP_LINE_CHARS else []
        fault, left = check(steps[0], numbers) if len(steps) == 1 else (BrokenRule.LEFT, ())
        if fault is not None:
            dropped += bool(steps) or "=" in line
        elif steps[0].text not in found:
            found[steps[0].text] = steps[0], left
            told = told and steps[0].left is not None
    steps_in, lefts = zip(*found.values(), strict=True) if found else ((), ())
    return Proposals(steps_in, lefts, dropped, told)


def read_judgement(response: str) -> str | None:
    r"""The word that a `value` response ends in: sure, likely or impossible; None for none of them.

    >>> read_judgement("10 + 14 = 24 (left: 24)\nJudgement: sure"), read_judgement("maybe")
    ('sure', None)
    """
    return _judgement_in(read_response(response[:MAX_RESPONSE_CHARS]).said)


def judgement_end(text: str) -> int | None:
    """Where the line of the last judgement ends in what is said; None where nothing is judged."""
    if _judgement_in(text) is None:
        return None
    ends = [match.end() for match in _JUDGEMENT.finditer(text)]
    line = text.find("\n", ends[-1]) if ends else -1
    return len(text) if line < 0 else line


def _judgement_in(text: str) -> str | None:
    found = [match[1].lower() for match in _JUDGEMENT.finditer(text)]
    lone = [match[1].lower() for match in _LONE_WORD.finditer(text)]
    if found:
        if len(_JUDGES.findall(text)) != len(found) or {*found, *lone} - {found[0]}:
            return None
        return found[0] if found[0] in ("sure", "likely", "impossible") else None
    if _JUDGES.search(text) or len(set(lone)) != 1:
        return None
    last = text.rstrip().rpartition("\n")[2]
    return lone[0] if _LONE_WORD.fullmatch(last) else None


def _is_heading(line: str, puzzle: Puzzle) -> bool:
    if not _HEADING.fullmatch(line):
        return False
    told = sorted(int(number) for number in _NUMBER.findall(line))
    return not told or (tuple(told) == puzzle.hand and not _OPERATION.search(line))


def _nothing_else(line: str, step: Step) -> bool:
    """Whether a line is a thought in full, and nothing beside it but dress and the place in a list.

    Held against what was read: as many numbers, one sign of equality, every bracket closed.
    """
    numbers = (step.a, step.b, step.value, *(step.left or ()))
    wanted = sum(2 if isinstance(number, Fraction) else 1 for number in numbers)
    wanted += step.number is not None
    return (
        len(_NUMBER.findall(line)) == wanted
        and line.count("=") - line.count("=>") == 1
        and all(_BESIDE.fullmatch(word) for word in _WORD.findall(line))
        and all(line.count(a) == line.count(b) for a, b in ("()", "[]", "{}"))
    )


_JUDGEMENT = re.compile(
    r"(?im)^[\s>#*_`-]{0,8}judge?ment[\s*_`]{0,4}:[\s*_`\"']{0,6}([a-z]{1,12})[\s*_`\"'.]{0,8}$"
)
_LONE_WORD = re.compile(
    r"(?im)^[^\S\n>#*_`\"'-]{0,8}[>#*_`\"'-]{0,8}[^\S\n]{0,4}[*_`\"']{0,4}(sure|likely|impossible)"
    r"[^\S\n*_`\"'.]{0,4}[*_`\"'.]{0,8}[^\S\n]{0,8}$"
)
_JUDGES = re.compile(r"(?im)^[^\S\n]{0,8}[>#*_`-]{0,8}\s{0,4}judge?ment[\s*_`]{0,4}:")
_HEADING = re.compile(r"(?i)[^=]{0,80}:[\s*_`]{0,8}|```[a-z]{0,10}")
_OPERATION = re.compile(r"(?i)[0-9)]\s{0,3}[-+*/]\s{0,3}[0-9(]|\binput")
_NUMBER = re.compile(r"[0-9]+")
_WORD = re.compile(r"(?i)[a-z]+")
_BESIDE = re.compile(
    r"(?i)left|remain(?:ing|s)?|lea(?:ving|ves)|numbers?|are|is|now|the|and|dead|end|step|thought|option"
    r"|move|pair|x|times|div|cdot|[dt]?frac|text(?:bf)?|math(?:bf|rm)|boxed|(?:right|to)(?:arrow)?"
    r"|quad"
)
"""Words that may stand on a thought's line; `x`, and commands of LaTeX, are signs."""
_FAULTS = {
    BrokenRule.TOO_MANY: (Verdict.WRONG_NUMBERS, "there is nothing to combine"),
    BrokenRule.UNAVAILABLE: (Verdict.WRONG_NUMBERS, "a number that is not left"),
    BrokenRule.ARITHMETIC: (Verdict.WRONG_VALUE, "the result is not what comes out"),
    BrokenRule.LEFT: (Verdict.WRONG_VALUE, "the numbers left are not what is left"),
}
