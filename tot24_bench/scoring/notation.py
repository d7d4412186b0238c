r"""The notation of arithmetic as models write it: which texts are which kind of token.

What counts as a number, a sign or a bracket, which words and commands name arithmetic that is
outside the rules, and what ends an expression. `tokens` puts it to use.

>>> [match.lastgroup for match in TOKEN.finditer("2(3)^4")]
['number', 'open', 'number', 'close', 'power', 'number']
"""

from __future__ import annotations

import re

FUNCTIONS = frozenset(
    {"sqrt", "cbrt", "root", "log", "ln", "lg", "exp", "abs", "floor", "ceil", "round", "max"}
    | {"min", "mod", "pow", "fact", "factorial", "gcd", "lcm", "sin", "cos", "tan", "concat"}
)
WORD_SIGNS = frozenset(
    {"times", "plus", "minus", "over", "divided", "multiplied", "squared", "cubed", "mod"}
    | {
        "modulo",
        "div",
        "плюс",
        "минус",
        "más",
        "menos",
        "plusieurs",
        "mal",
        "durch",
        "fois",
        "factorial",
        "percent",
        "choose",
        "xor",
        "raised",
        "halved",
        "doubled",
    }
)
LATEX_UNSUPPORTED = frozenset(
    {
        "pm",
        "mp",
        "neg",
        "lnot",
        "oplus",
        "ominus",
        "otimes",
        "sqrt",
        "binom",
        "dbinom",
        "lfloor",
        "lceil",
        "log",
        "ln",
        "exp",
        "max",
        "min",
        "bmod",
    }
    | {"pmod", "mod", "sin", "cos", "tan", "sum", "prod", "int", "lvert", "rvert", "vert", "pi"}
    | {"over", "atop", "choose", "star", "circ", "wedge", "vee", "odot", "oslash", "diamond"}
    | {"bigcirc", "boxplus", "boxminus", "boxtimes", "setminus", "cap", "cup", "land", "lor"}
    | {"mathbin", "mathop", "textsuperscript", "factorial", "prime", "overline", "cdots"}
)
LATEX_RELATIONS = frozenset(
    {
        "approx",
        "to",
        "rightarrow",
        "Rightarrow",
        "implies",
        "neq",
        "ne",
        "equiv",
        "iff",
        "sim",
        "simeq",
    }
    | {
        "leftrightarrow",
        "longrightarrow",
        "text",
        "textbf",
        "mathbf",
        "mathrm",
        "boxed",
        "fbox",
        "qquad",
    }
    | {
        "quad",
        "because",
        "therefore",
        "checkmark",
        "",
        "left",
        "right",
        "geq",
        "leq",
        "begin",
        "end",
    }
)
"""Commands that may stand between an expression and a number without being arithmetic."""

RELATIONS = frozenset("=<>≈≠≡→⇒⟹⟶≤≥∴|~¬")
SIGN_COMMANDS = {r"\div": "/"} | dict.fromkeys(
    (r"\times", r"\cdot", r"\cdotp", r"\centerdot", r"\bullet", r"\ast", r"\*"), "*"
)

TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|[`$]|\{\}|\\[,;:!()\[\]\ ]
        |~(?=\s*(?:\\[A-Za-z%]|[-+*/=(^%!]))|(?<=[A-Za-z+*/-])~(?!~)
        |\\(?:q?quad|(?:thin|med|thick)space|left|right|[bB]igg?[lr]?|displaystyle)(?![A-Za-z]))+)
    |(?P<decimal>[0-9]*\.[0-9]+)
    |(?P<glued>[0-9]+(?!(?:st|nd|rd|th)\b)[A-Za-z_\u00c0-\u024f\u0370-\u052f]\w*)
    |(?P<number>[0-9]+)
    |(?P<stars>\*\*+)
    |(?P<slashes>//+)
    |(?P<arrow>-+>|--+(?!\s*[0-9(]))
    |(?P<sign>[-+*/]|\\(?:times|cdotp?|centerdot|bullet|ast|div)(?![A-Za-z])|\\\*)
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
    """,
    re.VERBOSE | re.DOTALL,
)
OPERAND_FOLLOWS = re.compile(
    r"[\s$`]*(?:[-+]\s*)?(?:\\left\s{0,4}|\\[,;:! ]\s{0,4})?"
    r"(?:[0-9(\[{]|\.[0-9]|\\(?:[dtc]?frac|sqrt|\{))"
)
AFTER_OPERAND = frozenset({"^", "%", "°", "‰", "′", "<sup>", "<sub>"})
"""Signs outside the rules that change what stands before them; alone they are dress."""
NAME_COMBINES = re.compile(r"\s*[*/+^]\s*[0-9(\[{\\]")
# A bar after an operand is that of an absolute value where the expression goes on after it.
BAR_CLOSES = re.compile(
    r"[0-9(]|\s*(?:=|[-+*/^]\s*[0-9(\[{\\]|\\(?:times|cdot|div|ast)(?![A-Za-z]))"
)
EMPHASIS_ENDS = re.compile(r"\s*=")
# A word straight after a bracket that multiplies or scales it: `(6 - 4)e1`, `(6 - 4)_2`.
SCALES = re.compile(r"[^\W\d_](?!\w)|\w*\d")
PROSE_FOLLOWS = re.compile(r"!*\s+[^\W0-9]")
NEXT_GROUP = re.compile(r"\s{0,4}\{")
# A bracket after an operand is a closing note, `(left: 24)` or `(uses 4 twice)`, when a word
# stands in it that is no LaTeX command and no function, when it is a list, or when it opens on no
# expression.
NOTE = re.compile(
    r"[(\[](?:[^()\[\]]{0,200}?(?<![\\\w])[^\W\d_]{2,}(?![\w(])|\s*[^\s\w(\[{\\+.√⌊⌈±¬-]"
    r"|\s{0,4}[0-9]{1,12}\s{0,4},[0-9,\s]{1,200}[)\]])"
)
CLOSER = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "numerator": "}", "denominator": "}"}
