r"""Find the hands that a text solves, in whatever dress it tells the solution.

A hand is solved as soon as its numbers make the target, whether the text says so as an equation
(either way round), with an arrow, in JSON, in the cells of a table, in words, or in several steps.
So dress is passed over, and what is left is looked at: the numbers as they stand, and the signs and
words of arithmetic between them.

- A *term* is an expression in signs, however long, or two numbers and what comes of them with words
  or other dress between. Its tree says what it is made of.
- A tree that makes the target solves every set of numbers at which it can be cut (`solved_by`).
- Steps make one tree: `10 - 6 = 4`, `5 * 4 = 20`, `20 + 4 = 24`.
- Of four or five numbers side by side in other dress it is asked whether they make the target in
  their order: with the signs that are said, or, of four, with any where the target stands beside.

>>> for said in ("24 = 5 * (10 - 6) + 4", '["5", "*", ["10", "-", "6"], "+", "4"]'):
...     print(solved(said, {24}))
{(4, 5, 6, 10)}
{(4, 5, 6, 10)}
>>> solved("Ten minus six leaves four; five times that four is 20, and 20 plus 4 makes 24", {24})
{(4, 5, 6, 10)}
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from tot24_bench.game import SMALLEST_HAND, Number, Numbers, Tree, make_thought, solved_by
from tot24_bench.game import combine_trees as combine
from tot24_bench.scoring import plain

MOST = 5  # numbers that are looked at side by side; longer hands are read in signs alone
STEPS_NEAR = 8  # terms before and after a term that may have made its numbers
MAX_GAP = 160  # characters between two numbers that still belong together
MAX_DECODINGS = 3  # times that a text is decoded: `&amp;#49;` is coded twice
MEMO = 100_000  # answers that each of the questions about a few numbers remembers

Step = tuple[Number, str, Number]


def bare(text: str) -> str:
    """The text in plain signs and digits, without marks that only dress it, and decoded."""
    for _ in range(MAX_DECODINGS):
        before = text
        if "&" in text:
            text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if "%" in text or "\\" in text:
            text = _CODED.sub(lambda code: chr(int(code[1] or code[2], 16)), text)
        if text == before:
            break
    text = plain(text).replace("\\neq", "≠").replace("\\n", "\n")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(one for one in text if unicodedata.category(one) not in _NOT_SEEN)
    return _DRESS.sub("", text)


def in_digits(text: str) -> str:
    """The text, lower case, with numbers in words and in other scripts as digits.

    >>> in_digits("Twenty-four is six times FOUR; \u5341\u4e09 \u0665; 0xa, 1.0e1, 10.000")
    '24 is 6 times 4; 13 5; 10, 10, 10'
    """
    for sign, pattern, meaning in _MARKUP:
        text = pattern.sub(meaning, text) if sign in text else text
    text = _TENS.sub(lambda match: str(_WORDS[match[1]] + _WORDS[match[2]]), text.lower())
    text = _WORD.sub(lambda match: str(_WORDS[match[0]]), text)
    text = _NOTED.sub(_in_plain, text)
    if text.isascii():
        return text
    value = unicodedata.numeric
    text = _CJK_TENS.sub(lambda m: f"{10 * value(m[1] or '一') + value(m[2] or '〇'):.0f}", text)
    return "".join(char if char.isascii() else _digits_of(char) for char in text)


def without_names(text: str) -> str:
    """The text with what was assigned to a name in place of it, as far as that stays short.

    >>> without_names("a = 10; s1 = a - 6; let s2 be 4 * 5; print(s1 + s2)")
    '10; (10) - 6; let 4 * 5; print(((10) - 6) + (4 * 5))'
    >>> without_names("a=1 b=3\\na+b: 4")
    '1 3\\n(1)+(3): 4'
    """
    values: dict[str, str] = {}
    room = 2 * len(text) + MAX_GAP

    def named(match: re.Match[str]) -> str:
        nonlocal room
        value = values.get(match[0])
        if value is None or len(value) > room:
            return match[0]
        room -= len(value)
        return f"({value})"

    parts: list[str] = []
    end = 0
    for match in _ASSIGNED.finditer(text):
        said = match[2].rstrip()
        value = _NAME.sub(named, said)
        if re.search(r"\d", value) and not _NAME.search(value):
            before = _NAME.sub(named, text[end : match.start()])
            parts += before, value, match[2][len(said) :]
            end = match.end()
            if len(value) <= MAX_GAP:
                values[match[1]] = value
    return "".join(parts) + _NAME.sub(named, text[end:]) if parts else text


class Term(NamedTuple):
    """What a text combines in one place."""

    tree: Tree | None  # what comes of it; None where it is one number
    numbers: Numbers  # those that it combines, in their order
    number: Number | None  # as a single number: `4`, or `8/5` (no `8 / 5`); None of an expression
    # the signs of arithmetic, of whatever dress, in the gaps beside it; `|` where nothing reaches
    before: str
    after: str
    in_list: bool  # whether nothing but blanks and commas stands before the number that follows


def terms(text: str) -> list[Term]:
    """A text as `bare` gives it cut up: expressions in signs, and the numbers between them."""
    text = in_digits(text)
    found: list[Term] = []
    run: list[Number] = []
    signs: list[str] = []
    before, end = "|", 0
    for match in _NUMBER.finditer(text):
        gap = text[end : match.start()] if match.start() - end <= MAX_GAP else None
        end = match.end()
        joined = None if gap is None or not run else _JOINED.fullmatch(gap)
        if joined is not None:
            signs.append("//" if joined[0] == "/" else _in_ascii(joined[0]))
        else:
            around = "|" if gap is None else _signs_in(gap)
            if run:
                in_list = gap is not None and _IN_LIST.fullmatch(gap) is not None
                found.append(_term(run, signs, before, around, in_list))
            opened = _OPENED.search(gap or "")
            run, signs, before = [], ["(" * opened[0].count("(") if opened else ""], around
        run.append(to_number(match[0]))
    if run:
        found.append(_term(run, signs, before, _signs_in(text[end : end + MAX_GAP]) + "|", False))
    return found


def steps_in(found: Sequence[Term]) -> list[Tree]:
    """The expressions, and two numbers and what comes of them with any dress between, in order."""
    steps: list[Tree] = []
    told = 0  # what stands before is told
    for place, term in enumerate(found):
        if term.tree is not None:
            steps.append(term.tree)
        three = found[place : place + 3]
        numbers = tuple([number for one in three if (number := one.number) is not None])
        if place < told or len(numbers) < 3 or "|" in three[0].after + three[1].after:
            continue
        said = {*three[0].before, *three[0].after, *three[1].after}
        step = _step_of(numbers, "".join(sorted(said & OPS)))
        if step is not None:
            steps.append(step)
            told = place + 3
    return steps


def solved(
    text: str,
    targets: frozenset[int] | set[int],
    own: Collection[Step] = (),
    ends: Mapping[Step, int] = MappingProxyType({}),
    whole: Collection[Number] = (),
    matters: Callable[[Numbers], bool] = lambda numbers: True,
) -> set[Numbers]:
    """The sets of numbers, ascending, of which a text shows how they make a target.

    Args:
        text: as `bare` gives it.
        targets: 24, and what was asked for.
        own: steps of the hand asked: no other hand is solved by such steps alone.
        ends: how often a step is known to end a whole path of the hand asked: no other leads to it.
        whole: fractions that are numbers left of the hand asked: `10 * (3 - 3/5)` combines three.
        matters: whether a set is asked for; others need not be found.
    """

    def kept_whole(one: re.Match[str]) -> str:
        is_whole = int(one[2]) and Fraction(int(one[1]), int(one[2])) in whole
        return f"{one[1]}{_BAR if is_whole else '/'}{one[2]}"

    if whole:
        text = _CLOSE.sub(kept_whole, text)
    readings = {text, without_names(_MARKER.sub(r"\1", text))}
    # `30 / 5/4` is 30 over 5/4 to whoever writes `10 / 8 = 5/4` before it.
    readings |= {_FRACTION.sub(r"(\g<0>)", reading) for reading in readings}
    shown: set[Numbers] = set()
    for reading in readings:
        found = terms(reading)
        steps = steps_in(found)
        shown = shown.union(*(solved_by(tree, targets) for tree in steps))
        shown |= _by_steps_in(steps, targets, own, ends) | _in_unknown_words(found, targets)
        shown |= _side_by_side(found, targets, own, matters)
    return shown


def _by_steps_in(
    steps: Sequence[Tree],
    targets: Collection[int],
    own: Collection[Step],
    ends: Mapping[Step, int],
) -> set[Numbers]:
    """Four numbers that several steps of a text, not all of them own, make a target of."""
    found: set[Numbers] = set()
    if all(tree.step in own for tree in steps):
        return found
    said = Counter(tree.step for tree in steps if tree.leaves < SMALLEST_HAND)
    for place, tree in enumerate(steps):
        if tree.value in targets and said[tree.step] > ends.get(tree.step, 0):
            near = steps[max(0, place - STEPS_NEAR) : place + STEPS_NEAR + 1]
            others = {one: None for one in near if one.leaves < SMALLEST_HAND and one != tree}
            found |= _by_steps(tree, list(others), own)
    return found


def _by_steps(tree: Tree, others: Sequence[Tree], own: Collection[Step] = ()) -> set[Numbers]:
    """Four numbers that make what a tree makes, by way of other steps that are not all own.

    The others are told in any order; each is taken once.
    """
    found: set[Numbers] = set()
    waiting = [(numbers, frozenset[int](), tree.step in own) for numbers in _takes(tree)]
    seen = set(waiting)
    while waiting:
        leaves, used, all_own = waiting.pop()
        if len(leaves) == SMALLEST_HAND:
            if not all_own:
                found.add(tuple(sorted(leaves)))
            continue
        for place, one in enumerate(others):
            if one.value in leaves and place not in used:
                rest = list(leaves)
                rest.remove(one.value)
                for numbers in _takes(one):
                    left = tuple(sorted((*rest, *numbers)))
                    after = (left, used | {place}, all_own and one.step in own)
                    if len(left) <= SMALLEST_HAND and after not in seen:
                        seen.add(after)
                        waiting.append(after)
    return found


def _in_unknown_words(found: Sequence[Term], targets: Collection[int]) -> set[Numbers]:
    """Three steps that follow each other, told in words that nobody knows: nine numbers.

    What comes of a step stands before or after its numbers, and the last step may be told first.
    """
    shown: set[Numbers] = set()
    for place in range(len(found) - 8):
        nine = found[place : place + 9]
        if not any(nine[at].number in targets for at in (0, 2, 6, 8)):
            continue
        numbers = tuple([number for one in nine if (number := one.number) is not None])
        if len(numbers) < 9 or any("|" in one.after for one in nine[:8]):
            continue
        for result in (2, 0):
            steps = [_step_of(numbers[at : at + 3], "+-*/", (result,)) for at in (0, 3, 6)]
            first, second, last = steps
            if first is not None and second is not None and last is not None:
                for end, others in ((last, (first, second)), (first, (second, last))):
                    if end.value in targets:
                        shown |= _by_steps(end, others)
    return shown


def _side_by_side(
    found: Sequence[Term],
    targets: frozenset[int] | set[int],
    own: Collection[Step],
    matters: Callable[[Numbers], bool],
) -> set[Numbers]:
    """Four or five numbers in a row that make a target in their order."""
    shown: set[Numbers] = set()
    for start in range(len(found)):
        numbers: Numbers = ()
        inside = ""
        for end in range(start, min(start + MOST, len(found))):
            one = found[end]
            numbers += one.numbers if one.number is None else (one.number,)
            if len(numbers) > MOST:
                break
            if one.tree is not None and one.after.startswith("=") and one.tree.step in own:
                break
            inside += _ops(one.tree)
            wanted = tuple(sorted(numbers))
            if len(numbers) >= SMALLEST_HAND and end > start and matters(wanted):
                # A sign before or after the numbers is theirs as in `add(5, 4)` and `5 4 +`, and
                # another's where the target is one of them: `7 - 4 * 6 makes 24`.
                free = targets - set(numbers)
                before, after = _ENDS.split(found[start].before)[-1], _ENDS.split(one.after)[0]
                near = _beside(found, start, end, free) if len(numbers) < MOST else set()
                said = dict.fromkeys(targets, inside)
                said |= dict.fromkeys(free, before + inside + after)
                if any(makes(numbers, None, target) for target in near) or any(
                    # Two of the signs that are said may be left over.
                    0 <= len(signs) - len(numbers) + 1 <= 2
                    and makes(numbers, "".join(sorted(signs)), target)
                    for target, signs in said.items()
                ):
                    shown.add(wanted)
            if _ENDS.search(one.after):
                break
            inside += one.after
    return shown


def _beside(found: Sequence[Term], start: int, end: int, targets: Collection[int]) -> set[Number]:
    """The targets that stand beside numbers, and are no more than the two next to them make."""
    beside: set[Number] = set()
    if all(one.in_list for one in found[start:end]):
        return beside
    for other, nearest in ((start - 1, (start, start + 1)), (end + 1, (end - 1, end))):
        number = found[other].number if 0 <= other < len(found) else None
        if number is not None and number in targets and not found[min(other, end)].in_list:
            two = [one for at in nearest for one in found[at].numbers]
            step = _step_of((*(two[:2] if other < start else two[-2:]), number))
            if step is None or step.value != number:
                beside.add(number)
    return beside


@lru_cache(maxsize=MEMO)
def makes(numbers: Numbers, signs: str | None, target: int) -> bool:
    """Whether at most MOST numbers make a target in their order, in some brackets.

    The signs are those that there are, each once; None for any.
    """
    return any(value == target for value, _ in _values(numbers, signs))


@lru_cache(maxsize=MEMO)
def _values(numbers: Numbers, signs: str | None) -> frozenset[tuple[Number, str | None]]:
    """What numbers make in their order, with the signs that are left then."""
    if len(numbers) == 1:
        return frozenset({(numbers[0], signs)})
    found: set[tuple[Number, str | None]] = set()
    for cut in range(1, len(numbers)):
        for left, rest in _values(numbers[:cut], signs):
            for right, free in _values(numbers[cut:], rest):
                for op in dict.fromkeys("+-*/" if free is None else free):
                    after = None if free is None else free.replace(op, "", 1)
                    for a, b in ((left, right), (right, left)) if op in "-/" else ((left, right),):
                        if op != "/" or b:
                            found.add((make_thought(a, op, b, ()).value, after))
    return frozenset(found)


@lru_cache(maxsize=MEMO)
def _step_of(numbers: Numbers, ops: str = "+-*/", results: tuple[int, ...] = (2, 0)) -> Tree | None:
    """A step that makes one of three numbers, by its place in them, of the two others."""
    for result in results:
        one, other = (number for at, number in enumerate(numbers) if at != result)
        for x, y in ((one, other), (other, one)):
            for op in ops:
                tree = combine(Tree(x), op, Tree(y))
                if tree is not None and tree.value == numbers[result]:
                    return tree
    return None


def _takes(tree: Tree) -> set[Numbers]:
    """The numbers that a step of up to three takes; `8/3` in it is one, or two."""
    if tree.left is None or tree.right is None or tree.leaves > SMALLEST_HAND:
        return set()
    sides = [
        _takes(side) | ({(side.value,)} if side.left is None or _is_fraction(side) else set())
        for side in (tree.left, tree.right)
    ]
    return {one + other for one in sides[0] for other in sides[1] if len(one + other) < 4}


def _is_fraction(tree: Tree) -> bool:
    return tree.op == "/" and tree.leaves == 2 and isinstance(tree.value, Fraction)


def _ops(tree: Tree | None) -> str:
    if tree is None or tree.left is None:
        return ""
    return _ops(tree.left) + tree.op + _ops(tree.right)


def _term(
    run: Sequence[Number], signs: Sequence[str], before: str, after: str, in_list: bool
) -> Term:
    """Numbers with the signs before each of them: `//` for a `/` that nothing keeps apart."""
    if len(run) == 1:
        return Term(None, tuple(run), run[0], before, after, in_list)
    tree = _tree(run, [sign.replace("//", "/") for sign in signs])
    alone = len(run) == 2 and signs[1] == "//" and tree is not None and _is_fraction(tree)
    number = run[0] if tree is None else tree.value if alone else None
    return Term(tree, tuple(run), number, before, after, in_list)


def _tree(run: Sequence[Number], signs: Sequence[str]) -> Tree | None:
    """An expression by the two stacks; a bracket that has no other is passed over."""
    trees: list[Tree | None] = []
    waiting: list[str] = []

    def close(priority: int, *, bracket: bool = False) -> None:
        while waiting and _PRIORITY[waiting[-1]] >= priority:
            op, right, left = waiting.pop(), trees.pop(), trees.pop()
            trees.append(None if left is None or right is None else combine(left, op, right))
        if bracket and waiting:
            waiting.pop()

    for number, said in zip(run, signs, strict=True):
        for sign in said:
            if sign == ")":
                close(1, bracket=True)
            else:
                if sign != "(":
                    close(_PRIORITY[sign])
                waiting.append(sign)
        trees.append(Tree(number))
    while waiting:
        close(1, bracket=True)
    return trees[0]


def _in_ascii(gap: str) -> str:
    """The brackets and the sign between two numbers of an expression."""
    signs = "".join(_ASCII.get(char, char) for char in gap if not char.isspace())
    if OPS & set(signs):
        return signs
    return signs.replace("(", "/(" if "}" in gap else "*(", 1)  # of LaTeX's \\frac{8}{3}


def _signs_in(gap: str) -> str:
    """The signs and words of arithmetic in a gap, and where it says what comes out.

    More than three are named, as in "(+ - * /)", and combine nothing.
    """
    signs = "".join(_MEANS[match.lastgroup or ""] for match in _SIGN.finditer(gap))
    return signs if len(signs.replace("=", "")) <= 3 else "|"


def to_number(text: str) -> Number:
    """What a number in digits is worth, `8/5` and `0.5` included; 0 where it is over nothing."""
    if text.lstrip("-").isdecimal():
        return int(text)
    over, _, under = text.replace(_BAR, "/").partition("/")
    if under and not int(under):
        return 0
    value = Fraction(over) / int(under or 1)
    return value.numerator if value.denominator == 1 else value


def _in_plain(match: re.Match[str]) -> str:
    """A number in hexadecimal, with an exponent, or with nothing but zeros after its point."""
    if match["hex"]:
        return str(int(match["hex"], 16))
    if match["whole"]:
        return match["whole"]
    value = Fraction(match["digits"]) * 10 ** int(match["exponent"])
    return str(value.numerator) if value.denominator == 1 else match[0]


def _digits_of(char: str) -> str:
    number = unicodedata.numeric(char, None)
    return char if number is None or number != int(number) else str(int(number))


OPS = frozenset("+-*/")
_PRIORITY = {"(": 0, "+": 2, "-": 2, "*": 3, "/": 3}
_NOT_SEEN = {"Cf", "Mn", "Me"}
_ENTITY = re.compile(r"&#?\w{1,10};")
_CODED = re.compile(r"%([2-7][0-9A-Fa-f])|\\(?:u00|x)([2-7][0-9A-Fa-f])")
_DRESS = re.compile(r"\*\*|__|[`$]|\\[()\[\],;:! ]|\\(?:text|boxed|mathbf|mathrm)(?=\s?\{)")
_MARKUP = (
    ("\\", re.compile(r"\\div(?![A-Za-z])"), "/"),
    ("\\", re.compile(r"\\(?:times|cdotp?|ast)(?![A-Za-z])"), "*"),
    ("<", re.compile(r"</?[a-zA-Z][^<>\n]{0,80}>"), " "),
    ("/*", re.compile(r"/\*[^*\n]{0,80}\*/"), " "),
)
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_SMALL += "fifteen sixteen seventeen eighteen nineteen"
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: number for number, word in enumerate(_SMALL.split())}
_WORDS |= {word: number for number, word in zip(range(20, 100, 10), _ROUND.split(), strict=True)}
_TENS = re.compile(rf"\b({_ROUND.replace(' ', '|')})[- ]?({'|'.join(_SMALL.split()[1:10])})\b")
_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")
_CJK_TENS = re.compile("([一二三四五六七八九])?十([一二三四五六七八九])?")
_NOTED = re.compile(
    r"(?<![\w.])(?:0x(?P<hex>[0-9a-f]{1,8})\b"
    r"|(?P<digits>\d{1,9}(?:\.\d{1,20})?)e\+?(?P<exponent>\d)\b)"
    r"|(?<![\w.])(?P<whole>\d{1,9})\.0{1,40}(?![\d.])"
)
_MARKER = re.compile(
    r"(?im)^([ \t>]{0,8})(?:(?:step|line|no\.?|#)[ \t]{0,2}\d{1,3}[.:)]?[ \t]"
    r"|\(?\d{1,3}[.:)][ \t]|[-*+\u2022][ \t])"
)
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w{0,15}(?!\w)")
_ASSIGNED = re.compile(
    r"(?<![\w.])([A-Za-z_]\w{0,15})[ \t]{0,4}(?::=|=(?!=)|\bbe\b)[ \t]{0,4}"
    r"((?:(?!(?<=[\w)][ \t])[A-Za-z_]\w{0,15}[ \t]{0,4}=)[-+*/()\w. \t]){1,60})"
)
_BAR = "\u2044"
_NUMBER = re.compile(rf"(?:(?<=[(\[{{])-)?\d{{1,12}}(?:\.\d{{1,6}}|{_BAR}\d{{1,12}})?")
_CLOSE = re.compile(r"(?<![\d.])(\d{1,12})/(\d{1,12})(?![\d.])")
_FRACTION = re.compile(r"(?<![\d/*+(-])\d{1,12}/\d{1,12}(?![\d/*+)-])")
_ASCII = {"x": "*", "[": "(", "{": "(", "]": ")", "}": ")"}
_OPENS, _CLOSES = r"(?:[(\[{][ \t]{0,4}){0,20}", r"(?:[)\]}][ \t]{0,4}){0,20}"
_JOINED = re.compile(
    rf"[ \t]{{0,4}}{_CLOSES}(?:[-+*/][ \t]{{0,4}}\n?|x)[ \t]{{0,4}}{_OPENS}"
    r"|[)\]}]{0,20}[(\[{]{1,20}"
)
_IN_LIST = re.compile(r"[\s,;]{1,8}")
_OPENED = re.compile(r"(?:\([ \t]{0,4}){0,20}$")
_SIGN = re.compile(
    r"(?P<is>-{0,2}>|=>?|[\u2190-\u21ff\u2248])"
    r"|(?P<plus>\+|\b(?:plus|add(?:s|ed|ing)?|sum|total)\b)"
    r"|(?P<minus>-|\b(?:minus|less|sub|subtract\w{0,5}|difference|take|away)\b)"
    r"|(?P<times>\*|\u00b7|\bx\b|\b(?:times|mul|multipl\w{1,8}|product)\b)"
    r"|(?P<over>/|\\[dt]?frac|\b(?:over|div|divid\w{1,5}|quotient)\b)"
)
_MEANS = {"is": "=", "plus": "+", "minus": "-", "times": "*", "over": "/"}
_ENDS = re.compile("[=|]")
