"""Tell whether prose claims that there is no solution, or gives up without claiming anything.

"No solution" is an answer; "I could not find one" is not. The rules, in order:

- Of an introduced answer the first sentence that says either decides, of closing prose the last.
- A sentence that denies a solution (`no solution`, `impossible`, `cannot be made`) claims so,
  unless it hedges (`may`, `seems`, `straightforward`, `I could not`): then it abstains.
- What only sounds like it denies nothing: `not impossible`, `no doubt`, `no other solution`, `if
  there is no solution`, `no way to know`, `"no solution" is wrong`. A question abstains.
- A report on the search (`no solution found`) claims so where it stands as the introduced answer
  (`Answer: No solution found`), and abstains in closing prose.
- A sentence that only says that the writer did not manage abstains.

>>> read_claim("There is no solution.", introduced=True)
(<Claim.NO_SOLUTION: 'no_solution'>, 'There is no solution.')
>>> read_claim("Sorry! I am unable to find a solution.", introduced=True)
(<Claim.ABSTAINED: 'abstained'>, 'I am unable to find a solution.')
>>> read_claim("Let's try again.", introduced=True) is None
True
"""

from __future__ import annotations

import re
from enum import StrEnum

MAX_CLAIM_CHARS = 600
"""Characters of prose that are searched for a claim: about four sentences."""


class Claim(StrEnum):
    """What an answer in prose says."""

    NO_SOLUTION = "no_solution"
    ABSTAINED = "abstained"


def read_claim(prose: str, *, introduced: bool) -> tuple[Claim, str] | None:
    """Say what the prose claims and in which sentence; at most MAX_CLAIM_CHARS of it are read.

    Args:
        prose: sentences, not expressions.
        introduced: whether they stand as the answer (after `Answer:`), or merely close the text.
    """
    if introduced:
        sentences = _SENTENCE.split(prose[:MAX_CLAIM_CHARS])
    else:
        sentences = _SENTENCE.split(prose[-MAX_CLAIM_CHARS:])[::-1]
    for said in sentences:
        sentence = _TOKEN.sub(r"\1 \2", said.replace("_", " "))
        denial = _DENIES.search(_NO_DENIAL.sub(_BLANK, sentence))
        if denial is not None:
            concluded = _CONCLUDES.sub(_BLANK, sentence)
            start = max(
                (cut.end() for cut in _CLAUSE.finditer(concluded, 0, denial.start())), default=0
            )
            hedged = (
                sentence.rstrip(_CLOSING_SIGNS).endswith("?")
                or _DOUBTS.search(concluded)
                or _HEDGES.search(concluded[start:])
                or (not introduced and _REPORTS.search(sentence))
            )
            return (Claim.ABSTAINED if hedged else Claim.NO_SOLUTION), said.strip()
        if _GIVES_UP.search(sentence):
            return Claim.ABSTAINED, said.strip()
    return None


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
    rf"""
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
    """,
    re.IGNORECASE | re.VERBOSE,
)


def _BLANK(match: re.Match[str]) -> str:  # noqa: N802 - so that places stay where they are
    return " " * len(match[0])


_CLAUSE = re.compile(r"[,;:]\s|\b(?:but|so|that|because|since)\b", re.IGNORECASE)
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
    rf"""
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
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Doubt that stands anywhere in a sentence, and what narrows the clause that denies.
_DOUBTS = re.compile(
    r"\b(?:may|might|maybe|seems?|appears?|perhaps|probably|possibly|likely|unsure|doubt|direct|directly"
    r"|straightforward|straightforwardly|attempts?|tried"
    r"|(?:not|cannot|can't|n't)\s(?:sure|certain|clear|conclude|say|prove|determine)|think|believe|guess|suspect|unable|yet|so\sfar)\b",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    r"\b(?:simple|simply|easy|easily|obvious|clear|immediately"
    r"|i|i'm|i've|my|me|these\s(?:steps|operations)|approach|path"
    r"|(?<!and\s)(?<!or\s)(?:addition|subtraction|multiplication|division)\s(?:only|alone)"
    r"|(?:only|just)\s(?:addition|subtraction|multiplication|division)(?!,|\s(?:and|or)\b)"
    r"|integer\s(?:solutions?|answers?)|(?:with|using)\s(?:only\s)?integers"
    r"|in\s(?:one|two|[12]|fewer)\s(?:steps?|moves?|lines?)"
    r"|without\s(?:using\s)?(?:fractions|decimals|brackets|parentheses|division))\b",
    re.IGNORECASE,
)
# "I cannot conclude that there is no solution" concludes nothing.
_CONCLUDES = re.compile(
    r"\b(?:i|we)\s(?:(?:can|must|have|have\sto|now|thus|therefore|hereby|can\ssafely)\s)?"
    r"(?:conclude|confirm|proved?|proven|showed|shown)\b"
    r"|\b(?:i\sam|i'm|we\sare|we're)\s(?:(?:very|quite|fully|absolutely)\s)?"
    r"(?:sure|certain|confident)\b",
    re.IGNORECASE,
)
_REPORTS = re.compile(r"(?<!\bbe )\b(?:found|reached|achieved|derived)\b", re.IGNORECASE)
_GIVES_UP = re.compile(
    rf"""
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
    """,
    re.IGNORECASE | re.VERBOSE,
)
