r"""Take the dress off a response: thinking, typographic signs, markdown, wrappers of LaTeX.

- What stands in `<think>` tags is thinking. An unclosed `<think>` makes the rest of the response
  thinking; a closing tag that nothing opened makes everything before it thinking, since chat
  templates may open the thinking in the prompt.
- Unicode signs become the ASCII signs that they stand for; zero-width characters go, and so does
  the second backslash of a LaTeX command in JSON that nobody decoded. HTML entities become signs,
  and the word for "answer" in other languages becomes `Answer` where it introduces one.
- `undress` takes off what may stand before an expression on its line.

>>> spoken("<think>6 * 4</think>Answer: 3 × 8")
'Answer: 3 × 8'
>>> plain("(11 − 9) × ７")
'(11 - 9) * 7'
>>> undress(r"**\((6 - 4) = 2\)**")
'(6 - 4) = 2\\)**'
"""

from __future__ import annotations

import re


def spoken(response: str) -> str:
    """The response without its thinking."""
    return response if "<" not in response else _divided(response)[1]


def thinking(response: str) -> str:
    """What `spoken` leaves out: the search of a model that thinks in tags."""
    return "" if "<" not in response else _divided(response)[0]


def _divided(response: str) -> tuple[str, str]:
    """What stands inside and outside the thinking tags."""
    inside: list[str] = []
    outside: list[str] = []
    start, thinks = 0, False
    for tag in _THINK.finditer(response):
        opens = tag[1] == ""
        part = response[start : tag.start()]
        if thinks:
            inside.append(part)
        elif opens:
            outside.append(part)
        else:
            inside += [*outside, part]
            outside.clear()
        thinks = opens
        start = tag.end()
    (inside if thinks else outside).append(response[start:])
    return "\n".join(filter(None, inside)), "\n".join(filter(None, outside))


def plain(text: str) -> str:
    """The text with ASCII signs, straight quotes and `\n` line ends."""
    if not text.isascii():
        text = text.translate(_PLAIN)
        text = _ANSWER_ABROAD.sub(" Answer:", text)
    # Looked for as parts of words first: most texts have none, and this costs nothing then.
    if "puesta" in text or "sposta" in text or "twort" in text:
        text = _ANSWER_WORD.sub("Answer", text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)
    if "\\\\" in text:
        text = _ESCAPED.sub("", text)
    return text.replace("\r", "\n") if "\r" in text else text


def undress(line: str, *, bullets: bool = False) -> str:
    """The line from its first character that can belong to an expression or a word.

    Args:
        line: one line.
        bullets: whether a dash with a space after it is a list bullet; else it is a minus.
    """
    if "\\" in line:
        line = _WRAPPER.sub(r" \1 ", line)
        if "frac" in line:
            line = _FRACTION.sub(r"\1{\2}", _DENOMINATOR.sub(r"\1{\2}", line))
    dress = _DRESS.match(line)
    start = dress.end() if dress else 0
    if bullets and (bullet := _BULLET.match(line, start)):
        dress = _DRESS.match(line, bullet.end())
        start = dress.end() if dress else bullet.end()
    return line[start:].rstrip()


_THINK = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
# Any sign that opens no expression: not a word character, a bracket, a sign before a number, a
# root, a LaTeX command or a decimal point.
_DRESS = re.compile(
    r"(?:[^\w()\[\]{+\-/.\\√∛∜±∓¬⌊⌈]|_{1,3}(?=[^\w]|[0-9])|\\[()\[\]]|\\begin\{[a-z*]{1,12}\}"
    r"|\\(?:displaystyle|left(?=\\)|quad|[,;:! ]))++"
)
_BULLET = re.compile(r"[-+](?=\s)")
# LaTeX needs no braces around one digit: `\frac82`, `\frac{8}2`, `\frac8{2}`.
_DENOMINATOR = re.compile(r"(\\[dtc]?frac\s{0,4}(?:[0-9]|\{[^{}]{1,200}\})\s{0,4})([0-9])")
_FRACTION = re.compile(r"(\\[dtc]?frac\s{0,4})([0-9])")
_ESCAPED = re.compile(
    r"(?<!\\)\\(?=\\(?:(?:times|cdot|div|ast|[dtc]?frac|left|right|f?box(?:ed)?)(?![a-z])"
    r"|[()\]]|\[(?!\s?-?[0-9.]{1,4}\s?(?:pt|em|ex|mm|cm))))"
)
# Models answer in the language that they think in. A colon or a verb makes it a marker.
_ANSWER_ABROAD = re.compile(
    r"(?:最[终終后後])?答案[*_ ]{0,4}(?:[是为為](?!否)[*_ ]{0,4}:?|:)|答え(?:は|[*_ ]{0,4}:)"
    r"|정답(?:은|[*_ ]{0,4}:)|(?<!\w)[Оо]твет[*_ ]{0,4}:|(?<!\w)[Rr]éponse(?:\sfinale)?[*_ ]{0,4}:"
)
_ANSWER_WORD = re.compile(
    r"\b(?:(?:La|A|Die)\s)?(?:Antwort|Respuesta|Resposta|Risposta)"
    r"(?:\sfinale?)?(?:\s(?:es|é|è|ist))?(?=[*_ ]{0,4}:)",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&(times|divide|minus|plus|equals|middot|sdot|nbsp|sup2|sup3|#215|#247|#8722|#43);"
)
_ENTITIES = {
    **dict.fromkeys(("times", "middot", "sdot", "#215"), "*"),
    **dict.fromkeys(("divide", "#247"), "/"),
    **dict.fromkeys(("minus", "#8722"), "-"),
    **dict.fromkeys(("plus", "#43"), "+"),
    "equals": "=",
    "nbsp": " ",
    "sup2": "²",
    "sup3": "³",
}
_WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|mathbf|mathrm|boldsymbol|boxed|fbox)\s{0,4}\{([^{}]*)\}"
)

_SIGNS = {
    "*": "×✕✖⨯⨉⋅·∙•∗⁎＊",
    "/": "÷∕⁄／➗",
    "-": "−–—‒―‐‑﹣－➖",
    "+": "＋➕",
    "=": "＝",
    "(": "（",
    ")": "）",
    "[": "［",
    "]": "］",
    "{": "｛",
    "}": "｝",
    ":": "：∶",
    "'": "‘’",
    '"': "“”",
    " ": "\u00a0\u2007\u2009\u200a\u202f\u3000",
    "\n": "\u2028\u2029\x85",
    "": "\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f",
}
_PLAIN = str.maketrans(
    {sign: ascii_sign for ascii_sign, signs in _SIGNS.items() for sign in signs}
    | {chr(ord("０") + digit): str(digit) for digit in range(10)}
)
