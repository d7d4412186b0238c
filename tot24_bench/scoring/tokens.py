r"""Cut an arithmetic expression out of the text it stands in, as tokens.

A model writes `(6 - 4) \times (4 + 8) = 24, which works!`; the expression is the longest beginning
of that text that can be one. The rules, in order:

- Numbers are runs of ASCII digits; the signs are `+ - * /` and LaTeX like \times \cdot \div \*;
  the brackets `( ) [ ] { }`, each closed by its own kind; `\frac{a}{b}` is `((a)/(b))`.
- A bracket straight after a number or a bracket multiplies: `2(3)`, `(6 - 4)(4 + 8)`, `(3)2`.
- Code ticks, math delimiters, spacing (commands, `~`, `{}`), \left and \right, and the stars of
  bold print are dress: they are passed over.
- A relation sign, a word, a note in brackets or any other sign ends the expression.
- Notation that is arithmetic but outside the rules (powers, //, %, factorial, roots, functions,
  names, decimals, absolute values) makes it UNSUPPORTED as a whole. Nothing is skipped to make
  it readable.

>>> tokenize(r"2(3) \times 4 = 24").tokens
(2, '*', '(', 3, ')', '*', 4)
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from tot24_bench.scoring.markup import LATEX_DIVIDED, LATEX_TIMES

MAX_EXPRESSION_CHARS = 1_000  # twelve ten-digit numbers in LaTeX fractions take about 400
MAX_LITERAL_DIGITS = 12  # of one number; the largest number of a puzzle has 10 digits
MAX_DEPTH = 50  # brackets open at once; twelve numbers need at most 11
MAX_OPERANDS = 64  # numbers in one expression: it keeps every rational under 800 digits


class Problem(StrEnum):
    """Why a text that starts like an expression has no value."""

    UNSUPPORTED = "unsupported"
    MALFORMED = "malformed"
    DIVISION_BY_ZERO = "division_by_zero"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an expression is made of."""

    tokens: tuple[int | str, ...]  # numbers and `+ - * /`; brackets of every kind are `( )`
    end: int  # how many characters of the text they cover
    problem: Problem | None = None  # why they cannot be evaluated, as far as is seen so far
    detail: str = ""  # the problem in a few words


def tokenize(text: str) -> Tokens:
    """Cut the expression that `text` starts with; no tokens and no problem where none starts."""
    return _plain_tokens(text) or _Cutter(text[: MAX_EXPRESSION_CHARS + 1]).run()


def _plain_tokens(text: str) -> Tokens | None:
    """What `_Cutter` gives, in a fifth of the time, of plain signs up to `=`; None of all else."""
    match = _PLAIN.match(text)
    if match is None or _CAREFUL.search(source := match[1]):
        return None
    depth = 0
    tokens: list[int | str] = []
    for token in _PLAIN_TOKEN.findall(source):
        if token in _SIGNS:
            depth += (token == "(") - (token == ")")
            if depth < 0:
                return None
            tokens.append(token)
        else:
            tokens.append(int(token))
    return Tokens(tuple(tokens), match.end(1))


class _Unread(Exception):
    """The expression has no value: why, in a word and in words."""


class _Cutter:
    """One pass over the text, left to right; `run` is its only entry.

    The methods that take a token say whether the expression goes on behind it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[int | str] = []
        self.ends: list[int] = [0]  # where the text ended before each token, and after the last
        self.stack: list[str] = []
        self.numbers = 0

    def run(self) -> Tokens:
        text = self.text
        try:
            for match in _TOKEN.finditer(text):
                dress = match.lastgroup == "space" or match.start() < self.ends[-1]
                if not dress and not self.take(match):
                    break
            else:
                if len(text) > MAX_EXPRESSION_CHARS:
                    detail = f"longer than {MAX_EXPRESSION_CHARS} characters"
                    raise _Unread(Problem.TOO_LONG, detail)
        except _Unread as unread:
            # The text then goes on to the first `=`, or as far as it is read.
            equals = text.find("=", self.ends[-1])
            end = len(text) if equals < 0 else equals
            return Tokens(tuple(self.tokens), end, *unread.args)
        dash = len(self.tokens) > 1 and self.tokens[-1] == "-" and self.is_operand(self.tokens[-2])
        if dash and not self.stack and text[self.ends[-1] :].strip():
            self.tokens.pop()  # punctuation: prose or a tick follows
            self.ends.pop()
        return Tokens(tuple(self.tokens), self.ends[-1]) if self.numbers else Tokens((), 0)

    @staticmethod
    def is_operand(token: int | str) -> bool:
        return token == ")" or isinstance(token, int)

    def push(self, token: int | str, end: int) -> None:
        self.tokens.append(token)
        self.ends.append(end)

    def take(self, match: re.Match[str]) -> bool:
        kind, sign, end = str(match.lastgroup), match[0], match.end()
        after_operand = bool(self.tokens) and self.is_operand(self.tokens[-1])
        if kind == "number":
            self.number(match, after_operand)
        elif kind == "sign":
            if not (sign == "*" and after_operand and _EMPHASIS_ENDS.match(self.text, end)):
                self.push("/" if sign == "\\div" else "*" if sign[0] == "\\" else sign, end)
        elif kind == "open" or kind == "frac":
            return self.open(match, after_operand)
        elif kind == "close":
            if not self.stack and sign != ")":
                return False  # the end of a JSON object or a list that the answer stands in
            self.close(match)
        elif kind == "word":
            return self.word(match, after_operand)
        elif kind == "stars" and not (after_operand and _OPERAND_FOLLOWS.match(self.text, end)):
            return True  # bold print
        else:
            if self.is_unsupported(kind, match, after_operand):
                shown = "a decimal" if kind == "decimal" else f"`{sign[:20]}`"
                raise _Unread(Problem.UNSUPPORTED, shown)
            return False
        return True

    def number(self, match: re.Match[str], after_operand: bool) -> None:
        if after_operand and self.tokens[-1] == ")" and match.start() == self.ends[-1]:
            self.push("*", match.start())
        if len(match[0]) > MAX_LITERAL_DIGITS:
            detail = f"a number of more than {MAX_LITERAL_DIGITS} digits"
            raise _Unread(Problem.TOO_LONG, detail)
        self.numbers += 1
        if self.numbers > MAX_OPERANDS:
            raise _Unread(Problem.TOO_LONG, f"more than {MAX_OPERANDS} numbers")
        self.push(int(match[0]), match.end())

    def open(self, match: re.Match[str], after_operand: bool) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            raise _Unread(Problem.TOO_LONG, f"more than {MAX_DEPTH} brackets open at once")
        frac = match.lastgroup == "frac"
        if after_operand:
            if not frac and _NOTE.match(self.text, match.start()):
                return False
            if frac and isinstance(self.tokens[-1], int):
                raise _Unread(Problem.UNSUPPORTED, "a mixed number")
            self.push("*", match.start())
        if frac:
            self.push("(", match.start())
        self.stack.append("numerator" if frac else match[0])
        self.push("(", match.end())
        return True

    def close(self, match: re.Match[str]) -> None:
        """Close a bracket; behind that of a numerator the denominator opens."""
        opener = self.stack.pop() if self.stack else ""
        if _CLOSER.get(opener) != match[0]:
            detail = "a bracket closes that does not match" if opener else "a bracket too many"
            raise _Unread(Problem.MALFORMED, detail)
        self.push(")", match.end())
        if opener == "denominator":
            self.push(")", match.end())
        elif opener == "numerator":
            group = _NEXT_GROUP.match(self.text, match.end())
            if group is None:
                raise _Unread(Problem.MALFORMED, "a fraction without a denominator")
            self.stack.append("denominator")
            self.push("/", match.end())
            self.push("(", group.end())

    def word(self, match: re.Match[str], after_operand: bool) -> bool:
        """A name or a function is notation; any other word is prose, which ends the expression."""
        word = match[0].lower()
        called = self.text[match.end() : match.end() + 1] == "("
        if after_operand:
            times_letter = word == "x" and _OPERAND_FOLLOWS.match(self.text, match.end())
            glued = self.tokens[-1] == ")" and match.start() == self.ends[-1]
            if not (times_letter or (glued and _SCALES.match(word)) or word in _WORD_SIGNS):
                return False
        elif not (called or word in FUNCTIONS or _NAME_COMBINES.match(self.text, match.end())):
            if not self.numbers:
                self.tokens.clear()
                return False
            if self.tokens[-1] == "-" and not self.stack and len(word) > 1:
                return False  # a dash before a closing note
        raise _Unread(Problem.UNSUPPORTED, f"`{match[0][:20]}`")

    def is_unsupported(self, kind: str, match: re.Match[str], after_operand: bool) -> bool:
        """Whether a sign is none of ours, and not just the end of the expression."""
        sign, end = match[0], match.end()
        follows = _OPERAND_FOLLOWS.match(self.text, end) is not None
        if kind == "command":
            return sign[1:] in LATEX_UNSUPPORTED or (
                after_operand and follows and sign[1:] not in _LATEX_RELATIONS
            )
        if kind == "bar":  # of an absolute value; a bar that nothing follows is dress
            return _BAR_CLOSES.match(self.text, end) is not None if after_operand else follows
        if kind == "slashes":
            return follows
        if kind == "ratio":
            return after_operand
        if sign == "!":
            return after_operand and not _PROSE_FOLLOWS.match(self.text, end)
        if kind == "power":
            return after_operand or sign not in _AFTER_OPERAND
        if kind == "other":  # a mathematical sign that nobody here knows is part of the answer
            known = sign in _RELATIONS or unicodedata.category(sign) != "Sm"
            return after_operand and follows and not known
        return kind in ("decimal", "glued", "stars", "bits")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS = _words(
    """
    abs cbrt ceil concat cos exp fact factorial floor gcd lcm lg ln log max min mod pow root
    round sin sqrt tan
    """
)
_WORD_SIGNS = _words(
    """
    choose cubed div divided doubled durch factorial fois halved mal menos minus mod modulo
    multiplied más over percent plus plusieurs raised squared times xor минус плюс
    """
)
LATEX_UNSUPPORTED = _words(
    """
    atop bigcirc binom bmod boxminus boxplus boxtimes cap cdots choose circ cos cup dbinom
    diamond exp factorial int land lceil lfloor ln lnot log lor lvert mathbin mathop max min mod
    mp neg odot ominus oplus oslash otimes over overline pi pm pmod prime prod rvert setminus
    sin sqrt star sum tan textsuperscript vee vert wedge
    """
)
# Commands that may stand between an expression and a number without being arithmetic.
_LATEX_RELATIONS = _words(
    """
    Rightarrow approx because begin boxed checkmark end equiv fbox geq iff implies left
    leftrightarrow leq longrightarrow mathbf mathrm ne neq qquad quad right rightarrow sim simeq
    text textbf therefore to
    """
) | {""}
_RELATIONS = frozenset("=<>≈≠≡→⇒⟹⟶≤≥∴|~¬")
_TOKEN = re.compile(
    r"""(?sx)
    (?P<space>(?:\s|[`$]|\{\}|\\[,;:!()\[\]\ ]
        |~(?=\s*(?:\\[A-Za-z%]|[-+*/=(^%!]))|(?<=[A-Za-z+*/-])~(?!~)
        |\\(?:q?quad|(?:thin|med|thick)space|left|right|[bB]igg?[lr]?|displaystyle)(?![A-Za-z]))+)
    |(?P<decimal>[0-9]*\.[0-9]+)
    |(?P<glued>[0-9]+(?!(?:st|nd|rd|th)\b)[A-Za-z_\u00c0-\u024f\u0370-\u052f]\w*)
    |(?P<number>[0-9]+)
    |(?P<stars>\*\*+)
    |(?P<slashes>//+)
    |(?P<arrow>-+>|--+(?!\s*[0-9(]))
    |(?P<sign>[-+*/]|\\\*|"""
    + rf"{LATEX_TIMES}|{LATEX_DIVIDED}"
    + r""")
    |(?P<frac>\\[dtc]?frac\s{0,4}\{)
    |(?P<open>[(\[{]|\\\{)
    |(?P<close>[)\]}]|\\\})
    |(?P<relation>&?=|!=)
    |(?P<bar>\|)
    |(?P<ratio>:(?=[0-9(\[])|(?<=\s):(?=\s?[0-9(\[]))
    |(?P<bits><<|>>|[&@≪≫⋆∸](?=\s*[0-9(]))
    |(?P<power>\\[%^]|<su[pb]>|[\^%!¬⌊⌋⌈⌉±∓⊕⊖⊗⊘ⁿ√∛∜²³¹⁰⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉½⅓⅔¼¾⅕⅙⅛°‰′∑∏∫])
    |(?P<command>\\[A-Za-z]*)
    |(?P<word>[A-Za-z_\u00c0-\u024f\u0370-\u052f]\w*)
    |(?P<other>.)
    """
)
# At most 120 characters hold at most 60 numbers and brackets: within every bound.
_PLAIN = re.compile(r"\s{0,4}([(0-9][-+*/()0-9 ]{0,120}[)0-9])\s{0,4}(?:=|$)")
_CAREFUL = re.compile(r"[-+*/(][ ]*[-+*/)]|[0-9)] *\(|\) *[0-9]|[0-9] +[0-9]|[0-9]{13}|\({20}")
_PLAIN_TOKEN = re.compile(r"[0-9]+|[-+*/()]")
_SIGNS = frozenset("+-*/()")
_OPERAND_FOLLOWS = re.compile(
    r"[\s$`]*(?:[-+]\s*)?(?:\\left\s{0,4}|\\[,;:! ]\s{0,4})?"
    r"(?:[0-9(\[{]|\.[0-9]|\\(?:[dtc]?frac|sqrt|\{))"
)
# Signs outside the rules that change what stands before them; alone they are dress.
_AFTER_OPERAND = frozenset({"^", "%", "°", "‰", "′", "<sup>", "<sub>"})
_NAME_COMBINES = re.compile(r"\s*[*/+^]\s*[0-9(\[{\\]")
# A bar after an operand is that of an absolute value where the expression goes on after it.
_BAR_CLOSES = re.compile(
    r"[0-9(]|\s*(?:=|[-+*/^]\s*[0-9(\[{\\]|\\(?:times|cdot|div|ast)(?![A-Za-z]))"
)
_EMPHASIS_ENDS = re.compile(r"\s*=")
# A word straight after a bracket that multiplies or scales it: `(6 - 4)e1`, `(6 - 4)_2`.
_SCALES = re.compile(r"[^\W\d_](?!\w)|\w*\d")
_PROSE_FOLLOWS = re.compile(r"!*\s+[^\W0-9]")
_NEXT_GROUP = re.compile(r"\s{0,4}\{")
# A bracket after an operand is a closing note, `(left: 24)` or `(uses 4 twice)`, when a word
# stands in it that is no LaTeX command and no function, when it is a list, or when it opens on no
# expression.
_NOTE = re.compile(
    r"[(\[](?:[^()\[\]]{0,200}?(?<![\\\w])[^\W\d_]{2,}(?![\w(])|\s*[^\s\w(\[{\\+.√⌊⌈±¬-]"
    r"|\s{0,4}[0-9]{1,12}\s{0,4},[0-9,\s]{1,200}[)\]])"
)
_CLOSER = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "numerator": "}", "denominator": "}"}
