"""Read the prose around an answer: does it claim that there is none, or take an answer back?

**Claims.** "No solution" is an answer; "I could not find one" is not. The rules, in order:

- Of an introduced answer the first sentence that says either decides, of closing prose the last.
- A sentence that denies a solution (`no solution`, `impossible`, `cannot be made`) claims so,
  unless it hedges (`may`, `seems`, `straightforward`, `I could not`): then it abstains.
- What only sounds like it denies nothing: `not impossible`, `no doubt`, `no other solution`, `if
  there is no solution`, `no way to know`, `"no solution" is wrong`. A question abstains.
- A report on the search (`no solution found`) claims so where it stands as the introduced answer
  (`Answer: No solution found`), and abstains in closing prose.
- A sentence that only says that the writer did not manage abstains.

**Denials.** What denies an expression stands before it ("it is not ..."), straight after it ("...
is not 24"), or in the next sentences and points at it ("That is wrong."). To be "not the only one"
denies nothing, and neither does what only points out what else would not work.

>>> read_claim("There is no solution.", introduced=True)
(<Commitment.NO_SOLUTION: 'no_solution'>, 'There is no solution.')
>>> read_claim("Sorry! I am unable to find a solution.", introduced=True)
(<Commitment.ABSTAINED: 'abstained'>, 'I am unable to find a solution.')
>>> read_claim("Let's try again.", introduced=True) is None
True
>>> denied_after(" is not 24", 24), denied_after(" is not the only way", 24)
(True, False)
>>> taken_back("That is wrong. 4 * 6", 24), taken_back("This is not hard to see.", 24)
(Denial(start=0, end=13, firm=True), None)
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

MAX_CLAIM_CHARS = 600  # of prose that are searched for a claim or a denial: about four sentences
MAX_LATER = 20  # places far behind an answer that are looked at for words that take it back
SENTENCES = 3  # after an answer that may speak of it; later ones speak of something else


class Commitment(StrEnum):
    """What a response commits to."""

    EXPRESSION = "expression"
    NO_SOLUTION = "no_solution"
    ABSTAINED = "abstained"
    HEDGED = "hedged"
    DENIED = "denied"
    NOTHING = "nothing"
    TOO_LONG = "too_long"


def read_claim(prose: str, *, introduced: bool) -> tuple[Commitment, str] | None:
    """Say what the prose claims, NO_SOLUTION or ABSTAINED, and in which sentence.

    `introduced`: whether it stands as the answer (after `Answer:`), or merely closes the text.
    """
    read = prose[:MAX_CLAIM_CHARS] if introduced else prose[-MAX_CLAIM_CHARS:]
    for said in _SENTENCE.split(read)[:: 1 if introduced else -1]:
        sentence = _TOKEN.sub(r"\1 \2", said.replace("_", " "))
        denial = _DENIES.search(_NO_DENIAL.sub(_blank, sentence))
        if denial is not None:
            concluded = _CONCLUDES.sub(_blank, sentence)
            start = max(
                (cut.end() for cut in _CLAUSE.finditer(concluded, 0, denial.start())), default=0
            )
            hedged = (
                sentence.rstrip(_CLOSING_SIGNS).endswith("?")
                or _DOUBTS.search(concluded)
                or _HEDGES.search(concluded[start:])
                or (not introduced and _REPORTS.search(sentence))
            )
            return (Commitment.ABSTAINED if hedged else Commitment.NO_SOLUTION), said.strip()
        if _GIVES_UP.search(sentence):
            return Commitment.ABSTAINED, said.strip()
    return None


def _blank(match: re.Match[str]) -> str:
    """As many blanks, so that places stay where they are."""
    return " " * len(match[0])


# Repeats are bounded everywhere: the time is linear in the text whatever it holds.
_TOKEN = re.compile(r"\b([Nn][Oo]|NOT|[Nn]ot)[_-]?([Ss][Oo][Ll]|[Pp][Oo][Ss][Ss]|[Ff][Ee][Aa])")
_WORDS = r"(?:[\w,'-]{1,20}\s{1,3}){0,4}"
# Words between "no" or "not" and what they deny, after which they deny something else.
_OTHERWISE = (
    r"(?:doubt|shortage|reason|lack|need|problem|question|matter|idea|clue|difficulty|trouble|limit"
    r"|wonder|secret|other|another|further|more|additional|alternative|better|unique|wrong"
    r"|incorrect|bad|only|just|all|every|each|there)\b"
)
_DENIED = rf"(?:(?!{_OTHERWISE})\w[\w,'-]{{0,19}}\s{{1,3}}){{0,4}}"
_SAY = (
    r"(?:say|tell|know|judge|decide|determine|predict|imagine|over(?:state|estimate)"
    r"|be\s(?:sure|certain|wrong))"
)
_NO_DENIAL = re.compile(
    rf"""(?ix)
    \bnot\s["'`*(]{{0,3}}no\ssolution
    |\b(?:unsolvable|impossible|no_solution)\W{{0,3}}[:=]\s?(?:false|no)\b
    |(?:\b(?:not|nothing|nothing's|never|hardly|cannot\sbe|far\sfrom)|n't)
        \s(?:[a-z]{{1,12}}\s){{0,2}}
        (?:impossible|unsolvable|infeasible|unreachable)\b
    |\b(?:impossible|not\spossible)\sto\s{_SAY}\b
    |\bno\s(?:[a-z]{{1,12}}\s){{0,2}}ways?\s(?:to\s{_SAY}|of\s(?:knowing|telling))\b
    |\bno\s[a-z]{{1,12}}\s(?:is|are)\s(?:impossible|unsolvable|infeasible|unreachable)\b
    |\b(?:if|whether|unless)\s(?:(?:there|it)(?:\s(?:is|are)|'s)\s)?
        (?:no\s(?:solutions?|answers?|ways?)|impossible|not\spossible|unsolvable)\b
    |(?:\b(?:wrong|incorrect|false|untrue|mistaken)|(?:\bnot|n't)\s(?:true|correct|right))
        \s(?:to\s[a-z]{{1,12}}\s)?(?:that\s)?[a-z'\s]{{0,20}}
        \b(?:no\s(?:solutions?|answers?|ways?)|impossible|not\spossible|unsolvable)\b
    |\b(?:claim|statement|idea|belief)\s[a-z'\s]{{1,20}}\bno\s(?:solutions?|answers?|ways?)
        \s(?:is|was)\s(?:false|wrong|incorrect|untrue)\b
    """
)


_CLAUSE = re.compile(r"(?i)[,;:]\s|\b(?:but|so|that|because|since)\b")
_CLOSING_SIGNS = " \t!*_`\"')"
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
# The same in other languages: "impossible", or a negation within three words of "solution".
_NOUN = (
    r"(?:solución|solucion|solução|soluções|soluzion\w|solution|lösung\w*|решени\w|розв'язк\w|rozwiąza\w+"
    r"|oplossing\w*|lösning\w*|løsning\w*|ratkaisu\w*|megoldás\w*|řešení|soluți\w*|λύση|פתרון|solusi"
    r"|penyelesaian|çözüm\w*|lời\sgiải|nghiệm|解|해|हल|حل)"
)
_NEGATOR = (
    r"(?:keine?|aucune?|pas\s(?:de|d')|sin|sem|sans|nessuna?|nenhuma?|ninguna?|não|нет|немає|brak|geen|ingen"
    r"|inga|ei|nincs|žádn\w+|není|nu\sexistă|δεν\sυπάρχει|אין|tidak\sada|nie\sma|không\scó|no\s(?:hay|tiene|existe|tienen)|non\s(?:c'è|ha|esiste|ci\ssono))"
)
_ABROAD = (
    rf"\b{_NEGATOR}\s(?:\w{{1,12}}\s){{0,3}}{_NOUN}|(?:{_NOUN})\s?(?:нет|немає|yok|없\w*|नहीं)"
    r"|не\sимеет\sрешени|(?:没有|沒有|无|無)(?:\w{0,4})解|解(?:なし|が?(?:ありません|ない)|は(?:存在しません|ありません))"
    r"|ไม่มีคำตอบ|不可能|无法(?:得到|实现)|無法|불가능|できません|असंभव|مستحيل|لا\s(?:يوجد|يمكن)"
    r"|\b(?:imposible|impossível|impossibile|unmöglich|unlösbar|nicht\s(?:möglich|lösbar)|невозможно"
    r"|неможливо|niemożliw\w+|imkansız|imkânsız|mümkün\sdeğil|không\sthể|onmogelijk|omöjligt"
    r"|no\ses\sposible|não\sé\spossível|non\sè\spossibile|pas\spossible|nicht\s(?:erreichen|erreicht|machbar)|no\sse\spuede|не\sсуществует|nie\sda\ssię"
    r"|niet\smogelijk|inte\smöjligt)\b|无法|無法|不存在|만들\s수\s없"
)
_DENIES = re.compile(
    rf"""(?ix)
    \bno\s{_DENIED}(?:solutions?|answers?|ways?|combinations?|expressions?|path)\b
        (?!\W{{1,3}}(?:(?:is|are|was|were|would\sbe)\s)?
            (?:(?:wrong|incorrect|false|untrue|impossible)\b
            |(?:given|shown|listed|needed|required|provided|written)\b(?!\s\w)))
    |(?:\bnot|n't)\s{_DENIED}
        (?:possible|solvable|feasible|achievable|attainable|viable|reachable|obtainable)\b
    |\bthere\s(?:is|are)(?:\snot|n't)\s(?:a|an|any)\s{_DENIED}
        (?:solutions?|answers?|ways?|combinations?|expressions?)\b
    |\bnot\sbe\s(?:a|an|any)\s{_DENIED}(?:solutions?|answers?|way|combinations?|path)\b
    |\b(?:impossible|unsolvable|insoluble|infeasible|unreachable)\b
    |\b(?:0|zero)\ssolutions\b|^\W*there\s(?:are|is)\snone\W*$
    |\b(?:cannot|can\s?not|can't|could\snot|couldn't)\s(?:directly\s)?(?:be\s)
        {_WORDS}(?:made|solved|reached|achieved|formed|obtained|combined|produced|used|done)\b
        (?!\s(?:again|twice|more|once|simpler|better|faster|in\sa|in\sfewer
            |by\s(?:me|us|hand|adding|subtracting|multiplying|dividing|addition|subtraction
            |multiplication|division)(?!,|\s(?:and|or)\b))\b)
    |\b(?:cannot|can\s?not|can't)\s(?:make|reach|produce|equal|give|yield|form|directly\ssolve)\b
        (?!\s(?:you|sense|up|(?:an?|any)\s(?:answer|guess|solution)|it\swork)\b)
    |\b(?:you|one|we|numbers)\s(?:cannot|can\s?not|can't)\s(?:get|obtain|create)\b
    |\bcan\snever\s(?:be|make|reach|get|equal|give)\b
    |\bnone\s(?:of\s(?:them|these)\s)?(?:yields?|gives?|makes?|works?|equals?|reach\w*)\b
    |\b(?:do|does)(?:\snot|n't)\s{_WORDS}(?:solutions?|exist)\b
    |(?:^|:)\W*(?:none|none\sexists?)\W*$
    |(?:^|:)\W*(?:此题|本题|该题)?(?:无解|無解|没有解|解なし|해가\s없\w*)\W*$
    |{_ABROAD}
    |\b(?:solvable|possible|feasible|has_solution|solution_exists)\W{{0,3}}[:=]\s?(?:false|no)\b
    """
)
# Doubt that stands anywhere in a sentence, and what narrows the clause that denies.
_DOUBTS = re.compile(
    r"(?i)\b(?:may|might|maybe|seems?|appears?|perhaps|probably|possibly|likely|unsure|doubt|direct|directly"
    r"|straightforward|straightforwardly|attempts?|tried"
    r"|(?:not|cannot|can't|n't)\s(?:sure|certain|clear|conclude|say|prove|determine)|think|believe|guess|suspect|unable|yet|so\sfar)\b"
)
_HEDGES = re.compile(
    r"(?i)\b(?:simple|simply|easy|easily|obvious|clear|immediately"
    r"|i|i'm|i've|my|me|these\s(?:steps|operations)|approach|path"
    r"|(?<!and\s)(?<!or\s)(?:addition|subtraction|multiplication|division)\s(?:only|alone)"
    r"|(?:only|just)\s(?:addition|subtraction|multiplication|division)(?!,|\s(?:and|or)\b)"
    r"|integer\s(?:solutions?|answers?)|(?:with|using)\s(?:only\s)?integers"
    r"|in\s(?:one|two|[12]|fewer)\s(?:steps?|moves?|lines?)"
    r"|without\s(?:using\s)?(?:fractions|decimals|brackets|parentheses|division))\b"
)
# "I cannot conclude that there is no solution" concludes nothing.
_CONCLUDES = re.compile(
    r"(?i)\b(?:i|we)\s(?:(?:can|must|have|have\sto|now|thus|therefore|hereby|can\ssafely)\s)?"
    r"(?:conclude|confirm|proved?|proven|showed|shown)\b"
    r"|\b(?:i\sam|i'm|we\sare|we're)\s(?:(?:very|quite|fully|absolutely)\s)?"
    r"(?:sure|certain|confident)\b"
)
_REPORTS = re.compile(r"(?i)(?<!\bbe )\b(?:found|reached|achieved|derived)\b")
_GIVES_UP = re.compile(
    rf"""(?ix)
    (?:\bunable|\bfailed|\bfail|\bnot\sable|(?:\bnot|n't)\sbeen\sable)\sto\b
    |\b(?:can't|cannot|could\snot|couldn't|can\snot|did\snot|didn't)\s{_WORDS}
        (?:find|solve|arrive|determine|reach|obtain|get|identify)\b
    |\b(?:can't|cannot|can\snot)\s(?:give|make|produce|provide)\s(?:an?|any)\s(?:answer|guess)\b
    |\b(?:don't|do\snot)\sknow\b|\bno\s(?:idea|clue)\b
    |\b(?:impossible|possible|hard|difficult)\sto\s{_SAY}\b
    |\b(?:not\ssure|idk|dunno|give\sup|giving\sup|(?<!no\s)(?:difficulty|trouble)|struggling)\b
    |\b(?:has|have)(?:n't|\snot)\s(?:resulted|led|produced|yielded|worked)\b
    |\b(?:yet\sto\sbe|not\syet|not\s(?:been\s)?found|not\sderived)\b
    |^(?:\W*+(?:n/a|unknown)|[^\w?]*+\?)\W*+$
    """
)


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
    found = [
        Denial(one.start(), one.end(), one["hesitates"] is None)
        for one in _TAKEN_BACK.finditer(prose)
        if not _CONDITION.search(prose[: one.start()])
    ]
    if found:
        return next((denial for denial in found if denial.firm), found[0])
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
    prose = prose[:MAX_CLAIM_CHARS]
    ends = [match.end() for match in _SENTENCE_END.finditer(prose)][:SENTENCES]
    return prose[: ends[-1]] if len(ends) == SENTENCES else prose


def replaces(words: str) -> bool:
    """Whether the words between two expressions say that the second stands for the first."""
    return _REPLACES.search(words) is not None


_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n+")
_BEFORE = re.compile(
    r"(?i)(?<![a-z])(?:wrong|incorrect|invalid|false|rejected|fail(?:ed|s)?|bad|not\s(?:correct|valid|right|work))"
    r"(?![a-z])[^.!?\n]{0,20}:[\s`$*\"']*$|\b(?:neither|nor|(?:any|every)thing\sexcept|(?:false|untrue|wrong|incorrect|doubt|(?:not|n't)\s(?:true|right|correct|the\scase))\sthat)\s$"
    r"|n't\s(?:true|right|correct|the\scase)\sthat\s$"
    r"|(?:\bnot|n't|\bnever|\brather\sthan|\binstead\sof)"
    r"(?:\s(?:think|believe|be|equal|necessarily|it's|take))?(?:\sthat)?"
    r"(?:\sthe\s(?:answer|solution|expression))?[\s:`$*\"'(]*$"
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
_NOT_ABROAD = (
    r"(?:n'est\spas|ne\s\w{1,12}\spas|(?:ist|ergibt|stimmt)\snicht|no\ses\b|não\sé\b|non\sè\b|не\s|不是|不等于|ではない"
    r"|(?:ist\s|est\s|es\s|é\s|è\s)?(?:falsch|faux|incorrecto|errado|sbagliato|неверно|неправильно)\b"
    r"|(?:这是|是)?错误?的?|不对|不正确|間違い|틀렸)"
)
_AFTER = re.compile(
    rf"(?i)[\s.,;:!)\]$`*_\"'}}|?#>-]{{0,8}}(?:</?\w{{1,20}}>\s?)?[(\[]?"
    rf"(?:(?:(?:but|which|that|and|it|this)\s)*{_FALLS_SHORT}|not\s{_AS_IT_SHOULD}|{_WRONG}"
    r"|rejected\b|nope\b|violates\b|never\s(?:makes|gives|equals)\b|(?<=\?\s)no\b(?=\s?[.!\n,]|$)|[✗✘❌❎✖]"
    r"|\\neq?\b(?!\s?[0-9])|≠(?!\s?[0-9])"
    rf"|{_NOT_ABROAD})"
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
    rf"(?i)(?:\b(?:das|dies|ce|c'|ceci|eso|esto|isso|questo|это)\s?|(?:这|這|那)){_NOT_ABROAD}"
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
    r"|\bit\sshould\s(?:be|have\sbeen)\s(?=[0-9(])|^\W{0,12}[✗✘❌❎]"
)
_LATER = re.compile(
    r"(?i)\b(?:the|my)\s(?:answer|solution|expression)\s(?:(?:above|i\sgave|given|before)\s){1,2}"
    rf"(?:(?:is|was)\s(?:(?!not\b)\w{{1,12}}\s)?{_WRONG}|(?:is|was|does)(?:n't|\snot)\s{_AS_IT_SHOULD})"
)
_CONDITION = re.compile(r"(?i)\b(?:if|whether|unless|in\scase|should|without)\b[^.!?\n]{0,40}$")
_WORTH = re.compile(
    r"(?i)\b(?:that|this|it|which)(?:'s|\sis|\sequals|\sgives|\smakes|\scomes\sto)\s"
    r"(?:only\s|actually\s|just\s)?([0-9]{1,12})\s?(?=[,;)]|[.](?![0-9])|\n|$|not\b)"
)
_REPLACES = re.compile(
    r"(?i)\b(?:correct(?:ion|ed|s)|rectification|korrektur|berichtigung|corrección|correção|correzione"
    r"|исправление|更正|訂正|no\b\W{0,3}(?:wait|sorry|actually)|(?<=,\s)no,|wait|oops|actually|sorry|i\smean"
    r"|instead|rather|scratch\sthat|revis(?:ed|ion)|mistake|wrong|incorrect"
    r"|should\s(?:be|have\sbeen)|edit(?:ed)?(?=\s?:)|updated?(?=\s?:)|fix(?:ed)?(?=\s?:)|erratum|hold\son|tak(?:e|ing)\s(?:it|that|this)\sback|apologi[sz]e\w*)\b"
)
