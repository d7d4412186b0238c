"""Tell whether prose claims that there is no solution, gives up, or takes an answer back.

"No solution" is an answer; "I could not find one" is not. The rules, in order:

- Of an introduced answer the first sentence that says either decides, of closing prose the last.
- A sentence that denies a solution (`no solution`, `impossible`, `cannot be made`) claims so,
  unless it hedges (`may`, `seems`, `straightforward`, `I could not`): then it abstains.
- What only sounds like it denies nothing: `not impossible`, `no doubt`, `no other solution`, `if
  there is no solution`, `no way to know`, `"no solution" is wrong`. A question abstains.
- A report on the search (`no solution found`) claims so where it stands as the introduced answer
  (`Answer: No solution found`), and abstains in closing prose.
- A sentence that only says that the writer did not manage abstains.

- What denies an answer stands before it ("it is not ..."), straight after it ("... is not 24"), or
  in the next sentence and points at it ("That is wrong."). What replaces one ("Correction:", "no,
  wait") stands between the two.

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
        sentence = _TOKEN.sub(r"\1 \2", said)
        if _DENIES.search(_NO_DENIAL.sub(" ", sentence)):
            hedged = (
                sentence.rstrip(_CLOSING_SIGNS).endswith("?")
                or _HEDGES.search(_CONCLUDES.sub(" ", sentence))
                or (not introduced and _REPORTS.search(sentence))
            )
            return (Claim.ABSTAINED if hedged else Claim.NO_SOLUTION), said.strip()
        if _GIVES_UP.search(sentence):
            return Claim.ABSTAINED, said.strip()
    return None


def denied_before(words: str) -> bool:
    """Whether the words before an expression deny it: "it is not"."""
    return _DENIED_BEFORE.search(words[-80:]) is not None


def denied_after(words: str, target: int) -> bool:
    """Whether the words straight after an expression deny it: "is not 24", "doesn't work"."""
    denial = _DENIED_AFTER.match(words[:120])
    if denial is None:
        unequal = _UNEQUAL.match(words[:60])
        return unequal is not None and int(unequal[1]) == target
    return True


def taken_back(prose: str, target: int) -> int | None:
    """Where the denial of the answer before it ends, of prose that follows; None without one.

    Three sentences are read: what comes later speaks of something else.
    """
    prose = next_sentences(prose)
    retraction = _TAKEN_BACK.search(prose)
    if retraction is None:
        retraction = _WORTH.search(prose)
        if retraction is None or int(retraction[1]) == target:
            return None
    return retraction.end()


def next_sentences(prose: str) -> str:
    """The beginning of the prose that may speak of what stands before it: three sentences."""
    ends = [match.end() for match in _SENTENCE_END.finditer(prose[:MAX_CLAIM_CHARS])][:3]
    return prose[: ends[-1] if len(ends) == 3 else MAX_CLAIM_CHARS]


def replaces(words: str) -> bool:
    """Whether the words between two expressions say that the second stands for the first."""
    return _REPLACES.search(words) is not None


# Repeats are bounded everywhere: the time is linear in the text whatever it holds.
_TOKEN = re.compile(r"\b([Nn][Oo]|NOT|[Nn]ot)[_-]?([Ss][Oo][Ll]|[Pp][Oo][Ss][Ss]|[Ff][Ee][Aa])")
_DENIED_BEFORE = re.compile(
    r"(?:\bnot|n't|\bnever|\brather\sthan|\binstead\sof)(?:\s(?:think|believe|be|equal|necessarily|it's|take))?"
    r"(?:\sthat)?(?:\sthe\s(?:answer|solution|expression))?[\s:`$*\"'(]*$",
    re.IGNORECASE,
)
_NOT_ONLY = (
    r"(?!\s(?:the\s|a\s)?(?:only|just|unique|hard|difficult|obvious|simple|easy|necessar\w+"
    r"|possible\s(?:to|for)\s|need\w*|use\s(?:any\s)?(?:other|extra|more)|allowed\sto|simplif\w+))"
)
_WRONG = (
    r"(?:wrong|incorrect|invalid|false|mistaken|off|too\s(?:big|small|high|low|large|much)"
    r"|a\sdead\send)\b"
)
_FALLS_SHORT = (
    rf"(?:(?:is|was|are|does|did|do|will|would|can|could|has)(?:n't|\snot)\b{_NOT_ONLY}"
    rf"|(?:is|was|'s)\s(?:\w{{1,12}}\s)?(?:not\b{_NOT_ONLY}|{_WRONG})|(?:fails|failed)\b|cannot\s(?:be\s)?(?:right|correct|true|work)\b"
    r"|(?:is|uses?|has)\s\w{0,12}\s?(?:mistake|error)s?\b)"
)
_DENIED_AFTER = re.compile(
    rf"[\s.,;:!)\]$`*_\"'}}|]{{0,8}}(?:</?\w{{1,20}}>\s?)?(?:\((?=\w))?"
    rf"(?:(?:but\s|which\s|that\s|and\s|it\s|this\s)*{_FALLS_SHORT}"
    rf"|(?:not\s(?:24|valid|right|correct|equal|possible(?!\s(?:to|for|with)\b)\b)|{_WRONG}|[✗✘❌✖])"
    r"|\\neq?\b(?!\s?[0-9])|≠(?!\s?[0-9]))",
    re.IGNORECASE,
)
_UNEQUAL = re.compile(
    r"[\s$`*_\"')\]]{0,8}(?:!=|≠|<>|=/=|/=|\\neq?(?![a-z])|\\not\s?=|[<>])\s{0,3}([0-9]{1,12})(?![0-9])"
)
_POINTING = (
    r"(?:(?:that|this|it|which|the\s(?:above|last|previous)?\s?(?:answer|expression|result|equation|solution|one"
    r"|calculation)|my\s(?:answer|solution|expression|result|calculation)|above)(?:\s(?:answer|expression|one|solution))?\s?)"
)
_TAKEN_BACK = re.compile(
    rf"\b{_POINTING}(?:{_FALLS_SHORT}|'s\s(?:not\b{_NOT_ONLY}|{_WRONG}))"
    r"|\b(?:scratch\sthat|strike\sthat|(?:take|taking)\s(?:it|that|this)\sback|i\s(?:was|am)\s(?:wrong|mistaken)"
    r"|i\smade\s(?:an?\s)?(?:mistake|error)|my\smistake|ignore\s(?:that|this|it)|never\s?mind)\b"
    rf"|(?:^|[.!?\n])\W{{0,8}}(?:(?:no|wait|oops|hmm|sorry|actually)\b\W{{1,4}}){{0,3}}{_WRONG}\s?[.!\n]"
    rf"|(?:^|[.!?\n])\W{{0,8}}(?:(?:wait|oops|hmm|sorry|actually)\b\W{{1,4}}){{0,3}}no\W{{1,4}}(?:that|this|it|wait|sorry|wrong)\b"
    r"|\b(?:is|was)\s(?:this|that|it|he|she|the\s\w{1,12})\s(?:correct|right|valid)\s?\?(?!\W{0,4}(?:yes|yep|let|\d))"
    r"|\b(?:do|does|did|would)(?:n't|\snot)\s(?:think|believe)\s(?:that|this|it)"
    r"|\bit\sshould\s(?:be|have\sbeen)\s(?=[0-9(])"
    r"|^\W{0,12}[✗✘❌]",
    re.IGNORECASE,
)
_WORTH = re.compile(
    r"\b(?:that|this|it|which)(?:'s|\sis|\sequals|\sgives|\smakes|\scomes\sto)\s(?:only\s|actually\s|just\s)?"
    r"([0-9]{1,12})(?![0-9]|\s?[-+*/x(=]|[.,][0-9])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n+")
_REPLACES = re.compile(
    r"\b(?:correction|corrected|corrects?|no\b\W{0,3}(?:wait|sorry|actually)|wait|oops|actually|sorry|i\smean"
    r"|instead|rather|scratch\sthat|revis(?:ed|ion)|mistake|wrong|incorrect|should\s(?:be|have\sbeen))\b",
    re.IGNORECASE,
)
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
_CLOSING_SIGNS = " \t!*_`\"')"
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
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
    |\b(?:impossible|unsolvable|infeasible|unreachable)\b
    |\b(?:cannot|can\s?not|can't|could\snot|couldn't)\s(?:directly\s)?(?:be\s)
        {_WORDS}(?:made|solved|reached|achieved|formed|obtained|combined|produced|used|done)\b
        (?!\s(?:again|twice|more|once|simpler|better|faster|in\sa|in\sfewer
            |by\s(?:me|us|hand|adding|subtracting|multiplying|dividing|addition|subtraction
            |multiplication|division)(?!,|\s(?:and|or)\b))\b)
    |\b(?:cannot|can\s?not|can't)\s(?:make|reach|produce|equal|give|yield|form|directly\ssolve)\b
        (?!\s(?:you|sense|up|(?:an?|any)\s(?:answer|guess|solution)|it\swork)\b)
    |\b(?:you|one|numbers)\s(?:cannot|can\s?not|can't)\s(?:get|obtain|create)\b
    |\b(?:do|does)(?:\snot|n't)\s{_WORDS}(?:solutions?|exist)\b
    |^\W*(?:none|none\sexists?)\W*$
    |(?:^|:)\W*(?:此题|本题|该题)?(?:无解|無解|没有解|解なし|해가\s없\w*)\W*$
    |\b(?:keine\s(?:gültige\s)?lösung|unlösbar|(?:pas\sde|aucune)\ssolution|sin\ssolución
        |no\s(?:hay|tiene|existe)\s(?:una\s|ninguna\s)?solución|nessuna\ssoluzione|sem\ssolução
        |não\s(?:há|tem)\ssolução|нет\sрешения|решения\sнет|не\sимеет\sрешения|невозможно
        |brak\srozwiązania|geen\soplossing|ingen\slösning)\b
    |\b(?:solvable|possible|feasible|has_solution|solution_exists)\W{{0,3}}[:=]\s?(?:false|no)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HEDGES = re.compile(
    r"\b(?:may|might|maybe|seems?|appears?|perhaps|probably|possibly|likely|straightforward"
    r"|straightforwardly|direct|directly|simple|simply|easy|easily|obvious|clear|immediately"
    r"|i|i'm|i've|we|my|me|unable|yet|so\sfar|attempts?|tried|these\s(?:steps|operations)|approach|path"
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
    |\b(?:not\ssure|give\sup|giving\sup|(?<!no\s)(?:difficulty|trouble)|struggling)\b
    |\b(?:has|have)(?:n't|\snot)\s(?:resulted|led|produced|yielded|worked)\b
    |\b(?:yet\sto\sbe|not\syet|not\s(?:been\s)?found|not\sderived)\b
    |^(?:\W*+(?:n/a|unknown)|[^\w?]*+\?)\W*+$
    """,
    re.IGNORECASE | re.VERBOSE,
)
