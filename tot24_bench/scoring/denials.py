"""Tell whether a response takes an answer back, and what stands in its place.

What denies an expression stands before it ("it is not ..."), straight after it ("... is not 24"),
or in the next sentences and points at it ("That is wrong."). To be "not the only one" denies
nothing, and neither does what only points out what else would not work.

>>> denied_after(" is not 24", 24), denied_after(" is not the only way", 24)
(True, False)
>>> taken_back("That is wrong. 4 * 6", 24), taken_back("This is not hard to see.", 24)
(Denial(start=0, end=13, firm=True), None)
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

MAX_PROSE_CHARS = 600
"""Characters after an answer that may take it back: about four sentences."""

MAX_LATER = 20
"""Places far behind an answer that are looked at for words that take it back."""

SENTENCES = 3
"""Sentences after an answer that may speak of it; what comes later speaks of something else."""


class Denial(NamedTuple):
    """Where prose takes an answer back; one that is not firm ("wait") only if another follows."""

    start: int
    end: int
    firm: bool


def denied_before(words: str) -> bool:
    """Whether the words before an expression deny it: "it is not"."""
    return _BEFORE.search(words[-80:]) is not None


def denied_after(words: str, target: int) -> bool:
    """Whether the words straight after an expression deny it: "is not 24", "doesn't work"."""
    if _AFTER.match(words[:120]):
        return True
    unequal = _UNEQUAL.match(words[:60])
    return unequal is not None and int(unequal[1]) == target


def taken_back(prose: str, target: int) -> Denial | None:
    """The denial of an answer in the prose that follows it; None without one."""
    prose = next_sentences(prose)
    hesitates: Denial | None = None
    for denial in _TAKEN_BACK.finditer(prose):
        if _CONDITION.search(prose[: denial.start()]):
            continue
        if denial["hesitates"] is None:
            return Denial(denial.start(), denial.end(), firm=True)
        hesitates = hesitates or Denial(denial.start(), denial.end(), firm=False)
    if hesitates is not None:
        return hesitates
    worth = _WORTH.search(prose)
    if worth is None or int(worth[1]) == target:
        return None
    return Denial(worth.start(), worth.end(), True)


def taken_back_later(text: str) -> bool:
    """Whether a response says further on, in so many words, that its answer is wrong."""
    return any(
        not _CONDITION.search(text[max(0, found.start() - 80) : found.start()])
        for found in islice(_LATER.finditer(text), MAX_LATER)
    )


def next_sentences(prose: str) -> str:
    """The beginning of the prose that may speak of what stands before it."""
    prose = prose[:MAX_PROSE_CHARS]
    ends = [match.end() for match in _SENTENCE_END.finditer(prose)][:SENTENCES]
    return prose[: ends[-1]] if len(ends) == SENTENCES else prose


def replaces(words: str) -> bool:
    """Whether the words between two expressions say that the second stands for the first."""
    return _REPLACES.search(words) is not None


# Repeats are bounded everywhere: the time is linear in the text whatever it holds.
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n+")
_BEFORE = re.compile(
    r"(?<![a-z])(?:wrong|incorrect|invalid|false|rejected|fail(?:ed|s)?|bad|not\s(?:correct|valid|right|work))"
    r"(?![a-z])[^.!?\n]{0,20}:[\s`$*\"']*$|\b(?:neither|nor|(?:any|every)thing\sexcept|(?:false|untrue|wrong|incorrect|doubt|(?:not|n't)\s(?:true|right|correct|the\scase))\sthat)\s$"
    r"|n't\s(?:true|right|correct|the\scase)\sthat\s$"
    r"|(?:\bnot|n't|\bnever|\brather\sthan|\binstead\sof)"
    r"(?:\s(?:think|believe|be|equal|necessarily|it's|take))?(?:\sthat)?"
    r"(?:\sthe\s(?:answer|solution|expression))?[\s:`$*\"'(]*$",
    re.IGNORECASE,
)
_WRONG = (
    r"(?:(?:wrong|incorrect|invalid|false|mistaken)\b(?!\s(?:way|order|assumption|to\ssay|that))"
    r"|off\sby\b|too\s(?:big|small|high|low|large|much)\b|a\sdead\send\b)"
)
# What an expression has to be or to do.
_AS_IT_SHOULD = (
    r"(?:(?:quite|actually|really|even|exactly|a|an|the|our|my|make|give|equal|yield|be|to|possible"
    r"|allowed)\s){0,4}(?:valid|right|correct|true|possible|work\w*|equal\w*|24|what\s(?:we|i)|solution"
    r"|answer|result|target|reach\w*|make|give|yield|add\sup|satisf\w+|lead|allowed|legal|solv\w+|count"
    r"|match|meet|follow|hold|enough|good|us(?:e|ing)\s(?:all|each|every|the\s(?:given|right)))\b"
    r"(?!\s(?:(?:without|if|otherwise|unless|when|for|with|in\sany\sother)\b|to\s(?!24|the\starget)))"
)
_FALLS_SHORT = (
    rf"(?:(?:(?:is|was|are|does|did|do|would|could|wo|ca)n't|(?:is|was|are|does|did|do|will|would|can|could)\s(?:\w{{1,12}}\s)?(?:not|never)|cannot)\s{_AS_IT_SHOULD}"
    rf"|(?:is|was)\s(?:(?!not\b)\w{{1,12}}\s)?{_WRONG}|(?:fails|failed)\b(?!\s(?:attempts?|tries))"
    rf"|(?:is\s)?(?:unequal\sto|different\sfrom)\b|(?:has|contains|uses)\san?\s(?:mistake|error)\b)"
)
# "is not" and "is wrong" in other languages.
_ABROAD = (
    r"(?:n'est\spas|ne\s\w{1,12}\spas|(?:ist|ergibt|stimmt)\snicht|no\ses\b|não\sé\b|non\sè\b|не\s|不是|不等于|ではない"
    r"|(?:ist\s|est\s|es\s|é\s|è\s)?(?:falsch|faux|incorrecto|errado|sbagliato|неверно|неправильно)\b"
    r"|(?:这是|是)?错误?的?|不对|不正确|間違い|틀렸)"
)
_AFTER = re.compile(
    rf"[\s.,;:!)\]$`*_\"'}}|?#>-]{{0,8}}(?:</?\w{{1,20}}>\s?)?[(\[]?"
    rf"(?:(?:(?:but|which|that|and|it|this)\s)*{_FALLS_SHORT}|not\s{_AS_IT_SHOULD}|{_WRONG}"
    r"|rejected\b|nope\b|violates\b|never\s(?:makes|gives|equals)\b|(?<=\?\s)no\b(?=\s?[.!\n,]|$)|[✗✘❌❎✖]"
    r"|\\neq?\b(?!\s?[0-9])|≠(?!\s?[0-9])"
    rf"|{_ABROAD})",
    re.IGNORECASE,
)
_UNEQUAL = re.compile(
    r"[\s$`*_\"')\]]{0,8}(?:!=|≠|<>|=/=|/=|\\neq?(?![a-z])|\\not\s?=|[<>])\s{0,3}([0-9]{1,12})(?![0-9])"
)
_ANSWER = r"(?:answer|expression|result|equation|solution|calculation|one)"
_POINTING = (
    rf"(?:(?:that|this|it|which|above)(?:\s{_ANSWER})?"
    rf"|(?:the|my)(?:\s(?:above|last|previous|first))?\s{_ANSWER})"
)
_PAUSE = r"(?:(?:wait|oops|hmm|sorry|actually|no)\b\W{1,4}){0,3}"
_TAKEN_BACK = re.compile(
    rf"(?:\b(?:das|dies|ce|c'|ceci|eso|esto|isso|questo|это)\s?|(?:这|這|那)){_ABROAD}"
    rf"|\b{_POINTING}(?:\s{_FALLS_SHORT}|'s\s(?:not\s{_AS_IT_SHOULD}|{_WRONG}))"
    r"|\b(?:(?:scratch|strike)\sthat|tak(?:e|ing)\s(?:it|that|this)\sback|my\smistake|never\s?mind"
    r"|ignore\s(?:that|this|it)|i\s(?:was|am)\s(?:wrong|mistaken)|i\smade\san?\s(?:mistake|error)(?!\sin\s(?:step|line)))\b"
    rf"|(?:^|[.!?\n])\W{{0,8}}{_PAUSE}{_WRONG}\s?[.!\n]"
    r"|\bno\W{1,4}(?:it|that|this)(?:'s|\sis|\sdoes)(?:n't|\snot)\s?[.!\n]"
    rf"|(?P<hesitates>(?:^|[.!?\n])\W{{0,8}}{_PAUSE}no\W{{1,4}}(?=(?:that|this|it|wait|sorry|wrong)\b))"
    r"|\b(?:is|was)\s(?:he|she|(?:the|my)\s(?:student|teacher|user|friend))\s(?:correct|right)\s?\?"
    r"|\b(?:do|does|did|would)(?:n't|\snot)\s(?:think|believe)\s(?:that|this|it)\b"
    r"|\bi\s(?:meant|disagree|retract)\b|\b(?:disregard|forget)\s(?:the\sabove|that|this|it)\b|\b(?:is_)?(?:correct|valid|works|success)\W{1,3}(?:false|no)\b"
    r"|\bcheck\W{1,4}(?:incorrect|wrong|failed|invalid)\b"
    r"|\bit\sshould\s(?:be|have\sbeen)\s(?=[0-9(])|^\W{0,12}[✗✘❌❎]",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:the|my)\s(?:answer|solution|expression)\s(?:(?:above|i\sgave|given|before)\s){1,2}"
    rf"(?:(?:is|was)\s(?:(?!not\b)\w{{1,12}}\s)?{_WRONG}|(?:is|was|does)(?:n't|\snot)\s{_AS_IT_SHOULD})",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|whether|unless|in\scase|should|without)\b[^.!?\n]{0,40}$", re.IGNORECASE
)
_WORTH = re.compile(
    r"\b(?:that|this|it|which)(?:'s|\sis|\sequals|\sgives|\smakes|\scomes\sto)\s"
    r"(?:only\s|actually\s|just\s)?([0-9]{1,12})\s?(?=[,;)]|[.](?![0-9])|\n|$|not\b)",
    re.IGNORECASE,
)
_REPLACES = re.compile(
    r"\b(?:correct(?:ion|ed|s)|rectification|korrektur|berichtigung|corrección|correção|correzione"
    r"|исправление|更正|訂正|no\b\W{0,3}(?:wait|sorry|actually)|(?<=,\s)no,|wait|oops|actually|sorry|i\smean"
    r"|instead|rather|scratch\sthat|revis(?:ed|ion)|mistake|wrong|incorrect"
    r"|should\s(?:be|have\sbeen)|edit(?:ed)?(?=\s?:)|updated?(?=\s?:)|fix(?:ed)?(?=\s?:)|erratum|hold\son|tak(?:e|ing)\s(?:it|that|this)\sback|apologi[sz]e\w*)\b",
    re.IGNORECASE,
)
