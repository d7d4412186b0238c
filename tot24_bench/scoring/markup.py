r"""Turn a response into plain text: what is said, what is thought, what is struck out.

Nothing here looks for an answer or knows what an expression is worth. In this order:

- A JSON object or list becomes lines `key: value`; a list of texts becomes a list of items. Where a
  key names thinking, its value is thinking.
- Thinking is told apart: tags such as `<think>` and `<reasoning>`, `[THINK]`, and the analysis
  channel of harmony, also where its tokens were lost (`analysis...assistantfinal...`). An unclosed
  tag makes the rest thinking; a closing tag that nothing opened makes all before it thinking, since
  chat templates may open the thinking in the prompt.
- What is struck out goes: `~~...~~`, `<del>`, `\cancel{}`.
- Signs and digits of every script become the ASCII ones, marks that show nothing go (bidi, soft
  hyphens, colours of a terminal, NUL), HTML entities and undecoded JSON are decoded.

>>> read_response("<think>6 * 4</think>Answer: 3 × 8")
Response(said='Answer: 3 * 8', thought='6 * 4', struck=False)
>>> read_response('{"thoughts": "6 * 4", "answer": "~~3~~ 8"}')
Response(said='answer:   8', thought='6 * 4', struck=True)
>>> undress(r"**\((6 - 4) = 2\)**")
'(6 - 4) = 2\\)**'
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any, NamedTuple

MAX_JSON_VALUES = 32  # places that are tried as JSON; each costs at most the whole length
MAX_JSON_FAILURES = 3  # of them, those that are no JSON: each may have been read to its end
MAX_ENTITIES = 10_000  # HTML entities that are decoded; a text with more is left as it is
MAX_JSON_DEPTH = 8  # objects and lists inside each other; a tool call with its arguments has 3
MAX_LINE_CHARS = 4_000  # of one line that are read: more than any expression may have
MAX_FRACTIONS = 12  # inside each other that are written out; a puzzle has at most 12 numbers


class Response(NamedTuple):
    """A response in plain text."""

    said: str  # what counts: ASCII signs, `\n` line ends, no blank space at its end
    thought: str  # what stands in the thinking
    struck: bool  # whether something was struck out


def read_response(response: str) -> Response:
    """The response in plain text; its length is bounded by the caller."""
    said, thought, struck = response, "", False
    if "&" in said and said.count("&") <= MAX_ENTITIES:
        said = _ENTITY.sub(lambda entity: html.unescape(entity[0]), said)
    if '"' in said and ("{" in said or "[" in said):
        said = _without_json(said)
    if _MAY_HIDE.search(said):
        said = _HIDDEN.sub("", said)
    if _MAY_THINK.search(said):
        said, thought = _divided(_THINKING_FENCE.sub(r"<think>\1</think>", said))
    if not said.isascii() or _MAY_STRIKE.search(said):
        said, count = _STRUCK.subn(" ", said)
        struck = count > 0
    return Response(plain(said).lstrip("\n").rstrip(), thought and plain(thought), struck)


def plain(text: str) -> str:
    r"""The text with ASCII signs, straight quotes and `\n` line ends; thinking is left in."""
    if not text.isascii():
        digits = {
            ord(sign): str(unicodedata.decimal(sign))
            for sign in set(text)
            if sign.isdecimal() and not sign.isascii()
        }
        text = _CROSSED_EQUALS.sub("≠", _INVISIBLE.sub("", text)).translate(_SIGNS | digits)
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    text = _CONTROL.sub("", text.replace("\r", "\n"))
    if "\\" in text:
        text = _UNDECODED_LINE_END.sub("\n", text)
        text = _ESCAPED.sub("", text).replace("\\_", "_")
    return _CONTINUES.sub(" ", text) if "=" in text else text


def undress(line: str, *, bullets: bool = False) -> str:
    """The line from its first character that can belong to an expression or a word.

    A dash with a space after it is a list bullet where `bullets` says so, else a minus.
    """
    if "\\" in line:
        line = _WRAPPER.sub(r" \1 ", line)
    line = _DRESS.sub("", line)
    if bullets:
        line = _DRESS.sub("", _BULLET.sub("", line))
    return line.rstrip()


def untagged(line: str) -> str:
    """The line without tags; one between two operands is notation, and no sign of ours."""
    if "<" not in line:
        return line
    line = _NOTATION_TAG.sub(" √ ", line)
    return TAG.sub(" ", _BETWEEN_OPERANDS.sub(" ^ ", _CELLS.sub(" | ", line)))


def readable(line: str) -> str:
    """The line with LaTeX signs, bold print and the letter x made plain."""
    line = line[:MAX_LINE_CHARS]
    line = line.replace("=!=", "≠").replace("=/=", "≠")
    if ">>" in line:
        line = _QUOTED.sub(" ", line)
    if "*" in line and (italic := _ITALIC.fullmatch(line)):
        line = italic[1]
    elif line[-1:] == "*" and (line[-2:] != "**" or line.count("**") % 2):
        line = _STARS_AFTER.sub("", line)
    if "\\" in line:
        line = _LATEX_BRACKET.sub("$", line)
        line = latex_signs(_LATEX_DRESS.sub(" ", line))
        line = _ESCAPED_SIGN.sub(r"\1", line)
        if "frac" in line:
            line = _FRACTION.sub(r"\1{\2}", _DENOMINATOR.sub(r"\1{\2}", line))
            for _ in range(MAX_FRACTIONS):
                line, count = _INNER_FRACTION.subn(r"((\1)/(\2))", line)
                if not count:
                    break
    if "**" in line:
        line = _BOLD_AFTER.sub(r"\1\2", _BOLD_BEFORE.sub(r"\1", line))
        line = _BOLD.sub(r'"\1"', line)
    if "x" in line or "X" in line:
        line = _LETTER_X.sub("*", line)
    return line


def latex_signs(text: str) -> str:
    """The text with the commands of LaTeX that multiply and divide as `*` and `/`."""
    return _DIVIDED.sub("/", _TIMES.sub("*", text)) if "\\" in text else text


def _without_json(text: str) -> str:
    """The text with each JSON object or list in it written out as lines."""
    text = _LONE_COMMAND.sub(r"\\\\", text)
    parts: list[str] = []
    start = at = failures = 0
    for _ in range(MAX_JSON_VALUES):
        opening = _JSON_OPENS.search(text, at)
        if opening is None:
            break
        try:
            value, end = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
            failures += 1
            if failures == MAX_JSON_FAILURES:
                break
            continue
        lines: list[str] = []
        _write_out("", value, lines, MAX_JSON_DEPTH)
        before = text[start : opening.start()]
        parts += [before, "\n" if before.strip() else "", "\n".join(lines), "\n"]
        start = at = end
    return "".join(parts) + text[start:] if parts else text


def _write_out(key: str, value: Any, lines: list[str], depth: int) -> None:
    """Write a JSON value as lines; what is nested deeper than `depth` is left out."""
    if depth == 0:
        return
    fields = dict(value) if isinstance(value, _Pairs) else {}
    if any(_THINKING_KEY.fullmatch(str(name)) for name in (key, fields.get("type"))):
        lines.append(f"<think>{_texts(value, depth)}</think>")
    elif isinstance(value, _Pairs):
        for name, item in value if fields.get("role") not in ("user", "system") else ():
            if name.lower() not in _ASKED_KEYS:
                _write_out(name, item, lines, depth - 1)
    elif isinstance(value, list):
        if all(isinstance(item, str) for item in value) and len(value) > 1:
            lines += [f"{key}:", *(f"- {item}" for item in value), ""]
        elif not any(isinstance(item, list | str) for item in value):
            lines.append(f"{key}: {', '.join(map(str, value))}")
        else:
            for item in value:
                _write_out(key, item, lines, depth - 1)
    elif isinstance(value, str) and value.lstrip()[:1] == "{" and _JSON_OPENS.search(value):
        lines.append(_without_json(value))
    else:
        said = value if isinstance(value, str) else json.dumps(value).replace("null", "")
        lines.append(f"{key}: {said}" if key else said)


def _texts(value: Any, depth: int) -> str:
    """Every text inside a JSON value, a line each."""
    if isinstance(value, str) or depth == 0:
        return str(value) if isinstance(value, str) else ""
    inner = [item for _, item in value] if isinstance(value, _Pairs) else value
    return "\n".join(_texts(item, depth - 1) for item in inner) if isinstance(inner, list) else ""


class _Pairs(list[tuple[str, Any]]):
    """The fields of a JSON object, in order: a name that stands twice says two things."""


def _divided(response: str) -> tuple[str, str]:
    """What stands outside and inside the thinking."""
    inside: list[str] = []
    outside: list[str] = []
    start, thinks = 0, False
    for tag in _THINKING_TAG.finditer(response):
        final = tag["final"] is not None
        closes = "/" in tag[0] or "end" in tag[0].lower() or tag["shut"] or tag["gone"]
        opens = not closes and not final and tag["glued"] is None
        part = response[start : tag.start()]
        if thinks:
            inside.append(part)
        elif opens or (final and start):
            outside.append(part)
        else:
            inside += [*outside, part]
            outside.clear()
        thinks = opens
        start = tag.end()
    (inside if thinks else outside).append(response[start:])
    return "\n".join(filter(None, outside)), "\n".join(filter(None, inside))


_ASKED_KEYS = frozenset({"question", "prompt", "query"})
_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs)
# LaTeX in JSON whose backslash was forgotten to be doubled would decode to a tab and "imes".
_LONE_COMMAND = re.compile(
    r"(?<!\\)\\(?=(?:times|frac|tfrac|left|right|text|boxed|div|cdot|neq|big)(?![a-z]))"
)
_JSON_OPENS = re.compile(r'\{\s{0,40}"|\[\s{0,40}["{]')
_THINKING_NAMES = (
    r"[\w :|-]{0,20}?"
    r"(?:think|thought|reason|reflect|scratch|rationale|monologue|analysis)[\w-]{0,20}|cot"
)
_THINKING_KEY = re.compile(rf"(?i)(?!reasons?$)(?:{_THINKING_NAMES})")
# A tag closes where it holds a slash or says so; a channel of harmony, where another one opens.
_THINKING_TAG = re.compile(
    r"(?i)[<◁](?=[^<>]{1,60}[>▷])/?\s?"
    rf"(?:{_THINKING_NAMES}|internal|plan|draft|work(?:ing)?|steps|deliberation)\s?[>▷]"
    r"|\[(?:/|BEGIN |END )?(?:THINK|THINKING|THOUGHTS?|REASONING|SCRATCHPAD|REFLECTION)\]"
    r"|<[|｜]/?\w{0,12}(?:think|thought|reasoning)\w{0,12}[|｜]>"
    r"|<\|?channel\|?>\s?thought|<(?P<shut>channel\|)>|<unused94>thought|<(?P<gone>unused95)>"
    r"|^\s{0,8}analysis(?=[A-Z])"
    r"|<\|channel\|>\s{0,4}(?:analysis|commentary)[^<]{0,40}<\|message\|>"
    r"|<\|channel\|>\s{0,4}final[^<]{0,40}(?:<\|constrain\|>\w{1,12})?\s?<\|message\|>(?P<final>)"
    r"|assistantfinal(?P<glued>)"
)
_THINKING_FENCE = re.compile(
    r"(?ims)^```(?:think|thought|reason)\w{0,15}[ \t]{0,4}$(.*?)(?:^```[ \t]{0,4}$|\Z)"
)
# Looked for first, since most responses hold none of them.
_MAY_THINK = re.compile(r"[<\[◁]|```|assistantfinal|^\s{0,8}analysis[A-Z]")
_MAY_HIDE = re.compile(r"[<\\\x1b]")
# What no reader sees: comments, phantoms, hidden text. `<s>` may begin a response as a token.
_HIDDEN = re.compile(
    r"(?s)<!--(?:(?!<!--|-->).){0,4000}-->|\\h?phantom\s?\{[^{}]{0,600}\}|\x1b\[8m[^\x1b]{0,600}"
    r"|^\s{0,20}<s>|<(?:template|script|style)\b[^<>]{0,80}>[^<]{0,600}<"
    r"|<(\w{1,10})\s[^<>]{0,80}(?:hidden|display:\s?none)[^<>]{0,80}>[^<]{0,600}</\1>"
)
_MAY_STRIKE = re.compile(r"(?i)~~|<|\[s|\\(?:sout|st|x?cancel)\b|\x1b")
_STRUCK = re.compile(
    r"(?i)~~(?=[^~])[^~]{1,600}~~|<(del|s|strike)(?:\s[^<>]{0,80})?>(?:[^<]|<(?!/?\1\b)){0,600}</\1\s?>"
    r"|\[(?:s|strike)\][^\[]{0,600}\[/(?:s|strike)\]|<(\w{1,10})\s[^<>]{0,80}line-through[^<>]{0,80}>[^<]{0,600}</\2>"
    r"|\\(?:sout|st|x?cancel)\s?\{[^{}]{0,600}\}|(?:[^\n][\u0335\u0336])+|\x1b\[(?:[0-9]{1,2};)?9m[^\x1b]{0,600}"
)
# Marks that show nothing: what Unicode calls format characters, selectors and fillers, and the
# box that an emoji draws around a digit.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CROSSED_EQUALS = re.compile("=[\u0337\u0338\u20d2\u20e5]")
_ENTITY = re.compile(r"&#?\w{1,10};")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b[^\[]?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Of JSON that nobody decoded: `\n` where no LaTeX command starts, and a backslash before one.
_UNDECODED_LINE_END = re.compile(
    r"\\n(?!(?:e|eq|eg|ot|otin|i|u|abla|ewline|onumber|leq|geq|mid|less|gtr|sim|cong)(?![a-z]))"
)
_CONTINUES = re.compile(r"\n(?=[ \t]{0,8}&?=[^=])")  # a chain over several lines is one
_ESCAPED = re.compile(
    r"(?<!\\)\\(?=\\(?:(?:times|cdot|div|ast|[dtc]?frac|left|right|f?box(?:ed)?)(?![a-z])"
    r"|[()\]]|\[(?!\s?-?[0-9.]{1,4}\s?(?:pt|em|ex|mm|cm))))"
)
_WRAPPER = re.compile(
    r"\\(?:text(?!su)[a-z]{0,4}|math(?!bin|op)[a-z]{1,4}|boldsymbol|bm|f(?:rame)?box|f?boxed|under(?:brace|line)"
    r"|overbrace)\s{0,4}\{([^{}]*)\}(?:_\{[^{}]{0,80}\})?"
)
# Any sign that opens no expression: not a word character, a bracket, a sign before a number, a
# root, a LaTeX command or a decimal point.
_DRESS = re.compile(
    r"\A(?:[^\w()\[\]{+\-/.\\√∛∜±∓¬⌊⌈]|_{1,3}(?=[^\w]|[0-9])|\\[()\[\]]|\\begin\{[a-z*]{1,12}\}"
    r"|\\(?:displaystyle|left(?=\\)|quad|[,;:! ]))++"
)
_BULLET = re.compile(r"\A[-+](?=\s)")

LATEX_TIMES = r"\\(?:times|cdotp?|centerdot|bullet|ast)(?![A-Za-z])"
LATEX_DIVIDED = r"\\div(?![A-Za-z])"
_TIMES = re.compile(rf"~?{LATEX_TIMES}(?:\{{\}}|~)?")
_DIVIDED = re.compile(LATEX_DIVIDED)
_LATEX_DRESS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|quad|qquad)(?![A-Za-z])(?=\s{0,4}(?:[()\[\]|]|\\[{}]))"
    r"|\\\\(?![A-Za-z(\[])|\\[,;:! ]"
)
_LATEX_BRACKET = re.compile(r"\\[()\[\]]")
_ESCAPED_SIGN = re.compile(r"\\([-+=#.>])")
# LaTeX needs no braces around one digit: `\frac82`, `\frac{8}2`, `\frac8{2}`.
_DENOMINATOR = re.compile(r"(\\[dtc]?frac\s{0,4}(?:[0-9]|\{[^{}]{1,200}\})\s{0,4})([0-9])")
_FRACTION = re.compile(r"(\\[dtc]?frac\s{0,4})([0-9])")
_INNER_FRACTION = re.compile(
    r"(?<![0-9])(?<![0-9] )\\[dtc]?frac\s{0,4}\{([^{}]{1,400})\}\s{0,4}\{([^{}]{1,400})\}"
)
# Not `0x18`, which is a number of another base to whoever writes it so.
_LETTER_X = re.compile(r"(?<=[0-9)\]}])(?<!\W0)(?<!^0)\s{0,3}[xX]\s{0,3}(?=[0-9(\[{]|\\[dtc]?frac)")
_BOLD_BEFORE = re.compile(
    r"\*\*(\([^*\n]{1,80}\)|[0-9]{1,12})\*\*(?=\s{0,3}[-+/xX]\s{0,3}\*\*[(0-9])"
)
_BOLD_AFTER = re.compile(r"(?<=[-+/xX])(\s{0,3})\*\*(\([^*\n]{1,80}\)|[0-9]{1,12})\*\*")
# Bold print, whose stars would be signs: none opens behind an operand, where they are a power.
_BOLD = re.compile(r"(?<![\w)\]*])(?<![0-9)\]] )\*\*(?=[^\s*])((?:[^*\n]|\*(?!\*)){1,400}?)\*\*")
_ITALIC = re.compile(r"\s{0,8}\*(?=[^\s*])([^\n]{1,400}[^\s*])\*\s{0,4}")
_STARS_AFTER = re.compile(r"(?<=[0-9)\]])\*{1,3}$")
_QUOTED = re.compile(r">{2,4}\s*$")
TAG = re.compile(r"</?[A-Za-z_][^<>\n]{0,40}>|<\|[^<>|\n]{1,40}\|>|\\n$")
_CELLS = re.compile(r"(?i)</t[dh]>\s{0,8}<t[dh][^<>]{0,40}>|<br\s?/?>")
_BETWEEN_OPERANDS = re.compile(
    r"(?<=[0-9)\]])\s{0,4}(?:</?[A-Za-z][^<>]{0,40}>\s{0,4}){1,4}(?=[0-9(\[])"
)
_NOTATION_TAG = re.compile(r"(?i)<(?:m?sqrt|msup|msub|mfrac|mroot|mover|sup|sub)\b[^<>]{0,40}>")

# The first sign of each word stands for all that follow it.
_SAME_SIGNS = (
    "*×✕✖⨯⨉⋅·∙•∗⁎＊ /÷∕⁄／➗ -−–—‒―‐‑﹣－➖⁃˗ +＋➕﹢✚✛ =＝﹦ (（﹙⟮❨ )）﹚⟯❩"
    " [［【〔 ]］】〕 {｛ }｝ :：∶﹕ |｜ '‘’ \"“”„«»「」『』 _▁ <＜ >＞ ?？ %％ xхХχ"
)
_SIGNS = str.maketrans(
    {sign: word[0] for word in _SAME_SIGNS.split() for sign in word[1:]}
    | dict.fromkeys("。", ". ")
    | dict.fromkeys("，、،", ", ")
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " ")
    | dict.fromkeys("\u202f\u205f\u3000", " ")
    | dict.fromkeys("\u2028\u2029\x85", "\n")
)
